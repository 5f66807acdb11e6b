/** The checkers find what they are there for: each mutant is a fault of our own, and some seed must fail with it. */
import { expect, test } from "bun:test";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import { Lane } from "../../src/session/lane.ts";
import { runSeed } from "./workload.ts";

/** Seeds that a mutant has to be found within. */
const SEEDS_MAX = 20;

/** Puts another method in the place of one, for as long as the result lives. */
function replace<T extends object, K extends keyof T>(
  target: T,
  name: K,
  make: (before: T[K]) => T[K],
): Disposable {
  const before = target[name];
  target[name] = make(before);
  return { [Symbol.dispose]: () => void (target[name] = before) };
}

/** The first seed that fails, and how. */
function findBy(): { readonly seeds: number; readonly failure: string } | undefined {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const [failure] = runSeed(seed).failures;
    if (failure !== undefined) return { seeds: seed, failure };
  }
  return undefined;
}

test("a message that a lane forgets is a gap", () => {
  let count = 0;
  using _ = replace(
    Lane.prototype,
    "sendMessage",
    (send) =>
      function (this: Lane, from, to, message) {
        if (++count % 50 !== 0) send.call(this, from, to, message);
      },
  );
  expect(findBy()?.failure).toMatch(/gap|sent/);
}, 120_000);

test("a message that a lane sends twice is a double", () => {
  let count = 0;
  using _ = replace(
    Lane.prototype,
    "sendMessage",
    (send) =>
      function (this: Lane, from, to, message) {
        send.call(this, from, to, message);
        if (++count % 50 === 0) send.call(this, from, to, message);
      },
  );
  expect(findBy()?.failure).toMatch(/came after/);
}, 120_000);

test("a nodedown that is told twice is seen by the node monitors", () => {
  using _ = replace(
    Scheduler.prototype,
    "nodeDown",
    (nodeDown) =>
      function (this: Scheduler, ...given) {
        nodeDown.apply(this, given);
        nodeDown.apply(this, given);
      },
  );
  expect(findBy()?.failure).toMatch(/of .* twice/);
}, 120_000);
