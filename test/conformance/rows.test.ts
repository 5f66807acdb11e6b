import { expect, test } from "bun:test";

import { coverage } from "./coverage.ts";
import { NOT_TESTED } from "./rows.ts";

test("every row of priority 0 and 1 has a test, or a written reason why not", () => {
  const missing = coverage().filter(
    ({ files, reason }) => files.length === 0 && reason === undefined,
  );
  expect(missing.map(({ id }) => id)).toEqual([]);
});

test("no reason is given for a row that has a test", () => {
  const states = new Map(coverage().map((state) => [state.id, state]));
  for (const id of Object.keys(NOT_TESTED)) {
    expect(states.get(id)?.files ?? ["no such row"]).toEqual([]);
  }
});
