import { expect, test } from "bun:test";
import { DecodeError } from "../../src/base/error.ts";
import { FieldReader, FieldWriter } from "../../src/wire/fields.ts";

test("fields come out as they went in, at the ends of their ranges", () => {
  const bytes = new FieldWriter(1)
    .u8(255)
    .u16(65_535)
    .u32(2 ** 32 - 1)
    .u48(2 ** 48 - 1)
    .u48(2 ** 32)
    .text("grüße")
    .bytes(new Uint8Array([1, 2]))
    .u8(1)
    .finish();
  const reader = new FieldReader(bytes);
  expect([reader.u8(), reader.u16(), reader.u32(), reader.u48(), reader.u48()]).toEqual([
    255,
    65_535,
    2 ** 32 - 1,
    2 ** 48 - 1,
    2 ** 32,
  ]);
  expect(reader.text(10)).toBe("grüße");
  expect(reader.bytes(2)).toEqual(new Uint8Array([1, 2]));
  expect(reader.flag()).toBe(true);
  reader.end();
});

test("numbers are little-endian", () => {
  expect(new FieldWriter().u16(0x0102).u32(0x03040506).u48(0x0708090a0b0c).finish().toHex()).toBe(
    "0201060504030c0b0a090807",
  );
});

test("a writer that has finished leaves its bytes alone, whatever is written next, by it or by another", () => {
  const first = new FieldWriter().u32(1);
  const bytes = first.finish();
  const second = new FieldWriter().u32(2);
  first.u32(3);
  const third = new FieldWriter().u32(4);
  expect([bytes, first, second, third].map(hex)).toEqual([
    "01000000",
    "03000000",
    "02000000",
    "04000000",
  ]);
});

const hex = (bytes: Uint8Array | FieldWriter): string =>
  (bytes instanceof FieldWriter ? bytes.finish() : bytes).toHex();

test("text of any length and spelling comes back, and what is no UTF-8 is refused", () => {
  for (const text of ["", "a", "ä", "x".repeat(40), "x".repeat(41), `${"x".repeat(39)}€`]) {
    const bytes = new FieldWriter().text(text).finish();
    expect(new FieldReader(bytes).text(100)).toBe(text);
  }
  expect(() => new FieldReader(new Uint8Array([1, 0, 0x80])).text(100)).toThrow(DecodeError);
});

test("what a frame does not have is not read", () => {
  const empty = () => new FieldReader(new Uint8Array([9]), 1);
  for (const read of ["u8", "u16", "u32", "u48", "flag"] as const)
    expect(() => empty()[read]()).toThrow(DecodeError);
  expect(() => empty().bytes(1)).toThrow(DecodeError);
  expect(() => new FieldReader(new Uint8Array([5, 0, 65])).text(10)).toThrow("ends 4 bytes early");
  expect(() => new FieldReader(new Uint8Array([5, 0, 65])).text(4)).toThrow("the limit is 4");
  expect(() => new FieldReader(new Uint8Array([1, 0, 0xff])).text(4)).toThrow("not UTF-8");
  expect(() => new FieldReader(new Uint8Array([2])).flag()).toThrow("expected 0 or 1");
  expect(() => new FieldReader(new Uint8Array([2])).end()).toThrow("1 bytes too many");
});

test("bytes that were read are a copy, also of a Buffer, as sockets bring them", () => {
  const arrived = Buffer.from([1, 2, 3, 4]);
  const bytes = new FieldReader(arrived).bytes(2);
  arrived.fill(9);
  expect([...bytes]).toEqual([1, 2]);
  expect(bytes.buffer.byteLength).toBe(2);
});
