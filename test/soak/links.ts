import { define, Exit, type Context, type Down, type Pid } from "snow-node";

import { random, sometimes } from "./chance.ts";
import { over, record } from "./records.ts";

const ROUNDS_MAX = 12;
const PAUSE_MS_MAX = 200;
/** Longer than a node needs to notice that another is lost. */
const EXIT_MS_MAX = 40_000;
const ASK_MS = 3_000;

type Order =
  | { readonly type: "ask"; readonly replyTo: Pid<boolean> }
  | { readonly type: "finish" }
  | { readonly type: "mix"; readonly with: Pid };

const noteExit = (self: Pid, { from, reason }: Exit): void =>
  record(self, { what: "exit", from: from.toString(), reason });

/** The far end of a link: writes down each exit, and ends when it is told, or when the other end is gone for good. */
export const linked = define(
  "soak.linked",
  async (ctx: Context<Order | Exit | Down>, partner: Pid) => {
    ctx.trapExit(true);
    const ref = ctx.monitor(partner);
    record(ctx.self, { what: "monitor", ref: ref.toString(), target: partner.toString() });
    for await (const message of ctx.messages()) {
      if (message instanceof Exit) noteExit(ctx.self, message);
      else if (message.type === "ask") ctx.send(message.replyTo, true);
      else if (message.type === "down") {
        record(ctx.self, { what: "down", ref: ref.toString(), reason: message.reason });
        // Exit and down of one end may come in any order, so the exit may still be on its way: on the same path.
        for (;;) {
          const late = await ctx.receive({ timeoutMs: 50 });
          if (late === undefined) break;
          if (late instanceof Exit) noteExit(ctx.self, late);
        }
        break;
      } else if (message.type === "finish") {
        ctx.demonitor(ref, { flush: true });
        record(ctx.self, { what: "demonitor", ref: ref.toString() });
        break;
      }
    }
    const reason = { shutdown: { linked: String(ctx.self) } };
    record(ctx.self, { what: "end", reason });
    ctx.exit(reason);
  },
);

/** The near end: links and unlinks at random, then one of the two ends, or both at once. */
export const linker = define("soak.linker", async (ctx: Context<Order | Exit>, peer: string) => {
  ctx.trapExit(true);
  const place = { node: peer, scheduler: "spread" } as const;
  const spawned = ctx.spawnOn<typeof linked>(place, "soak.linked", [ctx.self]);
  const to = await spawned.catch(() => undefined);
  if (to === undefined) return;
  let isLinked = false;
  const drain = async (timeoutMs: number): Promise<boolean> => {
    const message = await ctx.receive({ timeoutMs });
    if (!(message instanceof Exit)) return false;
    noteExit(ctx.self, message);
    if (message.from === to) isLinked = false;
    return true;
  };
  const rounds = random(ROUNDS_MAX) + 1;
  for (let round = 0; round < rounds && !over(); round++) {
    if (sometimes(60)) {
      ctx.link(to);
      isLinked = true;
      record(ctx.self, { what: "link", to: to.toString() });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await ctx.call(to, { type: "ask" }, { timeoutMs: ASK_MS }).catch(() => false);
      if (answer) record(ctx.self, { what: "sure", to: to.toString() });
    } else {
      ctx.unlink(to);
      isLinked = false;
      record(ctx.self, { what: "unlink", to: to.toString() });
    }
    // oxlint-disable-next-line no-await-in-loop -- paced
    await drain(random(PAUSE_MS_MAX));
  }
  while (await drain(0));
  if (sometimes(50)) {
    ctx.send(to, { type: "finish" });
    while (isLinked) {
      // oxlint-disable-next-line no-await-in-loop -- until the exit that must come
      if (!(await drain(EXIT_MS_MAX)) && isLinked) {
        record(ctx.self, { what: "missing", of: `exit of ${String(to)}` });
        break;
      }
    }
  }
  const reason = { shutdown: { linker: isLinked } };
  record(ctx.self, { what: "end", reason });
  ctx.exit(reason);
});

/**
 * One end of a link that both ends make and take back at random, at the same time. Stays until it is killed: whether both ends
 * agree is looked up from outside when everything is at rest.
 */
export const mixer = define("soak.mixer", async (ctx: Context<Order | Exit>) => {
  ctx.trapExit(true);
  let partner: Pid | undefined;
  for (;;) {
    const timeoutMs = partner === undefined || over() ? Infinity : random(PAUSE_MS_MAX);
    // oxlint-disable-next-line no-await-in-loop -- a receive loop
    const message = await ctx.receive({ timeoutMs });
    if (message !== undefined && message.type === "mix") partner = message.with;
    if (partner === undefined) continue;
    if (sometimes(50)) ctx.link(partner);
    else ctx.unlink(partner);
  }
});
