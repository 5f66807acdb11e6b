import { expect, test } from "bun:test";
import fc from "fast-check";

import { Queue } from "../../src/base/queue.ts";

test("queue behaves like an array that is pushed to and shifted from", () => {
  const steps = fc.array(fc.oneof(fc.nat(1200), fc.integer({ min: -1200, max: -1 })), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(steps, (counts) => {
      const queue = new Queue<number>();
      const model: number[] = [];
      let next = 0;
      for (const count of counts) {
        for (let pushed = 0; pushed < count; pushed++) {
          queue.push(next);
          model.push(next++);
        }
        for (let shifted = 0; shifted > count; shifted--) {
          expect(queue.peek()).toBe(model[0]);
          expect(queue.shift()).toBe(model.shift());
        }
        expect(queue.length).toBe(model.length);
        expect(queue.toArray(5)).toEqual(model.slice(0, 5));
        expect(queue.toArray()).toEqual(model);
      }
    }),
    { numRuns: 40 },
  );
});

test("an emptied queue takes values again", () => {
  const queue = new Queue<string>();
  for (let round = 0; round < 3; round++) {
    for (let count = 0; count < 1000; count++) queue.push(`${round}.${count}`);
    for (let count = 0; count < 1000; count++) expect(queue.shift()).toBe(`${round}.${count}`);
    expect(queue.shift()).toBeUndefined();
    expect(queue.peek()).toBeUndefined();
  }
});
