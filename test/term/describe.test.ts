import { expect, test } from "bun:test";
import fc from "fast-check";

import { describeTerm } from "../../src/term/decode/describe.ts";
import { Identities } from "../../src/term/identities.ts";
import { encode } from "../../src/term/stf.ts";

/** The bytes that the lines of a dump show, put together again. */
function shownBytes(dump: string): string {
  return dump
    .split("\n")
    .map((line) => line.slice(8, 50).replaceAll(" ", ""))
    .join("");
}

const leaf = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, "", "type", "\ud800", "ünï", "日本"),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.string({ maxLength: 12 }),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 12 }),
  fc.float64Array({ maxLength: 1 }),
);
const term = fc.letrec((tie) => ({
  term: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("term"), { maxLength: 4 }),
    fc.array(fc.record({ type: fc.constant("x"), n: fc.integer() }), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 4 }), tie("term"), { maxKeys: 4 }),
    fc.array(fc.tuple(leaf, tie("term")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(leaf, { maxLength: 3 }).map((items) => new Set(items)),
    fc.string({ maxLength: 8 }).map((text) => {
      const error = new RangeError(text, { cause: { n: 1 } });
      error.stack = "at x";
      return error;
    }),
  ),
})).term;

test("every byte of a term is in exactly one line, in order", () => {
  fc.assert(
    fc.property(term, (value) => {
      const bytes = encode(value);
      const dump = describeTerm(bytes);
      const complete = !/^[ \d]{6}  [0-9a-f ]+… \d+/m.test(dump);
      if (complete) expect(shownBytes(dump)).toBe(bytes.toHex());
    }),
    { numRuns: 500 },
  );
});

test("pids are shown with node, creation, scheduler and serial", () => {
  const identities = new Identities("a@h", 35);
  const pid = identities.pid(identities.nodeRef("b@h", 36), 2 * 2 ** 42 + 7);
  const dump = describeTerm(encode([pid, pid]));
  expect(dump.match(/PID(_DEFINE)? b@h#10\/2\.7/g)).toHaveLength(2);
});

test("lines are indented as the term nests, with what each is to the one around it", () => {
  // { a: [1, { b: "x" }] }, each object with its keys inside, as an encoder may write it or not.
  const notes = describeTerm(Uint8Array.fromHex("01e3018161a201e30181628178"))
    .split("\n")
    .map((line) => line.slice(52));
  expect(notes).toEqual([
    "version 1",
    "object of 1",
    '  key "a"',
    "  .a: array of 2",
    "    [0]: INT 1",
    "    [1]: object of 1",
    '      key "b"',
    '      .b: LATIN1 "x"',
  ]);
});

test("a long description ends with the number of lines that are left out", () => {
  const lines = describeTerm(encode(new Array<boolean>(10_500).fill(true))).split("\n");
  expect(lines).toHaveLength(10_001);
  expect(lines.at(-1)).toBe("and 502 more lines");
});
