import { expect, test } from "bun:test";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import { runSeed, type Outcome } from "./run-seed.ts";
import { scenarioSource, shrinkSeed } from "./shrink-seed.ts";

/** Runs that shrinking may take here. */
const RUNS_MAX = 40;

/** A mistake of our own for as long as the result lives: the loss of a node is told twice. */
function toldTwice(): Disposable {
  const { prototype } = Scheduler;
  const before = Object.getOwnPropertyDescriptor(prototype, "nodeDown")!;
  const nodeDown = before.value as (...given: unknown[]) => void;
  prototype.nodeDown = function (this: Scheduler, ...given) {
    nodeDown.apply(this, given);
    nodeDown.apply(this, given);
  };
  return { [Symbol.dispose]: () => void Object.defineProperty(prototype, "nodeDown", before) };
}

function firstFailing(): Outcome {
  for (let seed = 1; ; seed++) {
    const outcome = runSeed(seed);
    if (outcome.failures.length > 0) return outcome;
  }
}

test("a failing seed comes down to few faults and steps, which fail for as long as the mistake is there", async () => {
  const { reduced, outcome } = await (async () => {
    using _ = toldTwice();
    const found = firstFailing();
    let runs = 0;
    const hasTime = (): boolean => runs++ < RUNS_MAX;
    const least = await shrinkSeed(found, { hasTime });
    const { seed, workloads, steps, plan, failure } = least;
    expect(runSeed(seed, { workloads, steps, plan }).failures).toContain(failure);
    return { reduced: least, outcome: found };
  })();
  const { seed, workloads, steps, plan } = reduced;
  expect(outcome.plan.length).toBeGreaterThan(10);
  expect(plan.length).toBeLessThanOrEqual(3);
  expect(steps.length).toBeLessThan(outcome.steps / 2);
  // The mistake is gone.
  expect(runSeed(seed, { workloads, steps, plan }).failures).toEqual([]);
  const source = scenarioSource(reduced);
  expect(source).toContain(`  seed: ${seed},\n`);
  expect(source).toMatch(/^scenario\("[^"]+: [^"]*twice/m);
}, 120_000);
