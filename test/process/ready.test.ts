import { expect, test } from "bun:test";

import { define, type Context } from "../../src/index.ts";
import { testNode } from "../../src/testing.ts";

/** Far more than fit into one slice. */
const ASKED_MAX = 5_000_000;

const asker = define("ready.asker", async (ctx: Context<never>) => {
  let turn = false;
  setImmediate(() => (turn = true));
  let asked = 0;
  while (!turn && asked < ASKED_MAX) {
    await ctx.ready(ctx.self);
    asked++;
  }
  return { turn, asked };
});

test("a process that does nothing but ask whether there is room lets I/O have its turn", async () => {
  await using node = await testNode();
  const { turn } = await node.run((ctx: Context<never>) => asker(ctx));
  expect(turn).toBe(true);
});
