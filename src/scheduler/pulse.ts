import type { Millis } from "../base/millis.ts";

/** Words: the local id that runs, milliseconds of the last beat, processes alive. */
const RUNNING = 0;
const BEAT = 1;

/** Shared memory for the pulse of one scheduler. */
export const createPulse = (): SharedArrayBuffer =>
  new SharedArrayBuffer(4 * Float64Array.BYTES_PER_ELEMENT);

/**
 * What a scheduler shows to the watchdog on another thread: that its event loop turns, and whose code ran last. Eight
 * bytes each, which no reader sees half written.
 */
export class Pulse {
  readonly #words: Float64Array;

  constructor(shared: SharedArrayBuffer) {
    this.#words = new Float64Array(shared);
  }

  /** The local id of the process that was last seen running; 0: none. */
  get running(): number {
    return this.#words[RUNNING]!;
  }

  set running(local: number) {
    this.#words[RUNNING] = local;
  }

  /** When the event loop last turned, on the clock of the writer. */
  get beat(): Millis {
    return this.#words[BEAT]!;
  }

  set beat(now: Millis) {
    this.#words[BEAT] = now;
  }
}
