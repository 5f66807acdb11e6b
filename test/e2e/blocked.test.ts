import { expect, test } from "bun:test";

import { runBlocked } from "./support/blocked-run.ts";

/** `scripts/blocked.ts` does it for 30 s, and there a node may have 300 MB. */
const BLOCKED_MS = 3_000;
/** When the collector runs depends on what else the machine does; without a bound it would be gigabytes. */
const RSS_MB_MAX = 400;

test("while a receiving thread is blocked its senders wait, no node grows, and nothing is lost", async () => {
  const manners = ["ready", "receive", "ready", "receive"] as const;
  const { given, rssMbMax, nodesDown, suspicions, stalls } = await runBlocked(manners, BLOCKED_MS);
  console.log(`the larger of both nodes had ${Math.round(rssMbMax)} MB`);
  expect(given).toHaveLength(manners.length);
  for (const { sent, count, broken, full } of given)
    expect({ count, broken, full }).toEqual({ count: sent, broken: 0, full: 0 });
  expect(rssMbMax).toBeLessThan(RSS_MB_MAX);
  expect({ nodesDown, suspicions, stalls }).toEqual({ nodesDown: 0, suspicions: 0, stalls: 1 });
});

test("a sender that waits for nothing is refused with LaneFullError, and what was taken arrives", async () => {
  const { given, nodesDown } = await runBlocked(["greedy", "greedy"], BLOCKED_MS);
  for (const { sent, count, broken, full } of given) {
    expect({ count, broken }).toEqual({ count: sent, broken: 0 });
    expect(full).toBeGreaterThan(0);
  }
  expect(nodesDown).toBe(0);
});
