import { expect, test } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import { Departures } from "../../src/node/scheduler/departures.ts";

/** Departures whose flushes are written down. */
function departures() {
  const seen: string[] = [];
  const all = new Departures(clock, () => seen.push("left"));
  const lane = (name: string) => ({ flush: () => seen.push(name) });
  return { seen, all, lane };
}

const turn = (): Promise<void> => new Promise((resolve) => clock.afterIo(resolve));

test("what comes first leaves before the turn is over, and what comes after it is not forgotten", async () => {
  const { seen, all, lane } = departures();
  const [a, b] = [lane("a"), lane("b")];
  await turn();
  clock.afterIo(() => seen.push("turn over"));
  all.add(a);
  for (let step = 0; step < 5; step++) {
    // oxlint-disable-next-line no-await-in-loop -- steps of a process
    await Promise.resolve();
  }
  all.add(b);
  await turn();
  await turn();
  expect(seen.indexOf("a")).toBeLessThan(seen.indexOf("turn over"));
  expect(seen.filter((what) => what === "a" || what === "b")).toEqual(["a", "b"]);
});

test("what comes later in the same turn leaves at its end, at once for all", async () => {
  const { seen, all, lane } = departures();
  const [a, b] = [lane("a"), lane("b")];
  await turn();
  all.add(a);
  const second = Promise.withResolvers<void>();
  clock.afterMicrotasks?.(() => {
    all.add(a);
    clock.afterMicrotasks?.(() => {
      all.add(b);
      seen.push("same turn");
      second.resolve();
    });
  });
  await second.promise;
  await turn();
  await turn();
  expect(seen).toEqual(["a", "left", "same turn", "a", "b", "left"]);
});

test("what goes ahead leaves before what was added before it", async () => {
  const { seen, all, lane } = departures();
  await turn();
  all.add(lane("lane"));
  all.addAhead(lane("control"));
  await turn();
  expect(seen).toEqual(["control", "lane", "left"]);
});
