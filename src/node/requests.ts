import type { Millis } from "../base/millis.ts";
import type { Clock, Timer } from "../port/clock.ts";

interface Waiting {
  readonly done: (ok: boolean, value: unknown) => void;
  readonly timer: Timer | undefined;
}

/** Questions to other threads or nodes that wait for their answer, by number. Each is answered exactly once. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>();
  readonly #clock: Clock;
  #next = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps `done` until `answer` or until `timeoutMs` are over (`ok` false, value `"timeout"`). */
  open(timeoutMs: Millis, done: (ok: boolean, value: unknown) => void): number {
    const id = this.#next++;
    const timer =
      timeoutMs === Infinity
        ? undefined
        : this.#clock.setTimer(timeoutMs, () => this.answer(id, false, "timeout"));
    this.#waiting.set(id, { done, timer });
    return id;
  }

  /** Late and unknown answers are dropped. */
  answer(id: number, ok: boolean, value: unknown): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (waiting.timer !== undefined) this.#clock.clearTimer(waiting.timer);
    waiting.done(ok, value);
  }

  /** Answers everything that waits: the node stops. */
  abandon(reason: string): void {
    for (const id of [...this.#waiting.keys()]) this.answer(id, false, reason);
  }

  get size(): number {
    return this.#waiting.size;
  }
}
