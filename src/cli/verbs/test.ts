import { ensurePackage, noTests } from "./check.ts";
import type { Verb } from "../verb.ts";

/** What bun test exits with: a build that tests nothing is a mistake in its script. */
const NOTHING = 1;

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
    const nothing = noTests(world, args.operands);
    if (nothing !== undefined) {
      world.terminal.writeError(`nothing to test: ${nothing}\n`);
      return NOTHING;
    }
    await ensurePackage(world);
    return world.runBun(["test", ...args.operands]);
  },
};
