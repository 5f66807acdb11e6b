import { expect, test } from "bun:test";

import { Deadline } from "../../src/base/deadlines.ts";
import { Timers } from "../../src/scheduler/run/timers.ts";
import { FakeClock } from "../support/fake-clock.ts";

class Noted extends Deadline {
  readonly at0: number[] = [];
  override expired(now: number): void {
    this.at0.push(now);
  }
}

test("many deadlines take one timer of the clock", () => {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const entries = Array.from({ length: 100 }, () => new Noted());
  for (const [index, entry] of entries.entries()) timers.set(entry, 100 - index);
  expect(clock.timers).toBe(1);
  clock.pass(100);
  expect(entries.map(({ at0 }) => at0)).toEqual(entries.map((_, index) => [1100 - index]));
  expect(timers.length).toBe(0);
  expect(clock.timers).toBe(0);
});

test("a cleared deadline does not expire, and later ones still do", () => {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  const [first, second] = [new Noted(), new Noted()];
  timers.set(first, 5);
  timers.set(second, 10);
  expect(timers.clear(first)).toBe(true);
  expect(timers.clear(first)).toBe(false);
  clock.pass(20);
  expect(first.at0).toEqual([]);
  expect(second.at0).toEqual([1010]);
});

test("a stopped scheduler keeps no timer of the clock", () => {
  const clock = new FakeClock();
  const timers = new Timers(clock);
  timers.set(new Noted(), 5);
  timers.stop();
  timers.set(new Noted(), 1);
  expect(clock.timers).toBe(0);
});
