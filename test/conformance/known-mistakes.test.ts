/** What an earlier system of this design got wrong: one test for each mistake that could be made again by now. */
import { expect, test } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import { Pid } from "../../src/term/pid.ts";
import { Relay } from "../e2e/support/relay.ts";
import { LiveNode, LiveNodes, liveNodes, until } from "../support/live-node.ts";
import { dismiss, failure, obeyed, puppet, sleeper } from "./actors.ts";
import type { Any, Tester } from "./scenario.ts";

const MIB = 1024 * 1024;
const LOOPBACK = "127.0.0.1";

const over = (...nodes: LiveNode[]): Promise<void> =>
  new LiveNodes(new Map(nodes.map((node) => [node.name, node]))).expectNoLeaks();

test("a pid in a message is its owner's, not the sender's own bits: what is sent to it arrives", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  // Both nodes have processes with the same local ids.
  await b.run(async (there) => {
    await a.run(async (ctx) => {
      expect(ctx.self.local).toBe(there.self.local);
      const far = await ctx.spawnOn(b.name, puppet, []);
      ctx.send(far, { type: "send", to: ctx.self, message: "to a" });
      ctx.send(far, { type: "send", to: a.pid(there.self), message: "to b" });
      expect(await ctx.receive()).toBe("to a");
      expect(await there.receive()).toBe("to b");
      await dismiss(ctx, far);
    });
    expect(await there.receive({ timeoutMs: 5 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("links and monitors over nodes name the right process", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.trapExit(true);
    const twins = [ctx.spawn(sleeper), await ctx.spawnOn(b.name, sleeper, [])];
    for (const pid of twins) ctx.link(pid);
    const refs = twins.map((pid) => ctx.monitor(pid));
    ctx.sendExit(twins[1]!, "theirs");
    const got = [await ctx.receive(), await ctx.receive()];
    expect(got.find(({ type }) => type === "exit")).toMatchObject({
      from: twins[1],
      reason: "theirs",
    });
    expect(got.find(({ type }) => type === "down")).toMatchObject({
      ref: refs[1],
      target: twins[1],
    });
    await dismiss(ctx, twins[0] as Pid<Any>);
  });
  await nodes.expectNoLeaks();
});

test("every start of a node has a greater creation", async () => {
  const creations: number[] = [];
  for (let start = 0; start < 3; start++) {
    // oxlint-disable-next-line no-await-in-loop -- one start after the other
    await using node = await LiveNode.start({ name: "a" });
    creations.push(node.creation);
    expect(node.scheduler.identities.local.creation).toBe(node.creation);
  }
  expect(new Set(creations).size).toBe(3);
  expect(creations).toEqual([...creations].sort((left, right) => left - right));
});

test("a node's number here does not grow with its connections, and is never 0", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const idOf = (): number => a.pid(b.scheduler.createPid(nobody)).nodeRef.id;
  const first = idOf();
  expect(first).not.toBe(0);
  for (let round = 0; round < 20; round++) {
    /* oxlint-disable no-await-in-loop -- rounds */
    a.caller.node.disconnect(b.name);
    await until("disconnected", () => !a.isConnected(b) && !b.isConnected(a));
    await a.connect(b);
    expect(idOf()).toBe(first);
    /* oxlint-enable no-await-in-loop */
  }
});

const nobody = { deliver: () => undefined };

test("terms are on the send path: what only they can carry arrives, over nodes as anywhere", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    const far = await ctx.spawnOn(b.name, puppet, []);
    const message = new Map<unknown, unknown>([
      [1n << 70n, new Date(7)],
      ["set", new Set([ctx.self, far])],
      ["bytes", new Float64Array([1.5, -0])],
      ["error", new RangeError("far")],
    ]);
    const answer: Any = await ctx.call(far, { type: "echo", message } as Any);
    expect(answer.message).toEqual(message);
    expect(answer.message.get("error")).toBeInstanceOf(RangeError);
    await dismiss(ctx, far);
  });
  await nodes.expectNoLeaks();
});

