/** One supervision tree over three nodes of the executable, as its command line shows it while a node dies and comes back. */
import { expect, test } from "bun:test";
import { resolve } from "node:path";

import type { TreeEntry } from "../../src/service/query.ts";
import { BinaryCluster } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";

const modules = [resolve(import.meta.dir, "support/forest-actors.ts")];
const PLAN = { modules, start: [] };

async function treeOf(node: BinaryNode): Promise<TreeEntry> {
  const { stdout } = await node.verb("tree", "--json");
  return (JSON.parse(stdout) as TreeEntry[]).find(({ id }) => id === "forest")!;
}

/** Where each child runs by id, `-` for one that does not. */
function places({ children }: TreeEntry): Record<string, string> {
  const rows = children.flatMap((entry) => {
    const nodeOf = ({ pid }: TreeEntry): string => pid?.split("@")[0] ?? "-";
    return [entry, ...entry.children].map((one) => [one.id, nodeOf(one)] as const);
  });
  return Object.fromEntries(rows);
}

async function grows(node: BinaryNode, expected: Record<string, string>): Promise<TreeEntry> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it is so
    const tree = await treeOf(node);
    if (Bun.deepEquals(places(tree), expected)) return tree;
    if (Date.now() > deadline) expect(places(tree)).toEqual(expected);
  }
}

test("children are where their specs say, before a node dies, afterwards, and when it is back", async () => {
  await using cluster = await BinaryCluster.start();
  for (const letter of ["a", "b", "c"])
    // oxlint-disable-next-line no-await-in-loop -- each knows the first
    await cluster.add(letter, PLAN);
  const [a, b, c] = ["a", "b", "c"].map((letter) => cluster.node(letter)) as [
    BinaryNode,
    BinaryNode,
    BinaryNode,
  ];
  for (const peer of [b, c])
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await a.logged("node up", { node: peer.name });
  const spawned = await a.tool("spawn", a.hint, "forester", b.hint, c.hint);
  expect(spawned).toMatchObject({ code: 0, stderr: "" });
  await a.logged("planted");
  const [here, there] = [
    { near: "a", branch: "c" },
    { waits: "b", stops: "b" },
  ];
  const before = await grows(a, { ...here, ...there, chosen: "b", computed: "b", twig: "b" });
  await b.kill();
  const moved = { chosen: "c", computed: "c", twig: "c" };
  const after = await grows(a, { ...here, ...moved, waits: "-", stops: "-" });
  // Of no crash: nothing else was started again, and nothing is spent.
  expect(after.children[0]!.pid).toBe(before.children[0]!.pid);
  expect(after).toMatchObject({ intensity: 0, restarts: 0 });
  const { stdout } = await a.verb("tree");
  expect(stdout).toMatch(/chosen .*c@127\.0\.0\.1.*restarted 1 time {2}lost its node 1 time/);
  expect(stdout).toMatch(/waits .*not running, last on b@127\.0\.0\.1 {2}lost its node 1 time/);
  expect(stdout).toMatch(/branch .*c@127\.0\.0\.1.* restarts 0 of 0/);
  expect(stdout).toMatch(/└─ twig .*c@127\.0\.0\.1/);
  const again = await cluster.add("b", { ...PLAN, port: b.port });
  await grows(a, { ...here, ...moved, waits: "b", stops: "-" });
  // Its second loss is one too many for the time: it waits, and the tree lives.
  await again.kill();
  await a.logged("child lost its nodes too often: it waits", { child: "waits" });
  const [root] = [await grows(a, { ...here, ...moved, waits: "-", stops: "-" })];
  // All of it ends with the one at its top.
  const told = await a.tool("exit", root.pid!, "kill", "--node", a.hint);
  expect(told).toMatchObject({ code: 0, stderr: "" });
  const deadline = Date.now() + 15_000;
  const leavesOf = async (node: BinaryNode): Promise<number> =>
    (await node.verb("ps", "--json")).stdout.split('"leaf"').length - 1;
  while ((await leavesOf(a)) + (await leavesOf(c)) > 0)
    if (Date.now() > deadline) throw new Error("leaves are left");
});
