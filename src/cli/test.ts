import { ensurePackage, sources } from "./check.ts";
import type { Verb } from "./verb.ts";

const TEST_FILES = "*{.,_}{test,spec}.{ts,tsx,js,jsx,mts,mjs}";

/** The test runner inside the executable. */
export const test: Verb = {
  name: "test",
  summary: "Run this folder's tests with the test runner inside this executable.",
  about:
    'Everything that follows is handed to bun test. "snow-node", "snow-node/testing" and "snow-node/sim" are the ones of\n' +
    "this executable; snow-node types is run first where that has not been done.",
  operands: ["[file]…"],
  options: [],
  raw: true,
  examples: ["snow-node test", "snow-node test --watch account.test.ts"],
  async run(args, world) {
    if (args.operands.length === 0 && sources(world, TEST_FILES).length === 0) {
      world.terminal.writeError("nothing to test: no *.test.ts files in this folder\n");
      return 0;
    }
    await ensurePackage(world);
    return world.runBun(["test", ...args.operands]);
  },
};