test("on a link that brings one byte at a time everything works, from the handshake on", async () => {
  await using a = await LiveNode.start({ name: "a", chunkBytes: 1 });
  await using b = await LiveNode.start({ name: "b", chunkBytes: 1 });
  await a.connect(b);
  await a.run(async (ctx) => {
    const far = await ctx.spawnOn(b.name, puppet, []);
    for (const size of [0, 1, 100, 70_000]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer: Any = await ctx.call(far, {
        type: "echo",
        message: new Uint8Array(size).fill(size),
      } as Any);
      expect(answer.message.length).toBe(size);
    }
    await dismiss(ctx, far);
  });
  await over(a, b);
});

test("silent clients stop nobody from joining", async () => {
  await using a = await LiveNode.start({ name: "a" });
  const silent = await Promise.all(
    Array.from({ length: 40 }, () =>
      Bun.connect({ hostname: LOOPBACK, port: a.port, socket: { data: () => undefined } }),
    ),
  );
  await using b = await LiveNode.start({ name: "b" });
  const since = clock.now();
  await b.connect(a);
  expect(clock.now() - since).toBeLessThan(1_000);
  for (const socket of silent) socket.terminate();
});

test("a proof is good for one connection only: somebody in the middle who ends TLS on both sides gets nowhere", async () => {
  await using a = await LiveNode.start({ name: "a" });
  await using b = await LiveNode.start({ name: "b" });
  using relay = await Relay.start({ target: { host: LOOPBACK, port: a.port }, mode: "tls" });
  await failure(b.caller.node.connect(`${a.name}:${relay.port}`));
  expect(relay.bytes).toBeGreaterThan(0);
  expect(a.caller.node.list()).toEqual([]);
  expect(a.log.some(({ fields }) => fields.code === "bad_digest")).toBe(true);
});

test("spawns that wait when the session dies end with noconnection", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    b.wires.freeze();
    const wait = { timeoutMs: Infinity };
    const spawns = [1, 2, 3].map(() => failure(ctx.spawnOn(b.name, sleeper, [], wait)));
    await ctx.sleep(1);
    await b.kill();
    const codes = (await Promise.all(spawns)).map(({ code }) => code);
    expect(codes).toEqual(["noconnection", "noconnection", "noconnection"]);
  });
  await nodes.expectNoLeaks();
});

test("of two living nodes with one name the later one is refused everywhere, and nothing happens to the first", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    const far = await ctx.spawnOn(b.name, puppet, []);
    await using second = await LiveNode.start({ name: "b" });
    const refused = await failure(second.caller.node.connect(a.hint));
    expect(refused.message).toContain("name");
    expect(second.caller.node.list()).toEqual([]);
    await obeyed(ctx, far);
    expect(await ctx.receive({ timeoutMs: 20 })).toBeUndefined();
    await dismiss(ctx, far);
  });
  await nodes.expectNoLeaks();
});

test("the clean-up after a process that died late leaves the name to whoever has taken it since", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    for (let round = 0; round < 50; round++) {
      /* oxlint-disable no-await-in-loop -- rounds */
      const name = "mistakes.held";
      const first = await ctx.spawnOn(b.name, puppet, [], { name });
      ctx.monitor(first);
      ctx.sendExit(first, "kill");
      // Not later than its end is heard of the name is free; from then on it is the second one's.
      await ctx.receive("down");
      const second = await ctx.spawnOn(b.name, puppet, [], { name });
      ctx.sendExit(first, "kill");
      await obeyed(ctx, second);
      expect(String(b.caller.whereis(name))).toBe(String(b.pid(second)));
      await dismiss(ctx, second);
      /* oxlint-enable no-await-in-loop */
    }
  });
  await nodes.expectNoLeaks();
});

test("one name is registered once, however many ask at the same moment from anywhere", async () => {
  await using nodes = await liveNodes(["a", "b", "c"]);
  const [a, b, c] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  for (let round = 0; round < 20; round++) {
    /* oxlint-disable no-await-in-loop -- rounds */
    const results = await Promise.allSettled(
      [a, b, c, a, b, c].map((node) =>
        node.caller.spawnOn(b.name, sleeper, [], { name: "mistakes.once" }),
      ),
    );
    const given = results.filter(({ status }) => status === "fulfilled");
    expect(given).toHaveLength(1);
    const holder = b.caller.whereis("mistakes.once")!;
    b.caller.sendExit(holder, "kill");
    await until("free", () => b.caller.whereis("mistakes.once") === undefined);
    /* oxlint-enable no-await-in-loop */
  }
  await nodes.expectNoLeaks();
});

