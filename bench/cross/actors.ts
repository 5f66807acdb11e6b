/** The far ends of the cross-scheduler benchmarks: the module that both schedulers load. */
import { define, type Context, type Pid } from "../../src/index.ts";

/** Sends each number back, plus one. */
export const echo = define(
  "bench.cross.echo",
  async (ctx: Context<{ n: number }>, to: Pid<{ n: number }>) => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- a receive loop
      const { n } = await ctx.receive();
      ctx.send(to, { n: n + 1 });
    }
  },
);

/** Adds up as many messages as it is told and sends the sum. */
export const sink = define(
  "bench.cross.sink",
  async (ctx: Context<{ type: "add"; by: number }>, to: Pid<{ sum: number }>, count: number) => {
    let sum = 0;
    for (let taken = 0; taken < count; taken++) {
      // oxlint-disable-next-line no-await-in-loop -- a receive loop
      sum += (await ctx.receive()).by;
    }
    ctx.send(to, { sum });
  },
);
