/** Talks to nodes on a host that swallows every packet, and writes down how long each thing took. */
import { define, type Context } from "snow-node";

/** Connects to `names` one after the other, each with a time-out of its own. */
export const dialler = define(
  "dialler",
  async (ctx: Context<never>, names: readonly string[], timeoutsMs: readonly number[]) => {
    for (const [index, name] of names.entries()) {
      const since = performance.now();
      const timeoutMs = timeoutsMs[index]!;
      const outcome = await ctx.node.connect(name, { timeoutMs }).then(
        () => "connected",
        (error: unknown) => (error as { code?: string }).code ?? String(error),
      );
      ctx.log.info("dialled", { name, timeoutMs, outcome, tookMs: performance.now() - since });
    }
  },
);

/** Sends to a name on each of many nodes at once. */
export const caster = define("caster", async (ctx: Context<never>, nodes: readonly string[]) => {
  const since = performance.now();
  for (const node of nodes) ctx.send({ name: "nobody", node }, { type: "cast" });
  ctx.log.info("cast", { tookMs: performance.now() - since });
});
