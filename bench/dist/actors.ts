/**
 * The processes of the distribution benchmark: a module of a user's, loaded by the compiled binary. `measure` is started
 * for each measurement and says in the log what it found.
 */
import { define, type Context, type Down, type Pid } from "snow-node";

type Any = Context<unknown>;

/** What is sent in a flood, by its name. */
const MESSAGES: Readonly<Record<string, (n: number) => unknown>> = {
  small: (n) => ({ tag: "m", n }),
  record: (n) => ({
    type: "payment",
    account: `acc-${n % 100}`,
    amount: n,
    currency: "EUR",
    ts: 1_700_000_000_000 + n,
  }),
  b1k: () => new Uint8Array(1024),
  b64k: () => new Uint8Array(65_536),
};
/** Bytes that a source sends at most before it looks whether it may go on. */
const BURST_BYTES = 64 * 1024;
const BURST_MESSAGES = 64;

/** Counts to `count`, then says so. */
export const sink = define("sink", async (ctx: Any, count: number, replyTo: Pid<unknown>) => {
  for (let got = 0; got < count; got++) await ctx.receive();
  ctx.send(replyTo, { type: "done" });
});

export const source = define(
  "source",
  async (ctx: Any, kind: string, count: number, to: Pid<unknown>) => {
    const make = MESSAGES[kind]!;
    const burst = kind === "b64k" ? BURST_BYTES / 65_536 : BURST_MESSAGES;
    for (let n = 0; n < count; n++) {
      ctx.send(to, make(n));
      if (n % burst === 0) await ctx.ready(to);
    }
  },
);

/** Sends everything back to who is named in it. */
export const echo = define("echo", async (ctx: Context<{ from: Pid<unknown>; n: number }>) => {
  for (;;) {
    const message = await ctx.receive();
    ctx.send(message.from, message.n);
  }
});

export const answerOnce = define("answer_once", async (ctx: Any, to: Pid<unknown>) => {
  ctx.send(to, { type: "here" });
});

export const nothing = define("nothing", async () => {});

export const value = define("value", async (_ctx: Any, n: number) => n);

const now = (): number => performance.now();

const done = (message: unknown): boolean => (message as { type?: string }).type === "done";

async function flood(ctx: Any, node: string, kind: string, count: number): Promise<number> {
  const to = await ctx.spawnOn(node, "sink", [count, ctx.self]);
  const start = now();
  ctx.spawn(source, [kind, count, to]);
  await ctx.receive(done);
  return count / ((now() - start) / 1000);
}

async function floods(ctx: Any, node: string, pairs: number, count: number): Promise<number> {
  const sinks = await Promise.all(
    Array.from({ length: pairs }, () => ctx.spawnOn(node, "sink", [count, ctx.self])),
  );
  const start = now();
  for (const to of sinks) ctx.spawn(source, ["small", count, to]);
  for (let ended = 0; ended < pairs; ended++) await ctx.receive(done);
  return (pairs * count) / ((now() - start) / 1000);
}

/** Round trips in microseconds, sorted: so many, or as many as there are in so long. */
async function roundTrips(
  ctx: Any,
  node: string,
  count: number,
  forMs = Infinity,
): Promise<number[]> {
  const to = await ctx.spawnOn(node, "echo", []);
  const times: number[] = [];
  const until = now() + forMs;
  for (let n = 0; n < count && now() < until; n++) {
    const start = now();
    ctx.send(to, { from: ctx.self, n });
    await ctx.receive((message) => message === n);
    times.push((now() - start) * 1000);
  }
  ctx.sendExit(to, "kill");
  return times.sort((a, b) => a - b);
}

/** Round trips beside a flood of 64 KiB messages between two other processes: the 99th percentile. */
async function loadedRoundTrips(ctx: Any, node: string): Promise<number> {
  const to = await ctx.spawnOn(node, "sink", [Number.MAX_SAFE_INTEGER, ctx.self]);
  const from = ctx.spawn(source, ["b64k", Number.MAX_SAFE_INTEGER, to]);
  const times = await roundTrips(ctx, node, 1_000, 1_500);
  ctx.sendExit(from, "kill");
  ctx.sendExit(to, "kill");
  return times[Math.floor(times.length * 0.99)]!;
}

const LARGE_BYTES = 200_000_000;

/** Milliseconds that a small message takes longer when another process has just sent a large one. */
async function smallBehindLarge(ctx: Any, node: string): Promise<number> {
  const to = await ctx.spawnOn(node, "sink", [1, ctx.self]);
  const near = await ctx.spawnOn(node, "echo", []);
  const bytes = new Uint8Array(LARGE_BYTES);
  const times: number[] = [];
  const giant = ctx.spawn(async (own: Any) => {
    await own.receive();
    own.send(to, bytes);
    // Whoever sends the small one goes on now.
    own.send(ctx.self, { type: "sent" });
  }, []);
  for (const large of [false, true]) {
    if (large) {
      ctx.send(giant, "now");
      await ctx.receive((message) => (message as { type?: string }).type === "sent");
    }
    const start = now();
    ctx.send(near, { from: ctx.self, n: 1 });
    await ctx.receive((message) => message === 1);
    times.push(now() - start);
  }
  await ctx.receive(done);
  ctx.sendExit(near, "kill");
  return times[1]! - times[0]!;
}

