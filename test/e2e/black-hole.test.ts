/** Hosts that swallow every packet: who waits for them, and who does not. */
import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { BinaryCluster } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";
import { Network, networkRefusal } from "./support/netns.ts";

const refused = networkRefusal() !== undefined;
const MODULE = resolve(import.meta.dir, "support/black-hole-actors.ts");
/** Other nodes that a node tries to reach meanwhile. */
const HOLES = 40;
/** What a busy machine may add to a wait. */
const SLACK_MS = 1_500;

const holes = (count: number, address: string): string[] =>
  Array.from({ length: count }, (_, index) => `x${index}@${address}:4369`);

async function spawn(node: BinaryNode, name: string, ...args: unknown[]): Promise<void> {
  const texts = args.map((arg) => JSON.stringify(arg));
  const { code, stderr } = await node.tool("spawn", node.hint, name, ...texts);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

test.skipIf(refused)(
  "HS-24 HS-25 HS-35 a node that dials into the void sends, dials others and answers meanwhile, and gives up in time",
  async () => {
    using network = new Network(3);
    await using cluster = await BinaryCluster.start();
    const a = await cluster.add("a", { host: network.host(1), modules: [MODULE], start: [] });
    const b = await cluster.add("b", { host: network.host(2), start: [], connect: [] });
    const hole = network.host(3);
    network.unplug(hole);

    await spawn(a, "caster", holes(HOLES, hole.address));
    const cast = a.fields(await a.logged("cast"))!;
    expect(Number(cast.tookMs)).toBeLessThan(1_000);

    // Forty dials hang; this one is served, and so are questions.
    await spawn(a, "dialler", [b.hint], [10_000]);
    expect(a.fields(await a.logged("dialled"))).toMatchObject({ outcome: "connected" });
    const status = JSON.parse((await a.verb("status", "--json")).stdout);
    expect(status.sessions).toBe(1);
    const nodes = JSON.parse((await a.verb("nodes", "--json")).stdout) as { state: string }[];
    expect(nodes.filter(({ state }) => state === "connecting").length).toBeGreaterThan(0);

    const names = [`y@${hole.address}:4369`, `z@${hole.address}:4369`];
    await spawn(a, "dialler", names, [300, 2_000]);
    await a.lines.waitFor(() => a.log("dialled").length === 3);
    for (const { timeoutMs, tookMs, outcome } of a.log("dialled").slice(1)) {
      expect(outcome).not.toBe("connected");
      expect(Number(tookMs)).toBeWithin(Number(timeoutMs) - 20, Number(timeoutMs) + SLACK_MS);
    }
  },
);

test.skipIf(refused)(
  "TK-05 when every packet between two nodes is lost, each of them finds out by itself, once",
  async () => {
    const [intervalMs, timeoutMs] = [400, 400];
    using network = new Network(2);
    await using cluster = await BinaryCluster.start();
    const args = [
      ...["--cluster-tick-interval", `${intervalMs}ms`, "--cluster-tick-timeout", `${timeoutMs}ms`],
      ...["--cluster-session-grace", "0s"],
    ];
    const a = await cluster.add("a", { host: network.host(1), args });
    const b = await cluster.add("b", { host: network.host(2), args });
    await cluster.meshed();
    network.cut(network.host(1), network.host(2));
    const cutAt = Date.now();
    for (const [node, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      const down = await node.logged("seen", { what: "nodedown", peer: peer.name });
      expect(down.at - cutAt).toBeLessThan(intervalMs + timeoutMs + SLACK_MS);
    }
    network.heal();
    for (const [node, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      await node.lines.waitFor(
        () =>
          node
            .log("seen")
            .filter((line) => line.peer === peer.name)
            .at(-1)?.what === "nodeup",
        { timeoutMs: 20_000 },
      );
      const seen = node.log("seen").filter((line) => line.peer === peer.name);
      // Up and down in turn, and no more than one loss.
      expect(seen.filter(({ what }) => what === "nodedown")).toHaveLength(1);
    }
  },
);
