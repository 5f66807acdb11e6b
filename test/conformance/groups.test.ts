/** Groups over several nodes that come, go and are parted. */
import { expect, test } from "bun:test";

import { group } from "../../src/process/group.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import type { GroupChange } from "../../src/process/system-message.ts";
import { LiveNode, type LiveNodes, liveNodes, until } from "../support/live-node.ts";
import { sleeper } from "./actors.ts";
import type { Any } from "./scenario.ts";

const team = group<Any>("team");

const seenAt = (node: LiveNode, of = team): string[] =>
  node.caller.groups.members(of).map(String).toSorted();

const start = (node: LiveNode): Pid<Any> =>
  node.scheduler.identities.localPid(
    node.scheduler.spawn(sleeper as never, [], {
      functionName: "sleeper",
      parent: undefined,
      name: undefined,
      mailboxMax: undefined,
    }).pid.local,
  ) as Pid<Any>;

const end = (node: LiveNode, pid: Pid): void => node.caller.sendExit(pid, "kill");

function joined(node: LiveNode, count: number, to = team): Pid<Any>[] {
  const pids = Array.from({ length: count }, () => start(node));
  node.caller.groups.join(to, pids);
  return pids;
}

const same = (nodes: readonly LiveNode[], pids: readonly Pid[]): Promise<void> => {
  const wanted = pids.map(String).toSorted();
  return until("every node sees the true members", () =>
    nodes.every((node) => Bun.deepEquals(seenAt(node), wanted)),
  );
};

test("PG-05 a node that connects sees all members there are, and is seen", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const pids = [...joined(nodes.node("a"), 3), ...joined(nodes.node("b"), 2)];
  await same(nodes.all, pids);
  await using c = await LiveNode.start({ name: "c" });
  pids.push(...joined(c, 1));
  await c.connect(nodes.node("a"));
  await same([...nodes.all, c], pids);
});

test("PG-06 PG-08 after a split each side has its own members, after the heal exactly the true ones, without flicker", async () => {
  await using nodes = await liveNodes(["a", "b", "c"], { graceMs: 0 });
  const [a, b, c] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  const [a1, a2] = joined(a, 2) as [Pid<Any>, Pid<Any>];
  const [c1, c2] = joined(c, 2) as [Pid<Any>, Pid<Any>];
  await same(nodes.all, [a1, a2, c1, c2]);
  const heard: string[] = [];
  const watching = Promise.withResolvers<void>();
  const watcher = a.scheduler.run(async (context: Context<GroupChange>) => {
    context.groups.monitor(team as never);
    watching.resolve();
    for await (const { joined: came, left } of context.messages())
      heard.push(
        ...left.map((pid) => `-${pid.toString()}`),
        ...came.map((pid) => `+${String(pid)}`),
      );
  });
  watcher.catch(() => undefined);
  await watching.promise;
  for (const node of [a, b]) node.caller.node.disconnect(c.name);
  await until("c is alone", () => !a.isConnected(c) && !b.isConnected(c) && !c.isConnected(a));
  await same([a, b], [a1, a2]);
  await same([c], [c1, c2]);
  end(a, a2);
  end(c, c2);
  const [b1] = joined(b, 1) as [Pid<Any>];
  const [c3] = joined(c, 1) as [Pid<Any>];
  await same([c], [c1, c3]);
  await c.connect(b);
  await until("the mesh is whole", () => a.isConnected(c) && c.isConnected(a));
  await same(nodes.all, [a1, b1, c1, c3]);
  expect(heard.toSorted()).toEqual(
    [
      ...[c1, c2, a2].map((pid) => `-${pid.toString()}`),
      ...[b1, c1, c3].map((pid) => `+${pid.toString()}`),
    ].toSorted(),
  );
  end(c, c3);
  await same(nodes.all, [a1, b1, c1]);
});

test("PG-11 a node that is killed takes its members with it, and comes back with none of them", async () => {
  await using nodes = await liveNodes(["a", "b"], { graceMs: 0 });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const here = joined(a, 1);
  joined(b, 100);
  await until("b's members are seen", () => seenAt(a).length === 101);
  await b.kill();
  await same([a], here);
  await using again = await LiveNode.start({ name: "b" });
  await again.connect(a);
  await same([a, again], here);
  const there = joined(again, 1);
  await same([a, again], [...here, ...there]);
});

test("PG-13 10,000 groups and 2,000 members of one arrive, and joining goes on", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const [one] = joined(b, 1, group<Any>("0", "many"));
  for (let index = 1; index < 10_000; index++)
    b.caller.groups.join(group<Any>(String(index), "many"), one!);
  const others = joined(b, 2_000);
  await until("all is seen", () => {
    const { groups } = a.caller;
    return groups.which("many").length === 10_000 && groups.members(team).length === 2_000;
  });
  const [mine] = joined(a, 1) as [Pid<Any>];
  expect(seenAt(a)).toContain(String(mine));
  await until("b sees it", () => seenAt(b).includes(String(mine)));
  end(b, one!);
  await until("all groups are gone", () => a.caller.groups.which("many").length === 0);
  for (const pid of others) end(b, pid);
  await same(nodes.all, [mine]);
});

test("publishing sends one frame to each node with members, and none to others", async () => {
  await using nodes = await liveNodes(["a", "b", "c"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const got: unknown[] = [];
  const taker = async (ctx: Context<Any>): Promise<void> => {
    ctx.groups.join(team, ctx.self);
    for await (const message of ctx.messages()) got.push(message);
  };
  for (let index = 0; index < 50; index++) b.scheduler.run(taker).catch(() => undefined);
  await until("members are seen", () => seenAt(a).length === 50);
  let frames = 0;
  const { outbound } = a.scheduler;
  const send = outbound.signal.bind(outbound);
  outbound.signal = (one) => {
    if (one.kind === "multicast") frames++;
    send(one);
  };
  a.caller.groups.publish(team, { n: 1 });
  await until("all got it", () => got.length === 50);
  expect(frames).toBe(1);
});

test("members of a group whose scheduler stands for nobody are dead letters nowhere: an empty group takes nothing", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  nodes.node("a").caller.groups.publish(team, "to nobody");
  await (nodes as LiveNodes<string>).expectNoLeaks();
});

test("a multicast for a service that is not here is a dead letter, and the session stays", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  a.scheduler.outbound.signal({
    kind: "multicast",
    from: undefined,
    node: b.name,
    service: 15,
    topic: "whatever",
    message: 1,
  });
  await until("it is counted", () => b.scheduler.deadLetterCounts().get("noproc") === 1);
  expect(a.isConnected(b)).toBe(true);
});

test("who came and went between two looks is told of as if nothing had been", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const heard: GroupChange[] = [];
  const watching = Promise.withResolvers<void>();
  const watcher = a.scheduler.run(async (context: Context<GroupChange>) => {
    context.groups.monitor(team as never);
    watching.resolve();
    for await (const change of context.messages()) heard.push(change);
  });
  watcher.catch(() => undefined);
  await watching.promise;
  const [stays, goes] = [start(b), start(b)];
  const { groups } = b.caller;
  // All of it within one slice, so that it arrives at once.
  groups.join(team, [goes, stays, goes]);
  groups.leave(team, [goes, goes]);
  await until("it is told", () => heard.length > 0);
  expect(heard.map(({ joined: came, left }) => [came.map(String), left.map(String)])).toEqual([
    [[String(stays)], []],
  ]);
  expect(seenAt(a)).toEqual([String(stays)]);
});
