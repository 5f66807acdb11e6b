import { expect, test } from "bun:test";
import { runSeed } from "./run-seed.ts";

/** Different ones each run, so that every run looks somewhere else; a failure names its seed. */
const FIRST = Math.floor(Date.now() / 1_000) % 100_000_000;
const SEEDS = Number(process.env["SNOW_SIM_SEEDS"] ?? 20);
/** Of how many seeds one is run a second time, in the same program. */
const TWICE_EVERY = 10;

test(`${SEEDS} seeds from ${FIRST}: every promise holds under the full mix of faults`, () => {
  let messages = 0;
  let losses = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const { failures, hash, ...outcome } = runSeed(seed);
    messages += outcome.messages;
    losses += outcome.losses;
    expect({ seed, failures }).toEqual({ seed, failures: [] });
    if (seed % TWICE_EVERY === 0)
      expect({ seed, hash: runSeed(seed).hash }).toEqual({ seed, hash });
  }
  // The faults did something, and the load got through all the same, in those seeds that have one of messages.
  expect(messages).toBeGreaterThan(SEEDS * 25);
  expect(losses).toBeGreaterThan(SEEDS);
}, 300_000);
