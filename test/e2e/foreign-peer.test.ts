/** What docs/protocol.md says is enough to write a peer, and what it says is so. */
import { expect, test } from "bun:test";
import { resolve } from "node:path";

import { BinaryCluster } from "./support/binary-cluster.ts";
import { ForeignPeer } from "./support/foreign-peer.ts";

const MODULE = resolve(import.meta.dir, "support/bad-peer-actors.ts");

test("a peer that was written from the protocol's page alone joins, ticks, asks, sends and leaves", async () => {
  await using cluster = await BinaryCluster.start();
  const node = await cluster.add("a", { modules: [MODULE], start: ["victim"] });
  await node.logged("victim");
  const name = "foreign@127.0.0.1";
  using peer = await ForeignPeer.join(node.port, cluster.cookie, name);
  await node.logged("node up", { node: name });
  expect(await peer.tick(4_711)).toBe(4_711);
  // Version 1, true.
  expect(await peer.query(9, "ping")).toEqual({ ok: 1, term: Buffer.from([1, 0xc3]) });
  await peer.sendText({ name: "victim", node: node.name }, "hello");
  await node.logged("saw", { what: "text", said: "hello" });
  expect(await peer.leave()).toBe(65);
  await node.logged("node down", { node: name, reason: "shutdown" });
});

test("with another cookie the same peer is refused", async () => {
  await using cluster = await BinaryCluster.start();
  const node = await cluster.add("a", { modules: [MODULE], start: [] });
  const joining = ForeignPeer.join(node.port, "z".repeat(32), "foreign@127.0.0.1");
  expect(await joining.catch(String)).toMatch(/expected kind 2|closed by the node/);
  await node.logged("connection refused", { code: "bad_digest" });
});
