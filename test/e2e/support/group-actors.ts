/** Members of groups on nodes of the executable. What they see they write to the log. */
import { define, group, type Context, type GroupChange } from "snow-node";

type News = { readonly type: "news"; readonly text: string };

const team = group<News>("team", "e2e");

/** Joins, and says in the log what is published. */
export const reader = define("reader", async (ctx: Context<News>) => {
  ctx.groups.join(team, ctx.self);
  for await (const { text } of ctx.messages()) ctx.log.info("read", { news: text });
});

/** Says in the log how many are in the group whenever that changes. */
export const counter = define("counter", async (ctx: Context<GroupChange>) => {
  ctx.groups.monitor(team);
  for (;;) {
    ctx.log.info("members", { count: ctx.groups.members(team).length });
    await ctx.receive("groupchange");
  }
});

/** Publishes once. */
export const announce = define("announce", async (ctx: Context<never>, text: string) => {
  ctx.groups.publish(team, { type: "news", text });
});
