import type { Millis } from "../../base/millis.ts";
import type { NamesMessage } from "../../wire/names-message.ts";
import type { NameDesk } from "./name-desk.ts";
import { isEarlier } from "./name-holders.ts";

/** Claims of one node that wait here: far more than its schedulers can have open at a time. */
const WAITING_MAX = 65_536;

interface Rival {
  readonly peer: string;
  readonly message: Extract<NamesMessage, { kind: "claim" }>;
}

/** What it has to know of the claims of its own node. */
interface OwnClaims {
  /** When the one that waits for answers began, if there is one. */
  claimedAt(name: string): number | undefined;
  /** Whether one has had its answers, and is to be seen by all. */
  isConfirming(name: string): boolean;
}

/**
 * Claims of other nodes, which ask this one. No: a process of this node holds the name and lives. Later: this node has an
 * earlier claim of its own to it, which may be nearly through, or asks whether its holder lives. Everything else is yes.
 */
export class NameRivals {
  readonly #desk: NameDesk;
  readonly #claims: OwnClaims;
  readonly #byName = new Map<string, Rival[]>();
  readonly #waiting = new Map<string, number>();

  constructor(desk: NameDesk, claims: OwnClaims) {
    this.#desk = desk;
    this.#claims = claims;
  }

  get size(): number {
    return this.#byName.size;
  }

  handleClaim(peer: string, message: Rival["message"], now: Millis): void {
    const { claim, fence, name } = message;
    this.#desk.fences.see(fence);
    const waiting = this.#waiting.get(peer) ?? 0;
    if (waiting >= WAITING_MAX) {
      this.#desk.emit({ kind: "send", peer, message: { kind: "no", claim, local: 0, fence: 0 } });
      return;
    }
    this.#waiting.set(peer, waiting + 1);
    const rivals = this.#byName.get(name);
    if (rivals === undefined) this.#byName.set(name, [{ peer, message }]);
    else rivals.push({ peer, message });
    this.judge(name, now);
  }

  handleWithdraw(peer: string, claim: number): void {
    for (const [name, rivals] of this.#byName) {
      if (rivals.some((rival) => rival.peer === peer && rival.message.claim === claim)) {
        return this.#keep(name, (rival) => rival.peer !== peer || rival.message.claim !== claim);
      }
    }
  }

  nodeDown(peer: string): void {
    for (const name of [...this.#byName.keys()]) this.#keep(name, (rival) => rival.peer !== peer);
    this.#waiting.delete(peer);
  }

  /** Something about the name is different: who can be answered is. */
  judge(name: string, now: Millis): void {
    if (this.#byName.has(name)) this.#keep(name, (rival) => !this.#answered(name, rival, now));
  }

  /** The process lives: it keeps the names that it holds. */
  alive(local: number): void {
    for (const name of this.#desk.holders.ownNamesOf(local)) {
      const fence = this.#desk.holders.own(name)!.entry.fence;
      if (!this.#byName.has(name) || this.#claims.isConfirming(name)) continue;
      this.#keep(name, ({ peer, message: { claim, replace } }) => {
        if (replace) return true;
        this.#desk.emit({ kind: "send", peer, message: { kind: "no", claim, local, fence } });
        return false;
      });
    }
  }

  #answered(name: string, { peer, message }: Rival, now: Millis): boolean {
    const desk = this.#desk;
    // Not everybody has our holder yet: it may still be withdrawn, and another one come back.
    if (this.#claims.isConfirming(name)) return false;
    const own = desk.holders.own(name);
    if (own !== undefined && !message.replace) {
      // What its end makes possible, a restart elsewhere, may have overtaken the news of its end.
      desk.watches.probe(own.local, now);
      return false;
    }
    const claimed = this.#claims.claimedAt(name);
    const rival = { node: peer, claimed: message.fence };
    if (claimed !== undefined && isEarlier({ node: desk.node, claimed }, rival)) return false;
    const holds = own === undefined ? undefined : { local: own.local, claimed: own.entry.claimed };
    const { claim } = message;
    const seen = desk.fences.highest;
    desk.emit({ kind: "send", peer, message: { kind: "yes", claim, seen, holds } });
    return true;
  }

  #keep(name: string, keep: (rival: Rival) => boolean): void {
    const rivals = this.#byName.get(name) ?? [];
    const kept = rivals.filter((rival) => {
      if (keep(rival)) return true;
      this.#waiting.set(rival.peer, (this.#waiting.get(rival.peer) ?? 1) - 1);
      return false;
    });
    if (kept.length === 0) this.#byName.delete(name);
    else if (kept.length !== rivals.length) this.#byName.set(name, kept);
  }
}
