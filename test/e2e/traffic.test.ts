import { expect, test } from "bun:test";

import { BinaryCluster, sees } from "./support/binary-cluster.ts";
import { freePort } from "./support/free-port.ts";

test("20,000 messages and one of 16 MiB among them arrive in order and whole, both ways at once", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  await cluster.meshed();
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  const large = 16 * 1024 * 1024;
  const pour = [String(20_000), String(large)];
  await Promise.all([
    a.tool("spawn", a.hint, "pour", b.name, ...pour),
    b.tool("spawn", b.hint, "pour", a.name, ...pour),
  ]);
  for (const node of [a, b]) {
    await node.logged("poured", { got: 20_000, bytes: large, inOrder: true }, 30_000);
  }
});

test("TL-05 TL-06 while messages stream both ways, ticks are answered in time; small ones have no steps of 40 ms", async () => {
  await using cluster = await BinaryCluster.start();
  // A tick that waited behind data would be late: there are megabytes of it, and half a second.
  const args = [
    ...["--cluster-tick-interval", "200ms", "--cluster-tick-timeout", "500ms"],
    ...["--cluster-session-grace", "0s"],
  ];
  const a = await cluster.add("a", { args });
  const b = await cluster.add("b", { args });
  await cluster.meshed();
  const large = 32 * 1024 * 1024;
  const pour = [String(100_000), String(large)];
  await Promise.all([
    a.tool("spawn", a.hint, "pour", b.name, ...pour),
    b.tool("spawn", b.hint, "pour", a.name, ...pour),
  ]);
  for (const node of [a, b]) {
    await node.logged("poured", { got: 100_000, bytes: large, inOrder: true }, 30_000);
  }
  for (const node of [a, b]) {
    expect(node.log("seen").filter(({ what }) => what === "nodedown")).toEqual([]);
  }
  await a.tool("spawn", a.hint, "pinger", b.name, "51");
  const { medianMs } = a.fields(await a.logged("pinged"))!;
  expect(Number(medianMs)).toBeLessThan(20);
});

test("what arrives from a node that is killed is the beginning of what it sent, then the DOWN", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  await cluster.meshed();
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  await a.tool("spawn", a.hint, "drink", b.name);
  await a.logged("running");
  await b.kill();
  await a.logged("ran dry", { inOrder: true, reason: "noconnection" });
  expect(Number(a.log("ran dry")[0]?.count)).toBeGreaterThanOrEqual(5_000);
});

test("two nodes that dial each other at the same moment end up with one session", async () => {
  for (let round = 0; round < 3; round++) {
    await using cluster = await BinaryCluster.start();
    const ports = [await freePort(["127.0.0.1"]), await freePort(["127.0.0.1"])] as const;
    const [a, b] = await Promise.all([
      cluster.add("a", { port: ports[0], connect: [`b@127.0.0.1:${ports[1]}`] }),
      cluster.add("b", { port: ports[1], connect: [`a@127.0.0.1:${ports[0]}`] }),
    ]);
    await Promise.all([sees(a, b.name), sees(b, a.name)]);
    // Something that only works when both mean the same session by it.
    await a.tool("spawn", a.hint, "talk", JSON.stringify([b.name]));
    await a.logged("talked");
    for (const node of [a, b]) expect(node.log("node down")).toEqual([]);
  }
});

test("a frozen node is missed when its tick is, and comes back when it thaws", async () => {
  await using cluster = await BinaryCluster.start();
  const args = [
    ...["--cluster-tick-interval", "200ms", "--cluster-tick-timeout", "300ms"],
    ...["--cluster-session-grace", "0s"],
  ];
  const a = await cluster.add("a", { args });
  const b = await cluster.add("b", { args });
  await cluster.meshed();
  b.program.kill("SIGSTOP");
  const frozenAt = Date.now();
  const gone = await a.logged("seen", { what: "nodedown", peer: b.name });
  expect(gone.at - frozenAt).toBeGreaterThan(250);
  const from = a.lines.all.length;
  b.program.kill("SIGCONT");
  await b.logged("seen", { what: "nodedown", peer: a.name });
  await a.lines.waitFor(
    (text) => text.includes('"seen"') && text.includes('"nodeup"') && text.includes(b.name),
    { from },
  );
});

test("a node that is frozen for less than its tick allows is missed by nobody", async () => {
  await using cluster = await BinaryCluster.start("a", "b");
  await cluster.meshed();
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  b.program.kill("SIGSTOP");
  // Sent to a node that does not run: it waits in the socket, and is not lost.
  await a.tool("spawn", a.hint, "pour", b.name, "10", "0", "--timeout", "1s");
  b.program.kill("SIGCONT");
  await a.logged("poured", { got: 10, inOrder: true });
  for (const node of [a, b]) expect(node.log("node down")).toEqual([]);
});
