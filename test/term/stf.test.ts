import { describe, expect, test } from "bun:test";

import { ByteReader, ByteWriter } from "../../src/base/bytes.ts";
import { DecodeError, EncodeError } from "../../src/base/error.ts";
import { TermDecoder } from "../../src/term/decode/decode.ts";
import { TermEncoder } from "../../src/term/encode/encode.ts";
import { Identities } from "../../src/term/identities.ts";
import { Pid } from "../../src/term/pid.ts";
import { decode, encode } from "../../src/term/stf.ts";
import { struct } from "../../src/term/struct.ts";

const values: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  booleans: [true, false],
  integers: [
    0,
    1,
    63,
    64,
    255,
    256,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 48,
    2 ** 53 - 1,
  ],
  negatives: [
    -1,
    -16,
    -17,
    -256,
    -257,
    -65_536,
    -65_537,
    -(2 ** 31),
    -(2 ** 32),
    -(2 ** 32) - 1,
    -(2 ** 53) + 1,
    "x",
  ],
  floats: [0.5, -0, NaN, Infinity, -Infinity, 2 ** 60, Number.MIN_VALUE, Number.MAX_VALUE, null],
  bigints: [0n, 1n, -1n, 255n, 256n, 2n ** 64n, -(2n ** 4096n)],
  strings: [
    "",
    "a",
    "hello",
    "é",
    "日本語",
    "x".repeat(31),
    "x".repeat(32),
    "é".repeat(300),
    "y".repeat(70_000),
    "\ud800",
    "a\udc00b😀",
  ],
  bytes: [
    new Uint8Array(0),
    new Uint8Array([1, 2, 3]),
    new Uint8Array(300).fill(7),
    new Uint8Array(70_000).fill(9),
  ],
  typed: [
    new Int8Array([-1]),
    new Uint16Array([1, 2]),
    new Int16Array([-1]),
    new Int32Array([-5]),
    new Uint32Array([5]),
    new Float32Array([1.5]),
    new Float64Array([-0]),
    new Uint8ClampedArray([255]),
    new BigInt64Array([-1n]),
    new BigUint64Array([1n]),
    new Float16Array([0.5]),
  ],
  dates: [new Date(0), new Date(1_700_000_000_000)],
  arrays: [[], [[]], new Array(20).fill("same"), Array.from({ length: 300 }, (_, i) => `n${i}`)],
  packed: [
    [1, 2, 3, 4, 5],
    [-1, 2, 3, 1000],
    [70_000, 80_000, 90_000, 1],
    [0.5, 1.5, 2.5, -0, 7],
    [4e9, 4e9, 4e9, 4e9],
  ],
  maps: new Map<unknown, unknown>([
    ["a", 1],
    [{ k: 1 }, new Map()],
    [NaN, "x"],
  ]),
  sets: new Set<unknown>([1, "a", 1n]),
  objects: [{}, { a: 1 }, { a: 2 }, { a: 3, b: { c: "c" } }, { "1": 1, x: 2 }, { "": 0 }],
};

