/** What sending across nodes promises besides order: connecting by itself, losses, sizes, lanes that are full. */
import { expect, test } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import { LaneFullError, MessageTooLarge } from "../../src/base/error.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import { Exit } from "../../src/process/system-message.ts";
import { LiveNode, type LiveNodes, liveNodes, until } from "../support/live-node.ts";
import { dismiss, obeyed, puppet, sleeper } from "./actors.ts";
import type { Any, Tester } from "./scenario.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

const pair = async (
  options: Omit<Parameters<typeof LiveNode.start>[0], "name"> = {},
): Promise<readonly [LiveNode, LiveNode, LiveNodes<"a" | "b">]> => {
  const nodes = await liveNodes(["a", "b"], options);
  return [nodes.node("a"), nodes.node("b"), nodes];
};

test("SD-04 a message to a node that cannot be reached is a dead letter; its sender does not wait", async () => {
  await using a = await LiveNode.start({ name: "a" });
  await a.run(async (ctx) => {
    const since = clock.now();
    for (let count = 0; count < 100; count++) ctx.send({ name: "x", node: "ghost@127.0.0.1" }, 1);
    expect(clock.now() - since).toBeLessThan(50);
    const letters = (): number => a.scheduler.deadLetterCounts().get("noconnection") ?? 0;
    await until("dead letters", () => letters() === 100);
    expect(a.inline.driver.waiting).toBe(0);
  });
});

test("SD-05 a hundred processes send to nodes that cannot be reached, all at once: no message is forgotten, and no node", async () => {
  const [senders, ghosts, rounds] = [100, 60, 3];
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  // Nobody listens on port 1; the port goes with the first message to each name.
  const names = Array.from({ length: ghosts }, (_, index) => `ghost${index}@127.0.0.1`);
  await a.run(async (ctx) => {
    for (let index = 0; index < senders; index++) {
      ctx.spawn(async (own: Context<Any>) => {
        for (let round = 0; round < rounds; round++) {
          for (const name of names) own.send({ name: "nobody", node: `${name}:1` }, round);
          // oxlint-disable-next-line no-await-in-loop -- the first dials fail between the rounds
          await own.sleep(20 * (index % 3));
        }
      });
    }
  });
  const letters = (): number => a.scheduler.deadLetterCounts().get("noconnection") ?? 0;
  await until("every message is a dead letter", () => letters() === senders * ghosts * rounds);
  await nodes.expectNoLeaks();
  const listed = async (): Promise<unknown> =>
    await b.inline.control.query(a.name, "nodes", {}, 5_000);
  await until(
    "the names are forgotten",
    async () => !JSON.stringify(await listed()).includes("ghost"),
  );
});

test("a question that makes no sense is refused, and the node that was asked goes on", async () => {
  const [a, b, nodes] = await pair();
  await using _nodes = nodes;
  const ask = (verb: string, args: unknown): Promise<unknown> =>
    a.inline.control.query(b.name, verb, args, 5_000).catch((error: unknown) => error);
  /* oxlint-disable no-await-in-loop -- one after the other */
  for (const verb of ["connect", "disconnect", "ps", "inspect", "tree", "no such verb"]) {
    for (const args of [null, 5, "text", [], { node: null }, { node: ["a@b"] }, { pid: {} }]) {
      await ask(verb, args);
    }
  }
  /* oxlint-enable no-await-in-loop */
  expect(await ask("connect", null)).toMatchObject({
    message: expect.stringContaining("expected name@host, got undefined"),
  });
  expect(await ask("ping", {})).toBe(true);
});

test("SD-06 sending to a pid of a node that is not connected connects, and brings it once", async () => {
  await using a = await LiveNode.start({ name: "a" });
  await using b = await LiveNode.start({ name: "b" });
  const reader = Promise.withResolvers<Pid>();
  const read = b.run(async (ctx) => {
    ctx.monitorNodes(true);
    reader.resolve(ctx.self);
    const got = [await ctx.receive(), await ctx.receive()];
    expect(await ctx.receive({ timeoutMs: 30 })).toBeUndefined();
    return got;
  });
  a.caller.send(a.pid(await reader.promise), "first");
  const [up, message] = await read;
  expect(up).toMatchObject({ type: "nodeup", node: a.name });
  expect(message).toBe("first");
  expect(a.isConnected(b)).toBe(true);
});

