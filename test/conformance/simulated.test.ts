/** The scenarios in the simulator: two nodes, time that jumps, and a network that breaks connections again and again. */
import { describe, expect, test } from "bun:test";

import type { Pid } from "../../src/process/api.ts";
import type { SimNode } from "../../src/sim/sim-node.ts";
import { World } from "../../src/sim/world.ts";
import type { Any, Placement, Scenario, Tester } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

/** Milliseconds of the world's time that a scenario may take. */
const SCENARIO_MS = 600_000;
/** Milliseconds until everything that is on its way has come, over any resume. */
const REST_MS = 1_500;
/** Milliseconds between two breaks, on average. */
const BREAK_MS = 60;

function placementOf(world: World, a: SimNode, b: SimNode): Placement {
  const here = a.threads[1]!;
  return {
    far: { node: b.name, scheduler: 1 },
    farNode: b.name,
    settled: () =>
      new Promise((resolve) => {
        world.after(REST_MS, () => here.run(() => resolve()));
      }),
    linksOf: (pid: Pid) => {
      const text = pid.toString();
      for (const { schedulers } of [a, b]) {
        for (const { scheduler } of schedulers) {
          const found = scheduler.list().find((one) => one.pid.toString() === text);
          if (found !== undefined) return scheduler.inspect(found.pid)?.links.map(String) ?? [];
        }
      }
      return [];
    },
  };
}

/** What a scenario fails with; undefined: it holds. */
function play(scenario: Scenario, breaks: boolean): unknown {
  const world = new World({ seed: 7, nodes: ["a", "b"], graceMs: 1_000 });
  const isFormed = (): boolean =>
    [...world.nodes.values()].every((node) => node.schedulers[0]!.nodeLink.list().length === 1);
  expect(world.runUntil(isFormed, 10_000)).toBe(true);
  const [a, b] = [...world.nodes.values()] as [SimNode, SimNode];
  let outcome: { readonly error: unknown } | undefined;
  const breakOne = (): void => {
    if (outcome !== undefined) return;
    world.breakSomething();
    world.after(world.random.random() * 2 * BREAK_MS, breakOne);
  };
  if (breaks) breakOne();
  const { scheduler } = a.schedulers[0]!;
  a.threads[1]!.run(() => {
    const run = scheduler.run((ctx) =>
      scenario.run(ctx as unknown as Tester, placementOf(world, a, b)),
    );
    void run.then(
      () => (outcome = { error: undefined }),
      (error: unknown) => (outcome = { error: error ?? "nothing" }),
    );
  });
  if (!world.runUntil(() => outcome !== undefined, SCENARIO_MS)) return "it never ended";
  if (outcome?.error !== undefined) return outcome.error;
  world.run(REST_MS);
  return leftOf(world, a, b);
}

/** What it leaves in any table once all processes are ended. */
function leftOf(world: World, a: SimNode, b: SimNode): unknown {
  for (const node of [a, b]) {
    const { scheduler } = node.schedulers[0]!;
    node.threads[1]!.run(() => {
      for (const { pid } of scheduler.list())
        scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
    });
  }
  world.run(10_000);
  const left = [a, b].flatMap(({ name, schedulers: [driver] }) =>
    Object.entries(driver!.scheduler.tables() as Any as Record<string, number>)
      .filter(([, size]) => size !== 0)
      .map(([table, size]) => `${name}: ${table} ${size}`),
  );
  return left.length === 0 ? undefined : left.join(", ");
}

describe.each([
  { title: "in the simulator", breaks: false },
  { title: "in the simulator, over connections that break again and again", breaks: true },
])("$title", ({ breaks }) => {
  for (const scenario of scenarios) {
    test(scenario.name, () => {
      const failure = play(scenario, breaks);
      if (failure instanceof Error) throw failure;
      expect(failure).toBeUndefined();
    });
  }
});
