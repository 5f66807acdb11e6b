import { ambient } from "../term/ambient.ts";
import type { Identities } from "../term/identities.ts";
import type { Process } from "../process/process.ts";
import { Pulse } from "./pulse.ts";

/**
 * Whose code runs. The engine resumes processes by itself, so it is known for certain only when one calls its context or
 * is started by the scheduler; in between, the process that was resumed last is the best guess.
 */
export class Running {
  readonly #identities: Identities;
  readonly #pulse: Pulse | undefined;
  #current: Process | undefined = undefined;
  #certain = false;
  #resumedLast: Process | undefined = undefined;

  constructor(identities: Identities, pulse: SharedArrayBuffer | undefined) {
    this.#identities = identities;
    this.#pulse = pulse === undefined ? undefined : new Pulse(pulse);
  }

  beat(now: number): void {
    if (this.#pulse !== undefined) this.#pulse.beat = now;
  }

  /** It has called its context, or is started now. */
  enter(process: Process): void {
    if (this.#current === process && this.#certain) return;
    this.#current = process;
    this.#certain = true;
    ambient.identities = this.#identities;
    this.#show();
  }

  /** It runs when the microtasks before it have. */
  resumed(process: Process): void {
    this.#resumedLast = process;
    if (this.#current !== undefined) return;
    this.#current = process;
    this.#certain = false;
    this.#show();
  }

  /** It waits, or has ended. */
  left(process: Process): void {
    if (this.#current !== process) return;
    this.#current = this.#resumedLast === process ? undefined : this.#resumedLast;
    this.#resumedLast = undefined;
    this.#certain = false;
    this.#show();
  }

  #show(): void {
    const pulse = this.#pulse;
    if (pulse === undefined) return;
    const process = this.#current;
    if (process === undefined) pulse.show(0, 0, this.#certain);
    else pulse.show(process.pid.local, pulse.functionId(process.functionName), this.#certain);
  }
}
