/**
 * The term format against msgpackr (records, native addon), `JSON` and `structuredClone`. All contenders of a row are
 * measured in turn, many short rounds each, forwards and backwards. A time is the median of the rounds, a ratio the median
 * of the rounds' ratios: what disturbs the machine disturbs both sides.
 */
import {
  BATCH,
  cloning,
  json,
  KEPT,
  msgpackrMaps,
  msgpackrModes,
  session,
  standalone,
  type Contender,
} from "./stf/codecs.ts";
import { median, type Row } from "./row.ts";
import { workloads, type Workload } from "./stf/workloads.ts";

type Report = (row: Row) => void;

/** Many and short: on a machine that is shared most of them are not interrupted, and the median is one of those. */
const ROUNDS = 101;
const ROUND_NS = 4e5;
const WARM_UP_NS = 80e6;

type Direction = "encode" | "decode";

export async function run(report: Report): Promise<void> {
  const logs: Record<string, number[]> = {};
  for (const workload of workloads()) {
    const contenders = contendersOf(workload);
    for (const direction of ["encode", "decode"] as const) {
      const times = measure(contenders, direction, workload.values.length);
      reportTimes(report, workload, direction, times, logs);
    }
    reportBytes(report, workload, contenders);
    await Promise.resolve();
  }
  for (const [name, ratios] of Object.entries(logs)) {
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    report({ name: `geometric mean: ${name}`, value: mean, unit: "×" });
    report({ name: `lowest: ${name}`, value: Math.min(...ratios), unit: "×" });
  }
}

function contendersOf(workload: Workload): Contender[] {
  // msgpackr gives byte arrays as views of its input, so on that row we do the same.
  const bytes = "view";
  const list = [
    session(workload, bytes),
    standalone(workload, bytes),
    ...msgpackrModes(workload),
    msgpackrMaps(workload),
  ];
  if (workload.json) list.push(json(workload));
  list.push(cloning(workload));
  return list;
}

/** Nanoseconds for one value, round by round, by contender; of several of the same name those of the fastest. */
function measure(
  contenders: readonly Contender[],
  direction: Direction,
  values: number,
): Map<string, readonly number[]> {
  const jobs = contenders.map((contender) => ({
    contender,
    run: contender[direction],
    times: [] as number[],
    repeat: 1,
  }));
  for (const job of jobs) job.repeat = calibrate(job.run);
  for (let round = 0; round < ROUNDS; round++) {
    for (const job of jobs) {
      // Once without the clock: what the others left in the caches is not the contender's time.
      job.run();
      const start = Bun.nanoseconds();
      for (let i = 0; i < job.repeat; i++) job.run();
      job.times.push((Bun.nanoseconds() - start) / job.repeat / values);
    }
    jobs.reverse();
  }
  const result = new Map<string, readonly number[]>();
  for (const { contender, times } of jobs) {
    for (const name of [contender.name, contender.also]) {
      if (name === undefined) continue;
      const known = result.get(name);
      if (known === undefined || median(times) < median(known)) result.set(name, times);
    }
  }
  return result;
}

/** Warms up and tells how often the job fits in a round. */
function calibrate(run: () => void): number {
  const start = Bun.nanoseconds();
  let count = 0;
  while (Bun.nanoseconds() - start < WARM_UP_NS) {
    run();
    count++;
  }
  return Math.max(1, Math.round((count / WARM_UP_NS) * ROUND_NS));
}

function reportTimes(
  report: Report,
  workload: Workload,
  direction: Direction,
  times: ReadonlyMap<string, readonly number[]>,
  logs: Record<string, number[]>,
): void {
  for (const name of ["stf session", "stf standalone"]) {
    const ours = times.get(name)!;
    for (const [baseline, theirs] of times) {
      if (baseline.startsWith("stf") || !isFair(name, direction, baseline)) continue;
      const ratio = median(theirs.map((time, round) => time / ours[round]!));
      report({
        name: `${workload.name}, ${direction}, ${name}`,
        value: median(ours),
        unit: "ns",
        baseline,
        baselineValue: median(theirs),
        ratio,
      });
      if (baseline === "msgpackr" || baseline === KEPT || baseline === BATCH)
        (logs[`${direction}, ${name} against ${baseline}`] ??= []).push(ratio);
    }
  }
}

/** A stream is compared with all modes, what stands alone with those that do the same for single messages. */
function isFair(name: string, direction: Direction, baseline: string): boolean {
  if (baseline === KEPT) return name === "stf standalone" && direction === "encode";
  return baseline !== BATCH || (name === "stf session" && direction === "decode");
}

function reportBytes(report: Report, workload: Workload, contenders: readonly Contender[]): void {
  const count = workload.values.length;
  const value = contenders[0]!.bytes / count;
  const seen = new Set<string>();
  for (const contender of contenders.slice(1)) {
    if (contender.bytes === 0 || seen.has(contender.name)) continue;
    seen.add(contender.name);
    const baselineValue = contender.bytes / count;
    const ratio = baselineValue / value;
    report({
      name: `${workload.name}, bytes, stf session`,
      value,
      unit: "B",
      baseline: contender.name,
      baselineValue,
      ratio,
    });
  }
}
