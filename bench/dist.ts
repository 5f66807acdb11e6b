/**
 * Two nodes on loopback, each a process of its own: snow-node over TLS and with TLS off, Erlang/OTP over plain TCP and over
 * TLS 1.3, NATS and Moleculer where they are installed. Every side runs the same programs, message for message, and they take
 * turns round by round, so that what else the machine does meets all of them; the median of the rounds counts.
 */
import { Folder } from "../test/e2e/support/folder.ts";
import { buildIfNeeded } from "../test/e2e/support/program.ts";
import { startMoleculer, startNats } from "./dist/brokers.ts";
import { startEpoll } from "./dist/epoll.ts";
import { Erlang } from "./dist/erlang.ts";
import { connects, handshakes } from "./dist/joins.ts";
import { crowds, detections, resumes } from "./dist/losses.ts";
import type { Side, Values } from "./dist/side.ts";
import { startSnow } from "./dist/snow.ts";
import { compare, median, type Report, type Wanted } from "./row.ts";

/** The first one warms up and does not count. */
const ROUNDS = 4;

interface Measurement {
  readonly name: string;
  /** The rows that it gives. */
  readonly rows: readonly string[];
  readonly unit: string;
}

const one = (unit: string, ...names: readonly string[]): Measurement[] =>
  names.map((name) => ({ name, rows: [name], unit }));

const MEASUREMENTS: readonly Measurement[] = [
  ...one("/s", "flood.small", "flood.record", "flood.b1k", "flood.b64k", "flood.16x16"),
  { name: "rtt", rows: ["rtt.p50_us", "rtt.p99_us"], unit: "us" },
  ...one("us", "rtt_loaded.p99_us"),
  ...one("ms", "small_behind_large_ms"),
  ...one("/s", "spawn_reply", "spawn_concurrent", "spawn_monitor_down"),
  ...one("/s", "rpc", "rpc_concurrent", "pingpong.100pairs"),
];

const OURS = "snow-node";

/** Measurements that stand for themselves, with the names that their rows begin with. */
const OTHERS: readonly {
  readonly rows: readonly string[];
  readonly run: (report: Report, folder: Folder, erlang: Erlang | undefined) => Promise<void>;
}[] = [
  { rows: ["connect_ms"], run: connects },
  { rows: ["handshakes"], run: handshakes },
  { rows: ["detect_ms"], run: (report, _folder, erlang) => detections(report, erlang) },
  { rows: ["resume_ms", "resume_lost"], run: resumes },
  {
    rows: ["monitors_noconnection", "links_bytes"],
    run: (report, _folder, erlang) => crowds(report, erlang),
  },
];

export async function run(report: Report, wanted: Wanted): Promise<void> {
  await buildIfNeeded();
  using folder = new Folder();
  await using erlang = await Erlang.open(folder);
  const asked = (rows: readonly string[]) => rows.some((row) => wanted(`dist.${row}`));
  const measurements = MEASUREMENTS.filter(({ rows }) => asked(rows));
  if (measurements.length > 0) await inTurn(report, folder, erlang, measurements);
  for (const other of OTHERS) if (asked(other.rows)) await other.run(report, folder, erlang);
}

/** All sides, started; those whose programs are not installed have said so. */
async function startSides(folder: Folder, erlang: Erlang | undefined): Promise<Side[]> {
  const sides: (Side | undefined)[] = [
    await startSnow(OURS, "auto", folder),
    await startSnow("TLS off", "off", folder),
    await erlang?.side("tcp"),
    await erlang?.side("tls"),
    await startNats(folder),
    await startMoleculer(folder),
    await startEpoll(folder),
  ];
  return sides.filter((side) => side !== undefined);
}

async function inTurn(
  report: Report,
  folder: Folder,
  erlang: Erlang | undefined,
  measurements: readonly Measurement[],
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const sides = await startSides(folder, erlang);
  for (const side of sides) stack.use(side);
  for (const measurement of measurements) {
    const found = new Map<string, number[]>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const side of sides) {
        for (const [row, value] of Object.entries(await attempt(side, measurement.name))) {
          const key = `${row} ${side.label}`;
          if (round > 0) found.set(key, [...(found.get(key) ?? []), value]);
        }
      }
    }
    for (const row of measurement.rows) reportRow(report, measurement.unit, row, sides, found);
  }
}

/** A side that fails loses this row and no other. */
async function attempt(side: Side, name: string): Promise<Values> {
  try {
    return (await side.measure(name)) ?? {};
  } catch (error) {
    console.error(`dist: ${side.label}, ${name}: ${(error as Error).message}`);
    return {};
  }
}

/** One line for each side that has the row, ours beside it. */
function reportRow(
  report: Report,
  unit: string,
  row: string,
  sides: readonly Side[],
  found: ReadonlyMap<string, readonly number[]>,
): void {
  const better = unit === "/s" ? "higher" : "lower";
  const name = `dist.${row}`;
  const values = found.get(`${row} ${OURS}`);
  if (values === undefined) return;
  const ours = median(values);
  let baselines = 0;
  for (const { label } of sides) {
    const theirs = found.get(`${row} ${label}`);
    if (label === OURS || theirs === undefined) continue;
    report(compare(name, unit, ours, label, median(theirs), better));
    baselines++;
  }
  if (baselines === 0) report({ name, value: ours, unit });
}
