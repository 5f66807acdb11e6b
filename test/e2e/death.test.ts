import { expect, test } from "bun:test";

import { BinaryCluster, sees } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";

const C = "c@127.0.0.1";
/** What the project promises is 100 ms; a machine that runs all tests at once is given more, and the figure is printed. */
const DETECTION_MS_MAX = 1_000;

async function watchC(node: BinaryNode): Promise<void> {
  const spawned = await node.tool("spawn", node.hint, "watch", C);
  expect(spawned).toMatchObject({ code: 0, stderr: "" });
  await node.logged("watching");
}

async function seenDead(node: BinaryNode, killedAt: number): Promise<number> {
  await node.logged("noticed", { what: "nodedown" });
  for (const what of ["pid", "name", "link"]) {
    await node.logged("down", { what, reason: "noconnection" });
  }
  const times = [...node.log("down"), ...node.log("noticed")].map(({ at }) => Number(at));
  return Math.max(...times) - killedAt;
}

test("kill -9 of a node is one noconnection and one NodeDown for every monitor, and its pids stay dead", async () => {
  await using cluster = await BinaryCluster.start("a", "b", "c");
  await cluster.meshed();
  const watchers = [cluster.node("a"), cluster.node("b")];
  const c = cluster.node("c");
  await c.tool("spawn", c.hint, "echo", "parrot");
  for (const node of watchers) await watchC(node);

  const killedAt = Date.now();
  c.program.kill("SIGKILL");
  const latest = await Promise.all(watchers.map((node) => seenDead(node, killedAt)));
  console.log(`the death of c was known to every monitor after ${latest.join(" and ")} ms`);
  expect(Math.max(...latest)).toBeLessThan(DETECTION_MS_MAX);

  const again = await cluster.add("c");
  const [before, after] = [c, again].map((node) => Number(node.log("up")[0]?.creation));
  expect(after).toBeGreaterThan(before!);
  for (const node of watchers) {
    await sees(node, C);
    await node.logged("still dead");
    expect(node.log("still dead")[0]?.reason).toBeOneOf(["noproc", "noconnection"]);
  }
  // Both watchers have spoken to a living process by now, each on the way that its message to the dead one took.
  await again.lines.waitFor(() => again.log("echo").length === watchers.length);
  expect(again.log("echo").map(({ said }) => said)).toEqual(["to the living", "to the living"]);

  for (const node of watchers) {
    const deaths = node.log("down").map(({ what }) => String(what));
    expect(deaths.toSorted()).toEqual(["link", "name", "pid"]);
    expect(node.log("noticed").map(({ what }) => what)).toEqual(["nodedown", "nodeup"]);
  }
});

test("a function that the other node does not have, and a node that is not there, are refused by name", async () => {
  await using cluster = await BinaryCluster.start("a");
  const a = cluster.node("a");
  const unknown = await a.tool("spawn", a.hint, "no such function");
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("no such function on a@127.0.0.1 is not defined");
  await using gone = await cluster.add("b", { connect: [] });
  await gone.kill();
  const nobody = await gone.tool("spawn", gone.hint, "echo", "x");
  expect(nobody.code).toBe(3);
});
