import type { Outbound } from "../process/outbound.ts";
import type { LaneWait } from "../process/pending.ts";

/** Processes that wait until what leads to a target has room. */
export class LaneWaits {
  readonly #outbound: Outbound;
  readonly #waits = new Map<LaneWait, { node: string; scheduler: number | undefined }>();

  constructor(outbound: Outbound) {
    this.#outbound = outbound;
  }

  get size(): number {
    return this.#waits.size;
  }

  add(wait: LaneWait, node: string, scheduler: number | undefined): void {
    this.#waits.set(wait, { node, scheduler });
    wait.left = () => this.#waits.delete(wait);
  }

  /** Some lane has room again, or is gone. */
  recheck(): void {
    for (const [wait, { node, scheduler }] of [...this.#waits]) {
      if (this.#outbound.ready(node, scheduler)) wait.succeed(undefined);
    }
  }
}
