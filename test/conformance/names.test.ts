/** Global names over several nodes that come, go and are parted. */
import { expect, test } from "bun:test";

import type { OnConflict, RegisterOptions } from "../../src/process/api.ts";
import { child } from "../../src/behaviour/supervisor/child.ts";
import { defineServer } from "../../src/behaviour/server/server.ts";
import { defineSupervisor } from "../../src/behaviour/supervisor/supervisor.ts";
import { NameConflict } from "../../src/process/system-message.ts";
import { define } from "../../src/process/registry.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import { type LiveNode, type LiveNodes, liveNodes, until } from "../support/live-node.ts";
import type { Any } from "./scenario.ts";

/** What each process heard, by its pid. */
const heard = new Map<string, Any[]>();

/** Lives, and writes down what it hears. */
const listener = async (ctx: Context<Any>): Promise<void> => {
  const messages: Any[] = [];
  heard.set(String(ctx.self), messages);
  for await (const message of ctx.messages()) messages.push(message);
};

function start(node: LiveNode): Pid<Any> {
  const plan = { functionName: "listener", parent: undefined, name: undefined };
  const { pid } = node.scheduler.spawn(listener as never, [], { ...plan, mailboxMax: undefined });
  return pid as Pid<Any>;
}

const alive = (node: LiveNode, pid: Pid): boolean => node.scheduler.inspect(pid) !== undefined;

const seenAt = (node: LiveNode, name: string): string | undefined =>
  node.caller.global.whereis(name)?.toString();

const register = (node: LiveNode, name: string, pid: Pid, options?: RegisterOptions) =>
  node.caller.global.register(name, pid, options);

const conflicts = (node: LiveNode): number =>
  node.log.filter(({ text }) => text === "a name had two holders").length;

/** All nodes see the same under a name: who it is, or nobody. */
const same = (nodes: readonly LiveNode[], name: string): Promise<void> =>
  until("one view of all", () => new Set(nodes.map((node) => seenAt(node, name))).size === 1);

/** Fences follow the wall clock: within one millisecond those of two nodes that do not hear of each other have no order. */
const aMoment = (): Promise<void> => {
  const then = Date.now();
  return until("the clock goes on", () => Date.now() > then + 1);
};

/** Takes away all connections of a node. */
async function part(nodes: LiveNodes<string>, one: LiveNode): Promise<void> {
  const others = nodes.all.filter((node) => node !== one);
  for (const other of others) other.caller.node.disconnect(one.name);
  await until("it is alone", () => one.caller.node.list().length === 0);
}

/** `x` is held on both sides of a split by processes that registered it with the same rule; then the sides meet. */
async function splitAndHeal(
  onConflict?: OnConflict,
): Promise<LiveNodes<string> & { pids: [Pid<Any>, Pid<Any>]; fence: number }> {
  const nodes = await liveNodes(["a", "b", "c"], { graceMs: 0 });
  const [a, b, c] = nodes.all as [LiveNode, LiveNode, LiveNode];
  await part(nodes, c);
  const pids: [Pid<Any>, Pid<Any>] = [start(a), start(c)];
  const options = onConflict === undefined ? {} : { onConflict };
  await register(a, "x", pids[0], options);
  await aMoment();
  const { fence } = await register(c, "x", pids[1], options);
  expect(seenAt(b, "x")).toBe(String(pids[0]));
  await c.connect(b);
  await until("the mesh is whole", () => a.isConnected(c) && c.isConnected(a));
  await until("both are told", () => pids.every((pid) => heard.get(String(pid))?.length === 1));
  await same(nodes.all, "x");
  return Object.assign(nodes, { pids, fence });
}

