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
const EXCHANGES_IDLE = 200;
/** Long enough for both threads to fall asleep. */
const PAUSE_MS = 2;
const FLOOD = 1_000_000;
/** A bare port takes longer for each. */
const FLOOD_BARE = 200_000;
/** Messages between two looks whether the other side keeps up. */
const READY_EVERY = 1_000;

function expectEqual(got: number, expected: number, what: string): void {
  if (got !== expected) throw new Error(`${what}: got ${got}, expected ${expected}`);
}

type Exchange = (n: number) => Promise<number>;

/** Microseconds of the exchange in the middle; with a pause before each, both threads have to wake up for it. */
async function roundTrip(exchange: Exchange, idle: boolean): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < (idle ? EXCHANGES_IDLE : EXCHANGES); n++) {
    /* oxlint-disable no-await-in-loop -- in turn */
    if (idle) await Bun.sleep(PAUSE_MS);
    const start = performance.now();
    expectEqual(await exchange(n), n + 1, "answer");
    times.push((performance.now() - start) * 1_000);
    /* oxlint-enable no-await-in-loop */
  }
  return median(times);
}

const ours =
  (idle: boolean) =>
  (ctx: Context<{ n: number }>): Promise<number> =>
    ctx.spawnOn({ scheduler: 2 }, echo, [ctx.self], { link: true }).then((to) =>
      roundTrip(async (n) => {
        ctx.send(to, { n });
        return (await ctx.receive()).n;
      }, idle),
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

interface Round {
  readonly rtt: number;
  readonly bareRtt: number;
  readonly hot: number;
  readonly bareHot: number;
  readonly rate: number;
  readonly bareRate: number;
}

/** Rows `cross.rtt_us` (both threads asleep), `cross.rtt_hot_us` (one exchange after the other) and `cross.flood`. */
export async function run(report: Report): Promise<void> {
  await using node = await startNode({
    name: "cross@127.0.0.1:0",
    cookie: "a cookie for the benchmark only",
    schedulers: 2,
    modules: [join(import.meta.dir, "cross/actors.ts")],
    logLevel: "error",
  });
  const worker = new Worker(new URL("./cross/bare.ts", import.meta.url));
  const bare: Exchange = async (n) => {
    const answered = answer(worker);
    worker.postMessage({ n });
    return (await answered).n;
  };
  const rounds: Round[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    /* oxlint-disable no-await-in-loop -- rounds must not disturb each other */
    const measured: Round = {
      hot: await node.run(ours(false)),
      bareHot: await roundTrip(bare, false),
      rtt: await node.run(ours(true)),
      bareRtt: await roundTrip(bare, true),
      rate: await node.run(flood),
      bareRate: await bareFlood(worker),
    };
    /* oxlint-enable no-await-in-loop */
    // The first round warms up.
    if (round > 0) rounds.push(measured);
  }
  await worker.terminate();
  const middle = (what: keyof Round): number => median(rounds.map((round) => round[what]));
  report(compare("cross.rtt_us", "us", middle("rtt"), "a worker", middle("bareRtt"), "lower"));
  report(compare("cross.rtt_hot_us", "us", middle("hot"), "a worker", middle("bareHot"), "lower"));
  report(compare("cross.flood", "/s", middle("rate"), "a worker", middle("bareRate"), "higher"));
}