describe("round trip", () => {
  for (const [name, value] of Object.entries(values)) {
    test(`${name} are the same after encode and decode`, () => {
      for (let i = 0; i < 3; i++) expect(decode(encode(value))).toStrictEqual(value);
    });

    test(`${name} are the same in one stream, again and again`, () => {
      const writer = new ByteWriter();
      const encoder = new TermEncoder(writer);
      for (let i = 0; i < 4; i++) encoder.write(writer, value);
      const reader = new ByteReader(writer.written());
      const decoder = new TermDecoder(new Identities("b@host", 2));
      for (let i = 0; i < 4; i++) expect(decoder.read(reader)).toStrictEqual(value);
      expect(reader.remaining).toBe(0);
    });
  }

  test("negative zero stays negative", () => {
    expect(Object.is(decode(encode(-0)), -0)).toBe(true);
    expect(Object.is((decode(encode([1.5, 2.5, 3.5, -0])) as number[])[3], -0)).toBe(true);
  });

  test("an invalid date stays invalid", () => {
    expect((decode(encode(new Date(NaN))) as Date).getTime()).toBeNaN();
  });

  test("holes become undefined", () => {
    const holes: unknown[] = [1];
    holes[2] = 3;
    expect(decode(encode(holes))).toStrictEqual([1, undefined, 3]);
  });

  test("a key __proto__ is a plain key, and a null prototype stays one", () => {
    const value = JSON.parse('{"__proto__":{"polluted":true},"a":1}') as object;
    for (let i = 0; i < 4; i++) {
      const result = decode(encode(value)) as object;
      expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
      expect(Object.keys(result)).toEqual(["__proto__", "a"]);
    }
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    for (let i = 0; i < 4; i++) expect(Object.getPrototypeOf(decode(encode(bare)))).toBe(null);
  });

  test("errors keep class, message, stack, cause and own fields", () => {
    const value = Object.assign(new TypeError("bad", { cause: new Error("inner") }), { code: 7 });
    const result = decode(encode(value)) as TypeError & { code: number };
    expect(result).toBeInstanceOf(TypeError);
    expect(result.message).toBe("bad");
    expect(result.stack).toBe(value.stack!);
    expect(result.code).toBe(7);
    expect((result.cause as Error).message).toBe("inner");
  });

  test("pids and refs are the same objects when they come back", () => {
    const here = new Identities("a@host", 1);
    const there = new Identities("b@host", 2);
    const pid = here.createLocalPid(2 ** 42 + 7);
    const ref = here.createRef(9);
    const bytes = encode([pid, ref, pid]);
    const [remote, remoteRef, again] = decode(bytes, { identities: there }) as [Pid, unknown, Pid];
    expect(remote).toBe(again);
    expect(remote.isLocal()).toBe(false);
    expect(remote.toString()).toBe("a@host#1/1.7");
    const back = decode(encode([remote, remoteRef]), { identities: here }) as unknown[];
    expect(back[0]).toBe(pid);
    expect(back[1]).toBe(ref);
    expect(Pid.parse(pid.toString(), here)).toBe(pid as Pid<unknown>);
  });
});

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}
struct("Point", Point, { encode: (point) => ({ x: point.x }), decode: ({ x }) => new Point(x) });

class Broken {
  readonly #nominal = true;
  get ok(): boolean {
    return this.#nominal;
  }
}
struct("Broken", Broken, {
  encode: () => ({ key: "value", list: [1, 2] }),
  decode: () => {
    throw new Error("no");
  },
});

describe("byte arrays", () => {
  const value = { small: new Uint8Array([1, 2, 3]), large: new Uint8Array(5_000).fill(7) };
  interface Read {
    readonly small: Uint8Array;
    readonly large: Uint8Array;
  }

  test("are copies, which nothing that happens to the input changes", () => {
    const bytes = encode(value);
    const streamed = new ByteWriter();
    new TermEncoder(streamed).write(streamed, value);
    const input = streamed.copy();
    const decoder = new TermDecoder(new Identities("b@host", 1));
    const read = [
      decode(bytes),
      decode(bytes, { bytes: "copy" }),
      decoder.read(new ByteReader(input)),
    ];
    bytes.fill(0);
    input.fill(0);
    for (const each of read) expect(each).toEqual(value);
  });

  test("are views of the input where that is asked for, once and not for the next decode", () => {
    const bytes = encode(value);
    const { small, large } = decode(bytes, { bytes: "view" }) as Read;
    expect([small, large]).toEqual([value.small, value.large]);
    expect([small.buffer, large.buffer]).toEqual([bytes.buffer, bytes.buffer]);
    const copy = decode(bytes) as Read;
    bytes[large.byteOffset] = 8;
    bytes[small.byteOffset] = 9;
    expect([small[0], large[0]]).toEqual([9, 8]);
    expect([copy.small[0], copy.large[0]]).toEqual([1, 7]);
  });

  test("of other types are never views: their elements need not be aligned in the input", () => {
    const floats = Float64Array.of(1, Math.PI);
    const bytes = encode(["x", floats, new ArrayBuffer(8)]);
    const [, view, buffer] = decode(bytes, { bytes: "view" }) as [
      string,
      Float64Array,
      ArrayBuffer,
    ];
    bytes.fill(0);
    expect(view).toEqual(floats);
    expect(buffer).not.toBe(bytes.buffer);
  });
});

