import { expect, test } from "bun:test";
import { join, resolve } from "node:path";

const SCRIPT = join(resolve(import.meta.dir, "../.."), "scripts/sim.ts");

/** The last line of a replay in a program of its own: seed, hash, messages. */
function replay(seed: number): string {
  const { stdout, exitCode } = Bun.spawnSync([process.execPath, SCRIPT, "--seed", String(seed)]);
  expect(exitCode).toBe(0);
  return stdout.toString().trim().split("\n").at(-1)!;
}

test("the same seed gives the same hash, event for event, in every program that replays it", () => {
  const first = replay(11);
  expect(first).toMatch(/^seed 11, hash [0-9a-f]{8}, version \S+, \d+ messages, \d+ ms$/);
  expect(replay(11)).toBe(first);
  expect(replay(12).split(", ")[1]).not.toBe(first.split(", ")[1]);
}, 60_000);
