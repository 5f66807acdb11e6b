import type { Millis } from "../base/millis.ts";
import type { Clock, Timer } from "../port/clock.ts";
import type { EventQueue, Owner, SimEvent } from "./event-queue.ts";

/** 2026-01-01T00:00:00Z: when every world begins, in milliseconds since 1970. */
export const WORLD_BEGINS_MS = 1_767_225_600_000;

/** Milliseconds that a turn of the event loop takes. */
const TURN_MS = 0.01;

/** The time that one machine keeps: its oscillator has a rate, and its wall clock is set now and then. */
export class MachineTime {
  readonly #events: EventQueue;
  #rate: number;
  /** Where the present rate began: on the world's clock, and on this one. */
  #sinceWorld: Millis = 0;
  #sinceHere: Millis = 0;
  /** What the wall clock is off by; changes when it jumps. */
  wallOffsetMs = 0;

  constructor(events: EventQueue, rate: number) {
    this.#events = events;
    this.#rate = rate;
  }

  /** Milliseconds here for each of the world's. */
  get rate(): number {
    return this.#rate;
  }

  /** The oscillator drifts from now on; no time is skipped. */
  drift(rate: number): void {
    this.#sinceHere = this.now();
    this.#sinceWorld = this.#events.now;
    this.#rate = rate;
  }

  now(): Millis {
    return this.#sinceHere + (this.#events.look() - this.#sinceWorld) * this.#rate;
  }

  wall(): number {
    return WORLD_BEGINS_MS + this.now() + this.wallOffsetMs;
  }
}

/** The clock of one thread in a world: its machine's time, its own timers. */
export class SimClock implements Clock {
  readonly #events: EventQueue;
  readonly #owner: Owner;
  readonly #time: MachineTime;

  constructor(events: EventQueue, owner: Owner, time: MachineTime) {
    this.#events = events;
    this.#owner = owner;
    this.#time = time;
  }

  now(): Millis {
    return this.#time.now();
  }

  wall(): number {
    return this.#time.wall();
  }

  setTimer(afterMs: Millis, callback: () => void): Timer {
    // Whole milliseconds, as the real adapter, and never at once: time goes on while a machine looks at its clock.
    const waitMs = Math.max(TURN_MS, Math.ceil(afterMs)) / this.#time.rate;
    return this.#events.schedule(waitMs, this.#owner, callback);
  }

  clearTimer(timer: Timer): void {
    this.#events.cancel(timer as SimEvent);
  }

  within(callback: () => void): void {
    const owner = this.#owner;
    if (owner.run === undefined) callback();
    else owner.run(callback);
  }

  afterIo(callback: () => void): void {
    this.#events.schedule(TURN_MS, this.#owner, callback);
  }
}
