/** What node monitors promise beside the ways in which nodes are lost (`loss.test.ts`). */
import { expect, test } from "bun:test";

import { NodeDown, NodeUp } from "../../src/process/system-message.ts";
import { clock } from "../../src/bun/clock.ts";
import { LiveNode, LiveNodes, liveNodes, until } from "../support/live-node.ts";
import { failure, sleeper } from "./actors.ts";
import type { Any, Tester } from "./scenario.ts";

const eventOf = (message: Any): string | undefined =>
  message instanceof NodeUp ? "up" : message instanceof NodeDown ? "down" : undefined;

/** Nodes that do not know of each other. */
async function strangers<const N extends string>(
  names: readonly N[],
  options: Omit<Parameters<typeof LiveNode.start>[0], "name"> = {},
): Promise<LiveNodes<N>> {
  const started = await Promise.all(
    names.map(async (name) => [name, await LiveNode.start({ ...options, name })] as const),
  );
  return new LiveNodes(new Map(started));
}

test("NM-02 SD-06 nodeup comes before the first message, however early that was sent", async () => {
  await using nodes = await strangers(["a", "b"], { graceMs: 0 });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    ctx.register("nm.reader");
    for (let round = 0; round < 10; round++) {
      // Nobody is connected: the first message makes the node connect, and the flood goes on meanwhile.
      for (let index = 0; index < 20; index++) {
        b.caller.send({ name: "nm.reader", node: a.name }, { index });
      }
      /* oxlint-disable no-await-in-loop -- rounds */
      expect(eventOf(await ctx.receive())).toBe("up");
      expect(ctx.node.list()).toEqual([b.name]);
      for (let index = 0; index < 20; index++) expect(await ctx.receive()).toEqual({ index });
      (round % 2 === 0 ? a : b).wires.cut();
      expect(eventOf(await ctx.receive())).toBe("down");
      expect(ctx.node.list()).toEqual([]);
      await until("b knows", () => b.caller.node.list().length === 0);
      /* oxlint-enable no-await-in-loop */
    }
    expect(await ctx.receive({ timeoutMs: 30 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("NM-04 twenty cuts under fire: up and down strictly alternate for every subscriber", async () => {
  await using nodes = await liveNodes(["a", "b"], { graceMs: 0 });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const subscribers = 200;
  const seen: string[][] = [];
  let listening = 0;
  let stopped = false;
  const spammer = b.run(async (ctx) => {
    while (!stopped) {
      ctx.send({ name: "nm.nobody", node: a.name }, "spam");
      // oxlint-disable-next-line no-await-in-loop -- again and again
      await ctx.sleep(1);
    }
  });
  await a.run(async (ctx) => {
    for (let index = 0; index < subscribers; index++) {
      const events: string[] = ["up"];
      seen.push(events);
      ctx.spawn(async (own: Any) => {
        (own as Tester).monitorNodes(true);
        listening++;
        for await (const message of own.messages()) events.push(eventOf(message) ?? "other");
      });
    }
    await until("everybody listens", () => listening === subscribers);
    for (let cut = 0; cut < 20; cut++) {
      /* oxlint-disable no-await-in-loop -- one cut after the other */
      const downs = seen[0]!.filter((event) => event === "down").length;
      a.wires.cut();
      await until("down", () => seen[0]!.filter((event) => event === "down").length > downs);
      await until("up again", () => seen[0]!.at(-1) === "up");
      /* oxlint-enable no-await-in-loop */
    }
  });
  stopped = true;
  await spammer;
  await until("everybody has heard all", () =>
    seen.every((events) => events.length === seen[0]!.length),
  );
  expect(seen[0]!.length).toBeGreaterThanOrEqual(41);
  for (const events of seen) {
    expect(events).toEqual(events.map((_event, place) => (place % 2 === 0 ? "up" : "down")));
    expect(events.length).toBe(seen[0]!.length);
  }
  await nodes.expectNoLeaks();
});

test("NM-06 TK-04 a frozen node is net_tick_timeout; thawed it hears of its own loss", async () => {
  await using a = await LiveNode.start({
    name: "a",
    graceMs: 0,
    tickIntervalMs: 100,
    tickTimeoutMs: 100,
  });
  // Frozen, it does not look at its clock either: its own tick must not be faster.
  await using b = await LiveNode.start({ name: "b", graceMs: 0 });
  await a.connect(b);
  const seenByB = b.run(async (ctx) => {
    ctx.monitorNodes(true);
    return ctx.receive("nodedown");
  });
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    const since = clock.now();
    b.wires.freeze();
    const down = await ctx.receive("nodedown");
    expect(down).toMatchObject({ node: b.name, reason: "net_tick_timeout" });
    // An interval of silence, then the time-out; both may be a little late.
    const took = clock.now() - since;
    expect(took).toBeGreaterThan(90);
    expect(took).toBeLessThan(1_000);
    b.wires.thaw();
    expect((await seenByB).node).toBe(a.name);
    expect(await ctx.receive({ timeoutMs: 20 })).toBeUndefined();
  });
  await new LiveNodes(new Map([a, b].map((node) => [node.name, node]))).expectNoLeaks();
});

test("NM-13 a process subscribes or does not: three times on is one message each, once off is off", async () => {
  await using nodes = await strangers(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    for (let count = 0; count < 3; count++) ctx.monitorNodes(true);
    await a.connect(b);
    expect(eventOf(await ctx.receive())).toBe("up");
    a.caller.node.disconnect(b.name);
    expect(eventOf(await ctx.receive())).toBe("down");
    ctx.monitorNodes(false);
    await a.connect(b);
    a.caller.node.disconnect(b.name);
    await until("disconnected", () => !a.isConnected(b));
    expect(await ctx.receive({ timeoutMs: 20 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("NM-14 a node that cannot be reached is neither up nor down, and watching connects nobody", async () => {
  await using nodes = await strangers(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    await failure(a.caller.node.connect("ghost@127.0.0.1:1"));
    ctx.monitorNodes(false);
    ctx.monitorNodes(true);
    expect(await ctx.receive({ timeoutMs: 30 })).toBeUndefined();
    expect(a.isConnected(b)).toBe(false);
    expect(b.wires.opened).toBe(0);
  });
  await nodes.expectNoLeaks();
});

test("NM-16 nodedown is the last of a node: after its messages, exits and downs", async () => {
  await using nodes = await liveNodes(["a", "b"], { graceMs: 0 });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.trapExit(true);
    ctx.monitorNodes(true);
    for (let index = 0; index < 50; index++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const pid = await ctx.spawnOn(b.name, sleeper, [], { link: true });
      ctx.monitor(pid);
    }
    b.wires.cut();
    const got: string[] = [];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    while (got.at(-1) !== "nodedown") got.push((await ctx.receive()).type);
    expect(got.filter((type) => type === "down")).toHaveLength(50);
    expect(got.filter((type) => type === "exit")).toHaveLength(50);
    expect(got).toHaveLength(101);
    expect(await ctx.receive({ timeoutMs: 20 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("NM-01 a subscriber that ends is forgotten", async () => {
  await using nodes = await strangers(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    const { ref } = ctx.spawnMonitor(async (own: Any) => {
      (own as Tester).monitorNodes(true);
    });
    expect((await ctx.receive("down")).ref).toBe(ref);
    expect(a.scheduler.tables().nodeMonitors).toBe(0);
    await a.connect(b);
    expect(await ctx.receive({ timeoutMs: 10 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});
