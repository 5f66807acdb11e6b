/** The scenarios on real scheduler threads: of one node, and of two nodes, where signals also pass through a port. */
import { join } from "node:path";

import { launchNode } from "../../src/program/start-node.ts";
import { until } from "../support/live-node.ts";
import { runScenarios, type PlacedNode } from "./placed.ts";

const COOKIE = "a cookie for tests of threads";
const SCHEDULERS = 2;
/** Modules with the functions that scenarios spawn by name. */
const MODULES = [
  "actors.ts",
  "groups.ts",
  "names.ts",
  "looks.ts",
  "servers.ts",
  "supervisors.ts",
].map((file) => join(import.meta.dir, file));

async function threaded(
  name: string,
  seeds: readonly string[],
): Promise<PlacedNode & { hint: string }> {
  const { driver, info, node } = await launchNode({
    name: `${name}@127.0.0.1:0`,
    cookie: COOKIE,
    schedulers: SCHEDULERS,
    modules: MODULES,
    seeds,
    strict: true,
    logLevel: "error",
  });
  const own = node.node.name;
  return {
    name: own,
    driver,
    schedulers: SCHEDULERS,
    hint: `${own}:${info.address?.port ?? 0}`,
    stop: () => node.stop(),
  };
}

runScenarios("on two scheduler threads of one node", async () => {
  const node = await threaded("threads", []);
  return { nodes: [node], far: { node: node.name, scheduler: 2 } };
});

runScenarios("on two nodes with two scheduler threads each", async () => {
  const a = await threaded("here", []);
  const b = await threaded("there", [a.hint]);
  await until("the nodes are connected", () => a.driver.nodeLink.list().length === 1);
  return { nodes: [a, b], far: { node: b.name, scheduler: 2 } };
});
