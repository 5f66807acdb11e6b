/** Holders of global names on nodes of the executable. What they see they write to the log. */
import { define, named, type Context, type NameConflict, type Pid } from "snow-node";

type Question = { readonly type: "where"; readonly replyTo: Pid<string> };

const leader = named<Question>("leader");

/** Wants to lead: says in the log whether it does, answers where it is, and says when it is told of a conflict. */
export const candidate = define("candidate", async (ctx: Context<Question | NameConflict>) => {
  try {
    const { fence } = await ctx.global.register(leader, ctx.self, { onConflict: "keep_first" });
    ctx.log.info("leads", { fence });
  } catch (error) {
    ctx.log.info("leads not", { code: (error as { code: string }).code });
    return;
  }
  for await (const message of ctx.messages()) {
    if (message.type === "where") ctx.send(message.replyTo, ctx.self.node);
    else ctx.log.info("conflict", { kept: message.kept.node, lost: message.lost.node });
  }
});

/** Asks whoever leads where that is, and says so in the log. */
export const asker = define("asker", async (ctx: Context<never>) => {
  try {
    ctx.log.info("answer", { from: await ctx.call(leader, { type: "where" }) });
  } catch (error) {
    ctx.log.info("answer", { code: (error as { code: string }).code });
  }
});
