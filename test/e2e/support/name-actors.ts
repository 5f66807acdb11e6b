/** Holders of global names on nodes of the executable. What they see they write to the log. */
import {
  define,
  type Exit,
  named,
  type Context,
  type NameConflict,
  type OnConflict,
  type Pid,
} from "snow-node";

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

/** For the one that claimed later, as no other rule is. */
const latest = define(
  "latest",
  async (_ctx: Context<never>, _name: string, _first: Pid<unknown>, second: Pid<unknown>) =>
    second as Pid,
);

/** Names, each with the rule that it is held under. */
const RULES: Readonly<Record<string, OnConflict>> = {
  exit_loser: "exit_loser",
  tell_both: "tell_both",
  latest,
};

/** Holds the name of a rule, and says in the log what becomes of it. */
export const contender = define(
  "contender",
  async (ctx: Context<NameConflict | Exit>, name: string) => {
    ctx.trapExit(true);
    const onConflict = RULES[name]!;
    const { fence } = await ctx.global.register(name, ctx.self, { onConflict });
    ctx.log.info("holds", { name, fence });
    for await (const message of ctx.messages()) {
      if (message.type === "exit") ctx.log.info("exit", { name, reason: message.reason });
      else {
        const { kept, lost } = message;
        ctx.log.info("told", { name, kept: kept.node, lost: lost.node, fence: message.fence });
      }
    }
  },
);

/** Asks whoever leads where that is, and says so in the log. */
export const asker = define("asker", async (ctx: Context<never>) => {
  try {
    ctx.log.info("answer", { from: await ctx.call(leader, { type: "where" }) });
  } catch (error) {
    ctx.log.info("answer", { code: (error as { code: string }).code });
  }
});
