/**
 * The user module that the nodes of these tests load from disk. What its processes see they write to the log, where
 * the tests read it; fields are named so that none of them hides one of the log's own.
 */
import { define, Down, NodeUp, type Context, type NodeDown, type Pid } from "snow-node";

type Text = { readonly type: "text"; readonly text: string; readonly replyTo?: Pid<Text> };

/** Says every text in the log, and sends it back to whoever asked for that. */
export const echo = define("echo", async (ctx: Context<Text>, name: string) => {
  if (name !== "") ctx.register(name);
  for await (const { text, replyTo } of ctx.messages()) {
    ctx.log.info("echo", { said: text });
    if (replyTo !== undefined)
      ctx.send(replyTo, { type: "text", text: `${text} from ${ctx.node.name}` });
  }
});

/** Spawns an `echo` on each node by its name and talks to it by pid and by name. */
export const talk = define("talk", async (ctx: Context<Text>, nodes: readonly string[]) => {
  for (const node of nodes) {
    const far = await ctx.spawnOn<typeof echo>({ node, scheduler: "spread" }, "echo", ["parrot"]);
    ctx.send(far, { type: "text", text: "by pid", replyTo: ctx.self });
    const byPid = await ctx.receive("text");
    ctx.send({ name: "parrot", node }, { type: "text", text: "by name", replyTo: ctx.self });
    const byName = await ctx.receive("text");
    ctx.log.info("talked", { home: far.node, answers: [byPid.text, byName.text] });
  }
});

/** Logs the nodes that come and go. Without arguments, so that it can be started from the command line. */
export const look = define("look", async (ctx: Context<NodeUp | NodeDown>) => {
  ctx.monitorNodes(true);
  ctx.log.info("looking", { present: ctx.node.list() });
  for await (const message of ctx.messages()) {
    ctx.log.info("seen", { what: message.type, peer: message.node, at: Date.now() });
  }
});

/** Exchanges small messages with an `echo` on another node, one after the other, and logs the median of the times. */
export const pinger = define("pinger", async (ctx: Context<Text>, node: string, count: number) => {
  const to = await ctx.spawnOn<typeof echo>(node, "echo", [""]);
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const since = performance.now();
    ctx.send(to, { type: "text", text: "ping", replyTo: ctx.self });
    await ctx.receive("text");
    times.push(performance.now() - since);
  }
  ctx.log.info("pinged", { medianMs: times.toSorted((a, b) => a - b)[count >> 1] });
});

/** Lives for as long as its node. */
export const idle = define("idle", async (ctx: Context<Text>) => {
  for await (const { text } of ctx.messages()) ctx.log.info("echo", { said: text });
});

/** Ends when a process that it is linked to ends, and leaves that process's exit reason in the log as its own. */
export const linked = define("linked", async (ctx: Context<Text>, to: Pid) => {
  ctx.link(to);
  await ctx.receive();
});

/**
 * Watches a process on another node in every way there is. When the node comes back under its name it sends to the
 * pid of old, monitors it again, and then talks to a new process there, so that a message gone astray shows.
 */
export const watch = define(
  "watch",
  async (ctx: Context<Down | NodeUp | NodeDown>, peer: string) => {
    ctx.monitorNodes(true);
    const old = await ctx.spawnOn<typeof idle>(peer, "idle", []);
    ctx.monitor(old);
    ctx.monitor({ name: "parrot", node: peer });
    const victim = ctx.spawnMonitor(linked, [old]);
    ctx.log.info("watching", { target: old.toString() });
    for await (const message of ctx.messages()) {
      const at = Date.now();
      if (message instanceof Down) {
        const what =
          message.target === old ? "pid" : message.target === victim.pid ? "link" : "name";
        ctx.log.info("down", { what, reason: message.reason, at });
      } else if (message.node === peer) {
        ctx.log.info("noticed", {
          what: message.type,
          at,
          reason: "reason" in message ? message.reason : undefined,
        });
        if (message instanceof NodeUp) await afterReturn(ctx, peer, old);
      }
    }
  },
);

async function afterReturn(
  ctx: Context<Down | NodeUp | NodeDown>,
  peer: string,
  old: Pid<Text>,
): Promise<void> {
  ctx.send(old, { type: "text", text: "to the dead" });
  const fresh = await ctx.spawnOn<typeof idle>(peer, "idle", []);
  ctx.send(fresh, { type: "text", text: "to the living" });
  ctx.log.info("returned", { target: fresh.toString() });
  ctx.monitor(old);
  const { reason } = await ctx.receive(
    (message): message is Down => message instanceof Down && message.target === old,
  );
  ctx.log.info("still dead", { reason });
}

/** Numbers from 1, or bytes as large as somebody likes; `last` asks for the sum of it. */
type Counted =
  | { readonly type: "number"; readonly number: number }
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  | { readonly type: "last"; readonly replyTo: Pid<Sum> };
type Sum = {
  readonly type: "sum";
  readonly count: number;
  readonly bytes: number;
  readonly inOrder: boolean;
};

/** Counts what one sender sends it, and whether it comes in order and whole. */
export const collector = define("collector", async (ctx: Context<Counted>) => {
  let [count, bytes, inOrder] = [0, 0, true];
  for await (const message of ctx.messages()) {
    if (message.type === "number") inOrder &&= message.number === ++count;
    else if (message.type === "bytes") {
      bytes += message.bytes.length;
      // The first and the last byte say how many there are.
      inOrder &&= message.bytes.at(-1) === message.bytes.length % 251;
    } else ctx.send(message.replyTo, { type: "sum", count, bytes, inOrder });
  }
});

/** Sends numbers to a collector on another node, among them one large message, and logs what it says it got. */
export const pour = define(
  "pour",
  async (ctx: Context<Sum>, node: string, count: number, largeBytes: number) => {
    const to = await ctx.spawnOn<typeof collector>(node, "collector", []);
    for (let number = 1; number <= count; number++) {
      ctx.send(to, { type: "number", number });
      if (number === count >> 1 && largeBytes > 0) {
        const bytes = new Uint8Array(largeBytes);
        bytes[largeBytes - 1] = largeBytes % 251;
        ctx.send(to, { type: "bytes", bytes });
      }
      // A sender that never waits would leave the other processes of its scheduler no turn.
      if (number % 1_000 === 0) await ctx.ready(to);
    }
    ctx.send(to, { type: "last", replyTo: ctx.self });
    const { count: got, bytes, inOrder } = await ctx.receive("sum");
    ctx.log.info("poured", { got, bytes, inOrder });
  },
);

/** Sends numbers for as long as it lives. */
export const tap = define("tap", async (ctx: Context<never>, to: Pid<Counted>) => {
  for (let number = 1; ; number++) {
    ctx.send(to, { type: "number", number });
    if (number % 100 === 0) await ctx.ready(to);
  }
});

/** Takes what a `tap` on another node sends until that node dies, and logs whether it was a prefix without a gap. */
export const drink = define("drink", async (ctx: Context<Counted | Down>, node: string) => {
  const source = await ctx.spawnOn<typeof tap>(node, "tap", [ctx.self]);
  ctx.monitor(source);
  let [count, inOrder] = [0, true];
  for await (const message of ctx.messages()) {
    if (message instanceof Down) {
      ctx.log.info("ran dry", { count, inOrder, reason: message.reason });
      return;
    }
    if (message.type === "number") inOrder &&= message.number === ++count;
    if (count === 5_000) ctx.log.info("running");
  }
});
