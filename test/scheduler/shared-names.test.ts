import { expect, test } from "bun:test";
import fc from "fast-check";

import { NAMES_MAX } from "../../src/base/limits.ts";
import { createNames, SharedNames } from "../../src/scheduler/shared-names.ts";
import { SERIAL_LIMIT } from "../../src/term/pid.ts";

const step = fc.record({
  kind: fc.constantFrom("register" as const, "unregister" as const, "whereis" as const),
  name: fc.nat(30).map((n) => `name.${n}`),
  scheduler: fc.integer({ min: 1, max: 2 }),
  serial: fc.integer({ min: 1, max: 5 }),
});

test("two views of one table behave like one map", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const shared = createNames();
      const views = [new SharedNames(shared, 1), new SharedNames(shared, 2)];
      const model = new Map<string, number>();
      for (const { kind, name, scheduler, serial } of steps) {
        const view = views[scheduler - 1]!;
        const local = scheduler * SERIAL_LIMIT + serial;
        if (kind === "register") {
          expect(view.register(name, local)).toBe(!model.has(name));
          if (!model.has(name)) model.set(name, local);
        } else if (kind === "unregister") {
          expect(view.unregister(name, local)).toBe(model.get(name) === local);
          if (model.get(name) === local) model.delete(name);
        } else {
          expect(view.whereis(name)).toBe(model.get(name));
        }
        expect(view.count).toBe(model.size);
      }
      for (const [name, local] of model) expect(views[0]!.whereis(name)).toBe(local);
    }),
    { numRuns: 40 },
  );
});

test("the table takes its limit of names and no more, and gives them all back", () => {
  const names = new SharedNames(createNames(), 1);
  for (let index = 0; index < NAMES_MAX; index++) names.register(`n${index}`, index + 1);
  expect(names.register("one more", 1)).toBe("full");
  for (let index = 0; index < NAMES_MAX; index += 1000) {
    expect(names.whereis(`n${index}`)).toBe(index + 1);
  }
  for (let index = 0; index < NAMES_MAX; index++) {
    if (!names.unregister(`n${index}`, index + 1)) throw new Error(`n${index} is gone`);
  }
  expect(names.count).toBe(0);
});

test("a scheduler that is gone leaves no names and no lock", () => {
  const shared = createNames();
  const [one, two] = [new SharedNames(shared, 1), new SharedNames(shared, 2)];
  one.register("stays", SERIAL_LIMIT + 1);
  two.register("goes", 2 * SERIAL_LIMIT + 1);
  // Scheduler 2 ends while it holds the lock, in the middle of a change.
  const words = new Int32Array(shared);
  words[0] = 3;
  words[1]!++;
  new SharedNames(shared, 0).schedulerGone(2);
  expect(one.whereis("stays")).toBe(SERIAL_LIMIT + 1);
  expect(one.whereis("goes")).toBeUndefined();
  expect(one.count).toBe(1);
  expect(one.register("goes", SERIAL_LIMIT + 2)).toBe(true);
});
