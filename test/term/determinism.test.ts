import { expect, test } from "bun:test";

import { ByteWriter } from "../../src/base/bytes.ts";
import { TermEncoder } from "../../src/term/encode/encode.ts";
import { encode } from "../../src/term/stf.ts";

/** A bit of everything that the encoder remembers something about. */
function message(i: number): unknown {
  switch (i % 5) {
    case 0:
      return { type: i % 3 === 0 ? "add" : "sub", id: `id-${i >> 2}`, state: `s${i % 4}`, n: i };
    case 1:
      return ["set", `key-${i % 90}`, i * 1000, i % 2 === 0, null];
    case 2:
      return { [`field${i % 60}`]: i, nested: { type: "add", list: [`x${i % 10}`, `y${i}`] } };
    case 3:
      return new Map<unknown, unknown>([
        [`k${i % 20}`, `v${i}`],
        ["type", { [`rare${i >> 4}`]: 1 }],
      ]);
    default:
      return Array.from({ length: 12 }, (_, j) => ({ sku: `SKU-${i * j}`, state: `s${j % 3}` }));
  }
}

function streamed(count: number): string {
  const writer = new ByteWriter();
  const encoder = new TermEncoder(writer);
  for (let i = 0; i < count; i++) encoder.write(writer, message(i));
  return writer.copy().toHex();
}

/** Fills what the thread keeps about shapes, and compiles writers. */
function warmUp(): void {
  const writer = new ByteWriter();
  const encoder = new TermEncoder(writer);
  for (let i = 0; i < 20_000; i++) {
    writer.length = 0;
    encoder.write(writer, { [`other${i >> 1}`]: 1, type: "add" });
  }
  streamed(500);
}

test("the bytes of a stream depend on what went through it, not on what else the thread wrote", () => {
  const cold = streamed(1500);
  warmUp();
  expect(streamed(1500) === cold).toBe(true);
});

test("a stream goes on with the same bytes when the thread forgets its shapes in between", () => {
  const expected = streamed(1500);
  const writer = new ByteWriter();
  const encoder = new TermEncoder(writer);
  for (let i = 0; i < 1500; i++) {
    if (i % 500 === 250) warmUp();
    encoder.write(writer, message(i));
  }
  expect(writer.copy().toHex() === expected).toBe(true);
});

test("the bytes of a standalone term depend on the value alone", () => {
  const values = Array.from({ length: 200 }, (_, i) => message(i));
  const cold = values.map((value) => encode(value).toHex());
  warmUp();
  expect(values.toReversed().map((value) => encode(value).toHex())).toEqual(cold.toReversed());
});
