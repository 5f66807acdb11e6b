import { expect } from "bun:test";

import { define, group, type Context, type GroupChange, type Pid } from "snow-node";

import { dismiss, failure, puppet } from "./actors.ts";
import type { Any, Scenario, Tester } from "./scenario.ts";

const SCOPE = "conformance";
const named = (name: string): Any => group<Any>(name, SCOPE);

/** A process of groups: joins, leaves, publishes and looks as it is told; hands on what is published. */
export const member = define(
  "conformance.member",
  async (ctx: Context<Any>, names: string[], to: Pid<Any>) => {
    for (const name of names) ctx.groups.join(named(name), ctx.self);
    ctx.send(to, { type: "joined", from: ctx.self });
    for await (const message of ctx.messages()) {
      switch (message.type) {
        case "join":
          ctx.groups.join(named(message.name), ctx.self);
          break;
        case "leave":
          ctx.groups.leave(named(message.name), ctx.self);
          break;
        case "publish":
          for (let n = 0; n < message.count; n++)
            ctx.groups.publish(named(message.name), { type: "news", n, by: ctx.self });
          break;
        case "look":
          ctx.send(message.replyTo, ctx.groups.members(named(message.name)).map(String));
          break;
        case "pick":
          ctx.send(message.replyTo, String(ctx.groups.pick(named(message.name), message.options)));
          break;
        case "done":
          ctx.send(message.replyTo, true);
          break;
        case "exit":
          ctx.exit(message.reason);
          break;
        default:
          ctx.send(to, { ...message, at: ctx.self });
      }
    }
  },
);

/** Starts a member and waits until it has joined. */
async function startMember(ctx: Tester, where: Any, ...names: string[]): Promise<Pid<Any>> {
  const pid: Any = await ctx.spawnOn(where, member, [names, ctx.self] as Any);
  await ctx.receive((message: Any) => message.type === "joined" && message.from === pid);
  return pid;
}

/** Waits until a group has these members, here and where `far` is. */
async function membersAre(
  ctx: Tester,
  far: Pid<Any>,
  name: string,
  pids: readonly Pid[],
): Promise<void> {
  const wanted = pids.map(String).toSorted();
  for (;;) {
    const here = ctx.groups.members(named(name)).map(String).toSorted();
    // oxlint-disable-next-line no-await-in-loop -- looks again and again
    const there = (await ctx.call(far, { type: "look", name } as Any)) as Any as string[];
    if (Bun.deepEquals(here, wanted) && Bun.deepEquals(there.toSorted(), wanted)) return;
    // oxlint-disable-next-line no-await-in-loop -- looks again and again
    await ctx.sleep(1);
  }
}

/** A process that watches a scope and says what it hears. */
const watcher = async (context: Context<Any>, to: Pid<Any>, what: Any): Promise<void> => {
  const ctx = context as unknown as Context<GroupChange>;
  const { ref, members } = ctx.groups.monitor(what as never);
  ctx.send(to, { type: "snapshot", members: Object.fromEntries(members) });
  for await (const message of ctx.messages()) {
    if ((message as Any).type === "stop") break;
    const { group: name, joined, left } = message;
    expect(message.ref.toString()).toBe(ref.toString());
    ctx.send(to, { type: "change", name, joined, left });
  }
  ctx.groups.demonitor(ref);
  ctx.send(to, { type: "stopped" });
  await (ctx as Any).receive("never");
};

