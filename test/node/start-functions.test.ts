import { expect, test } from "bun:test";

import { StartFunctions } from "../../src/node/control/schedulers/start-functions.ts";

/** What was told to the scheduler and to the log. */
function starts() {
  const told: [string, readonly unknown[]][] = [];
  const lines: string[] = [];
  const fields: object[] = [];
  const functions = new StartFunctions((name, args) => void told.push([name, args]), {
    write: (level, text, said) => {
      lines.push(`${level} ${text} ${String(said["pid"])}`);
      fields.push(said);
    },
  });
  return { functions, told, lines, fields };
}

test("what lived is started again with its arguments, in order", () => {
  const { functions, told } = starts();
  functions.start("a", [1]);
  functions.start("b", []);
  functions.started("a", "pid a");
  functions.started("b", "pid b");
  functions.again("somebody else");
  expect(told.slice(2)).toEqual([
    ["a", [1]],
    ["b", []],
  ]);
});

test("what had ended, and what was at fault, is not", () => {
  const { functions, told, lines } = starts();
  for (const name of ["done", "culprit", "bystander"]) functions.start(name, []);
  for (const name of ["done", "culprit", "bystander"]) functions.started(name, `pid ${name}`);
  functions.ended("pid done");
  functions.again("pid culprit");
  expect(told.slice(3)).toEqual([["bystander", []]]);
  expect(lines.at(-1)).toBe("error not started again pid culprit");
});

test("one that crashed has a line of its own, with its entry; one that was done has none", () => {
  const { functions, lines, fields } = starts();
  for (const name of ["done", "bank"]) functions.start(name, []);
  for (const name of ["done", "bank"]) functions.started(name, `pid ${name}`);
  functions.ended("pid done", undefined);
  functions.ended("pid bank", "Error: no database");
  functions.ended("pid bank", "Error: no database");
  expect(lines.slice(2)).toEqual([
    "error a function of [[start]] has crashed, the node stays up pid bank",
  ]);
  expect(fields.at(-1)).toMatchObject({ start: 2, function: "bank", reason: "Error: no database" });
});

test("one whose start was never confirmed is started again", () => {
  const { functions, told } = starts();
  functions.start("a", []);
  functions.again(undefined);
  functions.started("a", "pid");
  functions.again(undefined);
  expect(told).toHaveLength(3);
});
