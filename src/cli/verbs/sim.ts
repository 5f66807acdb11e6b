import { SIM_VARIABLE, type SimOrders } from "../../node/sim-orders.ts";
import type { Arguments } from "../arguments.ts";
import { usage } from "../arguments.ts";
import { ensurePackage, noTests } from "./check.ts";
import type { Verb } from "../verb.ts";

const SEEDS = 1_000;

/** Milliseconds that a test of simulations may take: as long as it likes, there are no other tests to wait. */
const TEST_MS_MAX = 2_000_000_000;

/** Milliseconds for looking which faults a failed run needs: somebody waits who wants to know. */
const SHRINK_MS = 30_000;

/** Simulations in a user's tests, with more seeds, or one seed with everything there is to see. */
export const sim: Verb = {
  name: "sim",
  summary: "Run the simulations in a test file with many seeds, or one seed again with its trace.",
  about:
    'Runs the tests of the file; every simulate() of "snow-node/sim" in them takes the seeds given here. A failed seed is\n' +
    "printed with how to see it again and the fewest faults that it takes.",
  operands: ["file…"],
  options: [
    { name: "--seeds", value: "N", doc: `How many seeds to try: ${SEEDS} if left out.` },
    { name: "--from", value: "N", doc: "The first seed: 1 if left out." },
    { name: "--seed", value: "N", doc: "Only this seed, with its trace: a column for each node." },
    { name: "--trace", value: "messages", doc: "With --seed: also an arrow for each message." },
    { name: "--test", value: "PATTERN", doc: "Only tests whose name matches." },
  ],
  examples: [
    "snow-node sim bank.test.ts --seeds 10000",
    "snow-node sim bank.test.ts --seed 17 --trace messages",
  ],
  async run(args, world) {
    const orders = ordersOf(args);
    const nothing = noTests(world, args.operands);
    if (nothing !== undefined) {
      world.terminal.writeError(`nothing to simulate: ${nothing}\n`);
      return 1;
    }
    await ensurePackage(world);
    const paths = args.operands.map((path) =>
      path.startsWith("/") ? path : `${world.directory}/${path}`,
    );
    const pattern = optionOf(args, "--test");
    const chosen = pattern === undefined ? [] : ["--test-name-pattern", pattern];
    return world.runBun(["test", `--timeout=${TEST_MS_MAX}`, ...chosen, ...paths], {
      [SIM_VARIABLE]: JSON.stringify(orders),
    });
  },
};

function ordersOf(args: Arguments): SimOrders {
  const seed = numberOf(args, "--seed");
  const seeds = numberOf(args, "--seeds");
  const from = numberOf(args, "--from");
  const trace = optionOf(args, "--trace");
  if (seed !== undefined && (seeds ?? from) !== undefined) {
    throw usage("--seed is one seed: expected no --seeds and no --from beside it");
  }
  if (trace !== undefined && trace !== "messages") {
    throw usage(`--trace: expected messages, got ${trace}`);
  }
  if (trace !== undefined && seed === undefined) {
    throw usage("--trace: expected --seed N, since a trace is of one seed");
  }
  if (seed !== undefined)
    return { seed, shrinkMs: SHRINK_MS, ...(trace === undefined ? {} : { trace }) };
  return { seeds: seeds ?? SEEDS, from: from ?? 1, shrinkMs: SHRINK_MS };
}

function numberOf(args: Arguments, name: string): number | undefined {
  const text = optionOf(args, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw usage(`${name}: expected a whole number, got ${text}`);
}

function optionOf(args: Arguments, name: string): string | undefined {
  return args.options.get(name)?.at(-1);
}
