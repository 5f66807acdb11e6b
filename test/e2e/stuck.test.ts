import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { BinaryCluster, type Extra } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";

const MODULE = resolve(import.meta.dir, "support/stuck-actors.ts");

/** A node whose supervisor and `steady` are on scheduler 2, and whose spinner is on scheduler 1. */
async function addSpinning(cluster: BinaryCluster, letter: string, extra: Extra = {}) {
  const node = await cluster.add(letter, { modules: [MODULE], start: [], ...extra });
  for (const name of ["spin_app", "steady"]) {
    const spawned = await node.tool("spawn", node.hint, name, "--scheduler", "2");
    expect(spawned).toMatchObject({ code: 0, stderr: "" });
  }
  await node.logged("spinner is here");
  await node.logged("steady");
  return node;
}

/** From the moment at which the process said that it spins. */
const sinceSpinning = (node: BinaryNode, at: number): number =>
  at - Number(node.log("spinning").at(-1)?.at);

/** How long the rounds of `steady` took that came after a moment. */
const roundsAfter = (node: BinaryNode, at: number): number[] =>
  node
    .log("steady")
    .filter((line) => Number(line.at) > at)
    .map(({ tookMs }) => Number(tookMs));

test("a process that never gives way is named within a second, and the other scheduler goes on", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await addSpinning(cluster, "a");
  await a.tool("spawn", a.hint, "poke", a.name, "0", "--scheduler", "2");

  const line = await a.logged("long_schedule", { scheduler: 1, function: "spinner" });
  const named = a.fields(line)!;
  const afterMs = sinceSpinning(a, line.at);
  console.log(`a stuck process was named after ${afterMs} ms`);
  expect(afterMs).toBeLessThan(1_000);
  expect(named).toMatchObject({ level: "warn", event: "long_schedule", certain: true });
  expect(named.pid).toMatch(/^a@127\.0\.0\.1#[0-9a-z]+\/1\.\d+$/);

  await a.lines.waitFor(() => roundsAfter(a, line.at).length >= 10);
  const status = JSON.parse((await a.verb("status", "--json")).stdout);
  expect(status.schedulers[0]).toMatchObject({ stuck: { pid: named.pid, function: "spinner" } });
  expect(status.schedulers[0].lagMs).toBeGreaterThan(500);
  expect(status.schedulers[1].stuck ?? null).toBeNull();
  expect((await a.verb("status")).stdout).toContain(`${String(named.pid)}`);
  // Once per stall.
  expect(a.log("long_schedule")).toHaveLength(1);
});

test("a process that gives way at last is reported with the time that it took", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await addSpinning(cluster, "a");
  await a.tool("spawn", a.hint, "poke", a.name, "1200", "--scheduler", "2");
  const over = a.fields(await a.logged("long_schedule is over", { function: "spinner" }))!;
  expect(Number(over.forMs)).toBeWithin(1_000, 3_000);
  expect(a.log("long_schedule")).toHaveLength(1);
});

test("a process that the engine resumed is named as the best guess", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await cluster.add("a", { modules: [MODULE], start: ["napper"] });
  const named = a.fields(await a.logged("long_schedule"))!;
  expect(named).toMatchObject({ function: "napper", certain: false });

  // Who looks is told what nobody can say, rather than that there is nothing.
  const why = expect.stringContaining(
    `scheduler 1 has been stuck in napper ${String(named.pid)} for `,
  );
  const [ps, tree, inspect] = await Promise.all([
    a.verb("ps", "--json"),
    a.verb("tree"),
    a.verb("inspect", String(named.pid)),
  ]);
  expect(JSON.parse(ps.stdout)).toEqual({ processes: [], total: 0, silent: [why] });
  expect([tree, inspect]).toEqual([
    { code: 1, stdout: "", stderr: why },
    { code: 1, stdout: "", stderr: why },
  ]);
});

test("with kill_stuck_after the scheduler is replaced, its supervisor restarts the child, and peers come back", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await addSpinning(cluster, "a", { args: ["--kill-stuck-after", "1s"] });
  const b = await cluster.add("b", { modules: [MODULE], start: [] });
  await b.tool("spawn", b.hint, "guard", a.name);
  await b.logged("guarding");
  await b.tool("spawn", b.hint, "poke", a.name, "0");

  const killed = await a.logged("scheduler killed", { scheduler: 1, function: "spinner" });
  await a.logged("scheduler restarted", { scheduler: 1 });
  await a.lines.waitFor(() => a.log("spinner is here").length === 2);
  const back = Number(a.log("spinner is here")[1]?.at);
  const { length: rounds } = roundsAfter(a, killed.at);
  console.log(
    `killed ${sinceSpinning(a, killed.at)} ms after it began, its child was back ${back - killed.at} ms later`,
  );
  expect(sinceSpinning(a, killed.at)).toBeWithin(900, 2_000);
  expect(back - killed.at).toBeLessThan(1_000);

  await b.logged("guard has talked", { turns: 0 });
  const seen = b.log("guard").map(({ what, reason }) => [what, reason]);
  expect(seen).toEqual([
    ["down", "noconnection"],
    ["nodedown", "scheduler_killed"],
    ["nodeup", undefined],
  ]);
  await a.lines.waitFor(() => roundsAfter(a, killed.at).length > rounds);
  // The same incarnation, and a pid that was never used.
  const status = JSON.parse((await a.verb("status", "--json")).stdout);
  expect(status.creation).toBe(a.log("up")[0]?.creation);
  const ps = JSON.parse((await a.verb("ps", "--json")).stdout);
  const spinner = ps.processes.find((row: { function: string }) => row.function === "spinner");
  expect(spinner.names).toEqual(["spinner"]);
  expect(spinner.pid).not.toBe(a.fields(killed)!.pid);
});

test("what the node was started with is started again, unless it is at fault", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await cluster.add("a", {
    modules: [MODULE],
    start: ["spin_app", "steady"],
    args: ["--kill-stuck-after", "500ms"],
  });
  await a.logged("steady");
  await a.tool("spawn", a.hint, "poke", a.name, "0", "--scheduler", "2");
  const killed = await a.logged("scheduler killed");
  await a.logged("scheduler restarted");
  await a.lines.waitFor(() => a.log("spinner is here").length === 2);
  await a.lines.waitFor(() => roundsAfter(a, killed.at).length > 0);
  // The control thread's line may come behind those of the processes themselves.
  await a.lines.waitFor(() => a.log("started").length === 4);
  const started = a.log("started").map((line) => line.function);
  expect(started).toEqual(["spin_app", "steady", "spin_app", "steady"]);
  expect(await a.stop()).toBe(0);
});

test("what the node was started with and is at fault itself stays away, as after a crash", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await cluster.add("a", {
    modules: [MODULE],
    start: ["steady", "spinner"],
    args: ["--kill-stuck-after", "500ms"],
  });
  await a.lines.waitFor(() => a.log("started").length === 2);
  const [, spinner] = a.log("started").map(({ pid }) => String(pid));
  await a.verb("send", spinner!, '{"type":"$cast:spin/1","args":0}');
  await a.logged("not started again", { function: "spinner", pid: spinner });
  await a.lines.waitFor(() => a.log("started").length === 3);
  expect(a.log("started").at(-1)?.function).toBe("steady");
});
