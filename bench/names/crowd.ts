/** The names benchmark on five nodes of snow-node; what bench/peers/otp/names.erl does on five. */
import { define, type Context } from "snow-node";

import { count, fill, hold, range, report, until } from "./holders.ts";

export { count, fill };

const NODES = 5;
const ROUNDS = 5;
const AT_ONCE = 1_000;
const STORED = 100_000;

async function registerAtOnce(ctx: Context<never>, round: number): Promise<number> {
  const from = performance.now();
  const pids = await hold(ctx, range(`once ${round} `, 0, AT_ONCE));
  const rate = (AT_ONCE * 1000) / (performance.now() - from);
  for (const pid of pids) ctx.sendExit(pid, "kill");
  await until(ctx, async () => (await ctx.global.names()).length === 0);
  return rate;
}

/** On a node that comes when the names are there: how long until it knows them all. */
export const late = define("late", async (ctx: Context<never>) => {
  const from = performance.now();
  while ((await ctx.global.names()).length < STORED) await ctx.sleep(5);
  report("names.join_ms", performance.now() - from);
  report("end", 0);
});

export const main = define("main", async (ctx: Context<never>) => {
  await until(ctx, async () => ctx.node.list().length === NODES - 1);
  for (let round = 0; round < ROUNDS; round++)
    report("names.register_concurrent", await registerAtOnce(ctx, round));
  const nodes = [ctx.node.name, ...ctx.node.list()];
  for (const node of nodes) {
    await ctx.rpc(node, fill, [`${node} `, STORED / NODES], { timeoutMs: 120_000 });
  }
  report("end", 0);
});
