import { expect, test } from "bun:test";
import fc from "fast-check";
import { SmallMap } from "../../src/base/small-map.ts";

test("does what a Map does, in the same order", () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 4 }), value: fc.option(fc.nat()) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [small, plain] = [new SmallMap<number, number>(), new Map<number, number>()];
      for (const { key, value } of steps) {
        if (value === null) {
          small.delete(key);
          plain.delete(key);
        } else {
          small.set(key, value);
          plain.set(key, value);
        }
        expect(small.get(key)).toBe(plain.get(key));
        expect(small.has(key)).toBe(plain.has(key));
        expect(small.size).toBe(plain.size);
        expect(small.entries()).toEqual([...plain]);
        expect(small.keys()).toEqual([...plain.keys()]);
        expect(small.values()).toEqual([...plain.values()]);
      }
    }),
  );
});

test("what it gives to walk over is how it was", () => {
  const map = new SmallMap<string, number>();
  map.set("a", 1);
  map.set("b", 2);
  const before = map.values();
  map.delete("a");
  map.set("c", 3);
  expect(before).toEqual([1, 2]);
  expect(map.values()).toEqual([2, 3]);
});
