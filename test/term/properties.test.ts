import { describe, expect, test } from "bun:test";

import fc from "fast-check";

import { ByteReader, ByteWriter } from "../../src/base/bytes.ts";
import { DecodeError, EncodeError } from "../../src/base/error.ts";
import { TermDecoder } from "../../src/term/decode/decode.ts";
import { TermEncoder } from "../../src/term/encode/encode.ts";
import { describeTerm } from "../../src/term/decode/describe.ts";
import { Identities } from "../../src/term/identities.ts";
import { Pid } from "../../src/term/pid.ts";
import { decode, encode } from "../../src/term/stf.ts";
import { struct } from "../../src/term/struct.ts";

const there = new Identities("a@host", 1);

/** Few different keys and words, so that shapes and strings come back. */
const key = fc.oneof(
  fc.constantFrom("type", "id", "a", "__proto__", "1", "constructor"),
  fc.string(),
);
const word = fc.oneof(
  fc.constantFrom("add", "remove", "EUR"),
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({ minLength: 30, maxLength: 300 }),
  fc.uint16Array().map((units) => String.fromCharCode(...units)),
);
const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.nat(70_000));

/** What a Map can be asked for: two equal objects would be two keys, which no comparison can tell apart. */
const plain = fc.oneof(number, word, fc.bigInt(), fc.constantFrom(undefined, null, true));

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    fc.constantFrom(undefined, null, true, false),
    number,
    word,
    fc.bigInt(),
    fc.uint8Array(),
    fc.int16Array(),
    fc.float64Array(),
    fc.date({ noInvalidDate: true }),
    fc.array(number, { maxLength: 50 }),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 8 }).map(objectOf),
    fc.array(fc.tuple(plain, tie("value")), { maxLength: 5 }).map((entries) => new Map(entries)),
    fc.array(plain, { maxLength: 5 }).map((items) => new Set(items)),
    fc.nat().map((serial) => there.pid(there.local, serial)),
  ),
}));

function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return object;
}

const options = { identities: there };

describe("round trips", () => {
  test("any value is the same after encode and decode", () => {
    const same = (value: unknown): void =>
      expect(decode(encode(value), options)).toStrictEqual(value);
    fc.assert(fc.property(anyValue, same), { numRuns: 400 });
  });

  test("the same value gives the same bytes", () => {
    const same = (value: unknown): void => expect(encode(value)).toEqual(encode(value));
    fc.assert(fc.property(anyValue, same), { numRuns: 200 });
  });

  test("any values are the same in a stream, with resets and failed writes anywhere", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: anyValue.map((value) => ({ kind: "value" as const, value })) },
      { weight: 1, arbitrary: fc.constant({ kind: "reset" as const }) },
      { weight: 1, arbitrary: anyValue.map((value) => ({ kind: "refused" as const, value })) },
      { weight: 1, arbitrary: anyValue.map((value) => ({ kind: "rollback" as const, value })) },
      {
        weight: 1,
        arbitrary: fc.nat(40).map((bytesMax) => ({ kind: "too long" as const, bytesMax })),
      },
    );
    const property = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const writer = new ByteWriter();
      const encoder = new TermEncoder(writer);
      const decoder = new TermDecoder(there);
      const long = ["type", "type", "EUR", { id: "x".repeat(50) }];
      for (const action of steps) {
        writer.length = 0;
        if (action.kind === "reset") {
          encoder.reset();
          decoder.reset();
        } else if (action.kind === "refused") {
          expect(() => encoder.write(writer, [action.value, "EUR", "EUR", () => 1])).toThrow(
            EncodeError,
          );
        } else if (action.kind === "rollback") {
          encoder.checkpoint(writer);
          encoder.writeName(writer, "name");
          encoder.write(writer, action.value);
          encoder.rollback(writer);
        } else if (action.kind === "too long") {
          expect(encoder.tryWrite(writer, long, action.bytesMax)).toBe(false);
        } else {
          encoder.write(writer, action.value);
          const reader = new ByteReader(writer.written());
          expect(decoder.read(reader)).toStrictEqual(action.value);
          expect(reader.remaining).toBe(0);
        }
        if (action.kind !== "value") expect(writer.length).toBe(0);
      }
    });
    fc.assert(property, { numRuns: 120 });
  });

  test("what does not fit in the limit is refused and what fits is not", () => {
    const property = fc.property(anyValue, fc.nat(200), (value, bytesMax) => {
      const writer = new ByteWriter();
      const length = encode(value).length;
      const encoder = new TermEncoder(writer, true);
      expect(encoder.tryWrite(writer, value, bytesMax)).toBe(length <= bytesMax);
      expect(writer.length).toBe(length <= bytesMax ? length : 0);
    });
    fc.assert(property, { numRuns: 120 });
  });
});

