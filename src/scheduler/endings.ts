import type { Clock } from "../port/clock.ts";
import { dissolve } from "../process/bonds.ts";
import { LIFE_DEAD } from "../process/life.ts";
import type { Process } from "../process/process.ts";
import { Queue } from "../base/queue.ts";

/**
 * The last steps of processes. One that was told to end gets until I/O had its turn to run its `finally` blocks, unless
 * its function settles sooner; then it is released. Releases go one after the other, so that a chain of links of any
 * length needs no deep stack.
 */
export class Endings {
  readonly #clock: Clock;
  readonly #release: (process: Process) => void;
  #ending: Process[] = [];
  readonly #releases = new Queue<Process>();
  #releasing = false;

  constructor(clock: Clock, release: (process: Process) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  get size(): number {
    return this.#ending.length;
  }

  add(process: Process): void {
    this.#ending.push(process);
    if (this.#ending.length === 1) this.#clock.afterIo(this.#sliceOver);
  }

  /** Frees what the process holds (`free`: names, pids, table), then tells its links and monitors. */
  release(process: Process, free: (process: Process) => void): void {
    free(process);
    this.#releases.push(process);
    if (this.#releasing) return;
    this.#releasing = true;
    try {
      for (let next = this.#releases.shift(); next !== undefined; next = this.#releases.shift()) {
        const { bonds, exitReason } = next;
        dissolve(next, exitReason);
        bonds?.ended?.(exitReason, bonds.value);
      }
    } finally {
      this.#releasing = false;
    }
  }

  readonly #sliceOver = (): void => {
    const ending = this.#ending;
    this.#ending = [];
    for (const process of ending) if (process.life !== LIFE_DEAD) this.#release(process);
  };
}