for (const fragmentBytes of [64 * KIB, KIB]) {
  test(`SD-11 large and small messages of one pair keep their order, others overtake, in fragments of ${fragmentBytes} bytes`, async () => {
    const [a, b, nodes] = await pair({ limits: { fragmentBytes } });
    await using _nodes = nodes;
    const reader = Promise.withResolvers<Pid>();
    const sizes = [4 * MIB, 10, 2 * MIB, 20, 30, 10 * MIB, 40];
    let read = 0;
    const got = b.run(async (ctx) => {
      reader.resolve(ctx.self);
      const lengths: number[] = [];
      for (; read < sizes.length; read++) {
        // oxlint-disable-next-line no-await-in-loop -- in order
        lengths.push((await ctx.receive()).bytes.length);
      }
      return lengths;
    });
    const to = a.pid(await reader.promise);
    const overtook = a.run(async (ctx) => {
      const echo = await ctx.spawnOn(b.name, puppet, []);
      await a.run(async (sender) => {
        for (const size of sizes) sender.send(to, { bytes: new Uint8Array(size) });
      });
      await obeyed(ctx, echo);
      const readByThen = read;
      await dismiss(ctx, echo);
      return readByThen;
    });
    expect(await got).toEqual(sizes);
    expect(await overtook).toBeLessThan(sizes.length);
    await nodes.expectNoLeaks();
  });
}

test("SD-13 when a node dies in the middle, what arrived of each sender is a prefix", async () => {
  const [a, b, nodes] = await pair();
  await using _nodes = nodes;
  const senders = 64;
  let sent = 0;
  let due = false;
  let dying = false;
  const received = await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    const to = b.pid(ctx.self);
    for (let index = 0; index < senders; index++) {
      void b
        .run(async (sender) => {
          for (let count = 0; ; count++) {
            sender.send(to, { index, count });
            sent++;
            // What was sent in this very turn cannot have left.
            if (due && !dying) {
              dying = true;
              void b.kill();
            }
            // oxlint-disable-next-line no-await-in-loop -- gives way to the others
            if (count % 50 === 49) await sender.sleep(0);
          }
        })
        .catch(() => undefined);
    }
    const next = Array<number>(senders).fill(0);
    let total = 0;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const message = await ctx.receive();
      if (message.type === "nodedown") break;
      expect(message.count).toBe(next[message.index]!);
      next[message.index] = message.count + 1;
      total++;
      due ||= total > 20_000;
    }
    expect(next.every((count) => count > 0)).toBe(true);
    expect(await ctx.receive({ timeoutMs: 20 })).toBeUndefined();
    return total;
  });
  // The window was hit: some of what was sent never arrived.
  expect(received).toBeGreaterThan(0);
  expect(received).toBeLessThan(sent);
  await nodes.expectNoLeaks();
});

for (const { graceMs, promise } of [
  { graceMs: 0, promise: "may have gaps, never doubles or another order" },
  { graceMs: 5_000, promise: "has no gap: the session survives its sockets" },
]) {
  test(`SD-14 a stream over connections that break, with a grace of ${graceMs} ms, ${promise}`, async () => {
    const [a, b, nodes] = await pair({ graceMs });
    await using _nodes = nodes;
    const total = 4_000;
    const cuts = 8;
    const reader = Promise.withResolvers<Pid>();
    const got: number[] = [];
    let downs = 0;
    const read = b.run(async (ctx) => {
      ctx.monitorNodes(true);
      reader.resolve(ctx.self);
      while (got.at(-1) !== total) {
        // oxlint-disable-next-line no-await-in-loop -- in order
        const message = await ctx.receive();
        if (typeof message === "number") got.push(message);
        else if (message.type === "nodedown") downs++;
      }
    });
    const to = a.pid(await reader.promise);
    await a.run(async (ctx) => {
      for (let index = 1; index <= total; index++) {
        ctx.send(to, index);
        // oxlint-disable-next-line no-await-in-loop -- lets them leave
        if (index % 20 === 0) await ctx.sleep(0);
        if (index % (total / (cuts + 1)) < 1) (index % 2 === 0 ? a : b).wires.cut();
      }
      // The last one must get there for the reader to end.
      for (; got.at(-1) !== total; ctx.send(to, total)) {
        // oxlint-disable-next-line no-await-in-loop -- again and again
        await ctx.sleep(20);
      }
    });
    await read;
    const ordered = got.slice(0, got.indexOf(total) + 1);
    expect(ordered).toEqual([...new Set(ordered)].sort((left, right) => left - right));
    if (graceMs > 0) {
      expect(ordered).toHaveLength(total);
      expect(downs).toBe(0);
    } else {
      expect(downs).toBeGreaterThan(0);
      expect(ordered.length).toBeGreaterThan(total / 10);
    }
    await nodes.expectNoLeaks();
  });
}

