/** The programs of the local suite, as an author would write them. Each checks that its work was done. */
import { clock } from "../../src/bun/clock.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import type { Down } from "../../src/process/system-message.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import { createSerials } from "../../src/scheduler/serials.ts";
import { createNames } from "../../src/scheduler/shared-names.ts";
import { Identities } from "../../src/term/identities.ts";

/** A scheduler alone on this thread: what is measured has no way out. */
export function createScheduler(): Scheduler {
  const fail = (): never => {
    throw new Error("nothing leaves this scheduler");
  };
  return new Scheduler({
    index: 1,
    identities: new Identities("bench@local", 1),
    names: createNames(),
    serials: createSerials(),
    clock,
    outbound: { message: fail, signal: fail, hint: fail, ready: () => true },
    log: { write: () => {} },
  });
}

function expectEqual(got: number, expected: number, what: string): void {
  if (got !== expected) throw new Error(`${what}: got ${got}, expected ${expected}`);
}

/** A program: does `size` units of work and resolves with milliseconds, or with what it measures instead. */
export type Program = (scheduler: Scheduler, size: number) => Promise<number>;

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Two processes send one message to and fro, `size` times. */
export const pingpong: Program = (scheduler, size) =>
  scheduler.run(async (ctx: Context<{ n: number }>) => {
    const self = ctx.self;
    const other = ctx.spawn(async (pong: Context<{ n: number }>) => {
      for (let count = 0; count < size; count++) {
        // oxlint-disable-next-line no-await-in-loop -- a receive loop
        const message = await pong.receive();
        pong.send(self, { n: message.n + 1 });
      }
    });
    return timed(async () => {
      let n = 0;
      for (let count = 0; count < size; count++) {
        ctx.send(other, { n });
        // oxlint-disable-next-line no-await-in-loop -- a receive loop
        n = (await ctx.receive()).n;
      }
      expectEqual(n, size, "exchanges");
    });
  });

/** One process sends `size` messages, another adds them up. */
export const flood: Program = (scheduler, size) =>
  scheduler.run(async (ctx: Context<{ sum: number }>) => {
    const self = ctx.self;
    const sink = ctx.spawn(async (own: Context<{ type: "add"; by: number }>) => {
      let sum = 0;
      for (let count = 0; count < size; count++) {
        // oxlint-disable-next-line no-await-in-loop -- a receive loop
        sum += (await own.receive()).by;
      }
      own.send(self, { sum });
    });
    return timed(async () => {
      for (let count = 0; count < size; count++) ctx.send(sink, { type: "add", by: 1 });
      expectEqual((await ctx.receive()).sum, size, "sum");
    });
  });

/** Spawns a process that replies and ends, `size` times in turn. */
export const spawnReply: Program = (scheduler, size) =>
  scheduler.run(async (ctx: Context<{ n: number }>) => {
    const replier = async (own: Context<never>, to: Pid<{ n: number }>, n: number) => {
      own.send(to, { n });
    };
    return timed(async () => {
      for (let count = 0; count < size; count++) {
        ctx.spawn(replier, [ctx.self, count]);
        // oxlint-disable-next-line no-await-in-loop -- in turn
        expectEqual((await ctx.receive()).n, count, "reply");
      }
    });
  });

/** Spawns `size` processes, then tells all to stop. */
export const spawnBurst: Program = (scheduler, size) =>
  scheduler.run(async (ctx: Context<{ type: "stopped" }>) => {
    const self = ctx.self;
    const waiter = async (own: Context<{ type: "stop" }>) => {
      await own.receive();
      own.send(self, { type: "stopped" });
    };
    return timed(async () => {
      const pids: Pid<{ type: "stop" }>[] = [];
      for (let count = 0; count < size; count++) pids.push(ctx.spawn(waiter));
      for (const pid of pids) ctx.send(pid, { type: "stop" });
      // oxlint-disable-next-line no-await-in-loop -- a receive loop
      for (let count = 0; count < size; count++) await ctx.receive();
    });
  });

/** A receive waits for one message while `size` others arrive. Then 1,000 receives by type over that queue. */
export const selective =
  (byType: boolean): Program =>
  (scheduler, size) =>
    scheduler.run(async (ctx: Context<{ ms: number }>) => {
      type Message =
        { type: "other"; n: number } | { type: "wanted"; n: number } | { type: "late"; n: number };
      const self = ctx.self;
      const pid = ctx.spawn(async (own: Context<Message>) => {
        let start = performance.now();
        await own.receive((message) => message.type === "wanted");
        const first = performance.now() - start;
        start = performance.now();
        for (let count = 0; count < 1000; count++) {
          own.send(own.self, { type: "late", n: count });
          // oxlint-disable-next-line no-await-in-loop -- in turn
          expectEqual((await own.receive("late")).n, count, "late");
        }
        own.send(self, { ms: byType ? performance.now() - start : first });
      });
      await ctx.sleep(0);
      for (let n = 0; n < size; n++) ctx.send(pid, { type: "other", n });
      ctx.send(pid, { type: "wanted", n: 0 });
      return (await ctx.receive()).ms;
    });

/** `size` monitors on one process, which ends. */
export const monitors: Program = (scheduler, size) =>
  scheduler.run(async (ctx: Context<Down>) => {
    const pid = ctx.spawn(async (own: Context<{ type: "stop" }>) => {
      await own.receive();
    });
    return timed(async () => {
      for (let count = 0; count < size; count++) ctx.monitor(pid);
      ctx.send(pid, { type: "stop" });
      for (let count = 0; count < size; count++) {
        // oxlint-disable-next-line no-await-in-loop -- a receive loop
        const down = await ctx.receive();
        if (down.reason !== "normal") throw new Error("a wrong reason");
      }
    });
  });
