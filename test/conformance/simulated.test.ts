/** The scenarios with their processes on two nodes of a simulated world, over a network that is good, and one that is not. */
import { expect } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import { World, type WorldOptions } from "../../src/sim/world.ts";
import { runScenarios, type Placed } from "./placed.ts";

/** Milliseconds of virtual time between two turns of the real event loop. */
const STRIDE_MS = 2;
/** Milliseconds of virtual time between two broken connections, and breaks that a run of all scenarios must have seen. */
const BREAK_EVERY_MS = 25;
const BREAKS_MIN = 50;

interface Fate {
  /** Called again and again while time passes. */
  readonly step?: (world: World) => void;
  readonly stop?: () => void;
}

/** Two connected nodes whose time passes for as long as scenarios run. */
async function simulated(
  options: Partial<WorldOptions>,
  { step, stop }: Fate = {},
): Promise<Placed> {
  const world = new World({ seed: 1, nodes: ["a", "b"], strict: true, graceMs: 5_000, ...options });
  const [a, b] = ["a", "b"].map((short) => world.nodes.get(short)!);
  const isFormed = (): boolean =>
    world.nodes.size === 2 && a!.schedulers[0]!.nodeLink.list().length === 1;
  expect(world.runUntil(isFormed, 5_000)).toBe(true);
  let isOver = false;
  const pass = (): void => {
    if (isOver) return;
    step?.(world);
    world.run(STRIDE_MS);
    clock.afterIo(pass);
  };
  pass();
  const placed = [a!, b!].map((node) => ({
    name: node.name,
    driver: node.schedulers[0]!,
    schedulers: node.schedulers.length,
    stop: async () => {
      isOver = true;
    },
  }));
  return {
    nodes: [placed[0]!, placed[1]!],
    far: { node: b!.name, scheduler: b!.schedulers.length },
    ...(stop === undefined ? {} : { stop }),
  };
}

runScenarios("in the simulator", () => simulated({}));
runScenarios("in the simulator with two schedulers on each node", () =>
  simulated({ schedulers: 2 }),
);

runScenarios("in the simulator, over connections that break again and again", () => {
  let breaks = 0;
  let next = 0;
  return simulated(
    { schedulers: 2, config: { "limits.fragment": "1KiB" } },
    {
      step: (world) => {
        if (world.now < next) return;
        next = world.now + BREAK_EVERY_MS;
        breaks++;
        world.breakSomething();
      },
      // Otherwise the network was better than the title says.
      stop: () => expect(breaks).toBeGreaterThan(BREAKS_MIN),
    },
  );
});
