/**
 * The simulator over our own code. `npm run sim -- --seed N` replays one seed with its trace, a column for each node, with
 * `--trace messages` an arrow for each message; one that fails is made smaller, for a minute at most, and printed as a
 * scenario to keep. `--seeds N [--from M]` runs many and prints those that fail; `--mutants` shows that the checkers find
 * faults of our own, and how soon. With `--splits` the seeds are those of supervisors whose nodes lose each other for longer than
 * their leases. Exit code 1 when something failed that should hold, or held that should fail.
 */
import { Trace } from "../src/sim/trace.ts";
import { NODES, runSeed } from "../test/sim/run-seed.ts";
import { scenarioSource, shrinkSeed } from "../test/sim/shrink-seed.ts";
import { runSplits } from "../test/sim/splits.ts";
import { VERSION } from "../src/program/version.ts";
import { CommandLine } from "./command-line.ts";

const line = new CommandLine(
  "npm run sim -- [--seed N [--trace messages] [--quiet] [--no-shrink]]\n" +
    "                      [--seeds N [--from M] [--for-seconds N] [--until-failure] [--twice]]\n" +
    "                      [--mutants | --mutant NAME] [--splits]",
);
const { values } = line.parse({
  allowNegative: true,
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    splits: { type: "boolean" },
    from: { type: "string" },
    /** Ends a bulk run early, so that it never takes longer. */
    "for-seconds": { type: "string" },
    twice: { type: "boolean" },
    /** All of them, or the one of that name with `--mutant`. */
    mutants: { type: "boolean" },
    mutant: { type: "string" },
    /** Ends with the first seed that fails. */
    "until-failure": { type: "boolean" },
    quiet: { type: "boolean" },
    trace: { type: "string" },
    shrink: { type: "boolean" },
  },
});

/** Of how many seeds one is run a second time, to see that it gives the same hash. */
const TWICE_EVERY = 25;

/** Seeds that a mutant has to be found within. */
const MUTANT_SEEDS = 2_000;

const seconds = (value: number): string => value.toFixed(1);

/** Milliseconds for making a failed seed smaller. */
const SHRINK_MS = 60_000;

async function replay(seed: number): Promise<number> {
  const show =
    values.quiet === true
      ? undefined
      : new Trace({ nodes: NODES, messages: values.trace === "messages", write: console.log });
  const outcome = runSeed(seed, show === undefined ? {} : { show });
  const { failures, hash, messages, virtualMs } = outcome;
  for (const failure of failures) console.log(`FAILED ${failure}`);
  console.log(
    `seed ${seed}, hash ${hash}, version ${VERSION}, ${messages} messages, ${virtualMs.toFixed(0)} ms`,
  );
  if (failures.length > 0 && values.shrink !== false) {
    const until = performance.now() + SHRINK_MS;
    const reduced = await shrinkSeed(outcome, { hasTime: () => performance.now() < until });
    console.log(`\nmade smaller in ${reduced.runs} runs: ${reduced.failure}`);
    console.log(`to keep in test/sim/scenarios/:\n\n${scenarioSource(reduced)}`);
  }
  return failures.length;
}

function replaySplits(seed: number): number {
  const outcome = runSplits(seed, ({ at, node, text, fields }) => {
    if (values.quiet !== true) console.log(at.toFixed(1), node, text, JSON.stringify(fields));
  });
  for (const failure of outcome.failures) console.log(`FAILED ${failure}`);
  console.log(`seed ${seed}, hash ${outcome.hash}, version ${VERSION}`);
  return outcome.failures.length;
}

/** One kind of seeds, and what all of them did. */
interface Kind {
  run(seed: number): { readonly hash: string; readonly failures: readonly string[] };
  summary(): string;
}

function mixed(): Kind {
  let [messages, losses, slowest] = [0, 0, 0];
  return {
    run(seed) {
      const outcome = runSeed(seed);
      messages += outcome.messages;
      losses += outcome.losses;
      slowest = Math.max(slowest, outcome.convergedMs);
      return outcome;
    },
    summary: () =>
      `${messages} messages, ${losses} losses, together again after at most ${seconds(slowest / 1_000)} s`,
  };
}

function splits(): Kind {
  let [lives, moves] = [0, 0];
  return {
    run(seed) {
      const outcome = runSplits(seed);
      lives += outcome.lives;
      moves += outcome.moves;
      return outcome;
    },
    summary: () => `${lives} starts of children, ${moves} on another node than before`,
  };
}

function bulk(kind: Kind, from: number, count: number, untilMs: number): number {
  let failed = 0;
  let ran = 0;
  // All hashes in one: two machines that ran the same seeds have the same.
  let all = 0;
  const before = process.cpuUsage();
  for (let seed = from; seed < from + count && performance.now() < untilMs; seed++) {
    const outcome = kind.run(seed);
    ran++;
    all = Bun.hash.crc32(outcome.hash, all);
    const failures = [...outcome.failures];
    if (values.twice === true || seed % TWICE_EVERY === 0) {
      const again = kind.run(seed).hash;
      if (again !== outcome.hash) failures.push(`hash ${again} the second time`);
    }
    if (failures.length === 0) continue;
    failed++;
    console.log(`seed ${seed}, hash ${outcome.hash}: ${failures.slice(0, 3).join("; ")}`);
    if (values["until-failure"] === true) break;
  }
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1_000 / Math.max(1, ran);
  console.log(
    `${ran} seeds from ${from}, ${failed} failed, version ${VERSION}, hash ${(all >>> 0).toString(16).padStart(8, "0")}`,
  );
  console.log(`${kind.summary()}, ${seconds(cpuMs)} ms of a core a seed`);
  return failed;
}

let failed: number;
if (values.mutants === true || values.mutant !== undefined) {
  const { reportMutants } = await import("../test/sim/mutants/report.ts");
  failed = reportMutants(values.mutant, line.number("seeds", values.seeds, MUTANT_SEEDS, 1));
} else if (values.seed !== undefined) {
  const seed = line.number("seed", values.seed, 1);
  failed = values.splits === true ? replaySplits(seed) : await replay(seed);
} else {
  const forSeconds = line.number("for-seconds", values["for-seconds"], Infinity);
  const until = performance.now() + forSeconds * 1_000;
  const kind = values.splits === true ? splits() : mixed();
  const from = line.number("from", values.from, 1);
  failed = bulk(kind, from, line.number("seeds", values.seeds, 300, 1), until);
}
process.exit(failed === 0 ? 0 : 1);
