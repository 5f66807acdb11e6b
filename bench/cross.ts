/**
 * Two schedulers of one node, on two threads, beside the same two threads with nothing but a worker's port between them.
 * Each program checks that its work was done; both sides run in turn, and medians of the rounds count.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { startNode, type Context } from "../src/index.ts";
import { echo, sink } from "./cross/actors.ts";
import { compare, median, type Report } from "./row.ts";

const ROUNDS = 5;
const EXCHANGES = 2_000;
const FLOOD = 1_000_000;
/** A bare port takes longer for each. */
const FLOOD_BARE = 200_000;
/** Messages between two looks whether the other side keeps up. */
const READY_EVERY = 1_000;

function expectEqual(got: number, expected: number, what: string): void {
  if (got !== expected) throw new Error(`${what}: got ${got}, expected ${expected}`);
}

/** Microseconds of the exchange in the middle. */
type Exchange = (n: number) => Promise<number>;

async function roundTrip(exchange: Exchange): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < EXCHANGES; n++) {
    const start = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- in turn
    expectEqual(await exchange(n), n + 1, "answer");
    times.push((performance.now() - start) * 1_000);
  }
  return median(times);
}

const ours = (ctx: Context<{ n: number }>): Promise<number> =>
  ctx.spawnOn({ scheduler: 2 }, echo, [ctx.self], { link: true }).then((to) =>
    roundTrip(async (n) => {
      ctx.send(to, { n });
      return (await ctx.receive()).n;
    }),
  );

/** Messages a second. */
async function flood(ctx: Context<{ sum: number }>): Promise<number> {
  const to = await ctx.spawnOn({ scheduler: 2 }, sink, [ctx.self, FLOOD]);
  const start = performance.now();
  for (let sent = 1; sent <= FLOOD; sent++) {
    ctx.send(to, { type: "add", by: 1 });
    // oxlint-disable-next-line no-await-in-loop -- as a sender does that does not want to fill the memory
    if (sent % READY_EVERY === 0) await ctx.ready(to);
  }
  expectEqual((await ctx.receive()).sum, FLOOD, "sum");
  return (FLOOD * 1_000) / (performance.now() - start);
}

/** One answer of a bare worker. */
const answer = (worker: Worker): Promise<{ n: number; sum: number }> =>
  new Promise((resolve) => worker.once("message", resolve));

async function bareFlood(worker: Worker): Promise<number> {
  worker.postMessage({ count: FLOOD_BARE });
  const start = performance.now();
  const answered = answer(worker);
  for (let sent = 0; sent < FLOOD_BARE; sent++) worker.postMessage({ type: "add", by: 1 });
  expectEqual((await answered).sum, FLOOD_BARE, "sum");
  return (FLOOD_BARE * 1_000) / (performance.now() - start);
}

/** Rows `cross.rtt_us` and `cross.flood`. */
export async function run(report: Report): Promise<void> {
  await using node = await startNode({
    name: "cross@127.0.0.1:0",
    cookie: "a cookie for the benchmark only",
    schedulers: 2,
    modules: [join(import.meta.dir, "cross/actors.ts")],
    logLevel: "error",
  });
  const worker = new Worker(new URL("./cross/bare.ts", import.meta.url));
  const rounds: { rtt: number; bareRtt: number; rate: number; bareRate: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    /* oxlint-disable no-await-in-loop -- rounds must not disturb each other */
    const rtt = await node.run(ours);
    const bareRtt = await roundTrip(async (n) => {
      const answered = answer(worker);
      worker.postMessage({ n });
      return (await answered).n;
    });
    const rate = await node.run(flood);
    const bareRate = await bareFlood(worker);
    /* oxlint-enable no-await-in-loop */
    // The first round warms up.
    if (round > 0) rounds.push({ rtt, bareRtt, rate, bareRate });
  }
  await worker.terminate();
  const middle = (what: keyof (typeof rounds)[number]): number =>
    median(rounds.map((round) => round[what]));
  report(compare("cross.rtt_us", "us", middle("rtt"), "a worker", middle("bareRtt"), "lower"));
  report(compare("cross.flood", "/s", middle("rate"), "a worker", middle("bareRate"), "higher"));
}
