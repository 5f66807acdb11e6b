import type { Millis } from "./millis.ts";

/** One thing that is due at a time. Extend it: the object that waits is its own entry, so setting allocates nothing. */
export abstract class Deadline {
  /** When it is due, on the clock of whoever keeps the deadlines. */
  at: Millis = 0;
  /** Place in the heap; -1 while it is not set. Kept by `Deadlines`. */
  index = -1;

  /** Called once, after the entry has left the deadlines. It may set deadlines, also itself. */
  abstract expired(now: Millis): void;
}

/**
 * Deadlines by time: a binary heap whose entries know their place, so that clearing is cheap too. Time-outs of one
 * length, the common case, are set in the order in which they fall due: setting and clearing one moves nothing.
 */
export class Deadlines {
  readonly #heap: Deadline[] = [];

  get length(): number {
    return this.#heap.length;
  }

  /** When the next one is due, or undefined when none is set. */
  next(): Millis | undefined {
    return this.#heap[0]?.at;
  }

  /** Sets a deadline, or moves one that is set. */
  set(entry: Deadline, at: Millis): void {
    if (entry.index >= 0) this.clear(entry);
    entry.at = at;
    this.#heap.push(entry);
    this.#up(entry, this.#heap.length - 1);
  }

  /** @returns false when it was not set (any more) */
  clear(entry: Deadline): boolean {
    const index = entry.index;
    if (index < 0) return false;
    entry.index = -1;
    const last = this.#heap.pop() as Deadline;
    if (last === entry) return true;
    const parent = this.#heap[(index - 1) >> 1];
    if (index > 0 && parent !== undefined && last.at < parent.at) this.#up(last, index);
    else this.#down(last, index);
    return true;
  }

  /** Ends every deadline that is due at `now`, earliest first, also those that one of them sets. */
  expire(now: Millis): void {
    for (;;) {
      const entry = this.#heap[0];
      if (entry === undefined || entry.at > now) return;
      this.clear(entry);
      entry.expired(now);
    }
  }

  #up(entry: Deadline, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex] as Deadline;
      if (parent.at <= entry.at) break;
      this.#heap[index] = parent;
      parent.index = index;
      index = parentIndex;
    }
    this.#heap[index] = entry;
    entry.index = index;
  }

  #down(entry: Deadline, from: number): void {
    const length = this.#heap.length;
    let index = from;
    for (;;) {
      let childIndex = index * 2 + 1;
      if (childIndex >= length) break;
      const right = this.#heap[childIndex + 1];
      if (right !== undefined && right.at < (this.#heap[childIndex] as Deadline).at) childIndex++;
      const child = this.#heap[childIndex] as Deadline;
      if (child.at >= entry.at) break;
      this.#heap[index] = child;
      child.index = index;
      index = childIndex;
    }
    this.#heap[index] = entry;
    entry.index = index;
  }
}
