/** The scenarios with their processes on two nodes of one program, joined by TLS. */
import { expect } from "bun:test";

import {
  liveNodes,
  type LiveNode,
  type LiveNodeOptions,
  type LiveNodes,
} from "../support/live-node.ts";
import { runScenarios, type Placed, type PlacedNode } from "./placed.ts";

/** Bytes of a socket on the bad network: some more than a handshake, a few frames. */
const CUT_AFTER_BYTES = 2_000;
/** Breaks that a run of all scenarios must have seen. */
const CUTS_MIN = 50;

const placedNode = (node: LiveNode): PlacedNode => ({
  name: node.name,
  driver: node.inline.driver,
  schedulers: 1,
  stop: () => node.stop(),
});

function placedPair(nodes: LiveNodes<"a" | "b">): Placed {
  const b = nodes.node("b");
  return {
    nodes: [placedNode(nodes.node("a")), placedNode(b)],
    far: { node: b.name, scheduler: 1 },
  };
}

async function twoNodes(options: Omit<LiveNodeOptions, "name">): Promise<Placed> {
  return placedPair(await liveNodes(["a", "b"], options));
}

runScenarios("on two nodes", () => twoNodes({}));
runScenarios("on two nodes without a grace", () => twoNodes({ graceMs: 0 }));
runScenarios("on two nodes in fragments of 1 KiB", () =>
  twoNodes({ limits: { fragmentBytes: 1024 } }),
);

runScenarios("on two nodes whose connections break again and again", async () => {
  const nodes = await liveNodes(["a", "b"]);
  const placed = placedPair(nodes);
  const [a, b] = nodes.all;
  a!.wires.cutAfterBytes = CUT_AFTER_BYTES;
  return {
    ...placed,
    stop: () => {
      // Otherwise the network was better than the title says.
      expect(a!.wires.cuts).toBeGreaterThan(CUTS_MIN);
      expect(b!.wires.opened).toBeGreaterThan(CUTS_MIN);
    },
  };
});
