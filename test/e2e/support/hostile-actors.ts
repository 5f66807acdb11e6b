/** What the nodes of the hostile-peer tests run: two processes that show whether their nodes serve each other. */
import { define, type Context, type Pid } from "snow-node";

type Beat = { readonly type: "beat"; readonly from: Pid<Back> };
type Back = { readonly type: "back" };
type Report = { readonly type: "report" };

const EVERY_MS = 10;

/** Answers every beat. */
export const heart = define("heart", async (ctx: Context<Beat>) => {
  for await (const { from } of ctx.messages()) ctx.send(from, { type: "back" });
});

/** Sends a beat to another node and waits for its answer, again and again; on `report` says how long the slowest took. */
export const pulse = define("pulse", async (ctx: Context<Back | Report>, node: string) => {
  ctx.register("pulse");
  const far = await ctx.spawnOn<typeof heart>({ node, scheduler: "spread" }, "heart", []);
  let [beats, worstMs] = [0, 0];
  for (;;) {
    const start = performance.now();
    ctx.send(far, { type: "beat", from: ctx.self });
    await ctx.receive("back");
    worstMs = Math.max(worstMs, performance.now() - start);
    beats++;
    if ((await ctx.receive("report", { timeoutMs: EVERY_MS })) !== undefined) {
      ctx.log.info("pulse", { beats, worstMs });
      [beats, worstMs] = [0, 0];
    }
  }
});
