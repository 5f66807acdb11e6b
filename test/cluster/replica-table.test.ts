import { expect, test } from "bun:test";
import fc from "fast-check";

import { ReplicaTable, sameEntries } from "../../src/cluster/replicas/replica-table.ts";

/** Few buckets, members and values, so that they meet. */
const change = fc.record({
  bucket: fc.constantFrom("x", "y"),
  member: fc.constantFrom(0, 1, 2),
  value: fc.option(fc.constantFrom("01", "02"), { nil: undefined }),
});

test("a table is what a plain map would be, after anything, and its digest says what is in it and not how it came there", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const table = new ReplicaTable();
      const model = new Map<string, string>();
      for (const { bucket, member, value } of changes) {
        const key = `${bucket} ${member}`;
        const isReal = model.get(key) !== value;
        if (value === undefined) model.delete(key);
        else model.set(key, value);
        const bytes = value === undefined ? undefined : Uint8Array.fromHex(value);
        expect(table.apply({ bucket, member, value: bytes })).toBe(isReal);
        expect(table.value(bucket, member)?.toHex()).toBe(value);
      }
      const entries = [...table.entries()];
      const texts = entries.map(({ bucket, member, value }): [string, string] => [
        `${bucket} ${member}`,
        value!.toHex(),
      ]);
      expect(texts).toHaveLength(model.size);
      expect(new Map(texts)).toEqual(model);
      const anew = new ReplicaTable();
      for (const entry of entries.toReversed()) anew.apply(entry);
      expect(sameEntries(anew.state, table.state)).toBe(true);
      expect(table.count).toBe(model.size);
    }),
  );
});
