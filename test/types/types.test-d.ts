/* oxlint-disable no-unused-expressions, no-unused-vars, typescript/consistent-type-imports -- types are what is tested */
import * as s from "snow-node";
import {
  define,
  defineServer,
  defineSupervisor,
  child,
  named,
  startNode,
  stop,
  fail,
  reply,
  struct,
  type Node,
  Down,
  Exit,
  NodeDown,
  type Context,
  type Pid,
  type From,
  type PidOf,
  type PlacementView,
} from "snow-node";

type CounterMessage =
  | { type: "add"; by: number }
  | { type: "read"; replyTo: Pid<number> }
  | { type: "name"; of: string; replyTo: Pid<string> };
export const counter = define("counter", async (ctx: Context<CounterMessage>, start: number) => {
  let value = start;
  for await (const message of ctx.messages()) {
    switch (message.type) {
      case "add":
        value += message.by;
        break;
      case "read":
        ctx.send(message.replyTo, value);
        break;
      case "name":
        ctx.send(message.replyTo, "x");
        break;
    }
  }
});
export const fork = define(
  "fork",
  async (ctx: Context<Down | { n: 1 }>, depth: number): Promise<number> => {
    const pid = ctx.spawn(fork, [depth - 1]);
    ctx.monitor(pid);
    ctx.send(pid, { n: 1 });
    // @ts-expect-error Down cannot be forged
    ctx.send(pid, new Down());
    (await ctx.receive((m) => m instanceof Down)) satisfies Down;
    const t = await ctx.receive({ timeoutMs: 1 });
    (await ctx.receive("down")) satisfies Down;
    (await ctx.receive("down", { timeoutMs: 0 })) satisfies Down | undefined;
    // @ts-expect-error no such message
    await ctx.receive("dwn");
    if (t === undefined) ctx.exit("normal");
    // @ts-expect-error Exit is not listed
    ctx.trapExit(true);
    // @ts-expect-error cannot send to own pid a wrong message
    ctx.send(ctx.self, { n: 2 });
    return depth;
  },
);
export const noDown = define("noDown", async (ctx: Context<never>) => {
  // @ts-expect-error Down is not listed
  ctx.monitor(ctx.self);
  // @ts-expect-error
  ctx.spawnMonitor(counter, [0]);
  // @ts-expect-error Down is not listed
  await ctx.spawnOn("b@host", counter, [0], { monitor: true });
});
export const main = define("main", async (ctx: Context<Down | Exit | NodeDown>) => {
  const c = ctx.spawn(counter, [0]);
  ctx.spawnLink(counter, [0], { name: "main" });
  const { pid, ref } = ctx.spawnMonitor(counter, [0]);
  pid satisfies PidOf<typeof counter>;
  ctx.demonitor(ref);
  ctx.spawn(noDown);
  // @ts-expect-error
  ctx.spawn(counter);
  // @ts-expect-error
  ctx.spawn(counter, ["0"]);
  ctx.send(c, { type: "add", by: 1 });
  // @ts-expect-error
  ctx.send(c, { type: "add", by: "1" });
  const n: number = await ctx.call(
    c,
    { type: "read" },
    { timeoutMs: 100, signal: AbortSignal.timeout(5) },
  );
  n satisfies number;
  (await ctx.call(c, { type: "name", of: "x" })) satisfies string;
  // @ts-expect-error not a request
  await ctx.call(c, { type: "add", by: 1 });
  (await ctx.spawnOn("b@host", counter, [0])) satisfies PidOf<typeof counter>;
  (await ctx.spawnOn<typeof counter>("b@host", "counter", [0])) satisfies PidOf<typeof counter>;
  (await ctx.spawnOn("b@host", "counter", [0])) satisfies Pid<unknown>;
  const r4 = await ctx.spawnOn({ scheduler: "spread" }, account, [100]);
  await account.client(ctx, r4).balance();
  // @ts-expect-error
  await ctx.spawnOn("b@host", counter, ["x"]);
  (await ctx.rpc("b@host", fork, [1])) satisfies number;
  const far = await ctx.spawnOn("b@host", counter, [0], { monitor: true });
  far.pid satisfies PidOf<typeof counter>;
  ctx.demonitor(far.ref);
  // @ts-expect-error
  await ctx.spawnOn("b@host", counter, ["x"], { monitor: true });
  const silent = define("silent", async (_ctx: Context<never>, text: string) => text.length);
  (await ctx.rpc("b@host", silent, ["x"])) satisfies number;
  // @ts-expect-error
  await ctx.rpc("b@host", silent, [1]);
  (await ctx.multiRpc(["b@host"], silent, ["x"])) satisfies PromiseSettledResult<number>[];
  const main = named(counter, "main");
  ctx.whereis(main) satisfies PidOf<typeof counter> | undefined;
  ctx.send(main, { type: "add", by: 1 });
  ctx.send({ name: main, node: "b@host" }, { type: "add", by: 1 });
  // @ts-expect-error
  ctx.send({ name: main, node: "b@host" }, { type: "ad", by: 1 });
  ctx.send("main", { anything: true });
  // @ts-expect-error: this process does not take CounterMessage
  ctx.register(main);
  ctx.register("plain");
  const m = await ctx.receive();
  switch (m.type) {
    case "down":
      m.ref;
      break;
    case "exit":
      m.from;
      break;
    case "nodedown":
      m.node;
      break;
    default:
      m satisfies never;
  }
  // capability narrowing and top type
  c satisfies Pid<{ type: "add"; by: number }>;
  c satisfies Pid;
  // @ts-expect-error
  addOnly satisfies PidOf<typeof counter>;
});

