import type { Millis } from "../../base/millis.ts";

/** Words of eight bytes, which no reader sees half written: local ids, and below each the number of its function. */
export const ENTERED = 0;
export const RESUMED = 2;
/** Who awaits something outside, as far as can be told. */
export const OUTSIDE = 4;
const BEAT = 6;
const WAITS_FOR = 7;
const WORDS = 8;

/** Functions whose names are kept; further ones are shown as unknown. */
const FUNCTIONS_MAX = 256;

/** UTF-16 units kept of a function's name; unit 0 is its length. */
const NAME_UNITS = 64;

/** Shared memory for the pulse of one scheduler. Make it once per scheduler, for all its threads. */
export const createPulse = (): SharedArrayBuffer =>
  new SharedArrayBuffer(WORDS * 8 + FUNCTIONS_MAX * NAME_UNITS * 2);

/**
 * What a scheduler shows to the watchdog on another thread: that its event loop turns, whose code ran last, and the name
 * of its function, which nobody could ask for when that code never returns.
 */
export class Pulse {
  /** For whoever writes it with every message: `ENTERED` and `RESUMED`. */
  readonly words: Float64Array;
  readonly #names: Uint16Array;
  readonly #ids = new Map<string, number>();

  constructor(shared: SharedArrayBuffer) {
    this.words = new Float64Array(shared, 0, WORDS);
    this.#names = new Uint16Array(shared, WORDS * 8);
  }

  /** The local id of the process that was last seen running; 0: none. */
  get running(): number {
    return this.words[this.#seen]!;
  }

  /** Whether the scheduler itself started that code, or it called `ctx` since; else it is a guess. */
  get certain(): boolean {
    return this.words[ENTERED] !== 0;
  }

  /** The function of that process; "" when it is not known. */
  get functionName(): string {
    if (this.running === 0) return "";
    const start = this.words[this.#seen + 1]! * NAME_UNITS;
    const length = this.#names[start]!;
    return String.fromCharCode(...this.#names.subarray(start + 1, start + 1 + length));
  }

  /** When the event loop last turned, on the clock of the writer. */
  get beat(): Millis {
    return this.words[BEAT]!;
  }

  set beat(now: Millis) {
    this.words[BEAT] = now;
  }

  /** The scheduler that takes nothing of what this one has for it, and that its lanes wait for; 0: none. */
  get waitsFor(): number {
    return this.words[WAITS_FOR]!;
  }

  set waitsFor(scheduler: number) {
    this.words[WAITS_FOR] = scheduler;
  }

  /** The scheduler's thread was ended: nothing is known of the next one. */
  reset(): void {
    this.words.fill(0);
  }

  /** The number under which a function is shown; 0 when there are too many. */
  functionId(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#ids.size + 1;
    if (id >= FUNCTIONS_MAX) return 0;
    this.#ids.set(name, id);
    const units = name.slice(0, NAME_UNITS - 1);
    for (let index = 0; index < units.length; index++) {
      this.#names[id * NAME_UNITS + 1 + index] = units.charCodeAt(index);
    }
    this.#names[id * NAME_UNITS] = units.length;
    return id;
  }

  get #seen(): number {
    if (this.words[ENTERED] !== 0) return ENTERED;
    return this.words[RESUMED] === 0 ? OUTSIDE : RESUMED;
  }
}
