/** 2020-01-01 in milliseconds since 1970: what fences and creations count from. */
const EPOCH_MS = Date.UTC(2020, 0, 1);

/** Fences in one millisecond of the clock: more than a node can give out in it. */
const FENCES_PER_MS = 4_096;

/**
 * Numbers that grow with every holder of a name or a child's place, on all nodes that hear of each other: a hybrid clock.
 * A fence is `max((ms since 2020) × 4096, highest seen + 1)`, a safe integer until the year 2089. A database that keeps
 * the greatest fence it was shown has one writer at a time. One clock a node, on its control thread.
 */
export class FenceClock {
  #highest = 0;

  /** The highest fence seen or given out; 0 for none. */
  get highest(): number {
    return this.#highest;
  }

  /** A fence above all that were seen. `wallMs`: milliseconds since 1970. */
  next(wallMs: number): number {
    const byClock = Math.max(0, Math.floor((wallMs - EPOCH_MS) * FENCES_PER_MS));
    this.#highest = Math.max(byClock, this.#highest + 1);
    return this.#highest;
  }

  /** Takes note of a fence that came from elsewhere. */
  see(fence: number): void {
    if (fence > this.#highest && fence <= FENCE_MAX) this.#highest = fence;
  }
}

/** What is taken from a peer: far enough below 2^53 that counting on stays exact. */
export const FENCE_MAX = 2 ** 53 - 2 ** 32;
