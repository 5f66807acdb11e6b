/** What runs on two nodes while the link between them is cut: pairs that count, and guards that see who is lost. */
import { define, Down, Exit, type Context, type NodeDown, type NodeUp, type Pid } from "snow-node";

type Got = { readonly type: "got"; readonly n: number };
type Stop = { readonly type: "stop" };
type Numbered = {
  readonly type: "number";
  readonly n: number;
  readonly filler: Uint8Array;
  readonly from: Pid<Got>;
};
type Last = { readonly type: "last"; readonly from: Pid<Got> };

/** Messages on their way at most, so that a pair is always in the middle of something. */
const WINDOW = 500;
const GOT_EVERY = 25;
const PROGRESS_MS = 50;
/** Every so many messages one goes in fragments. */
const LARGE_EVERY = 101;
const LARGE_BYTES = 300_000;

/** Counts what one sender sends it: each number once, in order, with all its bytes. */
export const receiver = define("receiver", async (ctx: Context<Numbered | Last>, pair: string) => {
  let [next, broken] = [0, 0];
  for await (const message of ctx.messages()) {
    if (message.type === "last") {
      ctx.log.info("received", { pair, count: next, broken });
      ctx.send(message.from, { type: "got", n: Infinity });
      return;
    }
    const { n, filler, from } = message;
    if (n !== next || (filler.length > 0 && filler.at(-1) !== n % 251)) broken++;
    next = n + 1;
    if (n % GOT_EVERY === 0) ctx.send(from, { type: "got", n });
  }
});

function fillerOf(n: number): Uint8Array {
  const filler = new Uint8Array(n % LARGE_EVERY === 0 ? LARGE_BYTES : n % 200);
  if (filler.length > 0) filler[filler.length - 1] = n % 251;
  return filler;
}

/** Sends numbers to a `receiver` on another node until it is told to stop; says in the log how far it has come. */
export const sender = define(
  "sender",
  async (ctx: Context<Got | Stop | Down>, pair: string, node: string) => {
    ctx.register(pair);
    const place = { node, scheduler: "spread" } as const;
    const to = await ctx.spawnOn<typeof receiver>(place, "receiver", [pair]);
    ctx.monitor(to);
    let [n, got, saidAt, stopped] = [0, -1, 0, false];
    while (!stopped) {
      for (; n - got <= WINDOW; n++)
        ctx.send(to, { type: "number", n, filler: fillerOf(n), from: ctx.self });
      const message = await ctx.receive();
      if (message instanceof Down)
        return ctx.log.info("pair lost", { pair, reason: message.reason });
      if (message.type === "stop") stopped = true;
      else got = message.n;
      if (performance.now() - saidAt < PROGRESS_MS) continue;
      saidAt = performance.now();
      ctx.log.info("progress", { pair, got });
    }
    ctx.send(to, { type: "last", from: ctx.self });
    await ctx.receive(
      (message): message is Got => message.type === "got" && message.n === Infinity,
    );
    ctx.log.info("sent", { pair, count: n });
  },
);

export const idle = define("idle", async (ctx: Context<Stop>) => {
  await ctx.receive({ timeoutMs: Infinity });
});

type Seen = Down | Exit | NodeUp | NodeDown | Stop;

/** Monitors and links of each kind that a guard holds. */
const GUARDED = 40;

/** Watches processes of another node in every way there is and counts what fires; says so when it is told to stop. */
export const guard = define("guard", async (ctx: Context<Seen>, node: string) => {
  ctx.register("guard");
  ctx.trapExit(true);
  ctx.monitorNodes(true);
  const fired = new Map<unknown, number>();
  for (let index = 0; index < GUARDED; index++) {
    const place = { node, scheduler: "spread" } as const;
    const pid = await ctx.spawnOn<typeof idle>(place, "idle", []);
    fired.set(ctx.monitor(pid), 0);
    // A second monitor of one process is one more DOWN.
    fired.set(ctx.monitor(pid), 0);
    ctx.link(pid);
    fired.set(pid, 0);
    fired.set(ctx.monitor({ name: "guard", node }), 0);
  }
  ctx.log.info("guarding", { bonds: fired.size });
  let [nodeDowns, late] = [0, 0];
  for await (const message of ctx.messages()) {
    if (message.type === "stop") break;
    if (message instanceof Down) count(fired, message.ref);
    else if (message instanceof Exit) count(fired, message.from);
    else if (message.type === "nodedown") nodeDowns++;
    // Whatever belongs to the old session comes before its NodeDown.
    if (nodeDowns > 0 && message.type !== "nodedown" && message.type !== "nodeup") late++;
  }
  const counts = [...fired.values()];
  const once = counts.filter((times) => times === 1).length;
  const more = counts.filter((times) => times > 1).length;
  ctx.log.info("guarded", { bonds: counts.length, once, more, nodeDowns, late });
});

function count(fired: Map<unknown, number>, key: unknown): void {
  fired.set(key, (fired.get(key) ?? 1_000) + 1);
}
