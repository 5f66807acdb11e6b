import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { ACTORS, BinaryCluster } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";

const modules = [ACTORS, resolve(import.meta.dir, "support/group-actors.ts")];

/** Spawns a function on a scheduler of a node. */
async function spawn(node: BinaryNode, ...words: readonly string[]): Promise<void> {
  expect(await node.tool("spawn", node.hint, ...words)).toMatchObject({ code: 0, stderr: "" });
}

test("a group spans nodes and schedulers: all are told once, and a killed node takes its members with it", async () => {
  await using cluster = await BinaryCluster.start();
  for (const letter of ["a", "b", "c"])
    // oxlint-disable-next-line no-await-in-loop -- each knows those before it
    await cluster.add(letter, { modules, start: ["look", "counter"] });
  await cluster.meshed();
  const [a, b, c] = [cluster.node("a"), cluster.node("b"), cluster.node("c")];
  for (const node of [b, c, c])
    for (const scheduler of ["1", "2"])
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await spawn(node, "reader", "--scheduler", scheduler);
  for (const node of [a, b, c])
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await node.logged("members", { count: 6 });
  await spawn(a, "announce", '"hello"');
  const heard = (): number => b.log("read").length + c.log("read").length;
  for (const [node, members] of [
    [b, 2],
    [c, 4],
  ] as const)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await node.lines.waitFor(() => node.log("read").length === members);
  expect(heard()).toBe(6);
  const rows: unknown = JSON.parse((await a.verb("groups", "--json")).stdout);
  expect(rows).toEqual([{ scope: "e2e", group: "team", local: 0, members: 6 }]);
  c.program.kill("SIGKILL");
  for (const node of [a, b])
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await node.lines.waitFor(() => node.log("members").at(-1)?.count === 2);
  const table = await b.verb("groups");
  expect(table.stdout).toMatch(/^SCOPE +GROUP +HERE +MEMBERS\ne2e +team +2 +2\n$/);
});
