/** The checkers find what they are there for: each mutant is a fault of our own, and some seed must fail with it. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { MUTANTS } from "./mutants/all.ts";
import { patched } from "./mutants/mutant.ts";
import { find } from "./mutants/report.ts";

const ROOT = resolve(import.meta.dir, "../..");

/** Of all that `npm run sim -- --mutants` runs, some that the first seeds find. */
const QUICK = [
  "frames are never acknowledged",
  "a leaked monitor: its end is not told",
  "nodeup is not told",
];
const QUICK_SEEDS = 8;

test("every mutant fits the sources as they are, under a name of its own", () => {
  const names = new Set(MUTANTS.map(({ name }) => name));
  expect(names.size).toBe(MUTANTS.length);
  expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
  for (const { patches } of MUTANTS) {
    for (const patch of patches) {
      const source = readFileSync(join(ROOT, patch.file), "utf8");
      expect(patched(source, patch)).not.toBe(source);
    }
  }
});

test("docs/mutants.md says of every mutant, and of no other, after how many seeds it was found", () => {
  const page = readFileSync(join(ROOT, "docs/mutants.md"), "utf8");
  const rows = [...page.matchAll(/^\| (.+?) +\| +(\d+|none of \d+) +\|/gm)].map(([, name]) => name);
  expect(rows).toEqual(MUTANTS.map(({ name }) => name));
});

test.each(QUICK)("the first seeds find that %s", (name) => {
  expect(find(name, QUICK_SEEDS).seeds).toBeLessThanOrEqual(QUICK_SEEDS);
});
