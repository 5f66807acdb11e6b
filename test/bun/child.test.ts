import { expect, test } from "bun:test";

import { runAsBun } from "../../src/bun/child.ts";

test("runs as Bun and tells how that ended", async () => {
  expect(await runAsBun(["-e", "process.exit(process.env.BUN_BE_BUN === '1' ? 7 : 1)"])).toBe(7);
  expect(
    await runAsBun(["-e", "process.exit(process.cwd() === '/' ? 0 : 1)"], { directory: "/" }),
  ).toBe(0);
});

test("a signal counts as 128 and its number", async () => {
  expect(
    await runAsBun(["-e", "process.kill(process.pid, 'SIGKILL'); for (;;) Bun.sleepSync(1)"]),
  ).toBe(137);
});
