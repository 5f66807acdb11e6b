import { expect, test } from "bun:test";
import { soakRooms } from "./support/room-soak.ts";

test("clients of three nodes miss nothing while one is killed and one is stopped", async () => {
  const report = await soakRooms({
    clients: 60,
    rounds: 2,
    quietMs: 1_500,
    awayMs: 300,
    everyMs: 50,
  });
  expect(report.failures).toEqual([]);
  // All of them had to go somewhere else at least once, and were told of the origins that were killed.
  expect(report.reconnects).toBeGreaterThan(20);
  expect(report.gaps).toBeGreaterThan(0);
  expect(report.deliveries).toBeGreaterThan(10_000);
});
