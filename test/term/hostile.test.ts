import { afterEach, describe, expect, test } from "bun:test";

import { DecodeError } from "../../src/base/error.ts";
import { decode, encode } from "../../src/term/stf.ts";
import { struct } from "../../src/term/struct.ts";

const MIB = 1024 * 1024;

function term(...parts: (number | string | readonly number[])[]): Uint8Array {
  const bytes = parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : part));
  return Uint8Array.from([1, ...bytes]);
}

const own = Object.getOwnPropertyNames(Object.prototype);

afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(own);
});

describe("prototypes", () => {
  test("a key __proto__ of any object is an own field", () => {
    const pairs = decode(term(0xe3, 1, 0x89, "__proto__", 0xe3, 1, 0x81, "x", 1)) as object;
    expect(Object.getPrototypeOf(pairs)).toBe(Object.prototype);
    expect(Object.hasOwn(pairs, "__proto__")).toBe(true);
    const shape = term(
      0xdd,
      100,
      0xe5,
      10,
      0x89,
      "__proto__",
      1,
      new Array<number>(99).fill(0x40).flatMap((tag) => [tag, 2]),
    );
    for (const object of decode(shape) as object[]) {
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
      expect(Object.keys(object)).toEqual(["__proto__"]);
    }
  });

  test("an error's own fields replace nothing that matters", () => {
    const text = (value: string): number[] => [0x80 + value.length, ...Buffer.from(value)];
    const bytes = [0xe3, 3, ...text("__proto__"), 0xe3, 0, ...text("stack"), 5, ...text("x"), 7];
    const error = decode(term(0xed, 0x85, "Error", 0x81, "m", 0xc0, bytes, 0xc0)) as Error & {
      x: number;
    };
    expect(error).toBeInstanceOf(Error);
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype);
    expect(error.x).toBe(7);
  });

  test("inherited fields of a changed Object.prototype are not sent", () => {
    const value = { first_own_field: 1 };
    const polluted = Object.prototype as Record<string, unknown>;
    polluted["inherited_field"] = 2;
    try {
      for (let i = 0; i < 3; i++) {
        expect(Object.keys(decode(encode(value)) as object)).toEqual(["first_own_field"]);
      }
    } finally {
      delete polluted["inherited_field"];
    }
  });
});

describe("memory", () => {
  const growth = (bytes: Uint8Array): number => {
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    expect(() => decode(bytes)).toThrow(DecodeError);
    return process.memoryUsage().rss - before;
  };

  test("counts that the input does not cover allocate nothing", () => {
    const counts: number[][] = [
      [0xdd, 0xff, 0xff, 0xff, 0xff, 0x07],
      [0xe1, 0xff, 0xff, 0xff, 0xff, 0x03],
      [0xe2, 0xff, 0xff, 0xff, 0xff, 0x07],
      [0xe3, 0xff, 0xff, 0xff, 0xff, 0x03],
      [0xde, 7, 0xff, 0xff, 0xff, 0x7f],
      [0xef, 2, 0xff, 0xff, 0xff, 0xff, 0x07],
      [0xd2, 0xff, 0xff, 0xff, 0xff],
      [0xdc, 0xff, 0xff, 0xff, 0xff],
    ];
    for (const count of counts) expect(growth(term(count, 0))).toBeLessThan(8 * MIB);
  });

  test("nested arrays that each claim the whole input allocate little", () => {
    const level = [0xdd, 0x80, 0x80, 0x20];
    const bytes = new Uint8Array(MIB);
    bytes[0] = 1;
    for (let i = 0; i < 250; i++) bytes.set(level, 1 + i * 4);
    bytes[MIB - 1] = 0xdf;
    expect(growth(bytes)).toBeLessThan(150 * MIB);
  });

  test("a large index as a key is one field, not an array", () => {
    const keys = ["99999", "5000", "4294967294"];
    for (const key of keys) {
      const object = decode(term(0xe3, 1, 0x80 + key.length, key, 1)) as object;
      expect(Object.keys(object)).toEqual([key]);
    }
  });

  test("a bigint of the largest size is read, a larger one refused", () => {
    const largest = 2n ** BigInt(128 * 1024 * 8 - 1);
    expect(decode(encode(largest))).toBe(largest);
    expect(() => decode(term(0xce, 0x81, 0x80, 0x08, new Array<number>(131_073).fill(1)))).toThrow(
      DecodeError,
    );
    expect(() => encode(1n << (128n * 1024n * 8n - 1n))).not.toThrow();
  });
});

describe("code", () => {
  test("decoding runs no setter and needs no prototype that can be written", () => {
    let ran = 0;
    Object.defineProperty(Object.prototype, "watched", {
      set: () => {
        ran++;
      },
      configurable: true,
    });
    try {
      const value = decode(
        term(0xa2, 0xe3, 1, 0x87, "watched", 1, 0xe5, 8, 0x87, "watched", 1),
      ) as object[];
      for (const object of value) expect(Object.hasOwn(object, "watched")).toBe(true);
    } finally {
      delete (Object.prototype as Record<string, unknown>)["watched"];
    }
    expect(ran).toBe(0);
  });

  test("a codec that throws anything makes that message undecodable", () => {
    class Thrower {
      kept = 1;
    }
    struct("Thrower", Thrower, {
      encode: () => 1,
      decode: () => {
        // oxlint-disable-next-line no-throw-literal
        throw "a string";
      },
    });
    expect(() => decode(encode([new Thrower()]))).toThrow(
      expect.objectContaining({ code: "struct_undecodable" }),
    );
  });

  test("a codec may encode and decode in turn", () => {
    class Boxed {
      readonly inner: unknown;
      constructor(inner: unknown) {
        this.inner = inner;
      }
    }
    struct("Boxed", Boxed, {
      encode: (value) => encode(value.inner),
      decode: (bytes) => new Boxed(decode(bytes)),
    });
    const value = { a: [new Boxed({ b: new Boxed("deep") })], c: "after" };
    expect(decode(encode(value))).toEqual(value);
  });

  test("decoding with hardly any stack left is an error of its kind", () => {
    const bytes = encode([[[[[[[[[[1]]]]]]]]]]);
    let other: unknown;
    const dig = (): void => {
      try {
        decode(bytes);
      } catch (error) {
        if (!(error instanceof DecodeError) && !(error instanceof RangeError)) other = error;
      }
      dig();
    };
    expect(dig).toThrow(RangeError);
    expect(other).toBeUndefined();
  });
});

test("what is no bytes at all is a DecodeError too, and says what it got", () => {
  const others = [undefined, null, "\u0001", [1, 5], { length: 2, 0: 1, 1: 5 }, new ArrayBuffer(2)];
  for (const other of [...others, new Int16Array([1, 300]), new Float64Array([1, -1]), () => 1]) {
    expect(() => decode(other as never)).toThrow(
      expect.objectContaining({ name: "DecodeError", code: "term_bad_value" }),
    );
  }
  expect(() => decode(new ArrayBuffer(2) as never)).toThrow("got an object of ArrayBuffer");
  expect(decode(Buffer.from([1, 5]))).toBe(5);
});
