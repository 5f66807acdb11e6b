import type { Clock, Timer } from "../../src/port/clock.ts";

/** A clock that stands until it is told to go on. `afterIo` callbacks run when the test says so. */
export class FakeClock implements Clock {
  #now = 1000;
  #timers = new Map<number, { at: number; callback: () => void }>();
  #nextTimer = 1;
  #afterIo: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  setTimer(afterMs: number, callback: () => void): Timer {
    const id = this.#nextTimer++;
    this.#timers.set(id, { at: this.#now + afterMs, callback });
    return id;
  }

  clearTimer(timer: Timer): void {
    this.#timers.delete(timer as number);
  }

  afterIo(callback: () => void): void {
    this.#afterIo.push(callback);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass; timers fire in order. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      const next = due.toSorted(([, a], [, b]) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].callback();
    }
    this.#now = end;
  }

  /** One pass of I/O. @returns how many callbacks ran */
  io(): number {
    const callbacks = this.#afterIo;
    this.#afterIo = [];
    for (const callback of callbacks) callback();
    return callbacks.length;
  }
}
