import type { Clock, Timer } from "../port/clock.ts";

/** `setTimeout` takes 31 bits of milliseconds; a longer wait would fire at once, so it is cut into pieces. */
const TIMEOUT_MS_MAX = 2_147_483_647;

/** A wait longer than one `setTimeout` can express. */
class LongTimer {
  /** The piece that runs now. */
  timeout: ReturnType<typeof setTimeout>;

  constructor(afterMs: number, callback: () => void) {
    this.timeout = this.#start(afterMs, callback);
  }

  #start(afterMs: number, callback: () => void): ReturnType<typeof setTimeout> {
    if (afterMs <= TIMEOUT_MS_MAX) return setTimeout(callback, afterMs);
    return setTimeout(() => {
      this.timeout = this.#start(afterMs - TIMEOUT_MS_MAX, callback);
    }, TIMEOUT_MS_MAX);
  }
}

/** The clock of the thread it is made on. Timers keep the process alive until they fire or are cleared. */
export const clock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer(afterMs, callback): Timer {
    if (afterMs > TIMEOUT_MS_MAX) return new LongTimer(afterMs, callback);
    return setTimeout(callback, Math.max(0, Math.ceil(afterMs)));
  },
  clearTimer(timer) {
    clearTimeout(
      timer instanceof LongTimer ? timer.timeout : (timer as ReturnType<typeof setTimeout>),
    );
  },
  afterIo(callback) {
    setImmediate(callback);
  },
  afterMicrotasks(callback) {
    // By way of a microtask: what `nextTick` is given outside of one runs before the reactions that are at hand.
    queueMicrotask(() => process.nextTick(callback));
  },
};
