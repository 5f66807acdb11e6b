/** Pids that travel through third nodes, nodes that start again under their name, aliases and calls over three nodes. */
import { expect, test } from "bun:test";

import type { Pid } from "../../src/process/api.ts";
import { LiveNode, LiveNodes, liveNodes, until } from "../support/live-node.ts";
import { dismiss, failure, obeyed, puppet, sleeper } from "./actors.ts";
import type { Any } from "./scenario.ts";

const over = (...nodes: LiveNode[]): Promise<void> =>
  new LiveNodes(
    new Map(nodes.map((node) => [`${node.name}${node.creation}`, node])),
  ).expectNoLeaks();

/** a – b – c, where a and c do not know of each other. */
async function line(): Promise<readonly [LiveNode, LiveNode, LiveNode]> {
  const [a, b, c] = await Promise.all(
    (["a", "b", "c"] as const).map((name) => LiveNode.start({ name, mesh: false })),
  );
  await a!.connect(b!);
  await c!.connect(b!);
  return [a!, b!, c!];
}

test("ID-02 pids of three nodes in one message keep their identity; the receiver knows its own", async () => {
  const [a, b, c] = await line();
  await using _a = a;
  await using _b = b;
  await using _c = c;
  await c.run(async (third) => {
    await a.run(async (ctx) => {
      const far = await ctx.spawnOn(b.name, puppet, []);
      const pids = [ctx.self, far, a.pid(third.self)];
      const refs = [ctx.monitor(far)];
      const answer: Any = await ctx.call(far, { type: "echo", message: { pids, refs } } as Any);
      expect(answer.message.pids).toEqual(pids);
      for (const [place, pid] of pids.entries()) expect(answer.message.pids[place]).toBe(pid);
      expect(answer.message.refs[0].equals(refs[0])).toBe(true);
      expect(a.isConnected(c)).toBe(false);
      // b recognises its own process: what it is sent by this pid needs no way out.
      const own: Any = await ctx.call(far, { type: "echo", message: far } as Any);
      expect(own.message).toBe(far);
      expect(own.from).toBe(far);
      await dismiss(ctx, far);
    });
  });
  await over(a, b, c);
});

test("a pid passed through a third node works at once: send, link and monitor connect by themselves", async () => {
  for (const first of ["send", "link", "monitor"] as const) {
    /* oxlint-disable no-await-in-loop -- one after the other */
    const [a, b, c] = await line();
    await using _a = a;
    await using _b = b;
    await using _c = c;
    await a.run(async (ctx) => {
      ctx.trapExit(true);
      const broker = await ctx.spawnOn(b.name, puppet, []);
      const target = await c.run((own) => own.spawnOn(c.name, puppet, []));
      // The broker knows the target and names it to a.
      b.caller.send(b.scheduler.identities.localPid(broker.local) as Pid<Any>, {
        type: "send",
        to: b.pid(ctx.self),
        message: { target: b.pid(target) },
      });
      const pid: Pid<Any> = (await ctx.receive()).target;
      expect(pid.node).toBe(c.name);
      expect(a.isConnected(c)).toBe(false);
      if (first === "link") ctx.link(pid);
      if (first === "monitor") ctx.monitor(pid);
      await obeyed(ctx, pid);
      expect(a.isConnected(c)).toBe(true);
      ctx.send(pid, { type: "exit", reason: "done" });
      if (first !== "send") {
        expect(await ctx.receive()).toMatchObject({
          type: first === "link" ? "exit" : "down",
          reason: "done",
        });
      }
      await dismiss(ctx, broker);
    });
    await over(a, b, c);
    /* oxlint-enable no-await-in-loop */
  }
});

test("ID-07 ID-11 a node that starts again has a greater creation; every signal to its old processes is for the dead", async () => {
  const creations: number[] = [];
  await using a = await LiveNode.start({ name: "a" });
  await using c = await LiveNode.start({ name: "c" });
  await a.connect(c);
  const olds: Pid<Any>[] = [];
  for (let start = 0; start < 5; start++) {
    /* oxlint-disable no-await-in-loop -- one start after the other */
    const b = await LiveNode.start({ name: "b" });
    creations.push(b.creation);
    await a.connect(b);
    await a.run(async (ctx) => {
      ctx.trapExit(true);
      // A new process gets the very local id of each old one.
      const fresh: Pid<Any>[] = [];
      const locals = new Set(olds.map(({ local }) => local));
      do fresh.push(await ctx.spawnOn(b.name, puppet, []));
      while (
        olds.some(({ local }) => !fresh.some((pid) => pid.local === local)) &&
        fresh.length < 200
      );
      for (const pid of fresh.filter(({ local }) => locals.has(local))) {
        expect(olds).not.toContain(pid);
      }
      for (const old of olds) {
        expect(old.toString()).not.toBe(fresh.find(({ local }) => local === old.local)?.toString());
        ctx.send(old, { type: "exit", reason: "wrong one" });
        ctx.sendExit(old, "kill");
        ctx.link(old);
        expect(await ctx.receive()).toMatchObject({ type: "exit", from: old, reason: "noproc" });
        const ref = ctx.monitor(old);
        expect(await ctx.receive()).toMatchObject({ type: "down", ref, reason: "noproc" });
        const call = ctx.call(old, { type: "echo", message: 1 } as Any);
        expect(await failure(call)).toMatchObject({ code: "noproc" });
        // The same on the node itself, and seen from a third one.
        for (const node of [b, c]) {
          const down = await node.run(async (own) => {
            own.monitor(node.pid(old));
            node.caller.send(node.pid(old), { type: "exit", reason: "wrong one" });
            return own.receive("down");
          });
          expect(down.reason).toBe("noproc");
        }
      }
      // Nobody of the new incarnation has noticed.
      for (const pid of fresh) await obeyed(ctx, pid);
      olds.push(fresh[0]!);
      for (const pid of fresh.slice(1)) ctx.sendExit(pid, "kill");
    });
    await b.kill();
    await until("b is gone", () => !a.isConnected(b) && !c.isConnected(b));
    /* oxlint-enable no-await-in-loop */
  }
  expect(creations).toEqual([...new Set(creations)].sort((left, right) => left - right));
  await over(a, c);
});

