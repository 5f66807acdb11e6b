/** A split of two nodes of snow-node, and how long it takes to heal; what bench/peers/otp/names.erl does as `heal`. */
import { define, type Context, type NodeDown, type NodeUp } from "snow-node";

import { drop, hold, isFree, range, report, until } from "./holders.ts";

export { drop };

const ROUNDS = 3;
const SIDE = 10_000;
const CONFLICTS = 100;
/** After the names of this side, those of the other may take this many times as long again. */
const OTHER_SIDE = 0.5;
const OTHER_SIDE_MS = 1_000;

const both = (round: number): string[] => range(`${round} both `, 0, CONFLICTS);
const ofSide = (round: number, node: string): string[] =>
  range(`${round} ${node} `, CONFLICTS, SIDE);

/** When this node had the names of its side. */
let heldAt = 0;

/** Registers a side's names when the other node is gone; the first hundred are those of the other too. */
export const side = define("side", async (ctx: Context<NodeUp | NodeDown>, round: number) => {
  heldAt = 0;
  ctx.monitorNodes(true);
  await ctx.receive("nodedown");
  const names = [...both(round), ...ofSide(round, ctx.node.name)];
  await hold(ctx as unknown as Context<never>, names);
  heldAt = Date.now();
});

export const whenHeld = define("whenHeld", async () => heldAt);

/** Who this node finds under the names of both sides, if it finds anybody under each name of either. */
export const seen = define("seen", async (ctx: Context<never>, round: number, other: string) => {
  const sides = [...ofSide(round, ctx.node.name), ...ofSide(round, other)];
  if (sides.some((name) => ctx.global.whereis(name) === undefined)) return "";
  return both(round)
    .map((name) => String(ctx.global.whereis(name)))
    .join();
});

async function heal(ctx: Context<never>, other: string, round: number): Promise<number> {
  const here = ctx.node.name;
  await ctx.spawnOn(other, side, [round]);
  await ctx.spawnOn(here, side, [round]);
  const parted = performance.now();
  ctx.node.disconnect(other);
  await until(ctx, () => heldAt > 0);
  await ctx.sleep((performance.now() - parted) * OTHER_SIDE + OTHER_SIDE_MS);
  const connectedAt = Date.now();
  const from = performance.now();
  await ctx.node.connect(process.env["BENCH_SEED"]!);
  await until(ctx, async () => {
    const ours = await ctx.rpc(here, seen, [round, other]);
    return ours !== "" && ours === (await ctx.rpc(other, seen, [round, here]));
  });
  const ms = performance.now() - from;
  const theirs = await ctx.rpc(other, whenHeld, []);
  if (theirs === 0 || theirs > connectedAt) throw new Error("the other side was not ready");
  return ms;
}

export const main = define("main", async (ctx: Context<never>) => {
  await until(ctx, () => ctx.node.list().length === 1);
  const [other] = ctx.node.list() as [string];
  for (let round = 0; round < ROUNDS; round++) {
    report("names.heal_ms", await heal(ctx, other, round));
    for (const node of [ctx.node.name, other]) await ctx.rpc(node, drop, []);
    const names = [ctx.node.name, other].flatMap((node) => ofSide(round, node));
    await until(ctx, () => isFree(ctx, [...both(round), ...names]));
  }
  report("end", 0);
});
