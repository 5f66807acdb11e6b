/** A supervisor with one child on another node, which says when it begins and whose end is told by somebody beside it. */
import {
  child,
  define,
  defineSupervisor,
  type Context,
  type Down,
  type Exit,
  type Pid,
} from "snow-node";

const watcher = define("watcher", async (ctx: Context<Down>, of: Pid) => {
  ctx.monitor(of);
  const { reason } = await ctx.receive("down");
  ctx.log.info("let go", { at: Date.now(), reason });
});

/** Hears no reason to end. */
export const holder = define("holder", async (ctx: Context<Exit | { readonly type: "end" }>) => {
  ctx.trapExit(true);
  ctx.spawn(watcher, [ctx.self]);
  ctx.log.info("holds", { at: Date.now(), fence: ctx.fence });
  await ctx.receive("end");
});

/** Allows no restart. */
export const tree = defineSupervisor("tree", {
  intensity: 0,
  children: (...on: string[]) => [
    child({ id: "one", start: holder, args: [], shutdownMs: 300, on }),
  ],
});

export const keeper = define("keeper", async (ctx: Context<never>, ...on: string[]) => {
  await tree.start(ctx, on as never, { link: true });
  ctx.log.info("kept");
  await ctx.receive();
});