describe("damaged bytes", () => {
  test("a term cut anywhere is a DecodeError", () => {
    const property = fc.property(anyValue, (value) => {
      const bytes = encode(value);
      for (let i = 0; i < Math.min(bytes.length, 300); i++) {
        expect(() => decode(bytes.subarray(0, i), options)).toThrow(DecodeError);
      }
    });
    fc.assert(property, { numRuns: 40 });
  });

  test("any bytes are a value or a DecodeError, and can be described", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const input = Uint8Array.from([1, ...bytes]);
      expect(describeTerm(input)).toBeString();
      try {
        decode(input, options);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    });
    fc.assert(property, { numRuns: 800 });
  });
});

class Wrapped {
  readonly inner: unknown;
  constructor(inner: unknown) {
    this.inner = inner;
  }
}
struct("Wrapped", Wrapped, { encode: ({ inner }) => inner, decode: (inner) => new Wrapped(inner) });

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

describe("limits", () => {
  const wraps: Record<string, (inner: unknown) => unknown> = {
    array: (inner) => [inner],
    "long array": (inner) => [...Array.from({ length: 20 }, () => null), inner],
    object: (inner) => ({ inner }),
    "object without prototype": (inner) => Object.assign(Object.create(null) as object, { inner }),
    map: (inner) => new Map([[1, inner]]),
    set: (inner) => new Set([inner]),
    cause: (inner) => new Error("outer", { cause: inner }),
    field: (inner) => Object.assign(new Error("outer"), { inner }),
    struct: (inner) => new Wrapped(inner),
  };
  for (const [name, wrap] of Object.entries(wraps)) {
    test(`what may be sent at the greatest depth can be read: ${name}`, () => {
      let refused = 0;
      for (const innermost of [1, [0.1, 0.2, 0.3, 0.4], {}, [], new Error("in")]) {
        for (const levels of [...range(122, 131), ...range(250, 260)]) {
          let value: unknown = innermost;
          for (let i = 0; i < levels; i++) value = wrap(value);
          let bytes: Uint8Array;
          try {
            bytes = encode(value);
          } catch (error) {
            expect((error as EncodeError).code).toBe("too_deep");
            refused++;
            continue;
          }
          decode(bytes);
        }
      }
      expect(refused).toBeGreaterThan(0);
    });
  }

  test("a dictionary that the writer fills is one that the reader takes", () => {
    const writer = new ByteWriter();
    const encoder = new TermEncoder(writer);
    const decoder = new TermDecoder(there);
    for (let i = 0; i < 3000; i++) {
      writer.length = 0;
      const name = `${i} ${"語".repeat(i % 250)}`;
      const value = { [`key ${i % 1500} ${"語".repeat(i % 90)}`]: i };
      encoder.writeName(writer, name);
      encoder.write(writer, value);
      encoder.write(writer, value);
      const reader = new ByteReader(writer.written());
      expect(decoder.readName(reader)).toBe(name);
      expect(decoder.read(reader)).toEqual(value);
      expect(decoder.read(reader)).toEqual(value);
    }
  });

  test("ever new nodes in one stream are read", () => {
    const writer = new ByteWriter();
    const encoder = new TermEncoder(writer);
    const decoder = new TermDecoder(there);
    for (let i = 0; i < 10_000; i++) {
      writer.length = 0;
      const pid = Pid.fromRemote(`n${i}@host`, i, 5, there);
      encoder.writePid(writer, pid);
      expect(decoder.readPid(new ByteReader(writer.written()))).toBe(pid);
    }
  });
});
