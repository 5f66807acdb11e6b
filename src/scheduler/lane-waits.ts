import type { Outbound } from "../process/outbound.ts";
import type { LaneWait } from "../process/pending.ts";
import type { Process } from "../process/process.ts";

interface Way {
  readonly node: string;
  readonly scheduler: number | undefined;
}

/** Who waits until what leads to a target has room: calls of `ready`, and senders that are paused. */
export class LaneWaits {
  readonly #outbound: Outbound;
  readonly #waits = new Map<LaneWait, Way>();
  readonly #paused = new Map<Process, Way>();

  constructor(outbound: Outbound) {
    this.#outbound = outbound;
  }

  get size(): number {
    return this.#waits.size + this.#paused.size;
  }

  add(wait: LaneWait, node: string, scheduler: number | undefined): void {
    this.#waits.set(wait, { node, scheduler });
    wait.left = () => this.#waits.delete(wait);
  }

  /** A process has sent there: it is paused if the way is above its high-water mark. */
  sent(process: Process, node: string, scheduler: number | undefined): void {
    if (this.#outbound.ready(node, scheduler, process.pid)) return;
    process.paused = true;
    this.#paused.set(process, { node, scheduler });
  }

  /** Whether a paused process has to wait on. */
  isPaused(process: Process): boolean {
    const way = this.#paused.get(process);
    if (way !== undefined && !this.#outbound.ready(way.node, way.scheduler, process.pid))
      return true;
    this.#paused.delete(process);
    process.paused = false;
    return false;
  }

  /** The process has ended. */
  remove(process: Process): void {
    this.#paused.delete(process);
  }

  /** Some lane has room again, or is gone. */
  recheck(): void {
    for (const [wait, { node, scheduler }] of [...this.#waits]) {
      if (this.#outbound.ready(node, scheduler, wait.process.pid)) wait.succeed(undefined);
    }
    for (const [process, { node, scheduler }] of [...this.#paused]) {
      if (!this.#outbound.ready(node, scheduler, process.pid)) continue;
      this.#paused.delete(process);
      process.unpause();
    }
  }
}
