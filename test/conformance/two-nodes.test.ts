/** The scenarios with their processes on two nodes of one program, joined by TLS. */
import { liveNodes, type LiveNode, type LiveNodeOptions } from "../support/live-node.ts";
import { runScenarios, type Placed, type PlacedNode } from "./placed.ts";

const placedNode = (node: LiveNode): PlacedNode => ({
  name: node.name,
  driver: node.inline.driver,
  schedulers: 1,
  stop: () => node.stop(),
});

async function twoNodes(options: Omit<LiveNodeOptions, "name">): Promise<Placed> {
  const nodes = await liveNodes(["a", "b"], options);
  const b = nodes.node("b");
  return {
    nodes: [placedNode(nodes.node("a")), placedNode(b)],
    far: { node: b.name, scheduler: 1 },
  };
}

runScenarios("on two nodes", () => twoNodes({}));
runScenarios("on two nodes without a grace", () => twoNodes({ graceMs: 0 }));
runScenarios("on two nodes in fragments of 1 KiB", () =>
  twoNodes({ limits: { fragmentBytes: 1024 } }),
);
