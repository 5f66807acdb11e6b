import { define, type Context, type Down, type Ref } from "snow-node";

import { random, sometimes } from "./chance.ts";
import { record } from "./records.ts";

const LIFE_MS_MAX = 3_000;
const MONITORS_MAX = 6;
/** Longer than a node needs to notice that another is lost, and to fail to reach it. */
const DOWN_MS_MAX = 40_000;

/** Lives for a while, then ends with its own name as reason. */
export const victim = define("soak.victim", async (ctx: Context<never>, name: string) => {
  ctx.register(name);
  await ctx.sleep(random(LIFE_MS_MAX));
  const reason = { shutdown: { victim: name } };
  record(ctx.self, { what: "end", reason });
  ctx.exit(reason);
});

/** Monitors a victim on another node several times, by pid and by name, and takes some of it back. */
export const watcher = define(
  "soak.watcher",
  async (ctx: Context<Down>, peer: string, name: string) => {
    const place = { node: peer, scheduler: "spread" } as const;
    const spawned = ctx.spawnOn<typeof victim>(place, "soak.victim", [name]);
    const pid = await spawned.catch(() => undefined);
    if (pid === undefined) return;
    const open = new Map<string, Ref>();
    const down = (message: Down): void => {
      const ref = message.ref.toString();
      record(ctx.self, { what: "down", ref, reason: message.reason });
      open.delete(ref);
    };
    const count = random(MONITORS_MAX) + 1;
    for (let made = 0; made < count; made++) {
      const target = sometimes(50) ? pid : { name, node: peer };
      const ref = ctx.monitor(target);
      record(ctx.self, { what: "monitor", ref: ref.toString(), target: String(pid) });
      open.set(ref.toString(), ref);
      // oxlint-disable-next-line no-await-in-loop -- paced
      const message = await ctx.receive({ timeoutMs: random(LIFE_MS_MAX / count) });
      if (message !== undefined) down(message);
      if (!sometimes(25) || !open.delete(ref.toString())) continue;
      ctx.demonitor(ref, { flush: true });
      record(ctx.self, { what: "demonitor", ref: ref.toString() });
    }
    while (open.size > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const message = await ctx.receive({ timeoutMs: DOWN_MS_MAX });
      if (message !== undefined) down(message);
      else record(ctx.self, { what: "missing", of: [...open.keys()].join(" ") });
      if (message === undefined) break;
    }
    // One that is too many shows here.
    const extra = await ctx.receive({ timeoutMs: 50 });
    if (extra !== undefined) down(extra);
    record(ctx.self, { what: "end", reason: "normal" });
  },
);
