import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import type { SchedulerDriver } from "../../src/node/scheduler/scheduler-driver.ts";
import type { Pid } from "../../src/process/api.ts";
import type { Scheduler, SchedulerTables } from "../../src/scheduler/scheduler.ts";
import { until } from "../support/live-node.ts";
import { endAll, linksOf, tables } from "./looks.ts";
import { scenarios } from "./scenarios.ts";
import type { Any, Placement, Scenario, Tester } from "./scenario.ts";

/** Looks in a row that must find everything at rest. */
const CALM_LOOKS = 3;

/** One node of a placement. Its first scheduler is on this thread, the others are wherever they are. */
export interface PlacedNode {
  readonly name: string;
  readonly driver: SchedulerDriver;
  readonly schedulers: number;
  stop(): Promise<void>;
}

/** Nodes that scenarios run on: the tester on scheduler 1 of the first, the others at `far`. */
export interface Placed {
  readonly nodes: readonly [PlacedNode, ...PlacedNode[]];
  readonly far: { readonly node: string; readonly scheduler: number };
  /** Looks whether the placement was what it says, before the nodes stop. */
  readonly stop?: () => void;
}

interface Look {
  readonly where: string;
  readonly tables: SchedulerTables;
}

/** Runs every scenario in one placement, and looks after each that nothing is left on any scheduler of any node. */
export function runScenarios(title: string, start: () => Promise<Placed>): void {
  describe(title, () => {
    let placed: Placed;
    beforeAll(async () => {
      placed = await start();
    });
    afterAll(async () => {
      placed.stop?.();
      await Promise.all(placed.nodes.map((node) => node.stop()));
    });
    for (const scenario of scenarios) {
      test(scenario.name, async () => {
        const { scheduler } = placed.nodes[0].driver;
        const placement = placementOf(placed);
        await runToItsEnd(scheduler, scenario, placement);
        await placement.settled();
        await endEverything(placed);
        await expectNothingLeft(placed);
      });
    }
  });
}

/** A tester that is ended by what it does itself has not run its scenario. */
export async function runToItsEnd(
  scheduler: Pick<Scheduler, "run">,
  scenario: Scenario,
  placement: Placement,
): Promise<void> {
  let ended = false;
  await scheduler.run(async (ctx) => {
    await scenario.run(ctx as unknown as Tester, placement);
    ended = true;
  });
  if (!ended) throw new Error("the tester ended before its scenario");
}

function placementOf(placed: Placed): Placement {
  return {
    far: placed.far,
    farNode: placed.far.node,
    settled: () => settled(placed),
    linksOf: (pid: Pid) => askAt(placed, pid, linksOf, [pid.toString()]) as Promise<string[]>,
  };
}

/** Every place of the placement but scheduler 1 of the first node. */
function elsewhere(placed: Placed): { readonly node: string; readonly scheduler: number }[] {
  return placed.nodes.flatMap((node, place) =>
    Array.from({ length: node.schedulers }, (_none, index) => ({
      node: node.name,
      scheduler: index + 1,
    })).filter(({ scheduler }) => place > 0 || scheduler > 1),
  );
}

function askAt(
  { nodes }: Placed,
  where: { readonly node: string; readonly scheduler: number },
  fn: Any,
  args: readonly unknown[],
): Promise<unknown> {
  const caller: Any = nodes[0].driver.scheduler.caller();
  const { node, scheduler } = where;
  return caller.rpc({ node, scheduler }, fn, args) as Promise<unknown>;
}

/** One look at every scheduler; each answer comes after all that was on its way there and back. */
async function look(placed: Placed): Promise<Look[]> {
  const looks = await Promise.all(
    elsewhere(placed).map(async (where) => ({
      where: `${where.node} ${where.scheduler}`,
      tables: (await askAt(placed, where, tables, [])) as SchedulerTables,
    })),
  );
  const [{ driver, name }] = placed.nodes;
  return [{ where: `${name} 1`, tables: driver.scheduler.tables() }, ...looks];
}

async function settled(placed: Placed): Promise<void> {
  for (let calm = 0; calm < CALM_LOOKS; calm++) {
    // oxlint-disable-next-line no-await-in-loop -- each look must see another turn of the event loops
    await new Promise<void>((resolve) => clock.afterIo(resolve));
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const looks = await look(placed);
    if (looks.some(({ tables: { ending, runQueue } }) => ending + runQueue > 0)) calm = -1;
  }
}

/** What a scenario leaves running on purpose is ended here. */
async function endEverything(placed: Placed): Promise<void> {
  const { scheduler } = placed.nodes[0].driver;
  for (const { pid } of scheduler.list()) {
    scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
  }
  await Promise.all(elsewhere(placed).map((where) => askAt(placed, where, endAll, [])));
}

async function expectNothingLeft(placed: Placed): Promise<void> {
  let left: string[] = [];
  const empty = async (): Promise<boolean> => {
    left = (await look(placed)).flatMap(({ where, tables: sizes }) =>
      Object.entries(sizes)
        .filter(([, size]) => size !== 0)
        .map(([table, size]) => `${where}: ${table} ${String(size)}`),
    );
    for (const { driver, name } of placed.nodes) {
      if (driver.waiting > 0) left.push(`${name}: waiting ${driver.waiting}`);
    }
    return left.length === 0;
  };
  await until("empty tables", empty, 2_000).catch(() => expect(left).toEqual([]));
}
