import {
  define,
  type Context,
  type Down,
  type NodeDown,
  type NodeUp,
  type Pid,
  type Ref,
} from "snow-node";

import { random, sometimes } from "./chance.ts";
import { over, record } from "./records.ts";

const COUNT_MAX = 1_000;
const BURST_MAX = 30;
const PAUSE_MS_MAX = 80;
/** In percent of the messages: large enough to travel in fragments. */
const LARGE_SHARE = 1;
const LARGE_BYTES = 200_000;
const READY_MS = 5_000;
/** A receiver that hears nothing for so long has nobody to hear from any more. */
const SILENCE_MS = 15_000;

type Numbered = {
  readonly type: "number";
  readonly seq: number;
  /** Its last byte says how long it is. */
  readonly load: Uint8Array;
};
type Ready = { readonly type: "ready" };

function load(): Uint8Array {
  const bytes = new Uint8Array(sometimes(LARGE_SHARE) ? LARGE_BYTES + random(100) : random(40) + 1);
  bytes[bytes.length - 1] = bytes.length % 251;
  return bytes;
}

/** Sends numbers from 1 to a receiver on another node, then ends with the last one as its reason. */
export const sender = define(
  "soak.sender",
  async (ctx: Context<Ready>, peer: string, stream: string) => {
    const place = { node: peer, scheduler: "spread" } as const;
    const spawned = ctx.spawnOn<typeof receiver>(place, "soak.receiver", [ctx.self, stream]);
    const to = await spawned.catch(() => undefined);
    if (to === undefined) return;
    if ((await ctx.receive("ready", { timeoutMs: READY_MS })) === undefined) return;
    const count = random(COUNT_MAX) + 1;
    let seq = 0;
    while (seq < count && !over()) {
      const upTo = Math.min(count, seq + 1 + random(BURST_MAX));
      record(ctx.self, { what: "sending", stream, upTo });
      while (seq < upTo) ctx.send(to, { type: "number", seq: ++seq, load: load() });
      // oxlint-disable-next-line no-await-in-loop -- paced
      await ctx.ready(to);
      // oxlint-disable-next-line no-await-in-loop -- paced
      await ctx.sleep(random(PAUSE_MS_MAX));
    }
    record(ctx.self, { what: "sent", stream, last: seq });
    const reason = { shutdown: { sent: seq } };
    record(ctx.self, { what: "end", reason });
    ctx.exit(reason);
  },
);

/** Writes down every number, and all that it hears of its sender, until that has ended. */
export const receiver = define(
  "soak.receiver",
  async (ctx: Context<Numbered | Down | NodeUp | NodeDown>, from: Pid<Ready>, stream: string) => {
    ctx.monitorNodes(true);
    record(ctx.self, { what: "receiver", stream, from: from.toString() });
    const watch = (): Ref => {
      const ref = ctx.monitor(from);
      record(ctx.self, { what: "monitor", ref: ref.toString(), target: from.toString() });
      return ref;
    };
    let watching: Ref | undefined = watch();
    ctx.send(from, { type: "ready" });
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- a receive loop
      const message = await ctx.receive({ timeoutMs: SILENCE_MS });
      if (message === undefined) break;
      if (message.type === "number") {
        const { seq, load: bytes } = message;
        const whole = bytes.at(-1) === bytes.length % 251;
        record(ctx.self, { what: "got", stream, seq, whole });
      } else if (message.type === "down") {
        const { ref, reason } = message;
        record(ctx.self, { what: "down", ref: ref.toString(), reason });
        watching = undefined;
        if (reason !== "noconnection") break;
      } else if (message.node === from.node) {
        if (message.type === "nodeup") {
          record(ctx.self, { what: "nodeup", node: message.node });
          watching ??= watch();
        } else {
          record(ctx.self, { what: "nodedown", node: message.node, reason: message.reason });
        }
      }
    }
    if (watching !== undefined) {
      ctx.demonitor(watching, { flush: true });
      record(ctx.self, { what: "demonitor", ref: watching.toString() });
    }
    record(ctx.self, { what: "end", reason: "normal" });
  },
);
