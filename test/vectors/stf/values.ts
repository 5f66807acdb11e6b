import { Identities } from "../../../src/term/identities.ts";
import { struct } from "../../../src/term/struct.ts";

/** The class of the vectors named `struct…`: one field, version 2. */
export class Celsius {
  readonly degrees: number;
  constructor(degrees: number) {
    this.degrees = degrees;
  }
}
struct("Celsius", Celsius, {
  version: 2,
  encode: (value) => ({ degrees: value.degrees }),
  decode: ({ degrees }) => new Celsius(degrees),
  upgrade: (fields) => ({ degrees: (fields as { kelvin: number }).kelvin - 273.15 }),
});

const there = new Identities("a@10.0.0.1", 217_000_000_000);
const pid = there.createLocalPid(2 ** 42 + 7);
const ref = there.createRef(2 * 2 ** 42 + 9);

function bare(fields: object): object {
  return Object.assign(Object.create(null) as object, fields);
}

function remoteError(): Error {
  const error = new RangeError("out of range", { cause: "the cause" });
  error.stack = "RangeError: out of range\n    at somewhere";
  return Object.assign(error, { code: 7 });
}

/** What the valid vectors decode to, by name; the order is that of the file. */
export const values: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  false: false,
  true: true,
  "integer 0": 0,
  "integer 63": 63,
  "integer 64": 64,
  "integer 255": 255,
  "integer 256": 256,
  "integer 65535": 65_535,
  "integer 65536": 65_536,
  "integer 2^32 - 1": 2 ** 32 - 1,
  "integer 2^32": 2 ** 32,
  "integer 2^48": 2 ** 48,
  "integer 2^53 - 1": 2 ** 53 - 1,
  "integer -1": -1,
  "integer -16": -16,
  "integer -17": -17,
  "integer -256": -256,
  "integer -257": -257,
  "integer -65537": -65_537,
  "integer -2^32 - 1": -(2 ** 32) - 1,
  "integer -(2^53 - 1)": -(2 ** 53 - 1),
  "negative zero": -0,
  "float 0.5": 0.5,
  "float 2^53": 2 ** 53,
  NaN: NaN,
  infinity: Infinity,
  "negative infinity": -Infinity,
  "bigint 0": 0n,
  "bigint 2^64": 2n ** 64n,
  "bigint -1": -1n,
  "string empty": "",
  "string ASCII": "hello",
  "string Latin-1": "é",
  "string of 32 ASCII": "0123456789abcdef0123456789abcdef",
  "string UTF-8": "日本語",
  "string long UTF-8": "日本語".repeat(40),
  "string lone surrogate": "a\ud800",
  bytes: new Uint8Array([0, 1, 254, 255]),
  "bytes, 300": new Uint8Array(300).fill(7),
  "array empty": [],
  "array of three": [1, "two", null],
  "array of sixteen": Array.from({ length: 16 }, () => true),
  "array packed int8": [-100, 100, 90, -90, 80],
  "array packed uint16": [1000, 2000, 3000, 4000],
  "array packed int32": [-100_000, 100_000, 100_001, 100_002],
  "array packed float64": [0.1, 0.2, 0.3, 0.4],
  date: new Date(1_700_000_000_123),
  "date invalid": new Date(NaN),
  map: new Map<unknown, unknown>([
    ["a", 1],
    [2, "b"],
  ]),
  set: new Set([1, "a"]),
  "object empty": {},
  object: { type: "add", by: 5 },
  "object twice": [
    { type: "add", by: 5 },
    { type: "add", by: 6 },
    { type: "add", by: 7 },
  ],
  "object with key __proto__": JSON.parse('{"__proto__":1}') as unknown,
  "object with null prototype": bare({ a: 1 }),
  "object nested": { a: { b: { c: [] } } },
  "object with 65 keys": Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])),
  "string repeated": ["again", "again", "again", "again"],
  pid,
  "pid twice": [pid, pid],
  ref,
  "pid and ref": { replyTo: pid, ref },
  error: remoteError(),
  struct: new Celsius(21.5),
  "struct twice": [new Celsius(1), new Celsius(2)],
  Int16Array: new Int16Array([-1, 2]),
  Float32Array: new Float32Array([1.5]),
  BigUint64Array: new BigUint64Array([2n ** 64n - 1n]),
  ArrayBuffer: new Uint8Array([1, 2, 3]).buffer,
  "string repeated inside": [["again", "again", "again", "again"]],
};

/** Terms of one stream, written one after the other. */
export const stream: readonly unknown[] = [
  { type: "add", by: 1 },
  { type: "add", by: 2 },
  { type: "add", by: 3 },
  ["word", "word", "word"],
  { type: "add", from: pid },
  { type: "add", from: pid },
  { type: "add", from: pid },
];
