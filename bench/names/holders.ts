/** What the benchmarks of names are made of. */
import { define, type Context, type NameConflict, type Pid } from "snow-node";

type Idle = Context<NameConflict>;

export const report = (measured: string, value: number): void =>
  console.log(JSON.stringify({ measured, value }));

/**
 * Rounds that are not measured: a node runs for weeks, and its code is compiled within the first seconds. The other side,
 * which compiles when it loads, has a few as well.
 */
const WARM_UP = 10;
const ROUNDS = 5;

/** Reports what each round measures. */
export async function measure(
  name: string,
  round: (number: number) => Promise<number>,
): Promise<void> {
  for (let number = -WARM_UP; number < ROUNDS; number++) {
    const value = await round(number);
    if (number >= 0) report(name, value);
  }
}

/** Looks as often as it can without being in the way of what it waits for. */
export async function until(
  ctx: Context<never>,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  while (!(await holds())) await ctx.sleep(2);
}

/** Lives until it is killed. */
const holder = async (ctx: Idle): Promise<void> => {
  for (;;) await ctx.receive();
};

/** The holders on this node, until they are dropped. */
let held: readonly Pid<never>[] = [];

/** Registers so many names, each for a process of its own, all at once. */
export async function hold(ctx: Context<never>, names: readonly string[]): Promise<void> {
  const pids = names.map(() => ctx.spawn(holder));
  held = [...held, ...pids];
  await Promise.all(
    pids.map((pid, index) => ctx.global.register(names[index]!, pid, { timeoutMs: 60_000 })),
  );
}

/** Ends all holders of this node. */
export const drop = define("drop", async (ctx: Context<never>) => {
  for (const pid of held) ctx.sendExit(pid, "kill");
  held = [];
});

export const range = (prefix: string, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_none, index) => `${prefix}${from + index}`);

/** Registers names on this node. */
export const fill = define("fill", async (ctx: Context<never>, prefix: string, count: number) => {
  await hold(ctx, range(prefix, 0, count));
});

export const isFree = (ctx: Context<never>, names: readonly string[]): boolean =>
  names.every((name) => ctx.global.whereis(name) === undefined);
