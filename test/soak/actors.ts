/** The user module of the soak's nodes: a process for each node that keeps a random mix of others going. */
import { define, NodeDown, NodeUp, type Context, type Down, type Pid } from "snow-node";

import { oneOf, random } from "./chance.ts";
import { linker, mixer } from "./links.ts";
import { sender } from "./pairs.ts";
import { nodes, over, record } from "./records.ts";
import { bank, BANK, caller, parent } from "./talks.ts";
import { watcher } from "./watches.ts";

/** Processes of the mix that a node has begun and that have not ended. */
const EPISODES_MAX = 14;
const PAUSE_MS_MAX = 120;
/** Links that stay until the end. */
const MIXED_LINKS = 4;
const MIX_MS = 3_000;

type Any = Context<Down | NodeUp | NodeDown>;

let episodes = 0;

/** Begins one thing at random, on any scheduler of this node, with another node. */
async function begin(ctx: Any): Promise<Pid> {
  const peer = oneOf(nodes().filter((node) => node !== ctx.node.name));
  const place = { scheduler: "spread" } as const;
  const name = `${ctx.node.name} ${Date.now()} ${++episodes}`;
  switch (oneOf(["pair", "pair", "watch", "link", "call", "spawn"])) {
    case "pair":
      return ctx.spawnOn(place, sender, [peer, name]);
    case "watch":
      return ctx.spawnOn(place, watcher, [peer, name]);
    case "link":
      return ctx.spawnOn(place, linker, [peer]);
    case "call":
      return ctx.spawnOn(place, caller, [peer]);
    default:
      return ctx.spawnOn(place, parent, [peer]);
  }
}

/** Two mixers, one here and one on another node, that know each other. Nothing when the other node cannot be reached. */
async function beginMixing(ctx: Any): Promise<void> {
  const peer = oneOf(nodes().filter((node) => node !== ctx.node.name));
  const far = await ctx.spawnOn(peer, mixer, [], { timeoutMs: MIX_MS }).catch(() => undefined);
  if (far === undefined) return;
  const near = ctx.spawn(mixer);
  ctx.send(far, { type: "mix", with: near });
  ctx.send(near, { type: "mix", with: far });
}

/** Keeps the mix going until it is over and all has ended, and writes down which nodes come and go. */
export const root = define("soak.root", async (ctx: Any) => {
  ctx.register("soak.root");
  ctx.monitorNodes(true);
  record(ctx.self, { what: "nodes", present: ctx.node.list() });
  await bank.start(ctx, [], { name: BANK, link: true });
  let running = 0;
  let mixed = 0;
  let resting = false;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- paced
    const message = await ctx.receive({ timeoutMs: random(PAUSE_MS_MAX) });
    if (message instanceof NodeUp) record(ctx.self, { what: "nodeup", node: message.node });
    else if (message instanceof NodeDown)
      record(ctx.self, { what: "nodedown", node: message.node, reason: message.reason });
    else if (message !== undefined) running--;
    if (over()) {
      if (running === 0 && !resting) ctx.log.info("at rest");
      resting ||= running === 0;
      continue;
    }
    // oxlint-disable no-await-in-loop -- one after the other
    if (mixed < MIXED_LINKS && ctx.node.list().length > 0) {
      await beginMixing(ctx);
      mixed++;
    }
    if (running >= EPISODES_MAX) continue;
    ctx.monitor(await begin(ctx));
    running++;
    // oxlint-enable no-await-in-loop
  }
});
