/** What a peer that sends nonsense talks to: it writes all that it sees to the log. */
import { define, Down, Exit, type Context, type Pid } from "snow-node";

type Message =
  { readonly type: "text"; readonly text: string } | { readonly type: "hold"; readonly pid: Pid };

/** Links to and monitors whom it is told to, and says every message, `Down` and `Exit` that reaches it. */
export const victim = define("victim", async (ctx: Context<Message | Down | Exit>) => {
  ctx.register("victim");
  ctx.trapExit(true);
  ctx.log.info("victim", { self: String(ctx.self) });
  for await (const message of ctx.messages()) {
    if (message instanceof Down) ctx.log.info("saw", { what: "down", reason: message.reason });
    else if (message instanceof Exit) ctx.log.info("saw", { what: "exit", reason: message.reason });
    else if (message.type === "hold") {
      ctx.monitor(message.pid);
      ctx.link(message.pid);
      ctx.log.info("saw", { what: "hold" });
    } else ctx.log.info("saw", { what: "text", said: message.text });
  }
});
