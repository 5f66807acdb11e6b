/** Signals to and from a node that is busy: they wait, none is lost, and small ones do not wait for large ones. */
import { expect, test } from "bun:test";

import type { Pid } from "../../src/process/api.ts";
import { type LiveNode, liveNodes, type LiveNodes, until } from "../support/live-node.ts";
import { dismiss, obeyed, puppet, sleeper } from "./actors.ts";
import type { Any, Tester } from "./scenario.ts";

const MIB = 1024 * 1024;
/** Milliseconds that a node stands still. */
const FROZEN_MS = 30;
/** Round trips of a small message beside the large ones. */
const TRIPS = 5;

/** Freezes b with a full lane to it, lets a act, and thaws b a little later. */
async function whileBusy<T>(
  nodes: LiveNodes<"a" | "b">,
  ctx: Tester,
  act: () => T,
): Promise<Awaited<T>> {
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const sink = await ctx.spawnOn(b.name, sleeper, []);
  b.wires.freeze();
  await a.run(async (filler) => {
    const chunk = new Uint8Array(64 * 1024);
    for (let count = 0; count < 64; count++) filler.send(sink as Pid<Any>, chunk);
  });
  expect(a.scheduler.outbound.ready(b.name, 1)).toBe(false);
  const acted = act();
  await ctx.sleep(FROZEN_MS);
  b.wires.thaw();
  const result = await acted;
  await dismiss(ctx, sink as Pid<Any>);
  return result;
}

const busyNodes = (): Promise<LiveNodes<"a" | "b">> =>
  liveNodes(["a", "b"], { limits: { laneUnackedBytes: MIB } });

const hostOf = (node: LiveNode, pid: Pid): Pid<Any> =>
  node.scheduler.identities.localPid(pid.local) as Pid<Any>;

test("BP-05 BP-07 a link and a monitor to a busy node are there once it goes on", async () => {
  await using nodes = await busyNodes();
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.trapExit(true);
    const pid = await ctx.spawnOn(b.name, puppet, []);
    const refs = await whileBusy(nodes, ctx, () => {
      ctx.link(pid);
      const taken = ctx.monitor(pid);
      ctx.demonitor(taken, { flush: true });
      return [ctx.monitor(pid), taken];
    });
    await obeyed(ctx, pid);
    const bonds = (): Any => b.scheduler.inspect(hostOf(b, pid));
    // The call's own monitor goes when its end has got there.
    await until("one monitor", () => bonds().monitoredBy.length === 1);
    expect(bonds().links).toEqual([b.pid(ctx.self)]);
    expect(bonds().monitoredBy).toEqual([b.pid(ctx.self)]);
    ctx.send(pid, { type: "exit", reason: "done" });
    const got = [await ctx.receive(), await ctx.receive()];
    expect(got.map(({ reason }) => reason)).toEqual(["done", "done"]);
    expect(got.find(({ type }) => type === "down").ref).toBe(refs[0]);
    expect(await ctx.receive({ timeoutMs: 10 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("BP-06 an exit signal to a busy node ends its target with the given reason", async () => {
  await using nodes = await busyNodes();
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    for (const reason of ["atom", { compound: [1, 2] }, "kill"]) {
      /* oxlint-disable no-await-in-loop -- one after the other */
      const pid = await ctx.spawnOn(b.name, puppet, []);
      const ref = ctx.monitor(pid);
      await whileBusy(nodes, ctx, () => ctx.sendExit(pid, reason));
      const down = await ctx.receive("down");
      expect(down.ref).toBe(ref);
      expect(down.reason).toEqual(reason === "kill" ? "killed" : reason);
      /* oxlint-enable no-await-in-loop */
    }
  });
  await nodes.expectNoLeaks();
});

test("BP-10 BP-11 a spawn reply and the acknowledgement of an unlink pass a busy way back", async () => {
  await using nodes = await busyNodes();
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    const pid = await ctx.spawnOn(b.name, puppet, [], { link: true });
    const sink = ctx.spawn(sleeper) as Pid<Any>;
    // The way from b to a is full, and a does not read it.
    a.wires.freeze();
    await b.run(async (filler) => {
      const chunk = new Uint8Array(64 * 1024);
      for (let count = 0; count < 64; count++) filler.send(b.pid(sink), chunk);
    });
    ctx.unlink(pid);
    const spawned = ctx.spawnOn(b.name, puppet, [], { timeoutMs: 10 * FROZEN_MS + 2_000 });
    await ctx.sleep(FROZEN_MS);
    // Not acknowledged: the link is no link any more, and not forgotten either.
    expect(a.scheduler.inspect(ctx.self)?.links).toEqual([]);
    expect(a.scheduler.tables().nodeBonds).toBe(1);
    a.wires.thaw();
    const child = await spawned;
    await obeyed(ctx, child);
    expect(a.scheduler.tables().nodeBonds).toBe(0);
    await dismiss(ctx, pid, child, sink);
  });
  await nodes.expectNoLeaks();
});

/** How many large messages of other processes were through by the time that small ones had made their trips. */
async function smallBesideLarge(
  nodes: LiveNodes<"a" | "b">,
  large: (ctx: Tester, done: () => void) => Promise<void>,
): Promise<{ readonly through: number; readonly all: number }> {
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  let through = 0;
  const all = 4;
  const larges = Array.from({ length: all }, () => a.run((ctx) => large(ctx, () => through++)));
  const throughByThen = await a.run(async (ctx) => {
    const pid = await ctx.spawnOn(b.name, puppet, []);
    // oxlint-disable-next-line no-await-in-loop -- in turn
    for (let trip = 0; trip < TRIPS; trip++) await obeyed(ctx, pid);
    const count = through;
    await dismiss(ctx, pid);
    return count;
  });
  await Promise.all(larges);
  return { through: throughByThen, all };
}

test("BP-01 small messages do not wait for the large ones of other processes", async () => {
  await using nodes = await liveNodes(["a", "b"], { strict: false });
  const { all, through } = await smallBesideLarge(nodes, async (ctx, done) => {
    const pid = await ctx.spawnOn(nodes.node("b").name, puppet, []);
    ctx.send(pid, { type: "none", bytes: new Uint8Array(4 * MIB) });
    await obeyed(ctx, pid);
    done();
    await dismiss(ctx, pid);
  });
  expect(through).toBeLessThan(all);
  await nodes.expectNoLeaks();
});

test("BP-02 BP-03 BP-04 exit reasons of any size hold up nobody: what travels of them is bounded", async () => {
  await using nodes = await liveNodes(["a", "b"], { strict: false });
  const b = nodes.node("b");
  const before = nodes.node("a").wires.received + b.wires.received;
  await smallBesideLarge(nodes, async (ctx, done) => {
    ctx.trapExit(true);
    const reason = new Uint8Array(8 * MIB);
    const pid = await ctx.spawnOn(b.name, puppet, [], { link: true });
    ctx.monitor(pid);
    ctx.sendExit(pid, reason);
    const got = [await ctx.receive(), await ctx.receive()];
    expect(got.map((message) => message.reason.truncated > 8 * MIB)).toEqual([true, true]);
    done();
  });
  expect(nodes.node("a").wires.received + b.wires.received - before).toBeLessThan(MIB);
  await nodes.expectNoLeaks();
});
