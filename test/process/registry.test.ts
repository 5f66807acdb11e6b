import { afterEach, expect, test } from "bun:test";

import { ConfigError, MisuseError } from "../../src/base/error.ts";
import type { Context } from "../../src/process/api.ts";
import { define, forget, listEntries, lookup, named } from "../../src/process/registry.ts";

const names: string[] = [];
afterEach(() => {
  for (const name of names.splice(0)) forget(name);
});

const body = async (_ctx: Context<never>, n: number): Promise<number> => n + 1;

test("a definition is found by its name, with its version and where it stands", async () => {
  names.push("registry.one");
  const one = define("registry.one", body, { version: 3 });
  expect(one.functionName).toBe("registry.one");
  const entry = lookup("registry.one");
  expect(entry?.version).toBe(3);
  expect(entry?.kind).toBe("function");
  expect(entry?.location).toContain("registry.test.ts");
  expect(await one(undefined as never, 4)).toBe(5);
  expect(listEntries()).toContain(entry!);
});

test("one function under two names keeps both", () => {
  names.push("registry.two", "registry.three");
  const two = define("registry.two", body);
  const three = define("registry.three", two);
  expect([two.functionName, three.functionName]).toEqual(["registry.two", "registry.three"]);
});

test("a forgotten name is said, and what was got instead of a function", () => {
  const forgotten = (): unknown => define(body as never, undefined as never);
  expect(forgotten).toThrow(
    "define(name, fn) wants a name and an async function, got a function body and undefined: the first argument is the function's name",
  );
  expect(() => define("registry.none", { run: 1 } as never)).toThrow(
    'got "registry.none" and an object { run }',
  );
});

test("two definitions of one name are refused, naming both places", () => {
  names.push("registry.twice");
  define("registry.twice", body);
  const again = (): unknown => define("registry.twice", body);
  expect(again).toThrow(ConfigError);
  expect(again).toThrow(/registry\.test\.ts:\d+ and .*registry\.test\.ts:\d+/);
});

test("what is no name or no function is refused", () => {
  expect(() => define("", body)).toThrow(MisuseError);
  expect(() => define("x".repeat(300), body)).toThrow(MisuseError);
  expect(() => define("registry.none", 5 as never)).toThrow(MisuseError);
});

test("a version is a number, or peers would be told of a difference where there is none", () => {
  for (const version of ["1.0", NaN] as unknown as number[]) {
    const bad = (): unknown => define("registry.version", body, { version });
    expect(bad).toThrow(MisuseError);
    expect(bad).toThrow(/version of "registry.version" is a number, got/);
  }
});

test("named gives the text it was given", () => {
  expect(named<number>("a").name).toBe("a");
});
