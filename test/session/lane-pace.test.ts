import { expect, test } from "bun:test";

import { LanePair } from "../support/pair.ts";

test("a signal leaves with the next write wherever the frames before it ended, acknowledged or not", () => {
  const pair = new LanePair();
  const to = pair.remote(pair.a, 1);
  for (let number = 0; number < 450; number++) {
    pair.a.lane.sendMessage(pair.a.pid(1), to, new Uint8Array(1_000));
    const before = pair.a.wire.length;
    pair.write(pair.a);
    expect(pair.a.wire.length).toBeGreaterThan(before + 1_000);
  }
});

test("a large message fills the window without an acknowledgement", () => {
  const pair = new LanePair();
  pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), new Uint8Array(10_000_000));
  pair.write(pair.a);
  expect(pair.a.wire.length).toBeGreaterThan(1_000_000);
  expect(pair.a.wire.length).toBeLessThan(1_300_000);
});
