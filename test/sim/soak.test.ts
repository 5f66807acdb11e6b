import { expect, test } from "bun:test";
import { runSeed } from "./workload.ts";

/** Different ones each run, so that every run looks somewhere else; a failure names its seed. */
const FIRST = Math.floor(Date.now() / 1_000) % 1_000_000;
const SEEDS = Number(process.env["SNOW_SIM_SEEDS"] ?? 20);

test(`${SEEDS} seeds from ${FIRST}: order, nothing doubled, no gap without a lost node, tables empty`, () => {
  let messages = 0;
  let lost = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const outcome = runSeed(seed, ({ text }) => {
      if (text === "node down") lost++;
    });
    messages += outcome.messages;
    expect({ seed, failures: outcome.failures }).toEqual({ seed, failures: [] });
  }
  // The faults did something, and the load got through all the same.
  expect(messages).toBeGreaterThan(SEEDS * 100);
  expect(lost).toBeGreaterThan(SEEDS);
}, 300_000);
