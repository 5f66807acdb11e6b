import { expect, test } from "bun:test";
import { join, resolve } from "node:path";

import { define } from "../../src/process/registry.ts";
import { encode } from "../../src/term/stf.ts";
import { runSeed } from "./run-seed.ts";

const SCRIPT = join(resolve(import.meta.dir, "../.."), "scripts/sim.ts");

/** Different ones in different runs. */
const SEED = Math.floor(Date.now() / 1_000) % 100_000_000;

/** The last line of a replay in a program of its own: seed, hash, messages. */
function replay(seed: number): string {
  const { stdout, exitCode } = Bun.spawnSync([
    ...[process.execPath, SCRIPT, "--seed", String(seed), "--quiet"],
  ]);
  expect(exitCode).toBe(0);
  return stdout.toString().trim().split("\n").at(-1)!;
}

test("the same seed gives the same hash, event for event, in every program that replays it", () => {
  const first = replay(11);
  expect(first).toMatch(/^seed 11, hash [0-9a-f]{8}, version \S+, \d+ messages, \d+ ms$/);
  expect(replay(11)).toBe(first);
  expect(replay(12).split(", ")[1]).not.toBe(first.split(", ")[1]);
}, 60_000);

test("a seed does not depend on what the program did before: shapes, functions, other seeds, collections", () => {
  const { hash } = runSeed(SEED);
  // The shapes of a run, and many more, are known to this thread from now on.
  for (let field = 0; field < 200; field++) {
    encode([
      { type: "numbered", from: "a", [`field${field}`]: 1 },
      { type: "talk", n: field },
    ]);
  }
  define(`another function ${SEED}`, async () => {});
  runSeed(SEED + 1);
  Bun.gc(true);
  expect({ seed: SEED, hash: runSeed(SEED).hash }).toEqual({ seed: SEED, hash });
  // The same with collections while it runs: nothing may depend on when memory is freed.
  const collect = setCollector();
  const again = runSeed(SEED, { trace: collect.line });
  expect({ seed: SEED, hash: again.hash }).toEqual({ seed: SEED, hash });
  expect(collect.count()).toBeGreaterThan(0);
}, 60_000);

/** Collects garbage with every so many log lines, and early: some seeds say little. */
function setCollector(): { readonly line: () => void; readonly count: () => number } {
  let lines = 0;
  let collections = 0;
  return {
    line: () => {
      if (++lines % 200 !== 20) return;
      collections++;
      Bun.gc(true);
    },
    count: () => collections,
  };
}
