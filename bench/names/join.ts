/** Five nodes of snow-node with many names and memberships, and a sixth that comes: measured beside nothing. */
import { define, group, type Context } from "snow-node";

import { fill, range, report, until } from "./holders.ts";

export { fill };

const NODES = 5;
const NAMES = 100_000;
const GROUPS = 100;
/** Of each node in each group: as many memberships as names. */
const SHARE = NAMES / GROUPS / NODES;

const crowds = range("crowd ", 0, GROUPS).map((name) => group<never>(name));

const member = async (ctx: Context<never>): Promise<void> => {
  for (;;) await ctx.receive();
};

/** Members of this node for every group. */
export const join = define("join", async (ctx: Context<never>) => {
  for (const crowd of crowds)
    ctx.groups.join(
      crowd,
      Array.from({ length: SHARE }, () => ctx.spawn(member)),
    );
});

/** Waits for the names and the members in their order: none goes once it is there. */
async function untilAllSeen(ctx: Context<never>, names: readonly string[]): Promise<void> {
  let known = 0;
  await until(ctx, () => {
    while (known < NAMES && ctx.global.whereis(names[known]!) !== undefined) known++;
    return known === NAMES;
  });
  let complete = 0;
  await until(ctx, () => {
    while (complete < GROUPS && ctx.groups.members(crowds[complete]!).length === SHARE * NODES)
      complete++;
    return complete === GROUPS;
  });
}

const letters = ["a", "b", "c", "d", "e"];
const allNames = (): string[] =>
  letters.flatMap((letter) => range(`${letter}@127.0.0.1 `, 0, NAMES / NODES));

/** On a node that comes when all is there: from the start of its program until it knows it. */
export const late = define("late", async (ctx: Context<never>) => {
  await untilAllSeen(ctx, allNames());
  report("names.join_ms", Date.now() - Number(process.env["BENCH_STARTED_AT"]));
  report("end", 0);
});

export const main = define("main", async (ctx: Context<never>) => {
  await until(ctx, () => ctx.node.list().length === NODES - 1);
  for (const node of [ctx.node.name, ...ctx.node.list()]) {
    await ctx.rpc(node, fill, [`${node} `, NAMES / NODES], { timeoutMs: 60_000 });
    await ctx.rpc(node, join, []);
  }
  await untilAllSeen(ctx, allNames());
  report("end", 0);
});
