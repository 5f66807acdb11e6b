import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DecodeError } from "../../src/base/error.ts";
import { FRAME_BYTES_BEFORE_AUTH_MAX } from "../../src/base/limits.ts";
import { encodeFrame, FRAME_BODY_BYTES_MAX, FrameReader } from "../../src/wire/frame.ts";

function stream(bodies: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(bodies.flatMap((body) => [...encodeFrame(body)]));
}

/** The bodies that a reader cuts out of chunks. */
function cut(chunks: readonly Uint8Array[], reader = new FrameReader()): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    while (reader.next()) bodies.push(reader.body());
  }
  return bodies;
}

describe("frames", () => {
  test("any split of the bytes gives the same frames", () => {
    const body = fc.uint8Array({ minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(fc.array(body, { maxLength: 8 }), fc.array(fc.nat(2_000)), (bodies, cuts) => {
        const bytes = stream(bodies);
        const edges = [
          0,
          ...cuts.map((at) => Math.min(at, bytes.length)).toSorted((x, y) => x - y),
          bytes.length,
        ];
        const chunks = edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge));
        expect(cut(chunks)).toEqual(bodies);
      }),
    );
  });

  test("one byte at a time is as good as all at once", () => {
    const bodies = [new Uint8Array([1]), new Uint8Array(300).fill(7), new Uint8Array([2, 3])];
    expect(cut([...stream(bodies)].map((byte) => new Uint8Array([byte])))).toEqual(bodies);
  });

  test("before authentication a frame has at most 4 KiB, refused by its length alone", () => {
    const largest = new Uint8Array(FRAME_BYTES_BEFORE_AUTH_MAX).fill(1);
    expect(cut([encodeFrame(largest)])).toEqual([largest]);
    const head = encodeFrame(new Uint8Array(FRAME_BYTES_BEFORE_AUTH_MAX + 1)).slice(0, 4);
    expect(() => cut([head])).toThrow(DecodeError);
    expect(() => cut([head.slice(0, 2), head.slice(2)])).toThrow("the limit is 4096 bytes");
  });

  test("after authentication the limit is that of a session", () => {
    const reader = new FrameReader();
    reader.authenticated();
    const largest = new Uint8Array(FRAME_BODY_BYTES_MAX).fill(1);
    expect(cut([encodeFrame(largest)], reader)).toEqual([largest]);
    expect(() => cut([encodeFrame(new Uint8Array(FRAME_BODY_BYTES_MAX + 1))], reader)).toThrow(
      DecodeError,
    );
  });

  test("an empty frame is refused", () => {
    expect(() => cut([new Uint8Array(4)])).toThrow("frame of 0 bytes");
  });

  test("what was not read can be handed to the next reader, whole or in the middle of a frame", () => {
    const bytes = stream([new Uint8Array([1]), new Uint8Array([2, 2]), new Uint8Array([3])]);
    for (let at = 0; at <= bytes.length; at++) {
      const reader = new FrameReader();
      const bodies: Uint8Array[] = [];
      reader.push(bytes.slice(0, at));
      if (reader.next()) bodies.push(reader.body());
      const rest = reader.takeRest();
      bodies.push(...cut([rest, bytes.slice(at)]));
      expect(bodies).toEqual([new Uint8Array([1]), new Uint8Array([2, 2]), new Uint8Array([3])]);
    }
  });

  test("a reset forgets a partial frame", () => {
    const reader = new FrameReader();
    reader.push(new Uint8Array([9, 0, 0, 0, 1, 2]));
    expect(reader.next()).toBe(false);
    reader.reset();
    expect(cut([encodeFrame(new Uint8Array([5]))], reader)).toEqual([new Uint8Array([5])]);
  });
});
