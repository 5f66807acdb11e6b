/**
 * How long a call takes while a neighbour computes 5 ms at a time, half of the time: on the same scheduler, or on another
 * thread. Calls are due every millisecond, whether the one before was answered or not, so waiting counts.
 */
import type { Context, Pid } from "../../src/process/api.ts";
import { createScheduler } from "./programs.ts";

const CALLS = 2_000;
const CALL_EVERY_MS = 1;
const BUSY_MS = 5;

type Ask = { type: "ask"; n: number; replyTo: Pid<number> };

/** Computes, then sleeps as long. Counts, so that the engine cannot leave it out. */
async function neighbour(ctx: Context<never>): Promise<void> {
  let count = 0;
  for (;;) {
    const end = performance.now() + BUSY_MS;
    while (performance.now() < end) count++;
    // oxlint-disable-next-line no-await-in-loop -- half of the time it is idle
    await ctx.sleep(count > 0 ? BUSY_MS : 0);
  }
}

async function measure(ctx: Context<never>): Promise<number[]> {
  const echo = ctx.spawn(async (own: Context<Ask>) => {
    for await (const { n, replyTo } of own.messages()) own.send(replyTo, n);
  });
  const start = performance.now();
  const latencies: number[] = [];
  const calls: Promise<void>[] = [];
  for (let n = 0; n < CALLS; n++) {
    const due = start + n * CALL_EVERY_MS;
    const early = due - performance.now();
    // oxlint-disable-next-line no-await-in-loop -- paced
    if (early > 0) await ctx.sleep(early);
    const answered = ctx.call(echo, { type: "ask", n }).then(() => {
      latencies.push(performance.now() - due);
    });
    calls.push(answered);
  }
  await Promise.all(calls);
  ctx.sendExit(echo, "kill");
  return latencies;
}

/** Microseconds under which 99 of 100 calls stay. */
export async function latency(where: "nowhere" | "here" | "elsewhere"): Promise<number> {
  const scheduler = createScheduler();
  const worker =
    where === "elsewhere" ? new Worker(new URL("./latency.ts", import.meta.url)) : undefined;
  const latencies = await scheduler.run(async (ctx: Context<never>) => {
    const busy = where === "here" ? ctx.spawn(neighbour) : undefined;
    const measured = await measure(ctx);
    if (busy !== undefined) ctx.sendExit(busy, "kill");
    return measured;
  });
  worker?.terminate();
  scheduler.stop();
  latencies.sort((a, b) => a - b);
  return (latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN) * 1_000;
}

// As a worker: the neighbour on another scheduler.
if (!Bun.isMainThread) void createScheduler().run(neighbour, "neighbour");
