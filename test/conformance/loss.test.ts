/** What only a lost node brings: exits, downs and node monitors, by every way in which a node can be lost. */
import { describe, expect, test } from "bun:test";

import type { Pid } from "../../src/process/api.ts";
import { type LiveNode, liveNodes, until } from "../support/live-node.ts";
import { dismiss, failure, greeter, obeyed, puppet, sleeper } from "./actors.ts";
import type { Any, Tester } from "./scenario.ts";

/** How a node goes, and what node monitors give as the reason. */
const WAYS = [
  { way: "stops", reason: "connection_closed", lose: (_a: LiveNode, b: LiveNode) => b.stop() },
  { way: "is killed", reason: "connection_closed", lose: (_a: LiveNode, b: LiveNode) => b.kill() },
  {
    way: "is disconnected",
    reason: "disconnect",
    lose: async (a: LiveNode, b: LiveNode) => a.caller.node.disconnect(b.name),
  },
];

const GRACES: { readonly graceMs?: number; readonly grace: string }[] = [
  { grace: "with the default grace" },
  { graceMs: 0, grace: "without a grace" },
];

/** Everything that comes until nothing has come for a while. */
async function drain(ctx: Tester, quietMs = 30): Promise<Any[]> {
  const got: Any[] = [];
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const message = await ctx.receive({ timeoutMs: quietMs });
    if (message === undefined) return got;
    got.push(message);
  }
}

/** Everything that comes until a node is down, and for a while after that. */
async function drainPastNodeDown(ctx: Tester): Promise<Any[]> {
  const got: Any[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  while (got.at(-1)?.type !== "nodedown") got.push(await ctx.receive());
  return [...got, ...(await drain(ctx))];
}

for (const { grace, ...options } of GRACES) {
  for (const { way, reason, lose } of WAYS) {
    describe(`a node ${way}, ${grace}`, () => {
      test("LK-05 MO-04 MO-05 NM-01 NM-05 LC-01 everybody hears once, the node monitor last", async () => {
        await using nodes = await liveNodes(["a", "b"], options);
        const [a, b] = [nodes.node("a"), nodes.node("b")];
        await a.run(async (ctx) => {
          ctx.trapExit(true);
          ctx.monitorNodes(true);
          const pid = await ctx.spawnOn(b.name, sleeper, [], { name: "loss.named" });
          const linked = await ctx.spawnOn(b.name, sleeper, [], { link: true });
          const ref = ctx.monitor(pid);
          const named = ctx.monitor({ name: "loss.named", node: b.name });
          const call = failure(ctx.call(pid as Pid<Any>, { type: "none" } as Any));
          const rpc = failure(ctx.rpc(b.name, sleeper, []));
          await ctx.rpc(b.name, greeter as Any, [ctx.self, 1] as Any);
          expect((await ctx.receive()).type).toBe("hello");
          await lose(a, b);
          const got = await Promise.all([drainPastNodeDown(ctx), call, rpc]);
          const [messages, callError, rpcError] = got;
          const stopped = way === "stops";
          // A stopping node ends its processes first: their own reason is faster than the loss of the node.
          const gone = stopped ? "shutdown" : "noconnection";
          const downs = messages.filter(({ type }) => type === "down");
          expect(downs.map((down) => down.reason)).toEqual([gone, gone]);
          expect(new Set(downs.map((down) => down.ref))).toEqual(new Set([ref, named]));
          expect(downs.find((down) => down.ref === named).target).toEqual({
            name: "loss.named",
            node: b.name,
          });
          const exits = messages.filter(({ type }) => type === "exit");
          expect(exits.map(({ from, reason: why }) => [from, why])).toEqual([[linked, gone]]);
          expect(callError.code).toBe(stopped ? "exit" : "noconnection");
          expect(rpcError.code).toBe(stopped ? "exit" : "noconnection");
          expect(messages).toHaveLength(4);
          expect(messages[3]).toMatchObject({ type: "nodedown", node: b.name, reason });
          expect(ctx.node.list()).toEqual([]);
        });
        await nodes.expectNoLeaks();
      });

      test("EX-14 LK-05 a linked process that does not trap exits dies", async () => {
        await using nodes = await liveNodes(["a", "b"], options);
        const [a, b] = [nodes.node("a"), nodes.node("b")];
        await a.run(async (ctx) => {
          const { ref } = ctx.spawnMonitor(async (own: Any) => {
            await own.spawnOn(b.name, sleeper, [], { link: true });
            own.send(ctx.self, { type: "linked" });
            await own.receive();
          });
          await ctx.receive("linked");
          await lose(a, b);
          const down = await ctx.receive("down");
          expect(down.ref).toBe(ref);
          expect(down.reason).toBe(way === "stops" ? "shutdown" : "noconnection");
        });
        await nodes.expectNoLeaks();
      });

      test("MO-16 MO-22 what the lost node monitored, and was linked to, is forgotten here", async () => {
        await using nodes = await liveNodes(["a", "b"], options);
        const [a, b] = [nodes.node("a"), nodes.node("b")];
        await a.run(async (ctx) => {
          const near = ctx.spawn(puppet, [], { name: "loss.near" }) as Pid<Any>;
          ctx.send(near, { type: "trap" });
          const far = await ctx.spawnOn(b.name, puppet, []);
          ctx.send(far, { type: "monitor", pid: near });
          ctx.send(far, { type: "monitor", pid: { name: "loss.near", node: a.name } as Any });
          ctx.send(far, { type: "link", pid: near });
          ctx.send(near, { type: "monitor", pid: far });
          await obeyed(ctx, far);
          await obeyed(ctx, near);
          await lose(a, b);
          await until("b is gone", () => a.caller.node.list().length === 0);
          await until("no bonds", () => a.scheduler.tables().nodeBonds === 0);
          expect(a.scheduler.inspect(near)?.monitoredBy).toEqual([]);
          expect(a.scheduler.inspect(near)?.links).toEqual([]);
          ctx.sendExit(near, "kill");
        });
        await nodes.expectNoLeaks();
      });

      test("GS-03 GS-04 SP-07 MO-04 a call, a spawn and a monitor of a node that is gone fail by themselves", async () => {
        await using nodes = await liveNodes(["a", "b"], options);
        const [a, b] = [nodes.node("a"), nodes.node("b")];
        await a.run(async (ctx) => {
          const pid = await ctx.spawnOn(b.name, puppet, []);
          // Whoever was merely disconnected would be found again.
          await lose(a, b);
          await b.kill();
          await until("b is gone", () => a.caller.node.list().length === 0);
          const request = { type: "none" } as Any;
          const named = { name: "loss.named", node: b.name } as Any;
          const failures = await Promise.all([
            failure(ctx.call(pid, request)),
            failure(ctx.call(named, request as never)),
            failure(ctx.spawnOn(b.name, sleeper, [])),
            failure(ctx.rpc(b.name, sleeper, [])),
          ]);
          expect(failures.map(({ code }) => code)).toEqual(Array(4).fill("noconnection"));
          const refs = [ctx.monitor(pid), ctx.monitor(named)];
          const downs = [await ctx.receive("down"), await ctx.receive("down")];
          expect(downs.map((down) => down.ref)).toEqual(refs);
          expect(downs.map((down) => down.reason)).toEqual(["noconnection", "noconnection"]);
          ctx.trapExit(true);
          ctx.link(pid);
          expect(await ctx.receive("exit")).toMatchObject({ from: pid, reason: "noconnection" });
          expect(await drain(ctx)).toEqual([]);
        });
        await nodes.expectNoLeaks();
      });
    });
  }
}

test("MO-24 a process that lives on may be heard of again after its down: by the next session", async () => {
  await using nodes = await liveNodes(["a", "b"], { graceMs: 0 });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    const far = await ctx.spawnOn(b.name, puppet, []);
    ctx.monitor(far);
    a.wires.cut();
    expect(await ctx.receive()).toMatchObject({ type: "down", reason: "noconnection" });
    ctx.send(far, { type: "send", to: ctx.self, message: "still here" });
    expect(await ctx.receive()).toBe("still here");
    await dismiss(ctx, far);
  });
  await nodes.expectNoLeaks();
});