type Tick = { type: "tick" };
export const account = defineServer("account", {
  terminate: (ctx, reason) => {
    ctx.state.balance;
  },
  calls: {
    deposit: (ctx, amount: number) => (ctx.state.balance += amount),
    balance: (ctx) => ctx.state.balance,
    withdraw: (ctx, amount: number) => {
      if (amount > ctx.state.balance)
        return fail("insufficient_funds", { balance: ctx.state.balance });
      return (ctx.state.balance -= amount);
    },
    next: (ctx) => {
      const from = ctx.from<number>();
      ctx.state.waiting.push(from);
      return from;
    },
    quit: (_ctx) => stop("normal", "bye"),
    slow: async (_ctx, a: string, _b?: number) => a,
  },
  casts: {
    close: () => stop("normal"),
    poke: (ctx, n: number) => {
      ctx.state = { ...ctx.state, balance: n };
      for (const f of ctx.state.waiting) reply(f, 1);
    },
  },
  info: (ctx, message) => {
    if (message.type === "down") message.ref;
    else ctx.send(ctx.self, { type: "tick" });
  },
  init: (ctx: Context<Down | Tick>, opening: number) => ({
    balance: opening,
    waiting: new Array<From<number>>(),
  }),
});
export const quick = defineServer("quick", {
  init: (_ctx, n: number) => ({ n }),
  calls: { get: (ctx) => ctx.state.n },
});

export const bad = defineServer("bad", {
  init: () => 0,
  calls: { close: () => 1 },
  // @ts-expect-error same name in calls and casts
  casts: { close: () => stop("normal") },
});
export async function http(node: Node, pid: PidOf<typeof account>) {
  const acme = account.client(node, pid, { timeoutMs: 500 });
  (await acme.deposit(1)) satisfies number;
  (await acme.next()) satisfies number;
  (await acme.quit()) satisfies string;
  (await acme.withdraw(1)) satisfies number;
  acme.close();
  acme.poke(3);
  // @ts-expect-error
  await acme.deposit("1");
  const byName = account.client(node, { name: "acme", node: "b@host" });
  (await byName.slow("a")) satisfies string;
  const p = await account.start(node, [100], { on: "b@host", link: true, name: "acme" });
  p satisfies PidOf<typeof account>;
  // @ts-expect-error
  await account.start(node);
  // @ts-expect-error
  account.client(node, undefined as unknown as PidOf<typeof counter>);
  pid satisfies Pid<s.CallMessage<"deposit", [amount: number], number>>;
}
export const app = defineSupervisor("app", {
  strategy: "one_for_one",
  children: (shards: number) => [
    child({ id: "acme", start: account, args: [100], restart: "permanent", shutdownMs: 5_000 }),
    child({
      id: "c",
      start: counter,
      args: [shards],
      on: ["b@host", "c@host"],
      onNodeDown: "move",
    }),
    // @ts-expect-error wrong args
    child({ id: "c", start: counter, args: ["x"] }),
    ...["u"].map((id) => child({ id, start: account, args: [1] })),
  ],
});
const chooser = define("chooser", async (_ctx: Context<never>, { nodes }: PlacementView) => nodes);
child({ id: "d", start: account, args: [1], on: chooser });
child({ id: "e", start: account, args: [1], on: ({ last, nodes }) => last ?? nodes });
// @ts-expect-error -- a placement names nodes
child({ id: "f", start: account, args: [1], on: ({ nodes }) => nodes.length });
// @ts-expect-error -- counter takes a number, not a view
child({ id: "g", start: account, args: [1], on: counter });
child({ id: "app", start: app, args: [3] });
class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
struct("money", Money, {
  version: 1,
  encode: (m) => [m.cents] as const,
  decode: ([c]) => new Money(c),
});
export async function embed() {
  await using node = await startNode({ name: "a@127.0.0.1:0", schedulers: "inline" });
  const x = await node.run(async (ctx) => {
    const pid = ctx.spawn(counter, [0]);
    return ctx.call(pid, { type: "read" });
  });
  x satisfies number;
  const y = await node.run(async (ctx: Context<Down>) => {
    ctx.monitor(ctx.self);
    return 1;
  });
  y satisfies number;
  const pid = undefined as unknown as PidOf<typeof counter>;
  (await node.call(pid, { type: "read" })) satisfies number;
}
