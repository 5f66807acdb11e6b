/** The names benchmark on five nodes of snow-node; what bench/peers/otp/names.erl does as `crowd`. */
import { define, type Context } from "snow-node";

import { drop, hold, isFree, measure, range, report, until } from "./holders.ts";

export { drop };

const NODES = 5;
const AT_ONCE = 1_000;

async function registerAtOnce(ctx: Context<never>, round: number): Promise<number> {
  const names = range(`once ${round} `, 0, AT_ONCE);
  const from = performance.now();
  await hold(ctx, names);
  const rate = (AT_ONCE * 1000) / (performance.now() - from);
  await ctx.rpc(ctx.node.name, drop, []);
  await until(ctx, () => isFree(ctx, names));
  return rate;
}

export const main = define("main", async (ctx: Context<never>) => {
  await until(ctx, () => ctx.node.list().length === NODES - 1);
  await measure("names.register_concurrent", (round) => registerAtOnce(ctx, round));
  report("end", 0);
});