test("SD-16 the smallest and the most numerous: empty terms, 16,384 bytes values in one message, long strings", async () => {
  const [a, b, nodes] = await pair({ limits: { fragmentBytes: 4 * KIB } });
  await using _nodes = nodes;
  await a.run(async (ctx) => {
    const pid = await ctx.spawnOn(b.name, puppet, []);
    const values: unknown[] = [
      "",
      [],
      {},
      0,
      Array.from({ length: 16_384 }, (_none, index) => new Uint8Array(65).fill(index)),
      Array.from({ length: 300 }, (_none, length) => "é".repeat(length)),
      "❄".repeat(300_000),
    ];
    for (const message of values) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = (await ctx.call(pid, { type: "echo", message } as Any)) as Any;
      expect(answer.message).toEqual(message);
    }
    await dismiss(ctx, pid);
  });
  await nodes.expectNoLeaks();
});

test("SD-18 a message over the limit fails its sender, by pid, name, call and spawn; the session stays", async () => {
  const [a, b, nodes] = await pair({ limits: { messageBytes: MIB } });
  await using _nodes = nodes;
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    const pid = await ctx.spawnOn(b.name, puppet, [], { name: "far.named" });
    const huge = new Uint8Array(2 * MIB);
    const tooLarge = expect.objectContaining({ name: "MessageTooLarge" });
    expect(() => ctx.send(pid, huge)).toThrow(MessageTooLarge);
    expect(() => ctx.send({ name: "far.named", node: b.name }, huge)).toThrow(MessageTooLarge);
    const failures: unknown[] = await Promise.allSettled([
      ctx.call(pid, { type: "echo", message: huge } as Any),
      ctx.spawnOn(b.name, puppet as Any, [huge] as Any),
      ctx.rpc(b.name, sleeper as Any, [huge] as Any),
    ]);
    expect(failures).toEqual(Array(3).fill({ status: "rejected", reason: tooLarge }));
    await obeyed(ctx, pid);
    await dismiss(ctx, pid);
    expect(await ctx.receive({ timeoutMs: 10 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("SD-18 SD-19 exit reasons over 64 KiB arrive cut, and everything stays connected", async () => {
  const [a, b, nodes] = await pair({ limits: { messageBytes: MIB } });
  await using _nodes = nodes;
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    ctx.trapExit(true);
    for (const size of [100 * KIB, 2 * MIB]) {
      /* oxlint-disable no-await-in-loop -- one after the other */
      const pid = await ctx.spawnOn(b.name, puppet, [], { link: true });
      ctx.monitor(pid);
      await obeyed(ctx, pid);
      const own = b.scheduler.identities.localPid(pid.local) as Pid<Any>;
      b.caller.send(own, { type: "exit", reason: new Uint8Array(size) });
      const got = [await ctx.receive(), await ctx.receive()];
      for (const { reason } of got) {
        expect(reason.truncated).toBeGreaterThanOrEqual(size);
        expect(reason.truncated).toBeLessThan(size + 64);
      }
      const victim = await ctx.spawnOn(b.name, puppet, []);
      ctx.monitor(victim);
      ctx.sendExit(victim, new Uint8Array(size));
      expect((await ctx.receive("down")).reason.truncated).toBeGreaterThanOrEqual(size);
      /* oxlint-enable no-await-in-loop */
    }
    expect(await ctx.receive({ timeoutMs: 10 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

/** Fills the lane to a frozen node until its senders have to wait for more than what the sockets take. */
async function fill(ctx: Tester, to: Pid<Any>, from: LiveNode): Promise<void> {
  const chunk = new Uint8Array(64 * KIB);
  const isReady = (): boolean => from.scheduler.outbound.ready(to.node, to.scheduler);
  while (isReady()) {
    while (isReady()) ctx.send(to, { type: "x", chunk });
    // oxlint-disable-next-line no-await-in-loop -- until the sockets take no more
    await ctx.sleep(2);
  }
}

test("BP-08 the end of a process reaches its links and monitors although the lane was full", async () => {
  const [a, b, nodes] = await pair({ limits: { laneUnackedBytes: MIB } });
  await using _nodes = nodes;
  await b.run(async (ctx) => {
    ctx.trapExit(true);
    const dying = await ctx.spawnOn(a.name, puppet, [], { link: true });
    const ref = ctx.monitor(dying);
    const sink = ctx.spawn(sleeper) as Pid<Any>;
    await obeyed(ctx, dying);
    b.wires.freeze();
    await a.run((filler) => fill(filler, a.pid(sink), a));
    expect(a.scheduler.outbound.ready(b.name, 1)).toBe(false);
    const own = a.scheduler.identities.localPid(dying.local) as Pid<Any>;
    a.caller.send(own, { type: "exit", reason: { why: "true reason" } });
    await until("its end", () => a.scheduler.inspect(own) === undefined);
    b.wires.thaw();
    const got = [await ctx.receive(), await ctx.receive()];
    expect(got.find(({ type }) => type === "down")).toMatchObject({
      ref,
      reason: { why: "true reason" },
    });
    expect(got.find((message) => message instanceof Exit)).toMatchObject({ from: dying });
    ctx.sendExit(sink, "kill");
  });
  await nodes.expectNoLeaks();
});

test("BP-15 a sender that is killed in the middle of a large message: it arrives whole, then its end", async () => {
  const [a, b, nodes] = await pair({ limits: { fragmentBytes: KIB, laneUnackedBytes: MIB } });
  await using _nodes = nodes;
  await a.run(async (ctx) => {
    for (let round = 0; round < 40; round++) {
      /* oxlint-disable no-await-in-loop -- rounds */
      const sender = await ctx.spawnOn(b.name, puppet, []);
      const own = b.scheduler.identities.localPid(sender.local) as Pid<Any>;
      ctx.monitor(sender);
      await obeyed(ctx, sender);
      const size = 200 * KIB + round;
      b.caller.send(own, { type: "send", to: b.pid(ctx.self), message: new Uint8Array(size) });
      if (round % 2 === 0) a.wires.freeze();
      await ctx.sleep(round % 3);
      b.caller.sendExit(own, "kill");
      a.wires.thaw();
      expect((await ctx.receive()).length).toBe(size);
      expect((await ctx.receive()).reason).toBe("killed");
      /* oxlint-enable no-await-in-loop */
    }
  });
  await nodes.expectNoLeaks();
});

test("BP-16 BP-17 a large message to an alias: whole if it is on, nothing if it was switched off meanwhile", async () => {
  const [a, b, nodes] = await pair({ limits: { fragmentBytes: KIB } });
  await using _nodes = nodes;
  await a.run(async (ctx) => {
    const sender = await ctx.spawnOn(b.name, puppet, []);
    for (const off of [false, true]) {
      /* oxlint-disable no-await-in-loop -- one after the other */
      const alias = ctx.alias();
      ctx.send(sender, { type: "send", to: alias, message: new Uint8Array(5 * MIB) });
      // Until the first fragments are here and the last ones are not.
      const before = a.wires.received;
      await until("some fragments", () => a.wires.received - before > 200 * KIB);
      if (off) expect(ctx.unalias(alias)).toBe(true);
      expect(a.wires.received - before).toBeLessThan(4 * MIB);
      await obeyed(ctx, sender);
      const got = await ctx.receive({ timeoutMs: 5 });
      expect(got?.length).toBe(off ? undefined : 5 * MIB);
      if (!off) ctx.unalias(alias);
      /* oxlint-enable no-await-in-loop */
    }
    await dismiss(ctx, sender);
  });
  await nodes.expectNoLeaks();
});

for (const graceMs of [0, 5_000]) {
  test(`BP-20 a sender that waits for a full lane goes on when the node dies, with a grace of ${graceMs} ms`, async () => {
    const [a, b, nodes] = await pair({ graceMs, limits: { laneUnackedBytes: MIB } });
    await using _nodes = nodes;
    await a.run(async (ctx) => {
      const pid = await ctx.spawnOn(b.name, puppet, []);
      b.wires.freeze();
      await fill(ctx, pid, a);
      ctx.send(ctx.self, "own");
      const ready = ctx.ready(pid).then(() => "ready");
      // Paused: nothing but system messages until the lane has room.
      expect(await ctx.receive({ timeoutMs: 20 })).toBeUndefined();
      expect(await Promise.race([ready, ctx.sleep(0)])).toBeUndefined();
      const since = clock.now();
      await b.kill();
      expect(await ctx.receive()).toBe("own");
      expect(await ready).toBe("ready");
      expect(clock.now() - since).toBeLessThan(2_000);
    });
    await nodes.expectNoLeaks();
  });
}

test("D14 at the hard limit send throws, nothing is dropped, and all else of the node goes on", async () => {
  const hard = 4 * MIB;
  const limits = { laneUnackedBytes: MIB, laneHardBytes: hard, messageBytes: MIB };
  await using nodes = await liveNodes(["a", "b", "c"], { limits });
  const [a, b, c] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  await a.run(async (ctx) => {
    const counter = await ctx.spawnOn(b.name, puppet, []);
    const other = await ctx.spawnOn(c.name, puppet, []);
    const chunk = new Uint8Array(64 * KIB);
    b.wires.freeze();
    let accepted = 0;
    expect(() => {
      for (; accepted < 1_000; accepted++) {
        ctx.send(counter, { type: "send", to: ctx.self, message: accepted, chunk });
      }
    }).toThrow(LaneFullError);
    expect(accepted).toBeLessThan(1_000);
    // Another process of the same node talks to a third one as if nothing were.
    const since = clock.now();
    await a.run((free) => obeyed(free, a.pid(other)));
    expect(clock.now() - since).toBeLessThan(200);
    b.wires.thaw();
    for (let index = 0; index < accepted; index++) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      expect(await ctx.receive()).toBe(index);
    }
    await dismiss(ctx, counter, other);
  });
  await nodes.expectNoLeaks();
});
