import { describe, expect, test } from "bun:test";
import { afterExit, backoffMs, concerned } from "../../src/behaviour/supervisor/restart.ts";

const reasons = [
  "normal",
  "shutdown",
  { shutdown: 1 },
  "killed",
  new Error("x"),
  ["shutdown"],
  null,
];

describe("what becomes of a child that ended", () => {
  test("a permanent child is restarted whatever the reason", () => {
    for (const reason of reasons) expect(afterExit("permanent", reason)).toBe("restart");
  });

  test("a transient child is restarted unless it ended as planned", () => {
    expect(reasons.map((reason) => afterExit("transient", reason))).toEqual([
      "keep",
      "keep",
      "keep",
      "restart",
      "restart",
      "restart",
      "restart",
    ]);
  });

  test("a temporary child is forgotten whatever the reason", () => {
    for (const reason of reasons) expect(afterExit("temporary", reason)).toBe("forget");
  });
});

test("a crash concerns itself, its followers or everybody, in start order", () => {
  expect(concerned("one_for_one", ["a", "b", "c"], 1)).toEqual(["b"]);
  expect(concerned("rest_for_one", ["a", "b", "c"], 1)).toEqual(["b", "c"]);
  expect(concerned("one_for_all", ["a", "b", "c"], 1)).toEqual(["a", "b", "c"]);
});

test("the back-off doubles up to its maximum, and is nothing where none was asked for", () => {
  const backoff = { minMs: 100, maxMs: 1_000 };
  expect([1, 2, 3, 4, 5, 9_999].map((n) => backoffMs(backoff, n))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
  expect(backoffMs(undefined, 9)).toBe(0);
});
