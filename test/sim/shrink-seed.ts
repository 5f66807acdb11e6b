/**
 * Makes a failing seed smaller: the fewest workloads, faults and steps of the load that still fail in the same way, printed
 * as a scenario to be kept in `test/sim/scenarios/`.
 */
import type { ScheduledFault } from "../../src/sim/faults.ts";
import { scenarioName, sourceText } from "../../src/sim/scenario/report.ts";
import { shrink } from "../../src/sim/scenario/shrink.ts";
import type { Workload } from "./run.ts";
import { type Outcome, runSeed, type SeedOptions } from "./run-seed.ts";

export interface Reduced {
  readonly seed: number;
  /** What is wrong, as the checker said it in the smallest run. */
  readonly failure: string;
  readonly workloads: readonly Workload[];
  readonly plan: readonly ScheduledFault[];
  readonly steps: readonly number[];
  /** Runs that it took. */
  readonly runs: number;
}

export interface ShrinkOptions {
  readonly hasTime: () => boolean;
  /** As the failing run had them. */
  readonly options?: SeedOptions;
}

/** What went wrong without who and how many: the same mistake in a smaller run has the same. */
const kindOf = (failure: string): string =>
  failure
    .split("\n")[0]!
    .replaceAll(/\S+[#@]\S+/g, "P")
    .replaceAll(/\d+/g, "N")
    .slice(0, 100);

export async function shrinkSeed(
  outcome: Outcome,
  { hasTime, options = {} }: ShrinkOptions,
): Promise<Reduced> {
  const { seed } = outcome;
  const kind = kindOf(outcome.failures[0]!);
  let [failure] = outcome.failures as readonly [string, ...string[]];
  let runs = 0;
  const fails = (some: SeedOptions): boolean => {
    runs++;
    const found = runSeed(seed, { ...options, ...some }).failures.find(
      (text) => kindOf(text) === kind,
    );
    if (found !== undefined) failure = found;
    return found !== undefined;
  };
  const all = options.workloads ?? outcome.workloads;
  const steps = Array.from({ length: outcome.steps }, (_none, step) => step);
  const workloads = (await shrink(all, (kept) => fails({ workloads: kept }), hasTime)).items;
  const faults = await shrink(outcome.plan, (plan) => fails({ workloads, plan }), hasTime);
  const plan = faults.items;
  const fewer = await shrink(steps, (kept) => fails({ workloads, plan, steps: kept }), hasTime);
  const rest = { workloads, steps: fewer.items };
  const least = await shrink(plan, (kept) => fails({ ...rest, plan: kept }), hasTime);
  return { seed, failure, ...rest, plan: least.items, runs };
}

/** A file for `test/sim/scenarios/`. */
export function scenarioSource({ seed, failure, workloads, plan, steps }: Reduced): string {
  return [
    'import { scenario } from "./scenario.ts";',
    "",
    `scenario(${JSON.stringify(scenarioName(failure, plan))}, {`,
    `  seed: ${seed},`,
    `  workloads: ${sourceText(workloads.map(({ name }) => name))},`,
    `  steps: ${sourceText(steps)},`,
    "  plan: [",
    ...plan.map((fault) => `    ${sourceText(fault)},`),
    "  ],",
    "});",
  ].join("\n");
}