export const groups: Scenario[] = [
  {
    name: "PG-02 PG-10 a member is seen everywhere, and nowhere once it has left or ended",
    run: async (ctx, { far }) => {
      const [a, b] = [await startMember(ctx, far, "g"), await startMember(ctx, far, "g", "h")];
      ctx.groups.join(named("g"), ctx.self);
      expect(ctx.groups.localMembers(named("g"))).toContain(ctx.self);
      await membersAre(ctx, a, "g", [a, b, ctx.self]);
      ctx.send(a, { type: "leave", name: "g" });
      await membersAre(ctx, a, "g", [b, ctx.self]);
      ctx.send(b, { type: "exit", reason: "normal" });
      await membersAre(ctx, a, "g", [ctx.self]);
      ctx.groups.leave(named("g"), ctx.self);
      await membersAre(ctx, a, "g", []);
      await membersAre(ctx, a, "h", []);
      expect(ctx.groups.which(SCOPE)).toEqual([]);
      await dismiss(ctx, a);
    },
  },
  {
    name: "PG-03 a process of another node cannot be joined, nor a list with one in it",
    run: async (ctx, { far, farNode }) => {
      const pid = await ctx.spawnOn(far, puppet, []);
      const join = async (): Promise<void> => ctx.groups.join(named("g"), [ctx.self, pid] as Any);
      if (farNode === ctx.node.name) {
        await join();
        const other = await startMember(ctx, far);
        await membersAre(ctx, other, "g", [ctx.self, pid]);
        ctx.groups.leave(named("g"), [ctx.self, pid]);
        await membersAre(ctx, other, "g", []);
        await dismiss(ctx, other);
      } else {
        expect((await failure(join())).code).toBe("not_an_owner");
        expect(ctx.groups.members(named("g"))).toEqual([]);
      }
      await dismiss(ctx, pid);
    },
  },
  {
    name: "PG-04 leaving and ending at once, 100 times, leaves nothing",
    run: async (ctx, { far }) => {
      const looker = await startMember(ctx, far);
      for (let round = 0; round < 100; round++) {
        // oxlint-disable-next-line no-await-in-loop -- one round after the other
        const pid = await startMember(ctx, far, "race");
        ctx.send(pid, { type: "leave", name: "race" });
        ctx.sendExit(pid, "kill");
      }
      await membersAre(ctx, looker, "race", []);
      await dismiss(ctx, looker);
    },
  },
  {
    name: "a process that joins twice is in it twice, gets a message once, and has to leave twice",
    run: async (ctx, { far }) => {
      const pid = await startMember(ctx, far, "twice", "twice");
      await membersAre(ctx, pid, "twice", [pid, pid]);
      ctx.groups.publish(named("twice"), { type: "news", n: 0 });
      ctx.send(pid, { type: "leave", name: "twice" });
      await membersAre(ctx, pid, "twice", [pid]);
      expect(await ctx.receive("news")).toMatchObject({ n: 0, at: pid });
      expect(await ctx.receive("news", { timeoutMs: 0 })).toBeUndefined();
      ctx.send(pid, { type: "leave", name: "twice" });
      await membersAre(ctx, pid, "twice", []);
      await dismiss(ctx, pid);
    },
  },
  {
    name: "PG-19 what is published reaches each member once, in the order of its publisher, which may be among them",
    run: async (ctx, { far }) => {
      const pids = [
        await startMember(ctx, far, "pub"),
        await startMember(ctx, far, "pub"),
        await startMember(ctx, { scheduler: 1 }, "pub"),
      ];
      const publisher = await startMember(ctx, far);
      await membersAre(ctx, publisher, "pub", pids);
      const COUNT = 200;
      ctx.send(publisher, { type: "publish", name: "pub", count: COUNT });
      for (let n = 0; n < COUNT; n++)
        ctx.groups.publish(named("pub"), { type: "news", n, by: ctx.self });
      const next = new Map<string, number>();
      for (let got = 0; got < 2 * COUNT * pids.length; got++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const news = (await ctx.receive("news")) as Any;
        const pair = `${String(news.by)} ${String(news.at)}`;
        expect(news.n).toBe(next.get(pair) ?? 0);
        next.set(pair, news.n + 1);
      }
      expect(next.size).toBe(2 * pids.length);
      expect(await ctx.receive("news", { timeoutMs: 0 })).toBeUndefined();
      await dismiss(ctx, ...pids, publisher);
    },
  },
  {
    name: "PG-15 PG-16 who monitors a scope gets what is, then every change, until it says enough",
    run: async (ctx, { far }) => {
      const first = await startMember(ctx, far, "old");
      await membersAre(ctx, first, "old", [first]);
      const pid = ctx.spawn(watcher as Any, [ctx.self, { scope: SCOPE }] as Any) as Pid<Any>;
      expect(((await ctx.receive("snapshot")) as Any).members).toEqual({ old: [first] });
      const second = await startMember(ctx, far, "new");
      const change = (): Promise<Any> => ctx.receive("change") as Promise<Any>;
      expect(await change()).toMatchObject({ name: "new", joined: [second], left: [] });
      ctx.send(first, { type: "exit", reason: "normal" });
      expect(await change()).toMatchObject({ name: "old", joined: [], left: [first] });
      ctx.send(pid, { type: "stop" });
      await ctx.receive("stopped");
      ctx.send(second, { type: "leave", name: "new" });
      await membersAre(ctx, second, "new", []);
      expect(await ctx.receive("change", { timeoutMs: 0 })).toBeUndefined();
      await dismiss(ctx, pid, second);
    },
  },
  {
    name: "PG-16 a member that watches its own group and ends leaves nothing behind",
    run: async (ctx, { far }) => {
      const looker = await startMember(ctx, far);
      const both = async (own: Context<Any>): Promise<void> => {
        own.groups.join(named("self"), own.self);
        (own as unknown as Context<GroupChange>).groups.monitor(named("self") as never);
        own.send(ctx.self, { type: "watching" });
        await own.receive("never");
      };
      const pid = ctx.spawn(both as Any, [] as Any) as Pid<Any>;
      await ctx.receive("watching");
      await membersAre(ctx, looker, "self", [pid]);
      ctx.sendExit(pid, "kill");
      await membersAre(ctx, looker, "self", []);
      await dismiss(ctx, looker);
    },
  },
  {
    name: "a key picks the same member wherever it is asked for",
    run: async (ctx, { far }) => {
      const pids = [
        await startMember(ctx, far, "pick"),
        await startMember(ctx, far, "pick"),
        await startMember(ctx, { scheduler: 1 }, "pick"),
      ];
      const [asked] = pids as [Pid<Any>, ...Pid<Any>[]];
      await membersAre(ctx, asked, "pick", pids);
      for (let key = 0; key < 20; key++) {
        const options = { key: `key ${key}` };
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const there = await ctx.call(asked, { type: "pick", name: "pick", options } as Any);
        expect(String(ctx.groups.pick(named("pick"), options))).toBe(there as Any);
      }
      expect(pids).toContain(ctx.groups.pick(named("pick")) as Any);
      expect(ctx.groups.pick(named("empty"))).toBeUndefined();
      await obeyedAll(ctx, pids);
      await dismiss(ctx, ...pids);
    },
  },
];

async function obeyedAll(ctx: Tester, pids: readonly Pid<Any>[]): Promise<void> {
  for (const pid of pids)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await ctx.call(pid, { type: "done" } as Any);
}
