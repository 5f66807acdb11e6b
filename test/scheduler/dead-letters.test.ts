import { expect, test } from "bun:test";

import { DeadLetters } from "../../src/scheduler/reports/dead-letters.ts";
import type { DeadLetter } from "../../src/scheduler/events.ts";
import { FakeClock } from "../support/fake-clock.ts";

const TO = { name: "nobody", node: "a@h" };

function opened(): { clock: FakeClock; letters: DeadLetters; logged: DeadLetter[] } {
  const clock = new FakeClock();
  const logged: DeadLetter[] = [];
  const letters = new DeadLetters(clock, { deadLetter: (letter) => void logged.push(letter) });
  return { clock, letters, logged };
}

test("every one is counted, the first and each power of two is told, and the stream has ten a second of each reason", () => {
  const { clock, letters, logged } = opened();
  for (let count = 0; count < 1_000; count++) {
    letters.add("noname", TO, { type: "work" });
    clock.pass(1);
  }
  letters.add("noproc", TO, 7);
  expect([...letters.counts]).toEqual([
    ["noname", 1_000],
    ["noproc", 1],
  ]);
  const told = logged.filter(({ reason }) => reason === "noname").map(({ count }) => count);
  expect(told).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
  const stream = letters.since(0);
  const ofNames = stream.filter(({ reason }) => reason === "noname");
  expect(ofNames.length).toBeGreaterThanOrEqual(10);
  expect(ofNames.length).toBeLessThanOrEqual(10 + told.length);
  expect(stream.at(-1)).toMatchObject({ reason: "noproc", to: TO, count: 1 });
  expect(stream.map(({ serial }) => serial)).toEqual(stream.map((_letter, place) => place + 1));
});

test("who asks again gets what has come since, and all of a scheduler that has started anew", () => {
  const { clock, letters } = opened();
  letters.add("noname", TO, 1);
  const seen = letters.since(0).at(-1)!.serial;
  expect(letters.since(seen)).toEqual([]);
  clock.pass(100);
  letters.add("noname", TO, 2);
  expect(letters.since(seen).map(({ count }) => count)).toEqual([2]);
  expect(letters.since(1_000).map(({ count }) => count)).toEqual([1, 2]);
});

test("what is kept is bounded, the newest", () => {
  const { clock, letters } = opened();
  for (let count = 0; count < 10_000; count++) {
    letters.add("noname", TO, 1);
    clock.pass(100);
  }
  const kept = letters.since(0);
  expect(kept).toHaveLength(128);
  expect(kept.at(-1)!.count).toBe(10_000);
});
