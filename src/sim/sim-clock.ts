import type { Millis } from "../base/millis.ts";
import type { Clock, Timer } from "../port/clock.ts";
import type { EventQueue, Owner, SimEvent } from "./event-queue.ts";

/** 2026-01-01T00:00:00Z: when every world begins, in milliseconds since 1970. */
export const WORLD_BEGINS_MS = 1_767_225_600_000;

/** Milliseconds that a turn of the event loop takes. */
const TURN_MS = 0.01;

/** The clock of one thread in a world: its own rate, its own wall time. */
export class SimClock implements Clock {
  readonly #events: EventQueue;
  readonly #owner: Owner;
  /** Milliseconds on this clock for each of the world's. */
  readonly #rate: number;
  /** What the wall clock is off by; changes when it jumps. */
  wallOffsetMs = 0;

  constructor(events: EventQueue, owner: Owner, rate = 1) {
    this.#events = events;
    this.#owner = owner;
    this.#rate = rate;
  }

  now(): Millis {
    return this.#events.now * this.#rate;
  }

  wall(): number {
    return WORLD_BEGINS_MS + this.now() + this.wallOffsetMs;
  }

  setTimer(afterMs: Millis, callback: () => void): Timer {
    // Whole milliseconds, as the real adapter, and never at once: time goes on while a machine looks at its clock.
    const waitMs = Math.max(TURN_MS, Math.ceil(afterMs)) / this.#rate;
    return this.#events.schedule(waitMs, this.#owner, callback);
  }

  clearTimer(timer: Timer): void {
    this.#events.cancel(timer as SimEvent);
  }

  afterIo(callback: () => void): void {
    this.#events.schedule(TURN_MS, this.#owner, callback);
  }
}
