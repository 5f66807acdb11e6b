import {
  CallError,
  define,
  defineServer,
  type Context,
  type Down,
  type Exit,
  ProcessExit,
  SpawnError,
} from "snow-node";

import { oneOf, random, sometimes } from "./chance.ts";
import { over, record } from "./records.ts";

const CALLS_MAX = 60;
const PAUSE_MS_MAX = 60;
const SLOW_MS_MAX = 60;
const SPAWNS_MAX = 25;
/** Some waits are so short that answers come too late. */
const WAITS_MS = [5, 20, 60, 500, 4_000];

/** Under which the bank of each node is registered. */
export const BANK = "soak.bank";

const later = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, random(SLOW_MS_MAX)));

/** Answers with twice the number; slow at times. Writes down whom it served. */
export const bank = defineServer(BANK, {
  init: (_ctx: Context<never>) => ({}),
  calls: {
    twice: async (ctx, id: string, number: number) => {
      record(ctx.self, { what: "served", id });
      if (sometimes(10)) await later();
      return number * 2;
    },
  },
});

/** For `rpc`: three times the number. */
export const thrice = define("soak.thrice", async (ctx: Context<never>, id: string, n: number) => {
  record(ctx.self, { what: "served", id });
  if (sometimes(20)) await later();
  return n * 3;
});

/** `ended`: the process itself came to its end meanwhile, as one with links may. */
function codeOf(error: unknown): string {
  if (error instanceof CallError || error instanceof SpawnError) return error.code;
  return error instanceof ProcessExit ? "ended" : `thrown: ${String(error)}`;
}

/** What has no business in the mailbox of a process whose waits are all over. */
async function noteStrays(ctx: Context<unknown>): Promise<void> {
  const message = await ctx.receive({ timeoutMs: SLOW_MS_MAX * 3 });
  if (message !== undefined) record(ctx.self, { what: "stray", message: JSON.stringify(message) });
}

/** Calls the bank of another node, and functions there, with waits that are too short at times. */
export const caller = define("soak.caller", async (ctx: Context<unknown>, peer: string) => {
  const count = random(CALLS_MAX) + 1;
  const far = bank.client(ctx, { name: BANK, node: peer }, { timeoutMs: oneOf(WAITS_MS) });
  for (let n = 0; n < count && !over(); n++) {
    const id = `${String(ctx.self)} ${n}`;
    const kind = oneOf(["call", "rpc"]);
    record(ctx.self, { what: "call", id, kind });
    const asked =
      kind === "call"
        ? far.twice(id, n).then((value) => value === n * 2)
        : ctx
            .rpc(peer, thrice, [id, n], { timeoutMs: oneOf(WAITS_MS) })
            .then((value) => value === n * 3);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await asked.then(
      (right) => record(ctx.self, { what: "answered", id, right }),
      (error: unknown) => record(ctx.self, { what: "failed", id, code: codeOf(error) }),
    );
    // oxlint-disable-next-line no-await-in-loop -- paced
    await ctx.sleep(random(PAUSE_MS_MAX));
  }
  await noteStrays(ctx);
  record(ctx.self, { what: "end", reason: "normal" });
});

/** Says that it is there, and stays for as long as the one that it is linked to, or for a moment. */
export const newborn = define(
  "soak.newborn",
  async (ctx: Context<Exit>, id: string, stays: boolean) => {
    record(ctx.self, { what: "born", id });
    ctx.trapExit(true);
    const exit = await ctx.receive(stays ? {} : { timeoutMs: random(PAUSE_MS_MAX) });
    if (exit !== undefined) {
      record(ctx.self, { what: "exit", from: exit.from.toString(), reason: exit.reason });
    }
    record(ctx.self, { what: "end", reason: "normal" });
  },
);

/** Spawns on another node, one after the other; those that are linked end with it. */
export const parent = define("soak.parent", async (ctx: Context<Down>, peer: string) => {
  const count = random(SPAWNS_MAX) + 1;
  for (let n = 0; n < count && !over(); n++) {
    const id = `${String(ctx.self)} ${n}`;
    const linked = sometimes(50);
    const name = sometimes(5) ? "soak.nobody" : "soak.newborn";
    record(ctx.self, { what: "spawn", id, linked });
    const place = { node: peer, scheduler: "spread" } as const;
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await ctx.spawnOn(place, name, [id, linked], { link: linked, timeoutMs: oneOf(WAITS_MS) }).then(
      (pid) => record(ctx.self, { what: "spawned", id, pid: pid.toString() }),
      (error: unknown) => record(ctx.self, { what: "refused", id, code: codeOf(error) }),
    );
    // oxlint-disable-next-line no-await-in-loop -- paced
    await ctx.sleep(random(PAUSE_MS_MAX));
  }
  const reason = { shutdown: { parent: count } };
  record(ctx.self, { what: "end", reason });
  ctx.exit(reason);
});
