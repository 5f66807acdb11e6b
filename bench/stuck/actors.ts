/** What the node of this benchmark runs: a process that never gives way, and one that measures beside it. */
import { child, define, defineServer, defineSupervisor, type Context } from "snow-node";

export const spinner = defineServer("spinner", {
  init: (ctx) => ctx.log.info("spinner is here", { at: Date.now() }),
  casts: {
    /** Computes for so long without giving way to anybody. */
    spin: (ctx, forMs: number) => {
      ctx.log.info("spinning", { at: Date.now() });
      const until = Date.now() + forMs;
      while (Date.now() < until);
    },
  },
});

/** To be started on scheduler 2; its child lives on scheduler 1. */
export const spinners = defineSupervisor("spinners", {
  intensity: 100,
  children: () => [
    child({ id: "spinner", start: spinner, args: [], name: "spinner", scheduler: 1 }),
  ],
});

export const answerer = defineServer("answerer", {
  init: () => ({ count: 0 }),
  calls: { next: (ctx) => (ctx.state.count += 1) },
});

/**
 * Calls a server on its own scheduler at fixed times and says how late the answers were, counted from the time at which
 * the call was due: a scheduler that is held up pays for every call that it did not make. Microseconds.
 */
export const gauge = define(
  "gauge",
  async (ctx: Context<string>, everyMs: number, forMs: number) => {
    const next = answerer.client(ctx, await answerer.start(ctx));
    const late: number[] = [];
    const since = performance.now();
    for (let due = since; due < since + forMs; due += everyMs) {
      const early = due - performance.now();
      if (early > 0) await ctx.sleep(early);
      await next.next();
      late.push((performance.now() - due) * 1_000);
    }
    late.sort((a, b) => a - b);
    const at = (share: number): number => late[Math.floor((late.length - 1) * share)]!;
    ctx.log.info("gauged", { count: late.length, p50Us: at(0.5), p99Us: at(0.99), maxUs: at(1) });
  },
);

/** Sets the spinner going. */
export const poke = define("poke", async (ctx: Context<string>, forMs: number) => {
  spinner.client(ctx, "spinner").spin(forMs);
});
