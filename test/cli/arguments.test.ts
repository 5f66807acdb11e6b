import { describe, expect, test } from "bun:test";

import { parseArguments, parseTerm, type Shape } from "../../src/cli/arguments.ts";

const SHAPE: Shape = {
  options: [
    { name: "--json", value: undefined, doc: "" },
    { name: "--node", value: "NAME", doc: "" },
    { name: "--watch", value: "DURATION", optional: true, doc: "" },
    { name: "--mesh", value: undefined, negatable: true, doc: "" },
    { name: "--seed", value: "NAME", list: true, doc: "" },
  ],
  operands: ["target", "[argument]…"],
};
const GREEDY: Shape = { ...SHAPE, operands: [] };

function options(argv: readonly string[], shape: Shape = SHAPE): Record<string, readonly string[]> {
  return Object.fromEntries(parseArguments(argv, shape).options);
}

describe("a command line", () => {
  test.each([
    [["x", "--node", "a@h"], { "--node": ["a@h"] }],
    [["x", "--node=a@h"], { "--node": ["a@h"] }],
    [["x", "--node="], { "--node": [""] }],
    [["--json", "x"], { "--json": ["true"] }],
    [["x", "--watch"], { "--watch": ["true"] }],
    [["x", "--watch=2s"], { "--watch": ["2s"] }],
    [["x", "--mesh"], { "--mesh": ["true"] }],
    [["x", "--mesh=false"], { "--mesh": ["false"] }],
    [["x", "--mesh", "false"], { "--mesh": ["false"] }],
    [["x", "--no-mesh"], { "--mesh": ["false"] }],
    [["x", "--seed", "a", "--seed", "b"], { "--seed": ["a", "b"] }],
    [["x", "--node", "-1"], { "--node": ["-1"] }],
  ])("%j", (argv, expected) => {
    expect(options(argv)).toEqual(expected);
  });

  test("has operands where no option takes them", () => {
    expect(
      parseArguments(["a", "--watch", "b", "-5", "-", "--", "--json"], SHAPE).operands,
    ).toEqual([...["a", "b", "-5", "-", "--json"]]);
    expect(parseArguments(["--seed", "a", "b"], SHAPE).operands).toEqual(["b"]);
  });

  test("gives a list all values in a row where nothing else can stand", () => {
    expect(options(["--seed", "a", "b", "--json", "--seed", "c"], GREEDY)).toEqual({
      "--seed": ["a", "b", "c"],
      "--json": ["true"],
    });
  });
});

describe("refused is", () => {
  test.each([
    [["x", "--jsn"], "unknown option --jsn, nearest is --json"],
    [["x", "--frobnicate"], "unknown option --frobnicate"],
    [["x", "-j"], "unknown option -j"],
    [["x", "--node"], "--node: expected NAME, got nothing"],
    [["x", "--node", "--json"], "--node: expected NAME, got nothing"],
    [["x", "--node", "a", "--node", "b"], "--node: given twice, expected once"],
    [["x", "--json=yes"], '--json: expected no value, got "yes"'],
    [["x", "--no-json"], "unknown option --no-json, nearest is --json"],
    [[], "expected target [argument]…, got nothing"],
  ])("%j", (argv, text) => {
    expect(() => parseArguments(argv, SHAPE)).toThrow(text);
  });

  test("an operand where none can stand", () => {
    expect(() => parseArguments(["x"], GREEDY)).toThrow('unexpected argument "x"');
  });
});

test("a term is JSON if it parses, else text", () => {
  const terms = ["5", "-1.5", "true", "null", '"5"', '{"a":[1]}', "five", "{a}", "", "01"].map(
    parseTerm,
  );
  expect(terms).toEqual([5, -1.5, true, null, "5", { a: [1] }, "five", "{a}", "", "01"]);
});
