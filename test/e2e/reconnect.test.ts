import { expect, test } from "bun:test";

import { Reconnects } from "./support/reconnect-run.ts";

/** `scripts/reconnects.ts` does it ten thousand times. */
const PAIR = 150;
const STRANGERS = 100;

test("nodes that meet and part again and again leave no socket, session, process or table entry behind", async () => {
  await using run = await Reconnects.start();
  await run.pair(1);
  await run.strangers(1);
  const before = await run.holdings();
  await run.pair(PAIR);
  await run.strangers(STRANGERS);
  expect(await run.holdings()).toEqual(before);
});
