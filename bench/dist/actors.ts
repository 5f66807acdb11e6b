/** The processes of the distribution benchmark: a module of a user's, loaded by the compiled binary. */
import { define, type Context, type NodeDown, type NodeUp, type Pid } from "snow-node";

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

/** Counts to `count`, then says so. */
export const sink = define("sink", async (ctx: Any, count: number, replyTo: Pid<unknown>) => {
  for (let got = 0; got < count; got++) await ctx.receive();
  ctx.send(replyTo, { type: "done" });
});

export const source = define(
  "source",
  async (ctx: Any, kind: string, count: number, to: Pid<unknown>) => {
    const make = MESSAGES[kind]!;
    for (let n = 0; n < count; n++) {
      ctx.send(to, make(n));
      if ((n & 63) === 0) await ctx.ready(to);
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

async function flood(ctx: Any, node: string, kind: string, count: number): Promise<number> {
  const to = await ctx.spawnOn(node, "sink", [count, ctx.self]);
  const start = now();
  ctx.spawn(source, [kind, count, to]);
  await ctx.receive((message) => (message as { type?: string }).type === "done");
  return count / ((now() - start) / 1000);
}

async function floods(ctx: Any, node: string, pairs: number, count: number): Promise<number> {
  const sinks = await Promise.all(
    Array.from({ length: pairs }, () => ctx.spawnOn(node, "sink", [count, ctx.self])),
  );
  const start = now();
  for (const to of sinks) ctx.spawn(source, ["small", count, to]);
  for (let done = 0; done < pairs; done++) {
    await ctx.receive((message) => (message as { type?: string }).type === "done");
  }
  return (pairs * count) / ((now() - start) / 1000);
}

/** Round trips in microseconds, sorted. */
async function roundTrips(ctx: Any, node: string, count: number): Promise<number[]> {
  const to = await ctx.spawnOn(node, "echo", []);
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const start = now();
    ctx.send(to, { from: ctx.self, n });
    await ctx.receive((message) => message === n);
    times.push((now() - start) * 1000);
  }
  ctx.sendExit(to, "kill");
  return times.sort((a, b) => a - b);
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
  for (let done = 0; done < pairs; done++) {
    await ctx.receive((message) => (message as { type?: string }).type === "done");
  }
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
  for (let done = 0; done < total; done += width) {
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
  for (let done = 0; done < total; done += width) {
    for (let count = 0; count < width; count++) ctx.spawn(asker, [ctx.self]);
    for (let count = 0; count < width; count++) {
      await ctx.receive((message) => (message as { type?: string }).type === "done");
    }
  }
  return total / ((now() - start) / 1000);
}

/** Rounds of every measurement; the last line of each name counts, the ones before warm up. */
const ROUNDS = 3;

type Measurement = (ctx: Any, node: string) => Promise<number>;

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  "flood.small": (ctx, node) => flood(ctx, node, "small", 500_000),
  "flood.record": (ctx, node) => flood(ctx, node, "record", 300_000),
  "flood.b1k": (ctx, node) => flood(ctx, node, "b1k", 100_000),
  "flood.b64k": (ctx, node) => flood(ctx, node, "b64k", 4_000),
  "flood.16x16": (ctx, node) => floods(ctx, node, 16, 30_000),
  "rtt.p50_us": async (ctx, node) => (await roundTrips(ctx, node, 5_000))[2_500]!,
  "rtt.p99_us": async (ctx, node) => (await roundTrips(ctx, node, 5_000))[4_950]!,
  "pingpong.100pairs": (ctx, node) => pingPongs(ctx, node, 100, 500),
  spawn_reply: (ctx, node) => inTurn(2_000, spawnReply(ctx, node)),
  spawn_concurrent: (ctx, node) => spawnReplies(ctx, node, 10_000, 1_000),
  rpc: (ctx, node) => inTurn(2_000, () => ctx.rpc(node, value, [1])),
  rpc_concurrent: (ctx, node) => atOnce(10_000, 1_000, () => ctx.rpc(node, value, [1])),
};

/** Runs every measurement against the first node that appears, printing a line of JSON each. */
export const main = define("main", async (ctx: Context<NodeUp | NodeDown>) => {
  ctx.monitorNodes(true);
  const { node } = (await ctx.receive("nodeup")) as NodeUp;
  const runner = ctx as unknown as Any;
  for (const [name, measure] of Object.entries(MEASUREMENTS)) {
    for (let round = 0; round < ROUNDS; round++) {
      const measured = await measure(runner, node);
      console.log(JSON.stringify({ measured: name, round, value: measured }));
    }
  }
  console.log(JSON.stringify({ measured: "end" }));
});
