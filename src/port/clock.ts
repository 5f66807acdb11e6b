import type { Millis } from "../base/millis.ts";

/** A timer that has been set; only good for `Clock.clearTimer`. */
export type Timer = { readonly timer: unique symbol } | object | number;

/** Time as the outside gives it. */
export interface Clock {
  /** Milliseconds on a clock that only grows; its zero means nothing. */
  now(): Millis;
  /** Milliseconds since 1970: for creations, certificates and logs, never for time-outs. */
  wall(): number;
  /** Calls `callback` once, not before `afterMs` milliseconds from now. */
  setTimer(afterMs: Millis, callback: () => void): Timer;
  clearTimer(timer: Timer): void;
  /** Calls `callback` after pending I/O had its turn. */
  afterIo(callback: () => void): void;
  /** Calls `callback` behind promise reactions that are due, before any I/O. Left out: there is no such moment. */
  afterMicrotasks?(callback: () => void): void;
  /**
   * Runs `callback`, a step of this thread that the engine begins by itself, with what is ambient on the thread. Left out:
   * there is nothing but this thread.
   */
  within?(callback: () => void): void;
}
