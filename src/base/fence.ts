/** 2020-01-01 in milliseconds since 1970: what fences and creations count from. */
const EPOCH_MS = Date.UTC(2020, 0, 1);

/** Fences in one millisecond of the clock: more than a node can give out in it. */
const FENCES_PER_MS = 4_096;

/** Memory for the clock of one node, to be shared by its threads. */
export const createFences = (): SharedArrayBuffer =>
  new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);

/**
 * Numbers that grow with every holder of a name or a child's place, on all nodes that hear of each other: a hybrid clock.
 * A fence is `max((ms since 2020) × 4096, highest seen + 1)`, a safe integer until the year 2089. A database that keeps
 * the greatest fence it was shown has one writer at a time. One clock a node: its number lies in memory that all threads
 * of the node share, so that each takes a fence at once and no two take the same.
 */
export class FenceClock {
  readonly #highest: BigInt64Array;

  /** `shared`: from `createFences`, once per node. */
  constructor(shared: SharedArrayBuffer = createFences()) {
    this.#highest = new BigInt64Array(shared);
  }

  /** The highest fence seen or given out; 0 for none. */
  get highest(): number {
    return Number(Atomics.load(this.#highest, 0));
  }

  /** A fence above all that were seen. `wallMs`: milliseconds since 1970. */
  next(wallMs: number): number {
    const byClock = BigInt(Math.max(0, Math.floor((wallMs - EPOCH_MS) * FENCES_PER_MS)));
    return Number(this.#raise((highest) => (byClock > highest ? byClock : highest + 1n)));
  }

  /** Takes note of a fence that came from elsewhere. */
  see(fence: number): void {
    if (!(fence <= FENCE_MAX)) return;
    const seen = BigInt(fence);
    this.#raise((highest) => (seen > highest ? seen : highest));
  }

  #raise(by: (highest: bigint) => bigint): bigint {
    for (;;) {
      const before = Atomics.load(this.#highest, 0);
      const after = by(before);
      if (Atomics.compareExchange(this.#highest, 0, before, after) === before) return after;
    }
  }
}

/** What is taken from a peer: far enough below 2^53 that counting on stays exact. */
export const FENCE_MAX = 2 ** 53 - 2 ** 32;
