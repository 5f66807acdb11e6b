import { expect, test } from "bun:test";

import { coverage, written } from "./coverage.ts";

test("every row of priority 0 and 1 has a test, or a written reason why not", () => {
  const missing = coverage().filter(
    ({ files, priority, reason }) => priority < 2 && files.length === 0 && reason === undefined,
  );
  expect(missing.map(({ id }) => id)).toEqual([]);
});

test("nothing is said of a row that a test names, or that there is not", () => {
  const states = new Map(coverage().map((state) => [state.id, state]));
  for (const id of written().keys()) {
    if (id.endsWith("*")) continue;
    const state = states.get(id);
    expect([id, state === undefined]).toEqual([id, false]);
    if (state?.reason !== undefined) expect([id, ...state.files]).toEqual([id]);
  }
});

test("a row appears once", () => {
  const ids = coverage().map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
