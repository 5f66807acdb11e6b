import { expect, test } from "bun:test";
import fc from "fast-check";

import { ShapeTable } from "../../src/term/encode/shape-table.ts";
import { nodeOf, Shape, shapeAt } from "../../src/term/encode/shapes.ts";

const KINDS = 60;

/** Two objects for the keys of each kind, as there are when the thread's trie has started over; some share a hash. */
const twins: readonly (readonly [Shape, Shape])[] = Array.from({ length: KINDS }, (_, kind) => {
  const object = { [`key${kind}`]: 0 };
  const known = shapeAt(nodeOf(object, false), false);
  const print = kind % 3 === 0 ? 7 : known.print;
  return [new Shape(known.keys, false, print), new Shape(known.keys, false, print)] as const;
});

const step = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.nat(KINDS - 1), twin: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ keep: fc.nat(KINDS) }) },
);

test("a table of shapes finds what was added and not taken out, by whatever object of the same keys", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 300, size: "max" }), (steps) => {
      const table = new ShapeTable();
      const model: number[] = [];
      for (const next of steps) {
        if ("keep" in next) {
          const keep = Math.min(next.keep, model.length);
          table.cut(keep);
          model.length = keep;
          continue;
        }
        const shape = twins[next.kind]![next.twin as 0 | 1];
        const index = model.indexOf(next.kind);
        expect(table.hasPrint(shape.print)).toBe(
          model.some((kind) => twins[kind]![0].print === shape.print),
        );
        expect(table.find(shape)).toBe(index);
        if (index >= 0) continue;
        expect(table.add(shape, model.length)).toBe(model.length);
        model.push(next.kind);
      }
    }),
    { numRuns: 100 },
  );
});
