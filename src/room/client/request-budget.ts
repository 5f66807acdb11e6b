import type { Millis } from "../../base/millis.ts";

/** How much a client may ask for: a bucket that fills at a rate and holds a burst. */
export class RequestBudget {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #at: Millis;

  constructor(perSecond: number, burst: number, now: Millis) {
    this.#perMs = perSecond / 1_000;
    this.#burst = burst;
    this.#left = burst;
    this.#at = now;
  }

  /** False: there was nothing left. */
  spend(now: Millis): boolean {
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
