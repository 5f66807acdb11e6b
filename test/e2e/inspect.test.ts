import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { BinaryCluster } from "./support/binary-cluster.ts";
import type { BinaryNode } from "./support/binary-node.ts";
import type { Outcome } from "./support/program.ts";
import { until } from "./support/until.ts";

const MODULE = resolve(import.meta.dir, "support/bank-actors.ts");

const startBank = (cluster: BinaryCluster, ...start: readonly string[]): Promise<BinaryNode> =>
  cluster.add("a", { modules: [MODULE], start });

// oxlint-disable-next-line typescript/no-explicit-any -- what a program reads from --json
const answer = (outcome: Outcome): any => {
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(outcome.stdout);
};

async function spawn(node: BinaryNode, name: string, ...args: readonly string[]): Promise<string> {
  return answer(await node.tool("spawn", node.hint, name, ...args, "--json")).pid;
}

const pidOf = async (node: BinaryNode, name: string): Promise<string> => {
  const { processes } = answer(await node.verb("ps", "--json"));
  return processes.find(({ names }: { names: string[] }) => names.includes(name)).pid;
};

test("inspect shows a server: function, names, links and its state, on whichever scheduler it is", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await startBank(cluster);
  for (const scheduler of ["1", "2"]) {
    const pid = await spawn(a, "account", "100", "--scheduler", scheduler);
    await a.verb("call", pid, "deposit", "11");
    expect(answer(await a.verb("inspect", pid, "--json"))).toMatchObject({
      pid,
      function: "account",
      status: "waiting",
      mailbox: 0,
      trapExit: false,
      state: "{ balance: 111, history: [11] }",
    });
    const text = await a.verb("inspect", pid);
    expect(text.stdout).toContain("{ balance: 111, history: [11] }");
  }
});

test("inspect shows what a process waits with: mailbox, first types, links, monitors, names", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await startBank(cluster);
  const friend = await spawn(a, "friend");
  const idler = await spawn(a, "idler", friend);
  for (let count = 0; count < 3; count++) await a.verb("send", idler, '{"type":"work"}');
  const seen = answer(await a.verb("inspect", idler, "--json"));
  expect(seen).toMatchObject({
    function: "idler",
    mailbox: 3,
    mailboxTypes: ["work", "work", "work"],
    names: ["idler"],
    links: [friend],
  });
});

test("inspect of a process that has ended says noproc, of something else that it is no pid", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await startBank(cluster);
  const pid = await spawn(a, "friend");
  await a.verb("exit", pid, "kill");
  const gone = await a.verb("inspect", pid);
  expect(gone).toMatchObject({ code: 1, stdout: "" });
  expect(gone.stderr).toContain("noproc");
  expect((await a.verb("inspect", "not a pid")).code).toBe(2);
});

test("ps sorts by mailbox or reductions, and shows as many as it is told", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await startBank(cluster);
  const busy = await spawn(a, "busy", "--scheduler", "2");
  const full = await spawn(a, "busy", "--scheduler", "1");
  const lazy = await spawn(a, "account", "1");
  await a.verb("exit", full, "normal");
  const byWork = answer(await a.verb("ps", "--sort", "reductions", "--limit", "1", "--json"));
  expect(byWork.processes).toHaveLength(1);
  expect(byWork.total).toBeGreaterThanOrEqual(3);
  expect([busy, full]).toContain(byWork.processes[0].pid);
  expect(byWork.processes[0].reductions).toBeGreaterThanOrEqual(500);

  const idle = await spawn(a, "friend");
  await a.verb("exit", idle, "normal");
  const rows = answer(await a.verb("ps", "--sort", "mailbox", "--json")).processes;
  const lengths = rows.map(({ mailbox }: { mailbox: number }) => mailbox);
  expect(lengths).toEqual(lengths.toSorted((x: number, y: number) => y - x));
  expect(rows.map(({ pid }: { pid: string }) => pid)).toContain(lazy);
  expect((await a.verb("ps")).stdout).toContain("REDUCTIONS");
});

test("tree draws supervisors with their children, restarts and intensity", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await startBank(cluster, "bank");
  await a.lines.waitFor(() => a.log("started").length === 1);
  const acme = await pidOf(a, "acme");
  await a.verb("send", acme, '{"type":"$cast:corrupt/1","args":"history"}');
  await a.logged("process crashed");

  const [tree, ...others] = answer(await a.verb("tree", "--json"));
  expect(others).toEqual([]);
  expect(tree).toMatchObject({
    id: "bank",
    kind: "supervisor",
    restarts: 0,
    intensity: 2,
    children: [
      {
        id: "branch",
        kind: "supervisor",
        restarts: 1,
        intensity: 4,
        children: [{ id: "acme", function: "account", kind: "worker", children: [] }],
      },
      { id: "reserve", function: "account", kind: "worker" },
    ],
  });
  expect(tree.children[0].children[0].pid).not.toBe(acme);
  const { stdout } = await a.verb("tree");
  expect(stdout).toContain("├─ branch");
  expect(stdout).toContain("restarts 1 of 4");
  expect(stdout).toContain("└─ acme");
});

