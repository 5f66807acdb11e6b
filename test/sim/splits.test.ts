/** What is promised of children on other nodes, under splits; and mutants, each a fault of our own that some seed must show. */
import { expect, test } from "bun:test";

import { Stay } from "../../src/behaviour/supervisor/stay.ts";
import { Supervision } from "../../src/behaviour/supervisor/supervision.ts";
import { LeasedChildren } from "../../src/scheduler/leased-children.ts";
import { SchedulerHost } from "../../src/scheduler/scheduler-host.ts";
import { runSplits } from "./splits.ts";

/** Seeds that a mutant has to be found within. */
const SEEDS_MAX = 12;

/** Different ones each run; a failure names its seed. */
const FIRST = Math.floor(Date.now() / 1_000) % 1_000_000;
const SEEDS = Number(process.env["SNOW_SIM_SPLITS"] ?? 12);

test(`${SEEDS} seeds from ${FIRST}: never two, no orphan, no budget spent on lost nodes, each child once`, () => {
  let moves = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const outcome = runSplits(seed);
    moves += outcome.moves;
    expect({ seed, failures: outcome.failures }).toEqual({ seed, failures: [] });
  }
  // The splits were long enough to do something.
  expect(moves).toBeGreaterThan(SEEDS);
}, 120_000);

/** Puts another method in the place of one, for as long as the result lives. */
function replace<T extends object, K extends keyof T>(target: T, name: K, by: T[K]): Disposable {
  const before = target[name];
  target[name] = by;
  return { [Symbol.dispose]: () => void (target[name] = before) };
}

function findBy(pattern: RegExp): string | undefined {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const failure = runSplits(seed).failures.find((text) => pattern.test(text));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

test("a replacement that starts as soon as the session is lost makes two", () => {
  using _ = replace(Stay.prototype, "ended", function (this: Stay) {
    this.close();
  });
  expect(findBy(/^two: /)).toBeDefined();
}, 60_000);

test("without anybody who ends children at the end of lease and session there are two, and orphans", () => {
  using _due = replace(LeasedChildren.prototype, "leaseDue", () => undefined);
  using _down = replace(LeasedChildren.prototype, "nodeDown", () => undefined);
  using _parent = replace(LeasedChildren.prototype, "parentEnded", () => undefined);
  expect(findBy(/^two: /)).toBeDefined();
  expect(findBy(/^orphan: /)).toBeDefined();
}, 60_000);

test("a lost node that counts as a crash ends supervisors", () => {
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this`
  const { handle } = Supervision.prototype;
  using _ = replace(
    Supervision.prototype,
    "handle",
    function (this: Supervision<never, never, never>, input, now) {
      const isLoss = input.kind === "ended" && input.reason === "noconnection";
      handle.call(this, isLoss ? { ...input, reason: "lost" } : input, now);
    },
  );
  expect(findBy(/^budget: /)).toBeDefined();
}, 60_000);

test("a fence that stands still is seen", () => {
  using _ = replace(SchedulerHost.prototype, "nextFence", () => 1);
  expect(findBy(/^fence: /)).toBeDefined();
}, 60_000);
