/** The names benchmark on two nodes of snow-node; what bench/peers/otp/names.erl does on two. */
import { define, type Context, type NodeDown, type NodeUp } from "snow-node";

import { count, fill, found, hold, range, report, until } from "./holders.ts";

export { count, fill, found };

const ROUNDS = 3;
const PAIRS = 1_000;
const LOOKS = 5_000_000;
const SIDE = 10_000;
const CONFLICTS = 100;
/** More than the other side needs for its names, whose end cannot be seen from here. */
const SPLIT_MS = 4_000;
const STORED = 50_000;

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

/** The names of one side: the first hundred are those of the other too. */
const sideOf = (node: string): string[] => [
  ...range("both ", 0, CONFLICTS),
  ...range(`${node} `, CONFLICTS, SIDE),
];

/** Registers a side's names when the other node is gone. */
export const side = define("side", async (ctx: Context<NodeUp | NodeDown>) => {
  ctx.monitorNodes(true);
  await ctx.receive("nodedown");
  await hold(ctx as unknown as Context<never>, sideOf(ctx.node.name));
  await ctx.sleep(600_000);
});

async function heal(ctx: Context<never>, other: string): Promise<number> {
  await ctx.spawnOn(other, side, []);
  await ctx.spawnOn(ctx.node.name, side, []);
  const before = (await ctx.global.names()).length;
  ctx.node.disconnect(other);
  await ctx.sleep(SPLIT_MS);
  const both = range("both ", 0, CONFLICTS);
  const wanted = before + 2 * SIDE - CONFLICTS;
  const from = performance.now();
  await ctx.node.connect(other);
  await until(ctx, async () => {
    if ((await ctx.global.names()).length !== wanted) return false;
    if ((await ctx.rpc(other, count, [])) !== wanted) return false;
    const there = await ctx.rpc(other, found, [both]);
    return both.every((name, index) => there[index] === String(ctx.global.whereis(name)));
  });
  return performance.now() - from;
}

export const main = define("main", async (ctx: Context<never>) => {
  await until(ctx, async () => ctx.node.list().length === 1);
  const [other] = ctx.node.list() as [string];
  for (let round = 0; round < ROUNDS; round++) report("names.register", await registerInTurn(ctx));
  await hold(ctx, range("look ", 0, 16));
  for (let round = 0; round < ROUNDS; round++) report("names.whereis", whereis(ctx));
  report("names.heal_ms", await heal(ctx, other));
  Bun.gc(true);
  const rss = process.memoryUsage().rss;
  await ctx.rpc(other, fill, ["stored ", STORED], { timeoutMs: 60_000 });
  report("names.bytes", (process.memoryUsage().rss - rss) / STORED);
  report("end", 0);
});