test("call asks a server by name and by pid, and says why there is no answer", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await startBank(cluster, "bank");
  await a.lines.waitFor(() => a.log("started").length === 1);
  const target = `${a.hint}/acme`;
  const asked = await a.tool("call", target, "balance");
  expect(asked).toEqual({ code: 0, stdout: "100\n", stderr: "" });
  expect(answer(await a.tool("call", target, "deposit", "5", "--json"))).toBe(105);
  expect(answer(await a.verb("call", await pidOf(a, "acme"), "balance", "--json"))).toBe(105);

  const nobody = await a.tool("call", `${a.hint}/nobody`, "balance");
  expect(nobody.code).toBe(1);
  expect(nobody.stderr).toContain("noproc");
  const unknown = await a.tool("call", target, "balanse");
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("undef: no call balanse, nearest is balance; the server has ");
});

test("exit ends a process with the reason that is given, and its supervisor sees that", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await startBank(cluster, "bank");
  await a.lines.waitFor(() => a.log("started").length === 1);
  const acme = await pidOf(a, "acme");
  expect(await a.verb("exit", acme, "overdrawn")).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "",
  });
  const crashed = a.fields(await a.logged("child crashed", { child: "acme" }))!;
  expect(crashed.reason).toBe("overdrawn");
  expect(await pidOf(a, "acme")).not.toBe(acme);
});

test("a crash report has pid, function, reason with file and line, parent, links and what it was doing", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await startBank(cluster, "bank");
  await a.lines.waitFor(() => a.log("started").length === 1);
  const [acme, branch] = [await pidOf(a, "acme"), await pidOf(a, "branch")];
  await a.verb("send", acme, '{"type":"$cast:corrupt/1","args":"history"}');
  expect(a.fields(await a.logged("process crashed"))).toMatchObject({
    level: "error",
    pid: acme,
    function: "account",
    reason: "TypeError: history of 100 is corrupt",
    at: expect.stringMatching(/\/bank-actors\.ts:1\d:\d+$/),
    parent: branch,
    links: [branch],
    mailbox: 0,
    lastMessage: "$cast:corrupt/1",
    error: expect.stringContaining("bank-actors.ts"),
  });
});

test("dead letters are counted by reason in status, and sampled in the log", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await cluster.add("a", {
    modules: [MODULE],
    start: [],
    args: ["--log-level", "debug"],
  });
  const pid = await spawn(a, "friend");
  await a.verb("exit", pid, "kill");
  for (let count = 0; count < 3; count++) await a.verb("send", pid, '{"type":"work"}');
  await a.tool("send", `${a.hint}/nobody`, '{"type":"work"}');
  const { deadLetters } = answer(await a.verb("status", "--json"));
  expect(deadLetters).toMatchObject({ noproc: 3, noname: 1 });
  const sampled = a
    .log("dead letter")
    .map(({ level, reason, count, to }) => [level, reason, count, to]);
  expect(sampled).toContainEqual(["debug", "noproc", 1, pid]);
  expect(sampled).toContainEqual(["debug", "noproc", 2, pid]);
  expect(sampled).not.toContainEqual(["debug", "noproc", 3, pid]);
  expect(sampled).toContainEqual(["warn", "noname", 1, `${a.name}/nobody`]);
  expect((await a.verb("status")).stdout).toContain("3 noproc");
  const rows = (await a.verb("dead-letters", "--json")).stdout.trim().split("\n");
  const letters = rows.map((row) => JSON.parse(row) as Record<string, unknown>);
  // The third of a reason is a sample only if it comes 100 ms behind the second.
  const samples = letters
    .map(({ count, reason, to, type }) => [reason, to, type, count])
    .filter(([, , , count]) => count !== 3);
  expect(samples).toEqual([
    ...[1, 2].map((count) => ["noproc", pid, "work", count]),
    ["noname", `${a.name}/nobody`, "work", 1],
  ]);
});

test("dead letters are a stream: with --watch those that follow come once each", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await cluster.add("a", { modules: [MODULE], start: [] });
  await using watch = a.follow("dead-letters", "--watch=50ms", "--json");
  const says = (count: number): Promise<unknown> =>
    watch.lines.waitFor(
      (text) => text.includes(`"count":${count},`) || text.includes(`"count":${count}}`),
    );
  for (let count = 1; count <= 4; count++) {
    await a.tool("send", `${a.hint}/nobody`, '{"type":"work"}');
    // Powers of two are always samples.
    if (count !== 3) await says(count);
  }
  const counts = watch.lines.all.map(({ text }) => (JSON.parse(text) as { count: number }).count);
  expect(counts.filter((count) => count !== 3)).toEqual([1, 2, 4]);
});

test("errors that nobody caught are counted in status, and logged with their stack", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await startBank(cluster);
  expect((await a.verb("status")).stdout).toContain("stray errors  none");
  const pid = await spawn(a, "careless");
  const strays = (): readonly { readonly error?: unknown }[] =>
    a.log("an error that nobody caught");
  await until("both are logged", () => strays().length === 2);
  for (const { error } of strays())
    expect(error).toMatch(/^RangeError: nobody .*\n.*bank-actors\.ts:\d+/);
  expect(answer(await a.verb("status", "--json")).strayErrors).toBe(2);
  expect(answer(await a.verb("inspect", pid, "--json")).status).toBe("waiting");
});
