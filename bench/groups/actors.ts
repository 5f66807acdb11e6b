/** The groups benchmark on five nodes of snow-node; what bench/peers/otp/groups.erl does. */
import { define, group, type Context, type Pid } from "snow-node";

const NODES = 5;
const ROUNDS = 3;
const PAIRS = 20_000;
const MEMBERS = 100_000;
const MESSAGES = 10;

const churn = group<never>("churn");
const marker = group<never>("marker");
const crowd = group<number>("crowd");

/** How many messages the members of this node have got, since it was last asked. */
let received = 0;

/** A member, for as long as it is not killed. */
const member = async (ctx: Context<number>): Promise<void> => {
  for await (const n of ctx.messages()) received += n;
};

/** Fills the crowd with so many members on this node. */
export const fill = define("fill", async (ctx: Context<never>, count: number) => {
  const pids = Array.from({ length: count }, () => ctx.spawn(member));
  ctx.groups.join(crowd, pids as Pid<number>[]);
  return process.memoryUsage().rss;
});

export const got = define("got", async () => received);

/** How many members of a group this node sees. */
export const count = define("count", async (ctx: Context<never>, name: string) => {
  return ctx.groups.members(group(name)).length;
});

async function until(ctx: Context<never>, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await ctx.sleep(1);
}

async function joinLeave(ctx: Context<never>, nodes: readonly string[]): Promise<number> {
  const from = performance.now();
  for (let pair = 0; pair < PAIRS; pair++) {
    ctx.groups.join(churn, ctx.self);
    ctx.groups.leave(churn, ctx.self);
    if (pair % 100 === 99) await ctx.sleep(0);
  }
  ctx.groups.join(marker, ctx.self);
  const seen = async (node: string): Promise<boolean> =>
    (await ctx.rpc(node, count, ["marker"])) === 1;
  for (const node of nodes) await until(ctx, () => seen(node));
  const ms = performance.now() - from;
  ctx.groups.leave(marker, ctx.self);
  for (const node of nodes) await until(ctx, async () => !(await seen(node)));
  return (PAIRS * 1000) / ms;
}

async function publish(ctx: Context<never>, nodes: readonly string[]): Promise<number> {
  const sum = async (): Promise<number> => {
    const all = await Promise.all(nodes.map((node) => ctx.rpc(node, got, [])));
    return all.reduce((total, one) => total + one, 0);
  };
  const before = await sum();
  const from = performance.now();
  for (let n = 0; n < MESSAGES; n++) ctx.groups.publish(crowd, 1);
  await until(ctx, async () => (await sum()) - before === MESSAGES * MEMBERS);
  return (MESSAGES * MEMBERS * 1000) / (performance.now() - from);
}

/** On a node that comes when the crowd is there: how long until it sees all of it. */
export const late = define("late", async (ctx: Context<never>) => {
  const from = performance.now();
  while (ctx.groups.members(crowd).length < MEMBERS) await ctx.sleep(5);
  report("groups.join_ms", performance.now() - from);
  report("end", 0);
});

const report = (measured: string, value: number): void =>
  console.log(JSON.stringify({ measured, value }));

export const main = define("main", async (ctx: Context<never>) => {
  await until(ctx, async () => ctx.node.list().length === NODES - 1);
  const others = ctx.node.list();
  const nodes = [ctx.node.name, ...others];
  for (let round = 0; round < ROUNDS; round++)
    report("groups.join_leave", await joinLeave(ctx, others));
  const rss = process.memoryUsage().rss;
  for (const node of others) await ctx.rpc(node, fill, [MEMBERS / NODES], { timeoutMs: 60_000 });
  await until(ctx, async () => ctx.groups.members(crowd).length === (MEMBERS / NODES) * 4);
  report("groups.bytes", (process.memoryUsage().rss - rss) / ctx.groups.members(crowd).length);
  await ctx.rpc(ctx.node.name, fill, [MEMBERS / NODES], { timeoutMs: 60_000 });
  for (const node of nodes)
    await until(ctx, async () => (await ctx.rpc(node, count, ["crowd"])) === MEMBERS);
  for (let round = 0; round < ROUNDS; round++) report("groups.publish", await publish(ctx, nodes));
  report("end", 0);
});
