import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { shrink } from "../../src/sim/scenario/shrink.ts";

const always = (): boolean => true;

describe("shrinking", () => {
  test("nothing is left where nothing is needed", async () => {
    const { items, runs, isMinimal } = await shrink([1, 2, 3], () => true, always);
    expect({ items, runs, isMinimal }).toEqual({ items: [], runs: 1, isMinimal: true });
  });

  test("what is needed is left, in order, and nothing else", async () => {
    const items = fc.uniqueArray(fc.nat(60), { maxLength: 25 });
    const needed = fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(items, needed, async (all, some) => {
        const list = [...new Set([...all, ...some])];
        const fails = (kept: readonly number[]): boolean => some.every((one) => kept.includes(one));
        const shrunk = await shrink(list, fails, always);
        expect(shrunk.items).toEqual(list.filter((one) => some.includes(one)));
        expect(shrunk.isMinimal).toBe(true);
      }),
    );
  });

  test("what fails by its number is brought down to just that number", async () => {
    const list = Array.from({ length: 40 }, (_none, index) => index);
    const { items } = await shrink(list, (kept) => kept.length >= 3, always);
    expect(items).toHaveLength(3);
  });

  test("it stops when time is up, with the best so far", async () => {
    let left = 3;
    const list = Array.from({ length: 64 }, (_none, index) => index);
    const fails = (kept: readonly number[]): boolean => kept.includes(7);
    const { items, runs, isMinimal } = await shrink(list, fails, () => left-- > 0);
    expect(runs).toBe(3);
    expect(isMinimal).toBe(false);
    expect(items).toContain(7);
    expect(items.length).toBeLessThan(64);
  });
});
