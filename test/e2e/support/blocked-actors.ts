/** What runs on two nodes while a scheduler of one of them does not run at all. */
import { define, LaneFullError, type Context, type Pid } from "snow-node";

type Numbered = { readonly n: number; readonly filler: Uint8Array };
type Last = { readonly last: Pid<Total> };
type Go = { readonly type: "go" };
type Total = { readonly type: "total"; readonly count: number; readonly broken: number };

/** How a sender finds out that it is to wait: it asks, it receives, or it does not care. */
export type Manner = "ready" | "receive" | "greedy";

/** Blocks its scheduler's thread for so long: nothing on it runs, no I/O either. */
export const block = define("block", async (ctx: Context<never>, forMs: number) => {
  ctx.log.info("blocking", {});
  // The line has to leave this thread before it stops.
  await ctx.sleep(50);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
  ctx.log.info("back", {});
});

/** Counts what one sender sends it. */
export const taker = define("taker", async (ctx: Context<Numbered | Last>) => {
  let [next, broken] = [0, 0];
  for await (const message of ctx.messages()) {
    if ("last" in message) ctx.send(message.last, { type: "total", count: next, broken });
    else {
      if (message.n !== next) broken++;
      next = message.n + 1;
    }
  }
});

const FILLER_BYTES = 2_000;
const GREEDY_BYTES = 60_000;

/** Sends for so long and then asks what arrived. The receiver is on scheduler 1 of the other node. */
export const giver = define(
  "giver",
  async (ctx: Context<Total | Go>, manner: Manner, node: string, forMs: number) => {
    const to = await ctx.spawnOn<typeof taker>({ node, scheduler: 1 }, "taker", []);
    ctx.log.info("giving", { manner });
    const until = performance.now() + forMs;
    let [n, full] = [0, 0];
    const filler = new Uint8Array(manner === "greedy" ? GREEDY_BYTES : FILLER_BYTES);
    while (performance.now() < until) {
      try {
        ctx.send(to, { n, filler });
        n++;
      } catch (error) {
        if (!(error instanceof LaneFullError)) throw error;
        full++;
        await ctx.sleep(100);
        continue;
      }
      if (n % 20 !== 0) continue;
      if (manner === "ready") await ctx.ready(to);
      else if (manner === "receive") {
        ctx.send(ctx.self, { type: "go" });
        await ctx.receive("go");
      }
      // Without this it would not even let its own node write.
      else if (n % 200 === 0) await ctx.sleep(0);
    }
    // Not accepted while the lane is full, like everything else.
    await ctx.ready(to);
    ctx.send(to, { last: ctx.self });
    const { count, broken } = await ctx.receive("total");
    ctx.log.info("given", { manner, sent: n, count, broken, full });
  },
);
