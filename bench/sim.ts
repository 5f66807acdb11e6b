/** What the simulator costs: five idle nodes beside real time, and one seed of `npm run sim`, in processor time of this program. */
import { World } from "../src/sim/world.ts";
import { runSeed } from "../test/sim/run-seed.ts";
import { compare, median, type Report } from "./row.ts";

const NODES = ["a", "b", "c", "d", "e"];
const ROUNDS = 5;
/** Milliseconds of virtual time that pass in a round, after those in which the cluster forms. */
const IDLE_MS = 60_000;
const FORM_MS = 5_000;
/** Seeds in a round; those of the first one only warm the program up. */
const SEEDS = 40;

/** Milliseconds that the processor works for this program while it runs something. */
function workMs(what: () => void): number {
  const before = process.cpuUsage();
  what();
  const { system, user } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

export async function run(report: Report): Promise<void> {
  const factors: number[] = [];
  // Ticks as an operator would have them, not as often as the simulator's own runs have them.
  const config = { "cluster.tick_interval": "60s", "cluster.tick_timeout": "15s" };
  const world = new World({ seed: 1, nodes: NODES, config });
  world.run(FORM_MS);
  for (let round = 0; round < ROUNDS; round++) {
    factors.push(IDLE_MS / workMs(() => world.run(IDLE_MS)));
  }
  report(compare("sim.idle_5_nodes", "s/s", median(factors), "real time", 1, "higher"));
  let from = 1;
  const seeds = (): void => {
    for (const end = from + SEEDS; from < end; from++) runSeed(from);
  };
  seeds();
  const costs = Array.from({ length: ROUNDS }, () => workMs(seeds) / SEEDS);
  report({ name: "sim.seed", value: median(costs), unit: "ms" });
}
