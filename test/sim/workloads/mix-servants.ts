import type { Context, Pid } from "../../../src/process/api.ts";
import { define } from "../../../src/process/registry.ts";
import { mixLog as log } from "./mix-log.ts";

/** Lives for a while on the node where somebody wanted it, after it has said hello. */
export const child = define(
  "sim.child",
  async (ctx: Context<never>, id: string, parent: Pid<unknown>, lifeMs: number) => {
    const self = ctx.self.toString();
    log.childBorn(id, self);
    ctx.send(parent, { type: "hello", id });
    await ctx.sleep(lifeMs);
    log.ending(self, "grown up");
    ctx.exit("grown up");
  },
);

/** What `rpc` runs. */
export const asker = define("sim.asker", async (_ctx: Context<unknown>, n: number) => n + 1);