/** Exchanges a second of `pairs` ping-pongs at once. */
async function pingPongs(ctx: Any, node: string, pairs: number, rounds: number): Promise<number> {
  const echoes = await Promise.all(
    Array.from({ length: pairs }, () => ctx.spawnOn(node, "echo", [])),
  );
  const player = async (own: Any, to: Pid<unknown>, report: Pid<unknown>): Promise<void> => {
    for (let n = 0; n < rounds; n++) {
      own.send(to, { from: own.self, n });
      await own.receive();
    }
    own.send(report, { type: "done" });
  };
  const start = now();
  for (const to of echoes) ctx.spawn(player, [to, ctx.self]);
  for (let ended = 0; ended < pairs; ended++) await ctx.receive(done);
  const rate = (pairs * rounds) / ((now() - start) / 1000);
  for (const to of echoes) ctx.sendExit(to, "kill");
  return rate;
}

async function inTurn(count: number, once: () => Promise<unknown>): Promise<number> {
  const start = now();
  for (let n = 0; n < count; n++) await once();
  return count / ((now() - start) / 1000);
}

async function atOnce(total: number, width: number, once: () => Promise<unknown>): Promise<number> {
  const start = now();
  for (let ended = 0; ended < total; ended += width) {
    await Promise.all(Array.from({ length: width }, once));
  }
  return total / ((now() - start) / 1000);
}

function spawnReply(ctx: Any, node: string): () => Promise<unknown> {
  return async () => {
    await ctx.spawnOn(node, "answer_once", [ctx.self]);
    await ctx.receive((message) => (message as { type?: string }).type === "here");
  };
}

/** The same by `width` processes at once: each may wait for one message only. */
async function spawnReplies(ctx: Any, node: string, total: number, width: number): Promise<number> {
  const asker = async (own: Any, report: Pid<unknown>): Promise<void> => {
    await spawnReply(own, node)();
    own.send(report, { type: "done" });
  };
  const start = now();
  for (let ended = 0; ended < total; ended += width) {
    for (let count = 0; count < width; count++) ctx.spawn(asker, [ctx.self]);
    for (let count = 0; count < width; count++) await ctx.receive(done);
  }
  return total / ((now() - start) / 1000);
}

async function spawnMonitorDown(ctx: Context<Down>, node: string): Promise<void> {
  const { ref } = await ctx.spawnOn<typeof nothing>(node, "nothing", [], { monitor: true });
  const down = await ctx.receive("down");
  if (down.ref !== ref || down.reason !== "normal") throw new Error("another end");
}

type Values = Readonly<Record<string, number>>;
type Measurement = (ctx: Any, node: string) => Promise<number | Values>;

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  "flood.small": (ctx, node) => flood(ctx, node, "small", 500_000),
  "flood.record": (ctx, node) => flood(ctx, node, "record", 300_000),
  "flood.b1k": (ctx, node) => flood(ctx, node, "b1k", 100_000),
  "flood.b64k": (ctx, node) => flood(ctx, node, "b64k", 4_000),
  "flood.16x16": (ctx, node) => floods(ctx, node, 16, 30_000),
  rtt: async (ctx, node) => {
    const times = await roundTrips(ctx, node, 5_000);
    return { "rtt.p50_us": times[2_500]!, "rtt.p99_us": times[4_950]! };
  },
  "rtt_loaded.p99_us": loadedRoundTrips,
  small_behind_large_ms: smallBehindLarge,
  "pingpong.100pairs": (ctx, node) => pingPongs(ctx, node, 100, 500),
  spawn_reply: (ctx, node) => inTurn(10_000, spawnReply(ctx, node)),
  spawn_concurrent: (ctx, node) => spawnReplies(ctx, node, 40_000, 1_000),
  spawn_monitor_down: (ctx, node) =>
    inTurn(10_000, () => spawnMonitorDown(ctx as unknown as Context<Down>, node)),
  rpc: (ctx, node) => inTurn(10_000, () => ctx.rpc(node, value, [1])),
  rpc_concurrent: (ctx, node) => atOnce(40_000, 1_000, () => ctx.rpc(node, value, [1])),
};

/** Measures one thing against a node and leaves it in the log. */
export const measure = define("measure", async (ctx: Any, name: string, node: string) => {
  const found = await MEASUREMENTS[name]!(ctx, node);
  ctx.log.info("measured", { values: typeof found === "number" ? { [name]: found } : found });
});
