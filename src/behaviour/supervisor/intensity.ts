import type { Millis } from "../../base/millis.ts";

/**
 * How many restarts a supervisor allows: more than `intensity` within `periodMs` and it gives up.
 * `intensity` is a count, 0 allows none; the period includes both of its ends.
 */
export interface Intensity {
  readonly intensity: number;
  readonly periodMs: Millis;
}

/**
 * The sliding window of restarts. Exactly `intensity` restarts within the period are allowed, the next one is too many.
 * OTP counts in whole seconds, which can stretch its period by up to one; here the period is exact.
 * Source: OTP supervisor, add_restart.
 */
export class RestartWindow {
  readonly #limit: Intensity;
  /** When the latest `intensity` restarts were, a ring: only these can decide, so it never grows further. */
  readonly #times: Millis[] = [];
  /** Where the oldest of a full ring is, which is where the next one goes. */
  #oldest = 0;

  constructor(limit: Intensity) {
    this.#limit = limit;
  }

  /** Counts a restart at `now`; false if it is one too many and the supervisor has to give up. */
  add(now: Millis): boolean {
    const { intensity, periodMs } = this.#limit;
    if (intensity === 0) return false;
    if (this.#times.length < intensity) {
      this.#times.push(now);
      return true;
    }
    const oldest = this.#times[this.#oldest]!;
    this.#times[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % intensity;
    return now - oldest > periodMs;
  }

  /** Milliseconds from `now` until one more is allowed. */
  waitMs(now: Millis): Millis {
    const { intensity, periodMs } = this.#limit;
    if (this.#times.length < intensity) return 0;
    return Math.max(0, Math.floor(this.#times[this.#oldest]! + periodMs - now) + 1);
  }

  /** Restarts within the period that ends at `now`: what is used up of the budget. */
  count(now: Millis): number {
    return this.#times.filter((time) => now - time <= this.#limit.periodMs).length;
  }
}
