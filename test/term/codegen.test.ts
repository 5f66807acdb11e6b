import { describe, expect, test } from "bun:test";

import { compile } from "../../src/term/codegen.ts";
import { decode, encode } from "../../src/term/stf.ts";

/** Run by a process that may not make code from text. */
const SCRIPT = `
  import { compile } from "${import.meta.dir}/../../src/term/codegen.ts";
  import { decode, encode } from "${import.meta.dir}/../../src/term/stf.ts";
  import { ByteWriter } from "${import.meta.dir}/../../src/base/bytes.ts";
  import { TermEncoder } from "${import.meta.dir}/../../src/term/encode/encode.ts";
  const values = Array.from({ length: 500 }, (_, i) => ({ type: "add", by: i, ["__proto__"]: [i], on: i % 2 === 0 }));
  const back = decode(encode(values));
  for (let i = 0; i < 100; i++) decode(encode({ type: "one", by: i }));
  const writer = new ByteWriter();
  const encoder = new TermEncoder(writer);
  for (let i = 0; i < 2000; i++) {
    encoder.write(writer, { type: i % 3 ? "add" : "sub", id: "id-" + (i >> 1), by: [i, "to", "x" + i, i / 2], tag: "t" + i % 50 });
    encoder.write(writer, i % 7 === 0 ? { ["k" + i % 40]: -i } : ["set", "key-" + i % 300, i * 1e9, null]);
  }
  // Shapes that enter the dictionary in the middle of an object, whose other fields are strings.
  for (let i = 0; i < 3000; i++)
    encoder.write(writer, { deep: { ["late" + (i >> 2)]: "v" + i }, id: "u" + i, word: "w" + (i % 2 ? i : i % 6) });
  const digest = Bun.hash(writer.written()).toString();
  console.log(JSON.stringify({ compiled: compile !== undefined, same: Bun.deepEquals(back, values), last: back[499], digest }));
`;

async function run(
  flags: readonly string[],
): Promise<{ compiled: boolean; same: boolean; last: unknown; digest: string }> {
  const child = Bun.spawn([process.execPath, ...flags, "-e", SCRIPT], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text()) as {
    compiled: boolean;
    same: boolean;
    last: unknown;
    digest: string;
  };
}

describe("code generation", () => {
  test("codecs work, and write the same bytes, where the engine refuses to make code from text", async () => {
    const refused = await run(["--disallow-code-generation-from-strings"]);
    const allowed = await run([]);
    expect(refused).toEqual({ ...allowed, compiled: false });
    expect(refused.same).toBe(true);
    expect(allowed.compiled).toBe(true);
  });

  test("an object of a shape is the same from its first use to its thousandth", () => {
    expect(compile).toBeDefined();
    const make = (i: number): object => ({
      "a b": i,
      '"; throw 1;//': `s${i % 3}`,
      nested: { i },
      when: i / 2,
      $: i % 2 === 0,
    });
    for (let i = 0; i < 1000; i++) {
      expect(decode(encode(make(i)))).toStrictEqual(make(i));
    }
  });

  test("a field that changes its kind after the codec was made is still read", () => {
    const kinds: unknown[] = [
      1,
      300,
      70_000,
      2 ** 40,
      -1,
      0.5,
      "a",
      "b".repeat(100),
      null,
      [1],
      { x: 1 },
      1n,
      true,
      undefined,
    ];
    for (let i = 0; i < 1000; i++) {
      const value = { field_of_many_kinds: i < 100 ? i : kinds[i % kinds.length] };
      expect(decode(encode(value))).toStrictEqual(value);
    }
  });
});
