import { expect, test } from "bun:test";

import type { Clock } from "../../src/port/clock.ts";
import type { Process } from "../../src/process/process.ts";
import { RunQueue } from "../../src/scheduler/run/run-queue.ts";

/** A clock that each turn of a process moves on by so much, and I/O by `ioMs`. */
function world(turnMs: number) {
  const time = { now: 0, ioMs: 0, turns: 0 };
  let next: (() => void) | undefined;
  const clock = {
    now: () => time.now,
    afterIo: (callback: () => void) => void (next = callback),
  } as unknown as Clock;
  const queue = new RunQueue(clock);
  const process = {
    turn() {
      time.now += turnMs;
      time.turns++;
      queue.enqueue(process);
    },
  } as unknown as Process;
  return {
    time,
    start: () => queue.enqueue(process),
    /** I/O takes its time, then the next slice begins; how many ms it lasted. */
    slice: (ioMs: number): number => {
      time.now += ioMs;
      const from = time.now;
      next?.();
      return time.now - from;
    },
  };
}

test("a slice lasts as long as the I/O before it, at least 1 ms and at most 10", async () => {
  const { start, slice } = world(0.01);
  start();
  await Promise.resolve();
  expect(slice(0)).toBeWithin(1, 2);
  expect(slice(5)).toBeWithin(5, 6);
  expect(slice(0.1)).toBeWithin(1, 2);
  expect(slice(500)).toBeWithin(10, 11);
});
