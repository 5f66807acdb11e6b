import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ByteReader, ByteWriter } from "../../src/base/bytes.ts";
import { DecodeError } from "../../src/base/error.ts";
import { TermDecoder } from "../../src/term/decode/decode.ts";
import { TermEncoder } from "../../src/term/encode/encode.ts";
import { ambient } from "../../src/term/ambient.ts";
import { describeTerm } from "../../src/term/decode/describe.ts";
import { decode, encode } from "../../src/term/stf.ts";
import { type Celsius, stream, values } from "../vectors/stf/values.ts";

function file<T>(name: string): T[] {
  return JSON.parse(readFileSync(join(import.meta.dir, "../vectors/stf", name), "utf8")) as T[];
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex, "hex");

/** Pids and refs belong to the identities that decoded them: compared by their text. */
function comparable(value: unknown): unknown {
  const text = (_: string, item: unknown): unknown =>
    typeof item === "bigint" ? `${item}n` : item;
  return JSON.stringify(value, text);
}

/** Written by an earlier writer, which defined strings of a whole array of up to 8: to be read for ever. */
const READ_ONLY = new Set(["string repeated"]);

describe("golden vectors", () => {
  for (const { name, hex, terms } of file<{ name: string; hex: string; terms: string[] }>(
    "valid.json",
  )) {
    test.skipIf(READ_ONLY.has(name))(`${name} has its bytes`, () => {
      expect(Buffer.from(encode(values[name])).toString("hex")).toBe(hex);
    });

    test(`the bytes of ${name} have their value`, () => {
      const value = decode(bytesOf(hex));
      if (name.includes("pid") || name.includes("ref"))
        expect(comparable(value)).toBe(comparable(values[name])!);
      else if (name === "date invalid") expect((value as Date).getTime()).toBeNaN();
      else expect(value).toEqual(values[name]);
      expect(describeTerm(bytesOf(hex)).split("\n")).toEqual(terms);
    });
  }

  test("every value has a vector", () => {
    expect(file<{ name: string }>("valid.json").map((vector) => vector.name)).toEqual(
      Object.keys(values),
    );
  });

  test("a stream has its values, term by term", () => {
    const decoder = new TermDecoder(ambient.identities);
    const terms = file<{ hex: string }>("stream.json");
    expect(terms.length).toBe(stream.length);
    terms.forEach(({ hex }, i) => {
      expect(comparable(decoder.read(new ByteReader(bytesOf(hex))))).toBe(comparable(stream[i])!);
    });
  });

  for (const { name, hex, code } of file<{ name: string; hex: string; code: string }>(
    "invalid.json",
  )) {
    test(`${name} is ${code}`, () => {
      expect(() => decode(bytesOf(hex))).toThrow(
        expect.objectContaining({ name: "DecodeError", code }),
      );
      expect(describeTerm(bytesOf(hex))).toBeString();
    });
  }
});

describe("versions of structs", () => {
  test("fields of an older version are upgraded", () => {
    const writer = new ByteWriter();
    // struct Celsius version 1 { kelvin: 300 }, written out.
    writer.append(bytesOf("01ee8743656c7369757301e30186"));
    writer.append(Buffer.from("kelvin"));
    writer.append(bytesOf("c52c01"));
    expect((decode(writer.copy()) as Celsius).degrees).toBeCloseTo(26.85);
  });

  test("RESET empties the dictionary of both ends", () => {
    const encoder = new TermEncoder(new ByteWriter());
    const writer = new ByteWriter();
    const sent: unknown[] = [];
    // Ever new strings, each twice, fill the dictionary many times over. In a field they would soon be let alone.
    for (let i = 0; i < 20_000; i++) {
      const value = i % 8 === 0 ? ["kind"] : `word ${i >> 1}`;
      encoder.write(writer, value);
      sent.push(value);
    }
    const decoder = new TermDecoder(ambient.identities);
    const reader = new ByteReader(writer.written());
    for (const value of sent) expect(decoder.read(reader)).toEqual(value);
    expect(reader.remaining).toBe(0);
    expect(writer.written().includes(Buffer.from([0xdf, 0x01]))).toBe(true);
  });

  test("an unknown version byte is refused by a stream too", () => {
    const decoder = new TermDecoder(ambient.identities);
    expect(() => decoder.read(new ByteReader(Buffer.from([9, 0])))).toThrow(DecodeError);
  });
});
