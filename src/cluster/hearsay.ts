/**
 * Nodes that peers tell of and nobody here has asked for: `Dialling` takes from here so many at a time, from each peer in
 * turn. A peer that names thousands of nodes which are not there, or addresses that answer nobody, costs a few sockets and
 * what it named, until its session ends; what somebody needs is dialled at once all the same.
 */
import { HEARD_DIALS_MAX, HEARD_NODES_MAX } from "../base/limits.ts";
import type { Millis } from "../base/millis.ts";

/** Milliseconds that a dial keeps its place at least: one that is refused takes none of them, and some of the processor. */
const PLACE_MS = 100;

interface Source<T> {
  /** Nodes that the peer has named since it is connected. */
  named: number;
  /** That it has named too many has been said. */
  isTold: boolean;
  readonly waiting: T[];
}

export class Hearsay<T> {
  /** The one whose turn is next first. */
  readonly #sources = new Map<string | undefined, Source<T>>();
  /** Since when each dial is under way, by its key. */
  readonly #dials = new Map<string, Millis>();
  /** When places become free whose dials have ended already. */
  readonly #freeAt: Millis[] = [];

  /** Nodes that wait for their dial. */
  get waiting(): number {
    let count = 0;
    for (const { waiting } of this.#sources.values()) count += waiting.length;
    return count;
  }

  /**
   * How many of them are passed over, because their peer has named too many; 0 when that has been said before. `from`
   * undefined: this node knows of them itself, and all are taken.
   */
  hear(from: string | undefined, targets: readonly T[]): number {
    const source = this.#sources.get(from) ?? { named: 0, isTold: false, waiting: [] };
    this.#sources.set(from, source);
    const nodesMax = from === undefined ? Infinity : HEARD_NODES_MAX - source.named;
    const taken = targets.slice(0, nodesMax);
    source.named += taken.length;
    source.waiting.push(...taken);
    const passedOver = targets.length - taken.length;
    if (passedOver === 0 || source.isTold) return 0;
    source.isTold = true;
    return passedOver;
  }

  /** The peer is gone, and what it said with it. */
  forget(from: string): void {
    this.#sources.delete(from);
  }

  /** Whom to dial next; undefined: nobody now. Say `began` if that led to a dial. */
  next(now: Millis): T | undefined {
    while (this.#freeAt.length > 0 && this.#freeAt[0]! <= now) this.#freeAt.shift();
    if (this.#dials.size + this.#freeAt.length >= HEARD_DIALS_MAX) return undefined;
    for (const [from, source] of this.#sources) {
      const target = source.waiting.shift();
      if (target === undefined) continue;
      this.#sources.delete(from);
      this.#sources.set(from, source);
      return target;
    }
    return undefined;
  }

  began(key: string, now: Millis): void {
    this.#dials.set(key, now);
  }

  /** The dial of this key is over, one way or the other; others are none of this class's business. */
  ended(key: string, now: Millis): void {
    const since = this.#dials.get(key);
    if (since === undefined) return;
    this.#dials.delete(key);
    const freeAt = since + PLACE_MS;
    if (freeAt <= now) return;
    const place = this.#freeAt.findLastIndex((other) => other <= freeAt);
    this.#freeAt.splice(place + 1, 0, freeAt);
  }

  /** When to ask for the next one; undefined: not before a dial has ended. */
  pollTimeout(): Millis | undefined {
    return this.waiting > 0 ? this.#freeAt[0] : undefined;
  }
}