test("a node that starts again faster than anybody notices: one nodedown, one nodeup, in this order", async () => {
  await using a = await LiveNode.start({ name: "a" });
  const first = await LiveNode.start({ name: "b" });
  await a.connect(first);
  await a.run(async (ctx) => {
    ctx.trapExit(true);
    ctx.monitorNodes(true);
    const pid = await ctx.spawnOn(first.name, sleeper, [], { link: true });
    // Nothing arrives at a from now on: it cannot see the first one die.
    a.wires.freeze();
    await first.kill();
    await using second = await LiveNode.start({ name: "b", port: first.port });
    const connected = second.caller.node.connect(a.hint);
    a.wires.thaw();
    await connected;
    const got: Any[] = [];
    while (got.at(-1)?.type !== "nodeup") {
      const message = await ctx.receive({ timeoutMs: 10_000 });
      if (message === undefined) throw new Error(JSON.stringify([got, a.log, second.log]));
      got.push(message);
    }
    expect(got.map(({ type }) => type)).toEqual(["exit", "nodedown", "nodeup"]);
    expect(got[0]).toMatchObject({ from: pid, reason: "noconnection" });
    // The new one is another node to every pid of the old one.
    ctx.monitor(pid);
    expect(await ctx.receive("down")).toMatchObject({ target: pid, reason: "noproc" });
    await second.kill();
  });
  await over(a);
});

test("AL-04 after a call has failed with noconnection, an answer from elsewhere goes nowhere", async () => {
  await using nodes = await liveNodes(["a", "b", "c"]);
  const [a, b, c] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  await a.run(async (ctx) => {
    const helper = await ctx.spawnOn(c.name, puppet, []);
    const kept = Promise.withResolvers<Pid<Any>>();
    const callee = Promise.withResolvers<Pid<Any>>();
    const served = b
      .run(async (own) => {
        callee.resolve(own.self as Pid<Any>);
        kept.resolve((await own.receive()).replyTo);
        await own.receive("never");
      })
      .catch(() => undefined);
    const call = failure(ctx.call(a.pid(await callee.promise), { type: "ask" } as Any));
    const replyTo = a.pid(await kept.promise);
    expect(replyTo.node).toBe(a.name);
    await b.kill();
    expect(await call).toMatchObject({ code: "noconnection" });
    ctx.send(helper, { type: "send", to: replyTo, message: "late" });
    await obeyed(ctx, helper);
    expect(await ctx.receive({ timeoutMs: 10 })).toBeUndefined();
    await dismiss(ctx, helper);
    await served;
  });
  await nodes.expectNoLeaks();
});

test("SD-12 two senders to one receiver: each in its own order, nothing lost", async () => {
  await using nodes = await liveNodes(["a", "b", "c"]);
  const [a, b, c] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  const total = 500;
  await a.run(async (ctx) => {
    for (const from of [b, c]) {
      void from.run(async (sender) => {
        for (let count = 0; count < total; count++) {
          sender.send(from.pid(ctx.self), { from: from.name, count });
        }
      });
    }
    const next = new Map([b, c].map(({ name }) => [name, 0]));
    for (let got = 0; got < 2 * total; got++) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const { count, from } = await ctx.receive();
      expect(count).toBe(next.get(from));
      next.set(from, count + 1);
    }
  });
  await nodes.expectNoLeaks();
});

test("HS-29 connecting to one node of a cluster connects to all of it, without mesh to one", async () => {
  await using nodes = await liveNodes(["a", "b", "c"]);
  await using d = await LiveNode.start({ name: "d" });
  await using e = await LiveNode.start({ name: "e", mesh: false });
  await d.connect(nodes.node("a"));
  await until("d sees all", () => d.caller.node.list().length === 3);
  await e.connect(nodes.node("a"));
  // Enough for a dial that should not be.
  await d.run((ctx) => ctx.sleep(50));
  expect(e.caller.node.list()).toEqual([nodes.node("a").name]);
});

test("HS-28 a hidden node is seen by nobody, announced to nobody, and can be answered", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await using tool = await LiveNode.start({ name: "tool", hidden: true });
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    await tool.connect(a);
    const pid = ctx.spawn(puppet) as Pid<Any>;
    await tool.run((own) => obeyed(own, tool.pid(pid)));
    expect(a.caller.node.list()).toEqual([b.name]);
    expect(tool.caller.node.list()).toEqual([a.name]);
    await tool.stop();
    expect(await ctx.receive({ timeoutMs: 30 })).toBeUndefined();
    ctx.sendExit(pid, "kill");
  });
  await nodes.expectNoLeaks();
});
