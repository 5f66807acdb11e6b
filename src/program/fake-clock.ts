/** Time for tests: it stands still until the test moves it. */
import { clock as realClock } from "../bun/clock.ts";
import { MisuseError } from "../base/error.ts";
import type { Clock, Timer } from "../port/clock.ts";

/** Turns of the event loop after which whatever was woken has run and has set its own timers. */
const TURNS = 4;

interface FakeTimer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * The clock of a `testNode({ clock })`: `sleep`, `sendAfter`, idle times, time-outs of `receive` and `call`, restart
 * back-off. What processes read elsewhere, such as `Date.now()`, is not its business.
 */
export class FakeClock implements Clock {
  readonly #timers = new Set<FakeTimer>();
  readonly #startedAt: number;
  #now = 0;

  /** `wall`: milliseconds since 1970 at the beginning. */
  constructor(wall: number = realClock.wall()) {
    this.#startedAt = wall;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#startedAt + this.#now;
  }

  setTimer(afterMs: number, callback: () => void): Timer {
    const timer: FakeTimer = { at: this.#now + Math.max(0, afterMs), callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: Timer): void {
    this.#timers.delete(timer as FakeTimer);
  }

  afterIo(callback: () => void): void {
    realClock.afterIo(callback);
  }

  /**
   * Moves time on. Everything that falls due meanwhile happens in order, each at its time, and what it wakes runs before
   * time goes on; resolves when all of it has run.
   * @throws {MisuseError} bad_argument: time does not go back
   */
  async advance(byMs: number): Promise<void> {
    if (!(byMs >= 0)) throw new MisuseError("bad_argument", "a clock is advanced by 0 ms or more");
    const until = this.#now + byMs;
    await this.#settle();
    for (let next = this.#nextDue(until); next !== undefined; next = this.#nextDue(until)) {
      this.#now = next.at;
      const due = [...this.#timers].filter(({ at }) => at === this.#now);
      // One of them may clear another.
      for (const timer of due) if (this.#timers.delete(timer)) timer.callback();
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      await this.#settle();
    }
    this.#now = until;
  }

  /** The first of those that fall due until then. */
  #nextDue(until: number): FakeTimer | undefined {
    let first: FakeTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) {
      // oxlint-disable-next-line no-await-in-loop -- each turn of the event loop comes after the one before
      await new Promise<void>((resolve) => realClock.afterIo(resolve));
    }
  }
}
