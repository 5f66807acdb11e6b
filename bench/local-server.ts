/**
 * Calls and casts to a server on the same scheduler, beside Erlang's gen_server where `erlc` is installed. Each program checks
 * that its work was done; the value is the median of the rounds that follow the warm-up.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Context, defineServer, type PidOf } from "../src/index.ts";
import { createScheduler } from "./local/programs.ts";
import { compare, median, type Report } from "./row.ts";

const ROUNDS = 7;
const WARM_UP_ROUNDS = 3;
const CALLS = 300_000;
const CASTS = 1_000_000;

const account = defineServer("bench.account", {
  init: (_ctx: Context<never>, opening: number) => ({ balance: opening }),
  calls: { balance: (ctx) => ctx.state.balance },
  casts: {
    add: (ctx, amount: number) => {
      ctx.state.balance += amount;
    },
  },
});

type Program = (ctx: Context<never>, pid: PidOf<typeof account>) => Promise<void>;

/** One call after the other, each awaited. */
const call: Program = async (ctx, pid) => {
  const client = account.client(ctx, pid);
  let sum = 0;
  // oxlint-disable-next-line no-await-in-loop -- in turn
  for (let count = 0; count < CALLS; count++) sum += await client.balance();
  if (sum !== (await client.balance()) * CALLS) throw new Error("a call was answered wrongly");
};

/** Casts without a pause; the call at the end waits for the last of them. */
const cast: Program = async (ctx, pid) => {
  const client = account.client(ctx, pid, { timeoutMs: Infinity });
  const before = await client.balance();
  for (let count = 0; count < CASTS; count++) client.add(1);
  if ((await client.balance()) !== before + CASTS) throw new Error("a cast was lost");
};

/** Units of work a second. */
async function rate(program: Program, size: number): Promise<number> {
  const scheduler = createScheduler();
  const pid = await account.start(scheduler.caller(), [1]);
  const rates: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const begin = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- rounds must not disturb each other
    await scheduler.run((ctx: Context<never>) => program(ctx, pid));
    if (round >= WARM_UP_ROUNDS) rates.push((size * 1_000) / (performance.now() - begin));
  }
  scheduler.stop();
  return median(rates);
}

/** The same on one scheduler of Erlang; undefined where it is not installed. */
function otpRate(name: string, size: number, folder: string): number | undefined {
  const [erl, erlc] = [Bun.which("erl"), Bun.which("erlc")];
  if (erl === null || erlc === null) return undefined;
  const source = join(import.meta.dir, "peers/otp/server.erl");
  Bun.spawnSync([erlc, "-o", folder, source]);
  const rounds = String(WARM_UP_ROUNDS + ROUNDS);
  const evaluate = `server:main(["${name}","${size}","${rounds}"])`;
  const output = Bun.spawnSync([erl, "-noinput", "+S", "1", "-pa", folder, "-eval", evaluate]);
  const micros = output.stdout.toString().trim().split(" ").map(Number).slice(WARM_UP_ROUNDS);
  return micros.length === ROUNDS ? (size * 1e6) / median(micros) : undefined;
}

/** Rows `local.server_call` and `local.server_cast`, per second. */
export async function run(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "snow-bench-"));
  try {
    for (const [name, program, size] of [
      ["server_call", call, CALLS],
      ["server_cast", cast, CASTS],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- the two must not run at once
      const ours = await rate(program, size);
      const theirs = otpRate(name, size, folder);
      const row = `local.${name}`;
      if (theirs === undefined) report({ name: row, value: ours, unit: "/s" });
      else report(compare(row, "/s", ours, "gen_server", theirs, "higher"));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
