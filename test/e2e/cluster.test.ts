import { expect, test } from "bun:test";
import { copyFileSync } from "node:fs";

import { ACTORS, BinaryCluster, sees } from "./support/binary-cluster.ts";
import { BinaryNode } from "./support/binary-node.ts";
import { Folder } from "./support/folder.ts";
import { buildIfNeeded } from "./support/program.ts";

test("the ready line says name, address, schedulers, functions, cookie source and TLS mode", async () => {
  await using cluster = await BinaryCluster.start("a");
  const a = cluster.node("a");
  const up = a.log("up")[0];
  expect(up).toMatchObject({ level: "info", node: "a@127.0.0.1", schedulers: 2, tls: "auto" });
  expect(up?.address).toBe(`127.0.0.1:${a.port}`);
  expect(up?.functions).toEqual(expect.arrayContaining(["echo", "idle", "look", "talk", "watch"]));
  expect(String(up?.cookie)).toContain("SNOW_COOKIE");
});

test("as text the ready line is one sentence", async () => {
  await using cluster = await BinaryCluster.start();
  const a = await cluster.add("a", { logFormat: "text" });
  expect(a.lines.text("stdout")).toMatch(
    /^snow-node a@127\.0\.0\.1 is up at 127\.0\.0\.1:\d+ \(creation \d+; 2 schedulers; functions echo, [\w, ]+; cookie from SNOW_COOKIE; tls auto\)$/m,
  );
});

test("two connected to the first find each other", async () => {
  await using cluster = await BinaryCluster.start("a", "b", "c");
  await cluster.meshed();
  const nodes = await cluster.node("c").verb("nodes", "--json");
  expect(nodes.code).toBe(0);
  for (const name of ["a@127.0.0.1", "b@127.0.0.1"]) expect(nodes.stdout).toContain(name);
});

test("a process spawned by name on other nodes is sent to, and answers, by pid and by name", async () => {
  await using cluster = await BinaryCluster.start("a", "b", "c");
  await cluster.meshed();
  const a = cluster.node("a");
  const spawned = await a.tool(
    "spawn",
    a.hint,
    "talk",
    JSON.stringify(["b@127.0.0.1", "c@127.0.0.1"]),
  );
  expect(spawned).toMatchObject({ code: 0, stderr: "" });
  for (const name of ["b@127.0.0.1", "c@127.0.0.1"]) {
    await a.logged("talked", { home: name });
    const talked = a.log("talked").find(({ home }) => home === name);
    expect(talked?.answers).toEqual([`by pid from ${name}`, `by name from ${name}`]);
  }
  for (const letter of ["b", "c"]) {
    const node = cluster.node(letter);
    // What it logs may arrive here after what it answered.
    await node.lines.waitFor(() => node.log("echo").length === 2);
    expect(node.log("echo").map(({ said }) => said)).toEqual(["by pid", "by name"]);
  }
});

test("a node started in a folder of its own loads its module from a relative path", async () => {
  await buildIfNeeded();
  using folder = new Folder();
  copyFileSync(ACTORS, `${folder.path}/app.ts`);
  await using a = await BinaryNode.start({
    name: "a@127.0.0.1",
    cookie: "a cookie that is long enough",
    folder: folder.path,
    modules: ["./app.ts"],
    start: ["look"],
  });
  await a.logged("looking");
});

test("SIGTERM stops a node in order, with exit code 0, and its peers see it leave at once", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  await cluster.meshed();
  expect(await cluster.node("b").stop()).toBe(0);
  await cluster.node("a").logged("seen", { what: "nodedown", peer: "b@127.0.0.1" }, 2_000);
});

test("a node stops although its peer is frozen, and at once when it is told a second time", async () => {
  await using cluster = await BinaryCluster.start("a", "b", "c");
  await cluster.meshed();
  const [a, b, c] = [cluster.node("a"), cluster.node("b"), cluster.node("c")];
  c.program.kill("SIGSTOP");
  const from = performance.now();
  expect(await a.stop()).toBe(0);
  expect(performance.now() - from).toBeLessThan(4_000);
  b.program.kill("SIGTERM");
  b.program.kill("SIGTERM");
  expect(await b.program.exited({ timeoutMs: 4_000 })).toBeOneOf([0, 143]);
});

test("a node that was away comes back to its seed by itself", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  await cluster.meshed();
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  await a.kill();
  await b.logged("seen", { what: "nodedown", peer: "a@127.0.0.1" });
  // The same port, because the seed is all that b knows.
  const again = await cluster.add("a", { port: a.port, connect: [] });
  await sees(again, "b@127.0.0.1", 15_000);
});
