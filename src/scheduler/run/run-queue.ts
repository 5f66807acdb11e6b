import { Queue } from "../../base/queue.ts";
import { SLICE_MS, SLICE_MS_MAX } from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";
import type { Clock } from "../../port/clock.ts";
import type { Turns } from "../../process/host.ts";
import type { Process } from "../../process/process.ts";

/** Reductions between two looks at the clock: a look costs as much as one reduction, so it must be rare. */
const REDUCTIONS_PER_LOOK = 64;

/**
 * Who runs next. Within a slice the engine's microtask queue is the run queue: a delivery resolves the promise that a
 * process awaits. Every resumption is counted; when the slice has lasted its time (at least as long as the I/O before
 * it), deliveries queue the process here
 * instead, and the next slice starts after I/O had its turn. What needs a turn without a promise to resolve (a first
 * step, a predicate to try, a behaviour's loop) queues here as well and is run by one microtask for all of them.
 */
export class RunQueue implements Turns {
  readonly #clock: Clock;
  /** `#drain`, as a step of this thread. */
  readonly #step: () => void;
  readonly #queue = new Queue<Process>();
  #budget = REDUCTIONS_PER_LOOK;
  #sliceStart: Millis;
  #sliceMs: Millis = SLICE_MS;
  /** When the last slice ended and I/O began. */
  #ioStart: Millis = 0;
  /** The slice is over: nothing runs until I/O had its turn. */
  #usedUp = false;
  #draining = false;
  /** Slices begun after I/O, for tests and metrics. */
  slices = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#step = clock.within === undefined ? this.#drain : () => clock.within?.(this.#drain);
    this.#sliceStart = clock.now();
  }

  get length(): number {
    return this.#queue.length;
  }

  spend(): boolean {
    return --this.#budget > 0 || this.#look();
  }

  enqueue(process: Process): void {
    this.#queue.push(process);
    if (this.#usedUp || this.#draining) return;
    this.#draining = true;
    queueMicrotask(this.#step);
  }

  #look(): boolean {
    if (this.#usedUp) return false;
    // After a pause the slice looks old at once; that costs one pass through the event loop, no more.
    const now = this.#clock.now();
    if (now - this.#sliceStart < this.#sliceMs) {
      this.#budget = REDUCTIONS_PER_LOOK;
      return true;
    }
    this.#usedUp = true;
    this.#ioStart = now;
    this.#clock.afterIo(this.#nextSlice);
    return false;
  }

  readonly #nextSlice = (): void => {
    this.slices++;
    this.#usedUp = false;
    this.#sliceStart = this.#clock.now();
    const ioMs = this.#sliceStart - this.#ioStart;
    this.#sliceMs = Math.min(SLICE_MS_MAX, Math.max(SLICE_MS, ioMs));
    this.#budget = REDUCTIONS_PER_LOOK;
    if (this.#queue.length === 0) return;
    this.#draining = true;
    this.#drain();
  };

  readonly #drain = (): void => {
    for (;;) {
      if (this.#usedUp) break;
      const process = this.#queue.shift();
      if (process === undefined) break;
      process.turn();
      this.spend();
    }
    this.#draining = false;
  };
}
