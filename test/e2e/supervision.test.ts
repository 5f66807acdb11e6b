/** Children on other nodes, with the executable: what the death of a node, its standstill and a cut network do to them. */
import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { BinaryCluster } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";
import { Network, networkRefusal, type Host } from "./support/netns.ts";

const MODULE = resolve(import.meta.dir, "support/supervision-actors.ts");
const refused = networkRefusal() !== undefined;

/** A lease of 900 ms; with 300 ms of the child's for shutting down, a replacement may start 1,320 ms after the last byte. */
const SHORT = [
  ...["--cluster-tick-interval", "300ms", "--cluster-tick-timeout", "300ms"],
  ...["--cluster-session-grace", "300ms"],
];
const REPLACED_MS_MIN = 1_320;
/** Milliseconds that the last byte may be older than the cut. */
const QUIET_MS = 450;

type Three = readonly [a: BinaryNode, b: BinaryNode, c: BinaryNode];

async function threeNodes(
  cluster: BinaryCluster,
  args: readonly string[],
  hosts: readonly Host[] = [],
): Promise<Three> {
  const nodes: BinaryNode[] = [];
  for (const [index, letter] of ["a", "b", "c"].entries()) {
    const host = hosts[index];
    const extra = { args, modules: [MODULE], start: [], ...(host !== undefined && { host }) };
    // oxlint-disable-next-line no-await-in-loop -- each knows the first
    nodes.push(await cluster.add(letter, extra));
  }
  const [a, b, c] = nodes as [BinaryNode, BinaryNode, BinaryNode];
  const spawned = await a.tool("spawn", a.hint, "keeper", b.hint, c.hint);
  expect(spawned).toMatchObject({ code: 0, stderr: "" });
  await a.logged("kept");
  await b.logged("holds");
  return [a, b, c];
}

const at = (node: BinaryNode, text: string): number => Number(node.log(text).at(-1)?.at);
const fence = (node: BinaryNode): number => Number(node.log("holds").at(-1)?.fence);

test("kill -9 of the child's node: it runs on the next one at once, and nothing of the intensity is spent", async () => {
  await using cluster = await BinaryCluster.start();
  const [a, b, c] = await threeNodes(cluster, []);
  const killedAt = Date.now();
  b.program.kill("SIGKILL");
  await c.logged("holds");
  console.log(`a child of a killed node ran on another one after ${at(c, "holds") - killedAt} ms`);
  // The lease would take 93 s.
  expect(at(c, "holds") - killedAt).toBeLessThan(3_000);
  expect(fence(c)).toBeGreaterThan(fence(b));
  const { stdout } = await a.tool("tree", "--node", a.hint);
  expect(stdout).toMatch(/tree .*restarts 0 of 0/);
  expect(stdout).toMatch(/one .*c@127\.0\.0\.1.*lost its node 1 time/);
});

test.skipIf(refused)(
  "a cut between supervisor and child: the child ends over there before it starts elsewhere, and once healed there is one",
  async () => {
    using network = new Network(3);
    await using cluster = await BinaryCluster.start();
    const [one, two] = [network.host(1), network.host(2)];
    const [a, b, c] = await threeNodes(cluster, SHORT, network.hosts);
    const cutAt = Date.now();
    network.cut(one, two);
    await c.logged("holds");
    await b.logged("let go");
    const [ended, began] = [at(b, "let go"), at(c, "holds")];
    console.log(
      `cut off, it ended after ${ended - cutAt} ms and began elsewhere after ${began - cutAt} ms`,
    );
    expect(ended).toBeLessThan(began);
    expect(began - cutAt).toBeGreaterThan(REPLACED_MS_MIN - QUIET_MS);
    expect(fence(c)).toBeGreaterThan(fence(b));
    network.heal();
    await a.lines.waitFor(
      () => a.log("node up").filter(({ node }) => node === b.name).length === 2,
    );
    const { stdout } = await a.tool("tree", "--node", a.hint);
    expect(stdout).toContain(c.name);
    expect([b.log("holds").length, c.log("holds").length, c.log("let go").length]).toEqual([
      1, 1, 0,
    ]);
  },
);

test("a node that stood still finds its lease over when it goes on", async () => {
  await using cluster = await BinaryCluster.start();
  const [, b, c] = await threeNodes(cluster, SHORT);
  b.program.kill("SIGSTOP");
  await c.logged("holds");
  expect(b.log("let go")).toEqual([]);
  b.program.kill("SIGCONT");
  await b.logged("let go");
  expect([b.log("holds").length, c.log("let go").length]).toEqual([1, 0]);
});
