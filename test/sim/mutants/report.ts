/** Runs mutants, each in a program of its own, and says after how many seeds each is found. */
import { join, resolve } from "node:path";

import { MUTANTS } from "./all.ts";

const ROOT = resolve(import.meta.dir, "../../..");

/** Milliseconds without an end after which a mutant has brought the program to a stop: it is found, in its own way. */
const STUCK_MS = 660_000;

/** Seconds that are spent on one, twice what 2,000 seeds take: with what is left none is cut short, which would look like a stop. */
const SEARCH_S = 600;

export interface Finding {
  readonly name: string;
  /** Seeds that it took; undefined: none of them failed. */
  readonly seeds: number | undefined;
  /** What the first of them complains of; how many were run when none does. */
  readonly failure: string;
}

/** Looks for one mutant with seeds from 1 on. */
export function find(name: string, seeds: number): Finding {
  const by = MUTANTS.find((mutant) => mutant.name === name)?.by;
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [
      process.execPath,
      ...["--preload", join(import.meta.dir, "preload.ts")],
      ...[join(ROOT, "scripts/sim.ts"), "--seeds", String(seeds), "--until-failure"],
      ...["--for-seconds", String(SEARCH_S), ...(by === undefined ? [] : [`--${by}`])],
    ],
    { env: { ...process.env, SNOW_MUTANT: name }, timeout: STUCK_MS },
  );
  const lines = stdout.toString().split("\n");
  const [, ran] = /^(\d+) seeds from 1, /m.exec(stdout.toString()) ?? [];
  const failure = lines.find((line) => line.startsWith("seed ")) ?? "";
  if (exitCode === 0) return { name, seeds: undefined, failure: `none of ${ran} seeds failed` };
  if (ran !== undefined) return { name, seeds: Number(ran), failure };
  return { name, seeds: 1, failure: `it stopped: ${stderr.toString().trim().split("\n").at(-1)}` };
}

/** Prints what was found, and returns how many mutants were not, or failures of the code without any. */
export function reportMutants(only: string | undefined, seeds: number): number {
  const mutants = MUTANTS.filter(({ name }) => only === undefined || name === only);
  let missed = 0;
  for (const { name } of mutants) {
    const { failure, seeds: took } = find(name, seeds);
    if (took === undefined) missed++;
    const verdict = took === undefined ? "NOT FOUND" : `found by ${took} seeds`;
    console.log(`${name}: ${verdict}\n    ${failure.slice(0, 200)}`);
  }
  console.log(`${mutants.length} mutants, ${mutants.length - missed} found`);
  return missed;
}
