import { expect, test } from "bun:test";

import { RelayGate } from "../../src/node/scheduler/ports/relay-gate.ts";

/** A gate over the lanes of some sessions, with what it did to them. */
function gate(...sessions: readonly number[]) {
  const read = new Map(sessions.map((session) => [session, true]));
  const waits: number[] = [];
  const lines: string[] = [];
  const time = { now: 0 };
  const lanesOf = (session: number) => [
    { pause: () => void read.set(session, false), resume: () => void read.set(session, true) },
  ];
  return {
    read,
    waits,
    lines,
    time,
    core: new RelayGate({
      clock: { now: () => time.now },
      log: { write: (_level, text) => void lines.push(text) },
      lanesOf,
      waitsFor: (scheduler) => void waits.push(scheduler),
    }),
    origin: (number: number) => ({ number, node: `n${number}@h`, creation: 1, hidden: false }),
  };
}

test("only the sessions that bring something for the full port are not read, until it has room", () => {
  const { core, origin, read, waits } = gate(1, 2, 3);
  for (const session of [1, 1, 2]) core.full(4, origin(session));
  expect([...read.values()]).toEqual([false, false, true]);
  core.roomy(4);
  expect([...read.values()]).toEqual([true, true, true]);
  expect(waits).toEqual([4, 0]);
});

test("a session that brings something for two full ports is read again when both have room", () => {
  const { core, origin, read, waits } = gate(1, 2);
  core.full(4, origin(1));
  core.full(5, origin(1));
  core.full(5, origin(2));
  core.roomy(5);
  expect([...read.values()]).toEqual([false, true]);
  core.roomy(4);
  expect([...read.values()]).toEqual([true, true]);
  expect(waits).toEqual([4, 5, 4, 0]);
});

test("a stall is told once when it has lasted a second, and that it is over; a shorter one is nobody's business", () => {
  const { core, origin, lines, time } = gate(1);
  core.full(4, origin(1));
  time.now = 999;
  core.beat(time.now);
  core.roomy(4);
  expect(lines).toEqual([]);
  core.full(4, origin(1));
  for (time.now = 1_000; time.now < 4_000; time.now += 100) core.beat(time.now);
  expect(lines).toEqual(["relay_stalled"]);
  core.roomy(4);
  expect(lines).toEqual(["relay_stalled", "relay_stalled is over"]);
});

test("a port that was never full has nothing to give back", () => {
  const { core, waits, lines } = gate(1);
  core.roomy(4);
  expect([waits, lines]).toEqual([[], []]);
});
