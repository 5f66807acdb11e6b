/** A user module with a process that never returns to its scheduler, and others that are to live on regardless. */
import {
  child,
  define,
  defineServer,
  defineSupervisor,
  type Down,
  type Context,
  type NodeDown,
  type NodeUp,
} from "snow-node";

/** Computes for so long without giving way to anybody; 0: for ever. */
export const spinner = defineServer("spinner", {
  init: (ctx) => {
    ctx.log.info("spinner is here", { at: Date.now() });
    return { turns: 0 };
  },
  calls: { turns: (ctx) => ctx.state.turns },
  casts: {
    spin: (ctx, forMs: number) => {
      ctx.log.info("spinning", { at: Date.now() });
      const until = Date.now() + forMs;
      for (;;) {
        ctx.state.turns += 1;
        if (forMs > 0 && Date.now() >= until) return;
      }
    },
  },
});

/** To be started on scheduler 2; its child lives on scheduler 1. */
export const spinApp = defineSupervisor("spin_app", {
  children: () => [
    child({ id: "spinner", start: spinner, args: [], name: "spinner", scheduler: 1 }),
  ],
});

/** Says how long 50 round trips to a neighbour took, again and again. */
export const steady = define("steady", async (ctx: Context<{ type: "back" }>) => {
  const neighbour = ctx.spawn(async (other: Context<{ type: "go" }>) => {
    for await (const _go of other.messages()) other.send(ctx.self, { type: "back" });
  });
  for (;;) {
    const since = performance.now();
    for (let trip = 0; trip < 50; trip++) {
      ctx.send(neighbour, { type: "go" });
      await ctx.receive("back");
    }
    ctx.log.info("steady", { tookMs: performance.now() - since, at: Date.now() });
    await ctx.sleep(50);
  }
});

/** Is resumed by a promise of its own, and from then on never calls its context. */
export const napper = define("napper", async (ctx: Context<string>) => {
  await ctx.sleep(300);
  for (;;);
});

/** Sets the spinner of a node going, whether it is watched or not. */
export const poke = define("poke", async (ctx: Context<never>, node: string, forMs: number) => {
  spinner.client(ctx, { name: "spinner", node }).spin(forMs);
});

/** Monitors the spinner of another node, and the node; says what becomes of them. */
export const guard = define(
  "guard",
  async (ctx: Context<Down | NodeUp | NodeDown>, node: string) => {
    ctx.monitorNodes(true);
    ctx.monitor({ name: "spinner", node });
    ctx.log.info("guarding");
    for await (const message of ctx.messages()) {
      const reason = "reason" in message ? message.reason : undefined;
      ctx.log.info("guard", { what: message.type, reason, at: Date.now() });
      if (message.type !== "nodeup") continue;
      const turns = await spinner.client(ctx, { name: "spinner", node }).turns();
      ctx.log.info("guard has talked", { turns });
    }
  },
);
