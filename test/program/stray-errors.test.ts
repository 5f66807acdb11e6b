import { expect, test } from "bun:test";

import { AssertionError } from "../../src/base/assert.ts";
import { EXIT_BROKEN, strayHandler } from "../../src/program/stray-errors.ts";

function handled(error: unknown): { logged: string[]; stops: number[] } {
  const [logged, stops]: [string[], number[]] = [[], []];
  const log = { write: (_level: string, text: string) => void logged.push(text) };
  strayHandler(log, (code) => void stops.push(code))(error);
  return { logged, stops };
}

test("a broken promise of the node's own code stops the node", () => {
  const { logged, stops } = handled(new AssertionError("a session has lanes"));
  expect(stops).toEqual([EXIT_BROKEN]);
  expect(logged).toEqual(["the node stops: a condition of its own code does not hold"]);
});

test("any other error that nobody caught is logged, and the node goes on", () => {
  const { logged, stops } = handled(new TypeError("undefined is not an object"));
  expect(stops).toEqual([]);
  expect(logged).toEqual(["an error that nobody caught"]);
});
