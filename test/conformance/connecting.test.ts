/** What connecting promises to those who do not look at handshakes. */
import { expect, test } from "bun:test";

import { LiveNode, LiveNodes, liveNodes, until } from "../support/live-node.ts";
import { failure, obeyed, puppet } from "./actors.ts";

const over = (...nodes: LiveNode[]): Promise<void> =>
  new LiveNodes(new Map(nodes.map((node) => [node.name, node]))).expectNoLeaks();

test("HS-01 HS-02 pings of unknown nodes fail, of a live one and of oneself succeed, and nothing grows", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  for (let round = 0; round < 100; round++) {
    /* oxlint-disable no-await-in-loop -- rounds */
    await failure(a.caller.node.ping(`ghost${round}@127.0.0.1`));
    expect(await a.caller.node.ping(b.name)).toBeGreaterThanOrEqual(0);
    expect(await a.caller.node.ping(a.name)).toBe(0);
    a.caller.send({ name: "x", node: `ghost${round}@127.0.0.1` }, 1);
    /* oxlint-enable no-await-in-loop */
  }
  await until("dead letters", () => a.scheduler.deadLetterCounts().get("noconnection") === 100);
  // Names that failed are no obstacle to a real one.
  await using c = await LiveNode.start({ name: "c" });
  await a.connect(c);
  await nodes.expectNoLeaks();
});

test("a ping without a time limit fails when the node that was asked is lost", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const pinged = failure(a.caller.node.ping(b.name, { timeoutMs: Infinity }));
  await b.kill();
  expect(String(await pinged)).toContain("noconnection");
});

test("HS-03 connecting to oneself is done at once, and nobody comes up", async () => {
  await using a = await LiveNode.start({ name: "a" });
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    await a.connect(a);
    expect(a.caller.node.list()).toEqual([]);
    expect(await ctx.receive({ timeoutMs: 10 })).toBeUndefined();
  });
  await over(a);
});

test("HS-14 a namesake with another cookie changes nothing for the one that is connected", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    const pid = await ctx.spawnOn(b.name, puppet, []);
    await using impostor = await LiveNode.start({ name: "b", cookie: "another cookie altogether" });
    await failure(impostor.connect(a));
    await obeyed(ctx, pid);
    expect(await ctx.receive({ timeoutMs: 20 })).toBeUndefined();
    expect(a.isConnected(b)).toBe(true);
  });
  await nodes.expectNoLeaks();
});

test("HS-18 nodes that all dial each other at the same instant: one mesh, one session for each pair, no dial hangs", async () => {
  const nodes = await Promise.all(
    Array.from({ length: 8 }, (_none, index) => LiveNode.start({ name: `n${index}` })),
  );
  const ups = nodes.map((node) =>
    node.run(async (ctx) => {
      ctx.monitorNodes(true);
      const seen: string[] = [];
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      while (seen.length < nodes.length - 1) seen.push((await ctx.receive("nodeup")).node);
      expect(await ctx.receive({ timeoutMs: 50 })).toBeUndefined();
      return seen.sort();
    }),
  );
  await Promise.all(
    nodes.flatMap((node) =>
      nodes.filter((other) => other !== node).map((other) => node.connect(other)),
    ),
  );
  const names = nodes.map(({ name }) => name);
  expect(await Promise.all(ups)).toEqual(
    names.map((own) => names.filter((name) => name !== own).sort()),
  );
  await Promise.all(nodes.map((node) => node.stop()));
});

test("TK-01 an idle session with two living nodes stays, for many ticks", async () => {
  const tick = { tickIntervalMs: 100, tickTimeoutMs: 100, graceMs: 0 };
  await using nodes = await liveNodes(["a", "b"], tick);
  await nodes.node("a").run(async (ctx) => {
    ctx.monitorNodes(true);
    expect(await ctx.receive({ timeoutMs: 700 })).toBeUndefined();
    expect(ctx.node.list()).toEqual([nodes.node("b").name]);
  });
  await nodes.expectNoLeaks();
});
