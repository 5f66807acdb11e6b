/**
 * What processes cost on one scheduler, beside the same programs on Erlang with one scheduler; then servers and two schedulers.
 * Medians.
 */
import { join } from "node:path";

import { run as runCross } from "./cross.ts";
import { run as runServers } from "./local-server.ts";
import { latency } from "./local/latency.ts";
import {
  createScheduler,
  flood,
  monitors,
  pingpong,
  type Program,
  selective,
  spawnBurst,
  spawnReply,
} from "./local/programs.ts";
import { OtpPeer } from "./peers/otp.ts";
import { compare, median, type Report } from "./row.ts";

const ROUNDS = 7;
const PEER_ROUNDS = 5;
/** Smallest sizes of the rows that show how cost grows; measured at 1, 10, 100 and 1,000 times this. */
const GROWTH = { flood: 2_000, spawn_burst: 1_000, idle_bytes: 1_000 };
const FACTORS = [1, 10, 100, 1_000];

interface Rate {
  readonly name: string;
  readonly program: Program;
  readonly size: number;
  /** Size for other libraries that have this program: they take longer. */
  readonly peerSize?: number;
}

/** XState runs the receiver inside of its send: what it does is a call, and it has no mailbox. */
const PEERS = ["nact", "xstate"];

const RATES: readonly Rate[] = [
  { name: "pingpong", program: pingpong, size: 300_000, peerSize: 100_000 },
  { name: "flood", program: flood, size: 2_000_000, peerSize: 200_000 },
  { name: "spawn_reply", program: spawnReply, size: 200_000, peerSize: 50_000 },
  { name: "spawn_burst", program: spawnBurst, size: 100_000 },
  { name: "monitors", program: monitors, size: 100_000 },
];

/** Milliseconds of every round but the first, which warms up. */
async function measure(program: Program, size: number, rounds = ROUNDS): Promise<number[]> {
  const scheduler = createScheduler();
  const values: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time
    const value = await program(scheduler, size);
    if (round > 0) values.push(value);
  }
  return values;
}

/** The same program on another library, in a program of its own. */
function peerRate(library: string, name: string, size: number): number {
  const program = join(import.meta.dir, "local", "peers.ts");
  const args = [program, library, name, String(size), String(PEER_ROUNDS)];
  const { stdout, success } = Bun.spawnSync([process.execPath, ...args]);
  if (!success) throw new Error(`${library} ${name} failed`);
  return (size / median(stdout.toString().trim().split(" ").map(Number))) * 1_000;
}

/** Bytes of an idle process, measured in a program of its own: one that others have used has memory to spare. */
function idleBytes(count: number): number {
  const program = join(import.meta.dir, "local", "idle.ts");
  const { stdout } = Bun.spawnSync([process.execPath, program, String(count)]);
  return Number(stdout.toString());
}

async function reportRates(report: Report, otp: OtpPeer | undefined): Promise<void> {
  for (const { name, program, size, peerSize } of RATES) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time
    const rate = (size / median(await measure(program, size))) * 1_000;
    if (otp === undefined) {
      report({ name: `local.${name}`, value: rate, unit: "/s" });
    } else {
      const theirs = (size / median(otp.run(name, size, ROUNDS))) * 1_000_000;
      report(compare(`local.${name}`, "/s", rate, "otp", theirs, "higher"));
    }
    if (peerSize === undefined) continue;
    for (const library of PEERS) {
      const theirs = peerRate(library, name, peerSize);
      report(compare(`local.${name}`, "/s", rate, library, theirs, "higher"));
    }
  }
}

async function reportSelective(report: Report, otp: OtpPeer | undefined): Promise<void> {
  for (const size of [10_000, 100_000]) {
    /* oxlint-disable no-await-in-loop -- one at a time */
    const passed = median(await measure(selective(false), size));
    const byType = median(await measure(selective(true), size));
    /* oxlint-enable no-await-in-loop */
    const name = `local.selective_ms.${size}`;
    if (otp === undefined) {
      report({ name, value: passed, unit: "ms" });
    } else {
      const theirs = median(otp.run("selective", size, ROUNDS)) / 1_000;
      report(compare(name, "ms", passed, "otp", theirs, "lower"));
    }
    report({ name: `local.selective_by_type_ms.${size}`, value: byType, unit: "ms" });
  }
}

async function reportGrowth(report: Report): Promise<void> {
  for (const factor of FACTORS) {
    /* oxlint-disable no-await-in-loop -- one at a time */
    const floods = GROWTH.flood * factor;
    const flooded = median(await measure(flood, floods, 3));
    report({ name: `local.flood.x${factor}`, value: (floods / flooded) * 1_000, unit: "/s" });
    const spawns = GROWTH.spawn_burst * factor;
    const spawned = median(await measure(spawnBurst, spawns, 3));
    report({ name: `local.spawn_burst.x${factor}`, value: (spawns / spawned) * 1_000, unit: "/s" });
    /* oxlint-enable no-await-in-loop */
    const bytes = idleBytes(GROWTH.idle_bytes * factor);
    report({ name: `local.idle_bytes.x${factor}`, value: bytes, unit: "bytes" });
  }
}

async function reportLatency(report: Report): Promise<void> {
  for (const where of ["nowhere", "here", "elsewhere"] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time
    const value = await latency(where);
    report({ name: `local.latency_p99_us.busy_${where}`, value, unit: "us" });
  }
}

/** Rows `local.*` and `cross.*`. Those of servers and of two schedulers are suites of their own too. */
export async function run(report: Report): Promise<void> {
  using otp = OtpPeer.open("local");
  await reportRates(report, otp);
  const bytes = idleBytes(1_000_000);
  if (otp === undefined) {
    report({ name: "local.idle_bytes", value: bytes, unit: "bytes" });
  } else {
    const theirs = median(otp.run("idle_bytes", 100_000, 3));
    report(compare("local.idle_bytes", "bytes", bytes, "otp", theirs, "lower"));
  }
  await reportSelective(report, otp);
  await reportLatency(report);
  await reportGrowth(report);
  await runServers(report);
  await runCross(report);
}
