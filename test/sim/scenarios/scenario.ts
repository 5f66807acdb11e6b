import { expect, test } from "bun:test";
import type { ScheduledFault } from "../../../src/sim/faults.ts";
import { runSeed } from "../run-seed.ts";
import { WORKLOADS } from "../workloads.ts";

/** The least that it took for a mistake to show, while it was there. */
export interface Scenario {
  readonly seed: number;
  /** By name. */
  readonly workloads: readonly string[];
  /** Of the load. */
  readonly steps: readonly number[];
  readonly plan: readonly ScheduledFault[];
}

/** A test that it does not show any more. */
export function scenario(name: string, { seed, workloads, steps, plan }: Scenario): void {
  test(name, () => {
    const used = WORKLOADS.filter((workload) => workloads.includes(workload.name));
    expect(used.map((workload) => workload.name)).toEqual([...workloads]);
    expect(runSeed(seed, { workloads: used, steps, plan }).failures).toEqual([]);
  });
}
