import { ConnectionError } from "../base/error.ts";
import { UNAUTHENTICATED_MAX, UNAUTHENTICATED_PER_ADDRESS_MAX } from "../base/limits.ts";

/** A connection that has not proved itself yet. */
export interface Stranger {
  readonly remoteHost: string;
  drop(error: ConnectionError): void;
}

export interface AdmissionLimits {
  readonly unauthenticated: number;
  readonly unauthenticatedPerAddress: number;
}

/**
 * Bounds the accepted connections that have not proved themselves. Over a limit the oldest goes, never the newcomer:
 * silent clients hold up nobody.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  /** In order of arrival. */
  readonly #strangers = new Set<Stranger>();
  readonly #perAddress = new Map<string, Set<Stranger>>();
  /** Connections closed for newcomers, since the start. */
  closedForOthers = 0;

  constructor(
    limits: AdmissionLimits = {
      unauthenticated: UNAUTHENTICATED_MAX,
      unauthenticatedPerAddress: UNAUTHENTICATED_PER_ADDRESS_MAX,
    },
  ) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#strangers.size;
  }

  add(stranger: Stranger, address: string): void {
    const same = this.#perAddress.get(address) ?? new Set();
    if (same.size >= this.#limits.unauthenticatedPerAddress) this.#dropOldest(same);
    else if (this.#strangers.size >= this.#limits.unauthenticated)
      this.#dropOldest(this.#strangers);
    this.#strangers.add(stranger);
    // Looked up again: dropping the last one of an address forgets its set.
    const set = this.#perAddress.get(address) ?? same;
    set.add(stranger);
    this.#perAddress.set(address, set);
  }

  /** It has proved itself, or is gone. */
  remove(stranger: Stranger, address: string): void {
    this.#strangers.delete(stranger);
    const same = this.#perAddress.get(address);
    same?.delete(stranger);
    if (same?.size === 0) this.#perAddress.delete(address);
  }

  dropAll(error: ConnectionError): void {
    for (const stranger of [...this.#strangers]) stranger.drop(error);
  }

  #dropOldest(among: Set<Stranger>): void {
    const [oldest] = among;
    if (oldest === undefined) return;
    this.closedForOthers += 1;
    oldest.drop(
      new ConnectionError("closed_here", "too many connections that have not proved themselves"),
    );
  }
}