describe("structs", () => {
  test("a registered class comes back as an instance", () => {
    expect(decode(encode([new Point(3), new Point(4)]))).toEqual([new Point(3), new Point(4)]);
  });

  test("an undecodable struct is consumed whole and the stream goes on", () => {
    const writer = new ByteWriter();
    const encoder = new TermEncoder(writer);
    for (let i = 0; i < 3; i++) {
      encoder.write(writer, { before: i, bad: new Broken(), after: "after" });
      encoder.write(writer, { before: i, good: "after" });
    }
    const reader = new ByteReader(writer.written());
    const decoder = new TermDecoder(new Identities("b@host", 2));
    for (let i = 0; i < 3; i++) {
      expect(() => decoder.read(reader)).toThrow(
        expect.objectContaining({
          code: "struct_undecodable",
          message: expect.stringMatching(/^struct Broken: no at byte \d+$/),
        }),
      );
      expect(decoder.read(reader)).toEqual({ before: i, good: "after" });
    }
  });
});

/** An object with one field that throws no error of ours when it is looked at in that way. */
function hostile(trap: "ownKeys" | "getPrototypeOf" | "get"): object {
  const fail = (): never => {
    throw new TypeError("do not touch");
  };
  return new Proxy({ a: 1 }, { [trap]: fail });
}

describe("refusals", () => {
  const failing = Object.defineProperty(new Error("no"), "message", {
    get: () => {
      throw new TypeError("do not read");
    },
  });
  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const cyclic: Record<string, unknown> = { a: {} };
  (cyclic["a"] as Record<string, unknown>)["b"] = cyclic;
  let deep: unknown = 1;
  for (let i = 0; i < 300; i++) deep = [deep];
  const cases: [unknown, string][] = [
    [{ user: { onClick: () => 1 } }, "message.user.onClick: functions cannot be sent"],
    [[1, Symbol("s")], "message[1]: symbols cannot be sent"],
    [{ p: Promise.resolve() }, "message.p: promises cannot be sent"],
    [new WeakMap(), "message: WeakMap objects cannot be sent"],
    [
      { "a b": new (class Foo {})() },
      'message["a b"]: instances of Foo cannot be sent, register the class with struct()',
    ],
    [cyclic, "message.a.b: is message again, a cycle cannot be sent"],
    [{ list: [hostile("ownKeys")] }, "message.list[0]: looking at it failed"],
    [{ list: [hostile("getPrototypeOf")] }, "message.list[0]: looking at it failed"],
    [{ at: hostile("get") }, "message.at.a: its getter failed"],
    [{ cause: [failing] }, "message.cause[0].message: looking at it failed"],
    [[1, detached], "message[1]: its memory has been given away"],
    [{ bytes: detached.buffer }, "message.bytes: its memory has been given away"],
  ];
  for (const [value, text] of cases) {
    test(text, () => {
      expect(() => encode(value)).toThrow(
        new EncodeError("not_encodable", text.split(": ")[0]!, text.split(": ")[1]!).message,
      );
    });
  }

  test("a term nested too deeply is refused", () => {
    expect(() => encode(deep)).toThrow(expect.objectContaining({ code: "too_deep" }));
  });

  test("a failed write leaves output and dictionary as they were", () => {
    const writer = new ByteWriter();
    const encoder = new TermEncoder(writer);
    const pid = new Identities("a@host", 1).createLocalPid(5);
    const good = { key: "value", pid };
    for (let i = 0; i < 5; i++) {
      const before = writer.length;
      expect(() =>
        encoder.write(writer, { key: "value", again: ["value", "value"], pid, bad: () => 1 }),
      ).toThrow(EncodeError);
      expect(encoder.tryWrite(writer, { good, long: "x".repeat(1000) }, 100)).toBe(false);
      expect(writer.length).toBe(before);
      encoder.checkpoint(writer);
      encoder.write(writer, good);
      encoder.writeName(writer, `name${i}`);
      encoder.rollback(writer);
      expect(writer.length).toBe(before);
      encoder.write(writer, good);
      encoder.writeName(writer, "name");
    }
    const reader = new ByteReader(writer.written());
    const there = new Identities("b@host", 1);
    const decoder = new TermDecoder(there);
    for (let i = 0; i < 5; i++) {
      expect(decoder.read(reader)).toEqual({
        key: "value",
        pid: Pid.fromRemote("a@host", 1, 5, there),
      });
      expect(decoder.readName(reader)).toBe("name");
    }
    expect(reader.remaining).toBe(0);
  });
});

describe("broken bytes", () => {
  test("an input cut anywhere is a DecodeError", () => {
    const bytes = encode(values);
    for (let i = 0; i < bytes.length; i += i < 2000 ? 1 : 997) {
      expect(() => decode(bytes.subarray(0, i))).toThrow(DecodeError);
    }
  });
});
