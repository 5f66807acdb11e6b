import { expect, test } from "bun:test";

import { createSerials, Serials } from "../../src/scheduler/serials.ts";

test("a scheduler that is started again reuses no serial", () => {
  const shared = createSerials();
  const seen = new Set<number>();
  for (let start = 0; start < 3; start++) {
    const serials = new Serials(shared, 1);
    for (let count = 0; count < 3000; count++) {
      const serial = serials.next();
      expect(serial).toBeGreaterThan(0);
      seen.add(serial);
    }
  }
  expect(seen.size).toBe(9000);
});

test("schedulers count apart", () => {
  const shared = createSerials();
  expect(new Serials(shared, 1).next()).toBe(1);
  expect(new Serials(shared, 2).next()).toBe(1);
});