test.each([
  ["all its monitors", false],
  ["most of its monitors", true],
] as const)("a process with %s on a lost node hears of each once", async (_what, withOther) => {
  await using nodes = await liveNodes(["a", "b", "c"]);
  const [a, b, c] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    const pids = await Promise.all(
      Array.from({ length: 200 }, () => ctx.spawnOn(b.name, sleeper, [])),
    );
    const refs = pids.map((pid) => ctx.monitor(pid));
    const other = await ctx.spawnOn(c.name, puppet, []);
    if (withOther) ctx.monitor(other);
    await ctx.rpc(b.name, greeter as Any, [ctx.self, 1] as Any);
    expect((await ctx.receive()).type).toBe("hello");
    await b.kill();
    const downs = (await drainPastNodeDown(ctx)).filter(({ type }) => type === "down");
    expect(new Set(downs.map(({ ref }) => ref))).toEqual(new Set(refs));
    expect(downs).toHaveLength(200);
    expect(new Set(downs.map(({ reason }) => reason))).toEqual(new Set(["noconnection"]));
    await dismiss(ctx, other);
    if (withOther) expect((await ctx.receive("down")).target).toBe(other);
  });
  await nodes.expectNoLeaks();
});

test("a process whose mailbox is too small for all that it monitored there ends, and leaves nothing behind", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    const watcher = async (own: Any): Promise<void> => {
      const wanted = Array.from({ length: 100 }, () => own.spawnOn(b.name, sleeper, []));
      for (const pid of await Promise.all(wanted)) own.monitor(pid);
      await own.rpc(b.name, greeter as Any, [ctx.self, 1] as Any);
      await own.receive((message: Any) => message.type === "never");
    };
    const { ref } = ctx.spawnMonitor(watcher as never, [], { mailboxMax: 50 });
    expect((await ctx.receive()).type).toBe("hello");
    await b.kill();
    const down = await ctx.receive("down");
    expect(down.ref).toBe(ref);
    expect(down.reason).toBe("mailbox_overflow");
  });
  await nodes.expectNoLeaks();
});
