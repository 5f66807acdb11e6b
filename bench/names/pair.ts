/** The names benchmark on two nodes of snow-node; what bench/peers/otp/names.erl does as `pair`. */
import { define, type Context } from "snow-node";

import { drop, fill, hold, measure, range, report, until } from "./holders.ts";

export { drop, fill };

const ROUNDS = 5;
const PAIRS = 1_000;
const LOOKS = 5_000_000;
const STORED = 50_000;
/** Names before those that are weighed: what the first ones grow is there already. */
const BALLAST = 25_000;
/** Readings of the memory, of which the lowest counts: between collections it is anything. */
const READINGS = 30;
const READING_MS = 100;

async function registerInTurn(ctx: Context<never>): Promise<number> {
  const from = performance.now();
  for (let pair = 0; pair < PAIRS; pair++) {
    await ctx.global.register("turn", ctx.self);
    await ctx.global.unregister("turn");
  }
  return (PAIRS * 1000) / (performance.now() - from);
}

function whereis(ctx: Context<never>): number {
  const names = range("look ", 0, 16);
  const from = performance.now();
  let seen = 0;
  for (let look = 0; look < LOOKS; look++) {
    if (ctx.global.whereis(names[look & 15]!) !== undefined) seen++;
  }
  if (seen !== LOOKS) throw new Error("a name is missing");
  return (LOOKS * 1000) / (performance.now() - from);
}

async function settledRss(ctx: Context<never>): Promise<number> {
  let lowest = Infinity;
  for (let reading = 0; reading < READINGS; reading++) {
    Bun.gc(true);
    lowest = Math.min(lowest, process.memoryUsage().rss);
    await ctx.sleep(READING_MS);
  }
  return lowest;
}

export const main = define("main", async (ctx: Context<never>) => {
  await until(ctx, () => ctx.node.list().length === 1);
  const [other] = ctx.node.list() as [string];
  await measure("names.register", () => registerInTurn(ctx));
  await hold(ctx, range("look ", 0, 16));
  for (let round = 0; round < ROUNDS; round++) report("names.whereis", whereis(ctx));
  await ctx.rpc(other, fill, ["ballast ", BALLAST], { timeoutMs: 60_000 });
  const before = await settledRss(ctx);
  await ctx.rpc(other, fill, ["stored ", STORED], { timeoutMs: 60_000 });
  report("names.bytes", ((await settledRss(ctx)) - before) / STORED);
  report("end", 0);
});
