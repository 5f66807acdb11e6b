import type { Pid } from "../term/pid.ts";
import type { Owner } from "./host.ts";
import type { Process } from "./process.ts";

/** A second address of a process, which it can switch off; with `once` the first message does. */
export class Alias implements Owner {
  readonly pid: Pid<unknown>;
  readonly process: Process;
  readonly #once: boolean;

  constructor(process: Process, once: boolean) {
    this.process = process;
    this.#once = once;
    this.pid = process.host.createPid(this);
    const bonds = process.ownBonds();
    (bonds.aliases ??= new Set()).add(this.pid);
  }

  deliver(message: unknown): void {
    if (this.#once) this.revoke();
    this.process.deliver(message);
  }

  /** Off from here on: what is sent to it later goes nowhere. */
  revoke(): void {
    this.pid.owner = undefined;
    this.process.bonds?.aliases?.delete(this.pid);
  }
}
