import { expect, test } from "bun:test";

import { shown } from "../../src/base/shown.ts";

class Account {}

const hostile = new Proxy(
  {},
  {
    getPrototypeOf() {
      throw new Error("no");
    },
  },
);

test.each<[unknown, string]>([
  [undefined, "undefined"],
  [null, "null"],
  [5, "5"],
  [5n, "5n"],
  ["a@h", '"a@h"'],
  ["x".repeat(1_000), `"${"x".repeat(40)}…"`],
  [Symbol("s"), "Symbol(s)"],
  [function named() {}, "a function named"],
  [
    (
      () => () =>
        undefined
    )(),
    "a function",
  ],
  [[1], "an array"],
  [Promise.resolve(), "a promise"],
  [{}, "an empty object"],
  [{ nmae: 1, node: 2 }, "an object { nmae, node }"],
  [new Account(), "an object of Account"],
  [Object.create(Object.create(null)), "an object"],
  [hostile, "an object"],
])("%p", (value, text) => {
  expect(shown(value)).toBe(text);
});
