import { type Deadline, Deadlines } from "../../base/deadlines.ts";
import type { Millis } from "../../base/millis.ts";
import type { Clock, Timer } from "../../port/clock.ts";

/** All deadlines of a scheduler on one timer of its clock. */
export class Timers {
  readonly #clock: Clock;
  readonly #deadlines = new Deadlines();
  #timer: Timer | undefined = undefined;
  /** When the clock's timer fires; it is left alone when its deadline is cleared, most are. */
  #armedFor: Millis = Infinity;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#deadlines.length;
  }

  set(entry: Deadline, afterMs: Millis): void {
    const at = this.#clock.now() + afterMs;
    this.#deadlines.set(entry, at);
    if (at < this.#armedFor) this.#arm(at, afterMs);
  }

  clear(entry: Deadline): boolean {
    return this.#deadlines.clear(entry);
  }

  /** Lets go of the clock: nothing expires any more. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#stopped = true;
    this.#armedFor = -Infinity;
  }

  #arm(at: Millis, afterMs: Millis): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#armedFor = at;
    this.#timer = this.#clock.setTimer(afterMs, this.#fired);
  }

  readonly #fired = (): void => {
    this.#timer = undefined;
    // While they expire, deadlines that are set arm nothing: what is next is known at the end.
    this.#armedFor = -Infinity;
    try {
      this.#deadlines.expire(this.#clock.now());
    } finally {
      const next = this.#deadlines.next();
      this.#armedFor = this.#stopped ? -Infinity : Infinity;
      if (next !== undefined && !this.#stopped) {
        this.#arm(next, Math.max(0, next - this.#clock.now()));
      }
    }
  };
}
