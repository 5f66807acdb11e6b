import { expect, test } from "bun:test";
import fc from "fast-check";
import { Assembly } from "../../src/session/lane/assembly.ts";
import { Backlog, GIANT_BYTES, SERIES_MAX } from "../../src/session/lane/backlog.ts";

test("what goes in comes out whole, in the order of each sender, within the receiver's bounds", () => {
  const item = fc.record({
    sender: fc.integer({ min: 1, max: 25 }),
    size: fc.oneof(fc.integer({ min: 1, max: 9_000 }), fc.constant(GIANT_BYTES + 1)),
  });
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 30 }),
      fc.integer({ min: 8_000, max: 65_536 }),
      (items, pieceMax) => {
        const backlog = new Backlog();
        const assembly = new Assembly(2 * GIANT_BYTES);
        const expected = new Map<number, number[]>();
        const owner = new Map<number, { sender: number; size: number }>();
        items.forEach(({ sender, size }, index) => {
          backlog.add(sender, new Uint8Array(size).fill(index));
          expected.set(sender, [...(expected.get(sender) ?? []), index]);
          owner.set(index, { sender, size });
        });
        const got = new Map<number, number[]>();
        for (
          let piece = backlog.next(pieceMax);
          piece !== undefined;
          piece = backlog.next(pieceMax)
        ) {
          const bytes = piece.bytes.slice(piece.offset, piece.offset + piece.length);
          const whole =
            piece.offset === 0
              ? assembly.first(piece.series, piece.total, bytes)
              : assembly.next(piece.series, bytes);
          if (whole === undefined) continue;
          const index = whole[0]!;
          const { sender, size } = owner.get(index)!;
          expect(whole.length).toBe(size);
          expect(Buffer.compare(whole, Buffer.alloc(size, index))).toBe(0);
          got.set(sender, [...(got.get(sender) ?? []), index]);
        }
        expect(got).toEqual(expected);
        expect(backlog.isEmpty).toBe(true);
        expect(backlog.bytes).toBe(0);
        expect(backlog.hasGiant).toBe(false);
        expect(assembly.bytes).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
});

test("senders take turns, one piece each", () => {
  const backlog = new Backlog();
  for (const sender of [1, 2, 3]) backlog.add(sender, new Uint8Array(300));
  const series = Array.from({ length: 9 }, () => backlog.next(100)!.series);
  expect(series).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
});

test("one giant does not count towards the limit, a second one does", () => {
  const backlog = new Backlog();
  backlog.add(1, new Uint8Array(100));
  backlog.add(2, new Uint8Array(GIANT_BYTES + 1));
  expect(backlog.countedBytes).toBe(100);
  expect(backlog.hasGiant).toBe(true);
  backlog.add(3, new Uint8Array(GIANT_BYTES + 5));
  expect(backlog.countedBytes).toBe(100 + GIANT_BYTES + 5);
});

test("an assembly refuses more series, more giants, longer and unknown ones", () => {
  const piece = new Uint8Array(10);
  const assembly = new Assembly(2 * GIANT_BYTES);
  expect(() => assembly.first(1, 2 * GIANT_BYTES + 1, piece)).toThrow("the limit is");
  expect(() => assembly.first(1, 9, piece)).toThrow("expected 1 to 9 bytes");
  expect(() => assembly.first(1, 9, new Uint8Array(0))).toThrow("fragment of 0 bytes");
  expect(() => assembly.next(1, piece)).toThrow("never began");
  expect(assembly.first(1, 10, piece)).toBe(piece);
  assembly.first(1, 25, piece);
  expect(() => assembly.first(1, 25, piece)).toThrow("began twice");
  expect(() => assembly.next(1, new Uint8Array(16))).toThrow("expected 1 to 15 bytes");
  assembly.first(2, GIANT_BYTES + 1, piece);
  expect(() => assembly.first(3, GIANT_BYTES + 1, piece)).toThrow("two signals over");
  for (let id = 10; id < 10 + SERIES_MAX - 2; id++) assembly.first(id, 25, piece);
  expect(() => assembly.first(99, 25, piece)).toThrow("more than 16");
});

test("memory grows with what arrived, not with what was announced", () => {
  const assembly = new Assembly(256 * GIANT_BYTES);
  assembly.first(1, 256 * GIANT_BYTES, new Uint8Array(10));
  expect(assembly.bytes).toBeLessThan(100_000);
  for (let times = 0; times < 100; times++) assembly.next(1, new Uint8Array(10_000));
  expect(assembly.bytes).toBeLessThan(4_100_000);
});
