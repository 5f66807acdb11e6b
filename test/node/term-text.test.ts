import { expect, test } from "bun:test";

import { termText } from "../../src/node/scheduler/term-text.ts";
import { Identities } from "../../src/term/identities.ts";

test.each([
  [1, "1"],
  [-0.5, "-0.5"],
  [12n, "12n"],
  ["a\nb", '"a\\nb"'],
  [undefined, "undefined"],
  [null, "null"],
  [true, "true"],
  [[], "[]"],
  [[1, [2]], "[1, [2]]"],
  [{}, "{}"],
  [{ a: 1, b: { c: "d" } }, '{ a: 1, b: { c: "d" } }'],
  [new Map([["a", 1]]), 'Map(1) { "a" → 1 }'],
  [new Set([1, 2]), "Set(2) {1, 2}"],
  [new Uint8Array(3), "Uint8Array(3 bytes)"],
  [new Date(0), "1970-01-01T00:00:00.000Z"],
  [new TypeError("no"), "TypeError: no"],
  [Symbol("s"), "Symbol(s)"],
])("%p is shown as %p", (value, text) => {
  expect(termText(value, 1_000)).toBe(text);
});

test("an instance of a class is named, a function is not run", () => {
  class Account {
    balance = 3;
    toJSON = (): never => {
      throw new Error("must not be called");
    };
  }
  expect(termText(new Account(), 1_000)).toBe("Account { balance: 3, toJSON: [function toJSON] }");
});

test("a pid is shown as its text", () => {
  const pid = new Identities("a@h", 10).localPid(2 ** 42 + 7);
  expect(termText({ pid }, 1_000)).toBe(`{ pid: ${pid.toString()} }`);
});

test("a value that contains itself ends, and one that is met twice is shown twice", () => {
  const shared = { x: 1 };
  const loop: Record<string, unknown> = { one: shared, two: shared };
  loop["self"] = loop;
  expect(termText(loop, 1_000)).toBe("{ one: { x: 1 }, two: { x: 1 }, self: [contains itself] }");
});

test("a getter that throws is no failure", () => {
  const value = {
    get bad(): number {
      throw new Error("no");
    },
    good: 1,
  };
  expect(termText(value, 1_000)).toBe('{ bad: "[a getter that throws]", good: 1 }');
});

test("what is large is cut, and costs no more than what is shown", () => {
  let taken = 0;
  class Endless extends Map<string, number> {
    override *[Symbol.iterator](): MapIterator<[string, number]> {
      for (const entry of super[Symbol.iterator]()) {
        taken += 1;
        yield entry;
      }
      return undefined;
    }
  }
  const endless = new Endless();
  for (let key = 0; key < 100_000; key++) endless.set(`k${key}`, key);
  const text = termText(endless, 4_000);
  expect(text).toStartWith('Map(100000) { "k0" → 0, ');
  expect(text).toEndWith(", … }");
  expect(taken).toBeLessThan(60);
  expect(termText("x".repeat(10_000), 4_000)).toBe(`"${"x".repeat(200)}"… (9800 more)`);
  expect(termText(Array(100).fill("word"), 30)).toBe('["word", "word", "word", "word…');
  expect(termText(Array(100).fill(7), 4_000)).toEndWith("7, … (100 in all)]");
});

test("what is deep is cut", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  expect(termText(deep, 1_000)).toBe("[[[[[[…]]]]]]");
});

test("what throws when it is looked at is said so, and the rest is shown", () => {
  const fail = (): never => {
    throw new Error("do not touch");
  };
  const value = { before: 1, odd: new Proxy({}, { ownKeys: fail }), after: [2] };
  expect(termText(value, 1_000)).toContain("[fails when it is looked at], after: [2] }");
  for (const trap of ["get", "getPrototypeOf"]) {
    expect(termText(new Proxy({}, { [trap]: fail }), 1_000)).toBe("[fails when it is looked at]");
  }
});
