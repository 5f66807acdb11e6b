import { expect, test } from "bun:test";

import { BinaryCluster } from "./support/binary-cluster.ts";
import type { Outcome } from "./support/program.ts";

/** The one line of JSON that a verb printed. */
function answer<T = unknown>(outcome: Outcome): T {
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  expect(outcome.stdout).toEndWith("\n");
  return JSON.parse(outcome.stdout) as T;
}

test("status tells name, address, schedulers and sessions", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  await cluster.meshed();
  const a = cluster.node("a");
  expect(answer(await a.verb("status", "--json"))).toMatchObject({
    name: a.name,
    address: `127.0.0.1:${a.port}`,
    tls: "auto",
    sessions: expect.any(Number),
    schedulers: [{ index: 1 }, { index: 2 }],
  });
  const text = await a.verb("status");
  expect(text.code).toBe(0);
  expect(text.stdout).toContain(a.name);
});

test("nodes lists the others, with the state of the session", async () => {
  await using cluster = await BinaryCluster.start("a", "b", "c");
  await cluster.meshed();
  const rows = answer<{ name: string }[]>(await cluster.node("a").verb("nodes", "--json"));
  for (const letter of ["b", "c"]) {
    const { name, port } = cluster.node(letter);
    expect(rows.find((row) => row.name === name)).toMatchObject({
      address: `127.0.0.1:${port}`,
      state: "up",
      hidden: false,
    });
  }
});

test("the tools come and go without any process seeing a node", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  await cluster.meshed();
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  for (const verb of ["status", "nodes", "ps", "functions"]) await a.verb(verb);
  expect(a.log("seen").map(({ peer }) => peer)).toEqual([b.name]);
  const rows = answer<{ name: string }[]>(await b.verb("nodes", "--json"));
  expect(rows.map(({ name }) => name)).toContain(a.name);
});

test("functions lists what a module defined", async () => {
  await using cluster = await BinaryCluster.start("a");
  const rows = answer<{ name: string; kind: string }[]>(
    await cluster.node("a").verb("functions", "--json"),
  );
  expect(rows).toContainEqual(expect.objectContaining({ name: "echo", kind: "function" }));
});

test("spawn starts a process under a name, ps lists it, send reaches it by name and by pid", async () => {
  await using cluster = await BinaryCluster.start("a");
  const a = cluster.node("a");
  const { pid } = answer<{ pid: string }>(
    await a.tool("spawn", a.hint, "idle", "--register", "sink", "--json"),
  );
  expect(pid).toMatch(/^a@127\.0\.0\.1#[0-9a-z]+\/[12]\.\d+$/);

  const ps = answer<{ processes: unknown[]; total: number }>(await a.verb("ps", "--json"));
  expect(ps.processes).toContainEqual(
    expect.objectContaining({ pid, function: "idle", names: ["sink"], status: "waiting" }),
  );

  const byName = await a.tool("send", `${a.hint}/sink`, '{"type":"text","text":"by name"}');
  expect(byName).toEqual({ code: 0, stdout: "", stderr: "" });
  await a.logged("echo", { said: "by name" });
  expect(await a.verb("send", pid, '{"type":"text","text":"by pid"}')).toMatchObject({ code: 0 });
  await a.logged("echo", { said: "by pid" });
});

test("spawn places a process on the scheduler that it is told", async () => {
  await using cluster = await BinaryCluster.start("a");
  const a = cluster.node("a");
  for (const scheduler of ["1", "2"]) {
    const spawned = await a.tool("spawn", a.hint, "idle", "--scheduler", scheduler);
    expect(spawned.stdout).toContain(`/${scheduler}.`);
  }
});

test("stop stops a node in order: exit code 0, and its peers see it leave", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  await cluster.meshed();
  const b = cluster.node("b");
  expect(answer(await b.verb("stop", "--json"))).toEqual({ name: b.name });
  expect(await b.program.exited({ timeoutMs: 5_000 })).toBe(0);
  await cluster.node("a").logged("seen", { what: "nodedown", peer: b.name });
});

test("a tool with the wrong cookie, or with nobody to talk to, exits with 3 and says why", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  const wrong = await a.verb("status", "--cookie", "not the cookie of this cluster");
  expect(wrong).toMatchObject({ code: 3, stdout: "" });
  expect(wrong.stderr).toMatch(/cookie|bad_digest/);
  await b.kill();
  const gone = await b.verb("status");
  expect(gone).toMatchObject({ code: 3, stdout: "" });
  expect(gone.stderr.split("\n").filter((line) => line !== "")).toHaveLength(1);
});

test("without a registry and without --node a tool says what to add", async () => {
  await using cluster = await BinaryCluster.start("a");
  const outcome = await cluster.node("a").tool("status", "--listen-registry-port", "0");
  expect(outcome.code).toBe(3);
  expect(outcome.stderr).toContain("--node");
});
