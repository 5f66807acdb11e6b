import { ambient } from "../../term/ambient.ts";
import type { Identities } from "../../term/identities.ts";
import type { Process } from "../../process/process.ts";
import { createPulse, ENTERED, OUTSIDE, Pulse, RESUMED } from "./pulse.ts";

/**
 * Whose code runs. The engine resumes processes by itself, so it is known for certain only when one calls its context or
 * is started by the scheduler; in between, the process that was resumed last is the best guess; and
 * when there was none, the one that had not come to an end of its turn when the event loop went on: it awaits something that
 * is not the scheduler's, and nobody else knows when that is there.
 */
export class Running {
  readonly #identities: Identities;
  readonly #pulse: Pulse;
  readonly #words: Float64Array;
  #current: Process | undefined = undefined;
  #outside: Process | undefined = undefined;

  constructor(identities: Identities, pulse: SharedArrayBuffer | undefined) {
    this.#identities = identities;
    this.#pulse = new Pulse(pulse ?? createPulse());
    this.#words = this.#pulse.words;
  }

  /** The event loop turns, so nobody's code is running. */
  beat(now: number): void {
    this.#pulse.beat = now;
    if (this.#current !== undefined) this.#showOutside(this.#current);
    this.#current = undefined;
    this.#words[ENTERED] = 0;
    this.#words[RESUMED] = 0;
  }

  /** The lanes that end here wait for that scheduler; 0: for none. */
  waitsFor(scheduler: number): void {
    this.#pulse.waitsFor = scheduler;
  }

  /** The number under which a function is shown. */
  functionId(name: string): number {
    return this.#pulse.functionId(name);
  }

  /** It has called its context, or is started now. */
  enter(process: Process): void {
    if (this.#current === process) return;
    this.#current = process;
    ambient.identities = this.#identities;
    const words = this.#words;
    words[ENTERED] = process.pid.local;
    words[ENTERED + 1] = process.functionId;
  }

  /** It runs when the microtasks before it have. */
  resumed(process: Process): void {
    const words = this.#words;
    words[RESUMED] = process.pid.local;
    words[RESUMED + 1] = process.functionId;
  }

  /** It waits, or has ended. */
  left(process: Process): void {
    if (this.#outside === process) this.#showOutside(undefined);
    if (this.#current !== process) return;
    this.#current = undefined;
    this.#words[ENTERED] = 0;
  }

  #showOutside(process: Process | undefined): void {
    this.#outside = process;
    this.#words[OUTSIDE] = process?.pid.local ?? 0;
    this.#words[OUTSIDE + 1] = process?.functionId ?? 0;
  }
}
