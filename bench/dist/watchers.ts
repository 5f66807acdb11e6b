/** The processes that measure how nodes come and go: a module of a user's, loaded by the compiled binary. */
import { define, Down, Exit, NodeUp, type Context, type NodeDown, type Pid } from "snow-node";

/** Milliseconds since 1970 with their fraction, so that programs of one machine can be compared. */
const now = (): number => performance.timeOrigin + performance.now();

/** Milliseconds that an end needs to be known to both sides before the next connect. */
const PAUSE_MS = 30;

/** Connects and disconnects again and again; says how long each took from the dial to NodeUp. */
export const join = define(
  "join",
  async (ctx: Context<NodeUp | NodeDown>, hint: string, count: number) => {
    ctx.monitorNodes(true);
    const times: number[] = [];
    for (let n = 0; n < count; n++) {
      const start = performance.now();
      const connected = ctx.node.connect(hint);
      const { node } = await ctx.receive("nodeup");
      times.push(performance.now() - start);
      await connected;
      ctx.node.disconnect(node);
      await ctx.receive("nodedown");
      await ctx.sleep(PAUSE_MS);
    }
    ctx.log.info("measured", { values: { times } });
  },
);

/** Joins and leaves as often as it can for so long; says how often it was in. */
export const visit = define(
  "visit",
  async (ctx: Context<NodeUp | NodeDown>, hint: string, forMs: number) => {
    ctx.monitorNodes(true);
    let joins = 0;
    const until = performance.now() + forMs;
    while (performance.now() < until) {
      // A node that has not yet let go of the session before says so: that is no visit.
      const joined = await ctx.node.connect(hint).then(
        () => true,
        () => false,
      );
      if (!joined) continue;
      const { node } = await ctx.receive("nodeup");
      joins++;
      ctx.node.disconnect(node);
      await ctx.receive("nodedown");
    }
    ctx.log.info("measured", { values: { joins } });
  },
);

/** Says when nodes come and go. */
export const look = define("look", async (ctx: Context<NodeUp | NodeDown>) => {
  ctx.monitorNodes(true);
  for await (const { type, node } of ctx.messages()) {
    ctx.log.info("noticed", { what: type, peer: node, at: now() });
  }
});

const idle = async (ctx: Context<never>): Promise<void> => {
  await ctx.receive({ timeoutMs: Infinity });
};

/** Processes that wait for nothing, and one that says who they are. */
export const crowd = define(
  "crowd",
  async (ctx: Context<never>, count: number, to: Pid<readonly Pid[]>) => {
    const step = 1_000;
    for (let made = 0; made < count; made += step) {
      ctx.send(
        to,
        Array.from({ length: step }, () => ctx.spawn(idle) as Pid),
      );
      await ctx.ready(to);
    }
    await ctx.receive({ timeoutMs: Infinity });
  },
);

export const there = define("there", async () => true);

type Held = readonly Pid[] | Down | Exit;

/** Holds a monitor or a link with each process of a crowd on another node; says when the last of them has fired. */
export const hold = define(
  "hold",
  async (ctx: Context<Held>, kind: "monitors" | "links", node: string, count: number) => {
    ctx.trapExit(true);
    await ctx.spawnOn<typeof crowd>(node, "crowd", [count, ctx.self as Pid<readonly Pid[]>]);
    const pids: Pid[] = [];
    while (pids.length < count) pids.push(...((await ctx.receive()) as readonly Pid[]));
    ctx.log.info("met", { count: pids.length });
    await ctx.sleep(500);
    for (const [index, pid] of pids.entries()) {
      if (kind === "monitors") ctx.monitor(pid);
      else ctx.link(pid);
      if (index % 1_000 === 0) await ctx.ready(pid);
    }
    // An answer from over there: everything said before it has arrived.
    await ctx.rpc(node, there, []);
    ctx.log.info("holding", { count });
    for (let fired = 0; fired < count; fired++) await ctx.receive({ timeoutMs: Infinity });
    ctx.log.info("last", { at: now(), count });
  },
);

/** Gaps between arrivals that are shorter than this are the machine's business. */
const GAP_MS = 2;

/** Takes numbers in order and says where there were gaps in time, and whether any number was lost or came twice. */
export const drain = define("drain", async (ctx: Context<number | Pid>) => {
  const gaps: [from: number, to: number][] = [];
  let [next, last, broken] = [0, now(), 0];
  for await (const message of ctx.messages()) {
    if (typeof message !== "number") {
      ctx.log.info("drained", { count: next, broken, gaps });
      return;
    }
    if (message !== next) broken++;
    next = message + 1;
    const at = now();
    if (at - last > GAP_MS) gaps.push([last, at]);
    last = at;
  }
});

/** Sends numbers to a `drain` on another node for so long. */
export const pour = define("pour", async (ctx: Context<never>, node: string, forMs: number) => {
  const to = await ctx.spawnOn<typeof drain>(node, "drain", []);
  ctx.log.info("pouring", {});
  const until = now() + forMs;
  for (let n = 0; ; n++) {
    ctx.send(to, n);
    if (n % 64 !== 0) continue;
    await ctx.ready(to);
    if (now() > until) break;
  }
  ctx.send(to, ctx.self as Pid);
});
