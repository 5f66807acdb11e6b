import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { ACTORS, BinaryCluster } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";
import { Network, networkRefusal } from "./support/netns.ts";

const modules = [ACTORS, resolve(import.meta.dir, "support/name-actors.ts")];
const refused = networkRefusal() !== undefined;
/** A lost node is found out soon. */
const ARGS = [
  ...["--cluster-tick-interval", "300ms", "--cluster-tick-timeout", "300ms"],
  ...["--cluster-session-grace", "300ms"],
];

async function spawn(node: BinaryNode, ...words: readonly string[]): Promise<void> {
  expect(await node.tool("spawn", node.hint, ...words)).toMatchObject({ code: 0, stderr: "" });
}

interface Row {
  readonly name: string;
  readonly node: string;
  readonly fence: number;
}

/** What the command line shows at a node, by name. */
async function rowsAt(node: BinaryNode): Promise<Readonly<Record<string, Row>>> {
  const rows = JSON.parse((await node.verb("names", "--json")).stdout) as Row[];
  return Object.fromEntries(rows.map((row) => [row.name, row]));
}

/** Who leads, as the command line shows it. */
const leaderAt = async (node: BinaryNode): Promise<string | undefined> =>
  (await rowsAt(node))["leader"]?.node;

const RULES = ["exit_loser", "tell_both", "latest"];

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await holds())) if (Date.now() > deadline) throw new Error("it does not come true");
}

test("a name is registered once in the cluster, found from everywhere, and free when its node is killed", async () => {
  await using cluster = await BinaryCluster.start();
  for (const letter of ["a", "b", "c"])
    // oxlint-disable-next-line no-await-in-loop -- each knows those before it
    await cluster.add(letter, { modules });
  await cluster.meshed();
  const [a, b, c] = [cluster.node("a"), cluster.node("b"), cluster.node("c")];
  await spawn(c, "candidate", "--scheduler", "2");
  await c.logged("leads");
  await spawn(a, "candidate");
  await a.logged("leads not", { code: "name_taken" });
  for (const node of [a, b, c]) {
    /* oxlint-disable no-await-in-loop -- one after the other */
    expect(await leaderAt(node)).toBe(c.name);
    await spawn(node, "asker", "--scheduler", "2");
    await node.logged("answer", { from: c.name });
    /* oxlint-enable no-await-in-loop */
  }
  const table = await a.verb("names");
  expect(table.stdout).toMatch(/^NAME +PID +FENCE\nleader +c@127\.0\.0\.1#\S+\/2\.\d+ +\d+\n$/);
  c.program.kill("SIGKILL");
  await until(async () => (await leaderAt(a)) === undefined && (await leaderAt(b)) === undefined);
  await spawn(b, "candidate");
  await b.logged("leads");
  expect(await leaderAt(a)).toBe(b.name);
});

test.skipIf(refused)(
  "both sides of a split give a name away; when the cable is back one holder is left, and both were told",
  async () => {
    using network = new Network(3);
    await using cluster = await BinaryCluster.start();
    for (const [index, letter] of ["a", "b", "c"].entries())
      // oxlint-disable-next-line no-await-in-loop -- each knows those before it
      await cluster.add(letter, { modules, host: network.host(index + 1), args: ARGS });
    await cluster.meshed();
    const [a, b, c] = [cluster.node("a"), cluster.node("b"), cluster.node("c")];
    network.unplug(network.host(3));
    for (const node of [a, b])
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await node.logged("node down", { node: c.name });
    await c.logged("node down", { node: a.name });
    await c.logged("node down", { node: b.name });
    await spawn(a, "candidate");
    await a.logged("leads");
    await spawn(c, "candidate");
    await c.logged("leads");
    expect([await leaderAt(b), await leaderAt(c)]).toEqual([a.name, c.name]);
    for (const rule of RULES)
      for (const node of [a, c]) {
        // oxlint-disable-next-line no-await-in-loop -- the first claim is the earlier one
        await spawn(node, "contender", rule);
        // oxlint-disable-next-line no-await-in-loop -- as above
        await node.logged("holds", { name: rule });
      }
    network.plug(network.host(3));
    await a.logged("conflict", { kept: a.name, lost: c.name });
    await c.logged("conflict", { kept: a.name, lost: c.name });
    await until(async () => {
      const leaders = await Promise.all([a, b, c].map(leaderAt));
      return leaders.every((leader) => leader === a.name);
    });
    for (const rule of RULES)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      for (const node of [a, c]) await node.logged("told", { name: rule });
    // Who is told to go is the later one, and only by the rule that says so.
    await c.logged("exit", { name: "exit_loser", reason: "name_conflict" });
    expect([...a.log("exit"), ...c.log("exit")]).toHaveLength(1);
    const holders = { exit_loser: a.name, tell_both: undefined, latest: c.name };
    const fencesOf = (node: BinaryNode): number[] =>
      node.log("holds").map(({ fence }) => fence as number);
    const highest = Math.max(...fencesOf(a), ...fencesOf(c));
    const agrees = async (node: BinaryNode): Promise<boolean> => {
      const rows = await rowsAt(node);
      const seen = Object.fromEntries(RULES.map((rule) => [rule, rows[rule]?.node]));
      const isNewer = RULES.every((rule) => (rows[rule]?.fence ?? Infinity) > highest);
      return Bun.deepEquals(seen, holders) && isNewer;
    };
    await until(async () => (await Promise.all([a, b, c].map(agrees))).every(Boolean));
    const told = [a, b, c].map((node) => node.log("a name had two holders").length);
    expect(told).toEqual([1 + RULES.length, 0, 0]);
  },
);
