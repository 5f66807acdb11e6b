import { expect, test } from "bun:test";
import { Outbox } from "../../src/node/outbox.ts";
import type { Connection } from "../../src/port/transport.ts";

/** A connection that takes so many bytes a time, and keeps them. */
function connection(takes: number[]): Connection & { readonly got: number[] } {
  const got: number[] = [];
  return {
    got,
    write(bytes: Uint8Array, offset: number, length: number): number {
      const count = Math.min(length, takes.shift() ?? 0);
      if (takes.length === 0 && count === 0 && length > 0) return 0;
      got.push(...bytes.subarray(offset, offset + count));
      return count;
    },
  } as unknown as Connection & { readonly got: number[] };
}

test("what a connection does not take stays, in order, and goes with the next flush", () => {
  const outbox = new Outbox();
  outbox.push(Uint8Array.of(1, 2, 3));
  outbox.push(Uint8Array.of(4, 5));
  const first = connection([2]);
  expect(outbox.flush(first)).toBe(true);
  expect(outbox.bytes).toBe(3);
  const second = connection([1, 2]);
  expect(outbox.flush(second)).toBe(true);
  expect([...first.got, ...second.got]).toEqual([1, 2, 3, 4, 5]);
  expect(outbox.bytes).toBe(0);
});

test("a closed connection is told", () => {
  const outbox = new Outbox();
  outbox.push(Uint8Array.of(1));
  expect(outbox.flush({ write: () => -1 } as unknown as Connection)).toBe(false);
});
