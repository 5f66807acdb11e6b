import { expect, test } from "bun:test";

import { editDistance, nearest } from "../../src/base/edit-distance.ts";

test.each([
  ["", "", 0],
  ["mode", "mode", 0],
  ["mode", "mod", 1],
  ["mode", "node", 1],
  ["mode", "moed", 1],
  ["", "mode", 4],
  ["kitten", "sitting", 3],
])("from %p to %p it takes %d steps", (a, b, steps) => {
  expect(editDistance(a, b)).toBe(steps);
  expect(editDistance(b, a)).toBe(steps);
});

test("the nearest word is one that was probably meant, or none", () => {
  const words = ["mesh", "seeds", "session_grace"];
  expect(nearest("seds", words)).toBe("seeds");
  expect(nearest("SESION_GRACE", words)).toBe("session_grace");
  expect(nearest("x", words)).toBeUndefined();
  expect(nearest("registry", words)).toBeUndefined();
  expect(nearest("m".repeat(100_000), words)).toBeUndefined();
});