test("a peer that does not read holds up neither its sender's scheduler nor other peers", async () => {
  await using nodes = await liveNodes(["a", "b", "c"], { limits: { laneUnackedBytes: MIB } });
  const [a, b, c] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  await a.run(async (ctx) => {
    const [slow, fine] = [
      await ctx.spawnOn(b.name, puppet, []),
      await ctx.spawnOn(c.name, puppet, []),
    ];
    b.wires.freeze();
    const chunk = new Uint8Array(64 * 1024);
    const flood = a.run(async (own) => {
      for (let count = 0; count < 100; count++) own.send(slow, { type: "x", chunk });
      await own.ready(slow);
    });
    await until("a full lane", () => !a.scheduler.outbound.ready(b.name, 1));
    const since = clock.now();
    for (let round = 0; round < 20; round++) {
      // oxlint-disable-next-line no-await-in-loop -- rounds
      await obeyed(ctx, fine);
    }
    expect(clock.now() - since).toBeLessThan(500);
    b.wires.thaw();
    await flood;
    await dismiss(ctx, slow, fine);
  });
  await nodes.expectNoLeaks();
});

test("a message over the limit fails its sender and leaves the link alone", async () => {
  await using nodes = await liveNodes(["a", "b"], { limits: { messageBytes: MIB } });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    const far = await ctx.spawnOn(b.name, puppet, []);
    const opened = a.wires.opened;
    expect(() => ctx.send(far, new Uint8Array(2 * MIB))).toThrow("limit");
    await obeyed(ctx, far);
    expect(a.wires.opened).toBe(opened);
    await dismiss(ctx, far);
    expect(await ctx.receive({ timeoutMs: 5 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("a node monitor ends with its owner", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    for (let count = 0; count < 10; count++) {
      const { pid } = ctx.spawnMonitor(async (own: Any) => {
        (own as Tester).monitorNodes(true);
        await own.receive("never");
      });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await ctx.sleep(0);
      ctx.sendExit(pid, "kill");
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await ctx.receive("down");
    }
    expect(a.scheduler.tables().nodeMonitors).toBe(0);
    await b.kill();
    await until("gone", () => !a.isConnected(b));
    expect(await ctx.receive({ timeoutMs: 5 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("a pid of a start that never was: its signals come back, they do not wait for ever", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.trapExit(true);
    const far = await ctx.spawnOn(b.name, puppet, []);
    const later = (b.creation + 60_000).toString(36);
    const text = far.toString().replace(/#\w+\//, `#${later}/`);
    const ghost = Pid.parse(text, a.scheduler.identities) as Pid<Any>;
    expect(ghost.nodeRef.creation).toBeGreaterThan(far.nodeRef.creation);
    ctx.send(ghost, "lost");
    ctx.link(ghost);
    const ref = ctx.monitor(ghost);
    expect(await ctx.receive()).toMatchObject({ from: ghost, reason: "noconnection" });
    expect(await ctx.receive()).toMatchObject({ ref, reason: "noconnection" });
    await obeyed(ctx, far);
    await dismiss(ctx, far);
  });
  await nodes.expectNoLeaks();
});

test("a pid of a later start that is known here before the restart is: what is sent waits for it and arrives", async () => {
  await using a = await LiveNode.start({ name: "a" });
  await using c = await LiveNode.start({ name: "c" });
  const first = await LiveNode.start({ name: "b" });
  await a.connect(c);
  await a.connect(first);
  await a.run(async (ctx) => {
    // a's session with the first start is held up: it does not see it die.
    const lives = a.isConnected(first);
    expect(lives).toBe(true);
    a.wires.freeze();
    await first.kill();
    await using second = await LiveNode.start({ name: "b", mesh: false });
    await second.run(async (target) => {
      const pid = Pid.parse(target.self.toString(), a.scheduler.identities) as Pid<Any>;
      ctx.send(pid, "first");
      ctx.send(pid, "second");
      expect(a.inline.driver.waiting).toBe(2);
      a.wires.thaw();
      expect([await target.receive(), await target.receive()]).toEqual(["first", "second"]);
    });
  });
  await over(a, c);
});
