/** The faults of one scenario: a schedule that was given, or random ones, a second of them after the other. */
import type { Millis } from "../../base/millis.ts";
import type { FaultSource } from "./fault-source.ts";
import type { ScheduledFault } from "../faults.ts";
import { inject } from "../inject.ts";
import type { Trace } from "../trace.ts";
import type { World } from "../world.ts";

export interface ScenarioFaultsOptions {
  readonly world: World;
  /** Faults that are given. */
  readonly schedule: readonly ScheduledFault[];
  /** Random ones; undefined: none. */
  readonly source: FaultSource | undefined;
  readonly trace: Trace | undefined;
  /** Something is waited for that has to come true: random faults leave it alone. */
  readonly isAwaiting: () => boolean;
}

export class ScenarioFaults {
  /** Those that happened, at milliseconds from the beginning. */
  readonly happened: ScheduledFault[] = [];
  readonly #options: ScenarioFaultsOptions;
  readonly #beganMs: Millis;

  constructor(options: ScenarioFaultsOptions) {
    this.#options = options;
    this.#beganMs = options.world.now;
  }

  /** From now on they happen. */
  begin(): void {
    for (const fault of this.#options.schedule) this.#plan(fault);
    this.#planMore();
  }

  /** Random faults of the next second, and again when that has passed. */
  #planMore(): void {
    const { source, world } = this.#options;
    if (source === undefined) return;
    for (const fault of source.next()) this.#plan(fault);
    const nextMs = this.#beganMs + source.plannedMs - world.now;
    world.after(nextMs, () => this.#planMore());
  }

  #plan({ atMs, fault }: ScheduledFault): void {
    const { isAwaiting, source, trace, world } = this.#options;
    world.after(this.#beganMs + atMs - world.now, () => {
      if (source !== undefined && isAwaiting()) return;
      this.happened.push({ atMs, fault });
      trace?.fault(world.now, fault);
      inject(world, fault);
    });
  }
}
