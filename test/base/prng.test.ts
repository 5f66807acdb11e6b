import { expect, test } from "bun:test";

import { Prng } from "../../src/base/prng.ts";

test("the same seed gives the same numbers, another seed others", () => {
  const numbers = (seed: number): number[] => {
    const random = new Prng(seed);
    return Array.from({ length: 50 }, () => random.uint32());
  };
  expect(numbers(42)).toEqual(numbers(42));
  expect(numbers(42)).not.toEqual(numbers(43));
  expect(numbers(1)).not.toEqual(numbers(2 ** 32 + 1));
});

test("numbers stay in their range and spread over it", () => {
  const random = new Prng(7);
  const counts = new Array<number>(10).fill(0);
  for (let round = 0; round < 10_000; round++) {
    const below = random.below(10);
    counts[below]!++;
    const fraction = random.random();
    expect(fraction >= 0 && fraction < 1).toBe(true);
  }
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1150);
});
