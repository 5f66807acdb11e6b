/** What both benchmarks of names are made of. */
import { define, type Context, type NameConflict, type Pid } from "snow-node";

export type Idle = Context<NameConflict>;

export const report = (measured: string, value: number): void =>
  console.log(JSON.stringify({ measured, value }));

export async function until(ctx: Context<never>, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await ctx.sleep(1);
}

/** Lives until it is killed. */
const holder = async (ctx: Idle): Promise<void> => {
  for (;;) await ctx.receive();
};

/** Registers so many names, each for a process of its own, all at once. */
export async function hold(
  ctx: Context<never>,
  names: readonly string[],
): Promise<readonly Pid<never>[]> {
  const pids = names.map(() => ctx.spawn(holder));
  await Promise.all(
    pids.map((pid, index) => ctx.global.register(names[index]!, pid, { timeoutMs: 60_000 })),
  );
  return pids;
}

export const range = (prefix: string, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_none, index) => `${prefix}${from + index}`);

/** Registers names on this node. */
export const fill = define("fill", async (ctx: Context<never>, prefix: string, count: number) => {
  await hold(ctx, range(prefix, 0, count));
});

/** How many names this node knows. */
export const count = define("count", async (ctx: Context<never>) => {
  return (await ctx.global.names()).length;
});

/** Who this node finds under each of the names. */
export const found = define("found", async (ctx: Context<never>, names: readonly string[]) =>
  names.map((name) => String(ctx.global.whereis(name))),
);
