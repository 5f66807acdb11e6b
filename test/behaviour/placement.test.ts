import { describe, expect, test } from "bun:test";

import {
  orderOf,
  pauseMs,
  replaceableAfterReturn,
  replaceableAt,
} from "../../src/behaviour/supervisor/placement.ts";

const session = (heardAt: number | undefined, isGone = false) => ({
  node: "b@host",
  incarnation: { isGone },
  heardAt,
});

describe("when a child may be replaced", () => {
  test("a lease, its shutdown time and a tenth after the last byte", () => {
    expect(replaceableAt(session(1_000), 80_000, 5_000)).toBeCloseTo(1_000 + 93_500);
  });

  test("at once where its node is gone, or the session stands and has told of the end", () => {
    expect(replaceableAt(session(1_000, true), 80_000, 5_000)).toBe(0);
    expect(replaceableAt(session(undefined), 80_000, 5_000)).toBe(0);
  });

  test("a node that is back has told its children long ago: they have their shutdown time", () => {
    expect(replaceableAfterReturn(5_000, 1_000)).toBeCloseTo(5_000 + 1_100 + 1_000);
  });
});

describe("the order in which nodes are tried", () => {
  const none = (): boolean => false;

  test("as preferred, whether connected or not, where nothing was lost", () => {
    expect(orderOf(["b", "c"], undefined, (node) => node === "c")).toEqual(["b", "c"]);
  });

  test("after a loss connected ones first, the lost one last", () => {
    expect(orderOf(["b", "c", "d"], "b", (node) => node === "d")).toEqual(["d", "c", "b"]);
    expect(orderOf(["b", "c", "d"], "c", none)).toEqual(["b", "d", "c"]);
    expect(orderOf(["b"], "b", none)).toEqual(["b"]);
  });
});

test("looks for a node are paced, up to a maximum", () => {
  expect([1, 2, 3, 10, 1_000].map(pauseMs)).toEqual([250, 500, 1_000, 5_000, 5_000]);
});