test("RG-06 a node that joins in the middle of a registration has the name when that resolves, 10 times", async () => {
  await using nodes = await liveNodes(["a", "b", "c"], { graceMs: 0 });
  const [a, b, c] = nodes.all as [LiveNode, LiveNode, LiveNode];
  const pid = start(a);
  for (let round = 0; round < 10; round++) {
    /* oxlint-disable no-await-in-loop -- one round after the other */
    await part(nodes, c);
    const options = { severalNames: true };
    const connected = c.connect(b);
    const registered: Promise<unknown>[] = [];
    const seen: (string | undefined)[] = [];
    // From before the connection until after it, so that some of them are under way when it comes.
    for (let index = 0; registered.length < 200 && !a.isConnected(c); index++) {
      const name = `join.${round}.${index}`;
      registered.push(
        register(a, name, pid, options).then(() => {
          if (a.isConnected(c) && c.isConnected(a)) seen.push(seenAt(c, name));
        }),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    await connected;
    await Promise.all(registered);
    await until("the mesh is whole", () => a.isConnected(c) && c.isConnected(a));
    expect(seen.filter((where) => where !== String(pid))).toEqual([]);
    /* oxlint-enable no-await-in-loop */
  }
});

test("RG-12 200 names of five nodes are gone everywhere when their holders ended together", async () => {
  await using nodes = await liveNodes(["a", "b", "c", "d", "e"]);
  const holders = nodes.all.flatMap((node) =>
    Array.from({ length: 40 }, (_none, index) => ({ node, name: `${node.name} ${index}` })),
  );
  const pids = await Promise.all(
    holders.map(async ({ node, name }) => {
      const pid = start(node);
      await register(node, name, pid);
      return { node, pid };
    }),
  );
  for (const { node } of holders)
    for (const { name } of holders) expect(seenAt(node, name)).toBeDefined();
  for (const { node, pid } of pids) node.caller.sendExit(pid, "kill");
  await until("all are gone", () =>
    nodes.all.every((node) => holders.every(({ name }) => seenAt(node, name) === undefined)),
  );
  await nodes.expectNoLeaks();
});

test("RG-14 RG-15 after a split the earlier claim stays, the other process exits, both are told, once", async () => {
  await using nodes = await splitAndHeal();
  const [a, , c] = nodes.all as [LiveNode, LiveNode, LiveNode];
  const [kept, lost] = nodes.pids;
  expect(seenAt(a, "x")).toBe(String(kept));
  await until("the loser has ended", () => !alive(c, lost));
  expect(alive(a, kept)).toBe(true);
  const [told] = heard.get(String(kept)) as [NameConflict];
  expect(told).toBeInstanceOf(NameConflict);
  expect([told.name, String(told.kept), String(told.lost)]).toEqual([
    "x",
    String(kept),
    String(lost),
  ]);
  expect(told.fence).toBeGreaterThan(nodes.fence);
  const [toldLoser] = heard.get(String(lost)) as [NameConflict];
  expect(toldLoser.fence).toBe(told.fence);
  expect(nodes.all.map(conflicts)).toEqual([1, 0, 0]);
  await nodes.expectNoLeaks();
});

test("RG-16 with keep_first nobody exits; with tell_both nobody has the name, and both are told so", async () => {
  {
    await using nodes = await splitAndHeal("keep_first");
    const [a, , c] = nodes.all as [LiveNode, LiveNode, LiveNode];
    expect(seenAt(c, "x")).toBe(String(nodes.pids[0]));
    expect([alive(a, nodes.pids[0]), alive(c, nodes.pids[1])]).toEqual([true, true]);
  }
  await using nodes = await splitAndHeal("tell_both");
  expect(nodes.all.map((node) => seenAt(node, "x"))).toEqual([undefined, undefined, undefined]);
  for (const pid of nodes.pids) {
    const [told] = heard.get(String(pid)) as [NameConflict];
    expect([told.fence, String(told.kept), String(told.lost)]).toEqual([
      0,
      ...nodes.pids.map(String),
    ]);
  }
});

let decided = 0;
const deciders = {
  second: define("names.second", async (_ctx, _name: string, _first: Pid, second: Pid) => {
    decided++;
    return second;
  }),
  garbage: define("names.garbage", async () => "neither of them" as Any),
  crash: define("names.crash", async () => {
    throw new Error("cannot decide");
  }),
  exits: define("names.exits", async (ctx) => ctx.exit("kill")),
  disconnects: define("names.disconnects", async (ctx, _name: string, first: Pid) => {
    for (const node of ctx.node.list()) ctx.node.disconnect(node);
    return first;
  }),
};

test("RG-17 a function decides once; what it does wrong leaves the name with nobody and stands in the log", async () => {
  {
    await using nodes = await splitAndHeal(deciders.second as Any);
    expect(decided).toBe(1);
    expect(seenAt(nodes.node("b"), "x")).toBe(String(nodes.pids[1]));
  }
  for (const wrong of [deciders.garbage, deciders.crash, deciders.exits]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await using nodes = await splitAndHeal(wrong as Any);
    const [a, b] = nodes.all as [LiveNode, LiveNode];
    expect(seenAt(b, "x")).toBeUndefined();
    expect(
      a.log.filter(({ level, text }) => level === "warn" && text === "a name had two holders"),
    ).toHaveLength(1);
    // oxlint-disable-next-line no-await-in-loop -- the next attempt completes
    await register(b, "x", start(b));
  }
});

test("RG-17 a function that cuts its node off hangs nobody: when they meet again, one holder is left", async () => {
  const nodes = await liveNodes(["a", "b"], { graceMs: 0 });
  await using _nodes = nodes;
  const [a, b] = nodes.all as [LiveNode, LiveNode];
  await part(nodes, b);
  const onConflict = deciders.disconnects as Any;
  await register(a, "x", start(a), { onConflict });
  await register(b, "x", start(b));
  await b.connect(a);
  await until("it cut the node off", () => !b.isConnected(a) && !a.isConnected(b));
  // Whatever came through before the cut counts; now the name is registered without a function.
  await a.caller.global.reregister("x", start(a), { onConflict: "keep_first" });
  await b.connect(a);
  await until("it has one holder", () => seenAt(a, "x") === seenAt(b, "x"));
  expect(seenAt(a, "x")).toBeDefined();
});

test("RG-20 a process of the other side that was registered here goes with its node and with its end", async () => {
  await using nodes = await liveNodes(["a", "b", "c"], { graceMs: 0 });
  const [a, b, c] = nodes.all as [LiveNode, LiveNode, LiveNode];
  const pid = start(c);
  await register(a, "far", a.pid(pid));
  await part(nodes, c);
  await until(
    "it is gone here",
    () => seenAt(a, "far") === undefined && seenAt(b, "far") === undefined,
  );
  expect(seenAt(c, "far")).toBe(String(pid));
  c.caller.sendExit(pid, "kill");
  await until("it is gone there", () => seenAt(c, "far") === undefined);
  await c.connect(b);
  await until("the mesh is whole", () => a.isConnected(c) && c.isConnected(a));
  await register(c, "far", start(c));
  await same(nodes.all, "far");
});

test("RG-21 RG-26 a connection that is lost costs no third node its own, and the view of each is true", async () => {
  await using nodes = await liveNodes(["a", "b", "c", "d"], { graceMs: 0 });
  const [a, b, c, d] = nodes.all as [LiveNode, LiveNode, LiveNode, LiveNode];
  const pids = await Promise.all(
    nodes.all.map(async (node) => {
      const pid = start(node);
      await register(node, node.name, pid);
      return pid;
    }),
  );
  c.caller.node.disconnect(d.name);
  await until(
    "they lost each other",
    () => seenAt(c, d.name) === undefined && seenAt(d, c.name) === undefined,
  );
  for (const node of [a, b]) expect(node.caller.node.list()).toHaveLength(3);
  for (const node of [a, b])
    for (const [index, { name }] of nodes.all.entries())
      expect(seenAt(node, name)).toBe(String(pids[index]));
  await part(nodes, d);
  await until("it is alone", () => [a, b].every((node) => seenAt(node, d.name) === undefined));
  expect(seenAt(d, d.name)).toBe(String(pids[3]));
  for (const node of [a, b, c]) expect(node.caller.node.list()).toHaveLength(2);
});

test("RG-23 who holds the name holds what it stands for: one at a time, freed by the end of a process and of a node", async () => {
  await using nodes = await liveNodes(["a", "b", "c"], { graceMs: 0 });
  const [a, b, c] = nodes.all as [LiveNode, LiveNode, LiveNode];
  const wanted = nodes.all.flatMap((node) =>
    [start(node), start(node)].map((pid) => ({ node, pid })),
  );
  const fences: number[] = [];
  let holders = wanted;
  while (holders.length > 0) {
    // oxlint-disable-next-line no-await-in-loop -- one holder after the other
    const results = await Promise.allSettled(
      holders.map(({ node, pid }) => register(node, "lock", pid)),
    );
    const won = results.findIndex(({ status }) => status === "fulfilled");
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    fences.push((results[won] as PromiseFulfilledResult<{ fence: number }>).value.fence);
    const { node, pid } = holders[won]!;
    node.caller.sendExit(pid, "kill");
    holders = holders.filter((_holder, index) => index !== won);
    // oxlint-disable-next-line no-await-in-loop -- until it is free
    await until("it is free", () => nodes.all.every((each) => seenAt(each, "lock") === undefined));
  }
  expect(fences).toEqual(fences.toSorted((one, other) => one - other));
  await register(c, "lock", start(c));
  await c.kill();
  await until("it is free", () => [a, b].every((node) => seenAt(node, "lock") === undefined));
  await register(b, "lock", start(b));
  await same([a, b], "lock");
});

const keeper = defineServer("names.keeper", {
  init: async (ctx: Context<never>, name: string) => {
    await ctx.global.register(name, ctx.self);
    return {};
  },
  calls: { ping: () => true },
});
const tree = defineSupervisor("names.tree", {
  intensity: 10,
  children: () => [child({ id: "keeper", start: keeper, args: ["su.name"] })],
});
const top = defineSupervisor("names.top", {
  intensity: 10,
  children: () => [child({ id: "tree", start: tree, args: [] })],
});

test("SU-26 a supervised process that is killed, and one whose supervisor is, has its global name again at once", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = nodes.all as [LiveNode, LiveNode];
  const pid = await top.start(a.caller, [], {});
  let before = seenAt(b, "su.name");
  expect(before).toBeDefined();
  for (let round = 0; round < 6; round++) {
    const victims = a.scheduler
      .list()
      .filter(({ functionName }) =>
        round % 2 === 0 ? functionName === "names.keeper" : functionName === "names.tree",
      );
    expect(victims).toHaveLength(1);
    b.caller.sendExit(b.pid(victims[0]!.pid), "kill");
    // oxlint-disable-next-line no-await-in-loop -- one death after the other
    await until("it is back", () => ![undefined, before].includes(seenAt(b, "su.name")));
    before = seenAt(b, "su.name");
    // oxlint-disable-next-line no-await-in-loop -- it answers
    expect(await keeper.client(b.caller, "su.name").ping()).toBe(true);
  }
  // Every restart got the name at the first attempt.
  expect(a.log.filter(({ text }) => text === "child did not start")).toEqual([]);
  a.caller.sendExit(pid, "shutdown");
  await until("it is gone", () => nodes.all.every((node) => seenAt(node, "su.name") === undefined));
});

test("a node between two that do not see each other shows the earlier claim, and all agree when they meet", async () => {
  await using nodes = await liveNodes(["a", "b", "c"], { graceMs: 0 });
  const [a, b, c] = nodes.all as [LiveNode, LiveNode, LiveNode];
  a.caller.node.disconnect(c.name);
  await until("they lost each other", () => !a.isConnected(c) && !c.isConnected(a));
  const first = start(c);
  await register(c, "bridge", first);
  await aMoment();
  const second = start(a);
  await register(a, "bridge", second);
  expect([seenAt(a, "bridge"), seenAt(c, "bridge")]).toEqual([String(second), String(first)]);
  expect(seenAt(b, "bridge")).toBe(String(first));
  const text = "two nodes that do not see each other hold a name";
  await until("b says so", () => b.log.some((line) => line.text === text));
  await a.connect(c);
  await same(nodes.all, "bridge");
  expect(seenAt(a, "bridge")).toBe(String(first));
});
