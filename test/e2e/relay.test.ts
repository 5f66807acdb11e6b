import { expect, test } from "bun:test";

import { BinaryCluster, sees } from "./support/binary-cluster.ts";
import { freePort } from "./support/free-port.ts";
import { Relay } from "./support/relay.ts";
import { until } from "./support/until.ts";

const LOOPBACK = "127.0.0.1";
/** Another address of the same machine: what a node says it is reached at, where a relay listens in its place. */
const IN_BETWEEN = "127.0.0.2";

test("a relay that hands on bytes is but a longer wire", async () => {
  await using cluster = await BinaryCluster.start("a");
  using relay = await Relay.start({
    target: { host: LOOPBACK, port: cluster.node("a").port },
    mode: "bytes",
  });
  const b = await cluster.add("b", { connect: [`a@127.0.0.1:${relay.port}`] });
  await sees(b, "a@127.0.0.1");
  expect(relay.bytes).toBeGreaterThan(0);
});

test("a relay that ends TLS on the control connection is found out by both sides", async () => {
  await using cluster = await BinaryCluster.start("a");
  const a = cluster.node("a");
  using relay = await Relay.start({ target: { host: LOOPBACK, port: a.port }, mode: "tls" });
  const b = await cluster.add("b", { connect: [`a@127.0.0.1:${relay.port}`] });
  await a.lines.waitFor(/bad_digest/);
  await b.lines.waitFor(/bad_digest|closed_by_peer|refused/);
  expect(relay.bytes).toBeGreaterThan(0);
  expect(a.log("seen")).toEqual([]);
  expect(b.log("seen")).toEqual([]);
  // The way without the relay is open all the same.
  const c = await cluster.add("c", { connect: [a] });
  await sees(c, a.name);
});

test("a session whose sockets are cut again and again in mid-flood loses, doubles and reorders nothing", async () => {
  await using cluster = await BinaryCluster.start();
  const lanePort = await freePort([LOOPBACK, IN_BETWEEN]);
  const a = await cluster.add("a", {
    schedulers: 1,
    args: [
      ...["--listen-host", LOOPBACK, "--listen-advertise", IN_BETWEEN],
      ...["--listen-lane-ports", `${lanePort}-${lanePort}`],
    ],
  });
  using relay = await Relay.start({
    host: IN_BETWEEN,
    port: lanePort,
    target: { host: LOOPBACK, port: lanePort },
    mode: "bytes",
  });
  using control = await Relay.start({
    target: { host: LOOPBACK, port: a.port },
    mode: "bytes",
  });
  const b = await cluster.add("b", { schedulers: 1, connect: [`a@127.0.0.1:${control.port}`] });
  await sees(b, a.name);
  const count = 300_000;
  await b.tool("spawn", b.hint, "pour", a.name, String(count), String(4 * 1024 * 1024));
  for (let cuts = 0, bytes = relay.bytes; cuts < 5; cuts++, bytes = relay.bytes) {
    await until("more bytes have passed", () => relay.bytes > bytes + 100_000 || poured(), 10_000);
    relay.cut();
    // Once: its successor is dialled where each says that it listens.
    if (cuts === 2) control.cut();
  }
  await b.logged("poured", { got: count, inOrder: true }, 30_000);
  for (const node of [a, b]) expect(node.log("node down")).toEqual([]);

  function poured(): boolean {
    return b.log("poured").length > 0;
  }
});

test("a relay that ends TLS on a lane gets no frame through", async () => {
  await using cluster = await BinaryCluster.start();
  const lanePort = await freePort([LOOPBACK, IN_BETWEEN]);
  const a = await cluster.add("a", {
    schedulers: 1,
    args: [
      ...["--listen-host", LOOPBACK, "--listen-advertise", IN_BETWEEN],
      ...["--listen-lane-ports", `${lanePort}-${lanePort}`],
    ],
  });
  using relay = await Relay.start({
    host: IN_BETWEEN,
    port: lanePort,
    target: { host: LOOPBACK, port: lanePort },
    mode: "tls",
  });
  // Control is dialled at the address given here, lanes at the one that a announces: there the relay stands.
  const b = await cluster.add("b", { schedulers: 1, connect: [a] });
  await Promise.any([
    a.lines.waitFor(/bad_lane|bad_digest/),
    b.lines.waitFor(/bad_lane|bad_digest/),
  ]);
  expect(relay.bytes).toBeGreaterThan(0);
  await b.tool("spawn", b.hint, "talk", JSON.stringify([a.name]));
  expect(a.log("echo")).toEqual([]);
  expect(b.log("talked")).toEqual([]);
});
