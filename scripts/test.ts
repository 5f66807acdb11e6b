/**
 * `npm test`: formats, lint, types, then every test, some hundred seeds of the simulator, and a minute of soak on a fresh
 * executable. The last line is `N passed, N failed`, where each static check counts as one. Arguments go to `bun test`, and then only the tests run: `npm test -- test/term`.
 */
import { join, resolve } from "node:path";

import { build } from "./build.ts";

const ROOT = resolve(import.meta.dir, "..");
const BUN = process.execPath;
const OXLINT = join(ROOT, "node_modules/.bin/oxlint");
const TSGOLINT = join(ROOT, "node_modules/.bin/tsgolint");
/** A test that hangs for this long has failed; the longest one alone takes a fifth of it. */
const TEST_MS_MAX = 60_000;
/** Seeds of the simulator besides those of the tests: other ones for each commit, the same ones when a commit is tested again. */
const SIM_SEEDS = 300;
/** Short, with a seed that kills several nodes. */
const SOAK = ["--minutes", "1", "--seed", "3"];

interface Count {
  passed: number;
  failed: number;
}

/** What bun test says at its end: ` 12 pass`, ` 0 fail`. */
function countOf(output: string, word: string): number {
  const rows = output.matchAll(new RegExp(`^\\s*(\\d+) ${word}$`, "gm"));
  return Number([...rows].at(-1)?.[1] ?? 0);
}

/** Runs a command with its output shown, and nothing on its input. */
async function run(command: readonly string[]): Promise<{ code: number; output: string }> {
  const child = Bun.spawn([...command], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, OXLINT_TSGOLINT_PATH: TSGOLINT, FORCE_COLOR: "0" },
  });
  let output = "";
  const show = async (stream: ReadableStream<Uint8Array>, to: NodeJS.WriteStream) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      output += decoder.decode(chunk, { stream: true });
      to.write(chunk);
    }
  };
  await Promise.all([show(child.stdout, process.stdout), show(child.stderr, process.stderr)]);
  return { code: await child.exited, output };
}

/** Counts a step that can only pass or fail as one. */
async function check(count: Count, title: string, step: () => Promise<boolean>): Promise<void> {
  console.log(`\n── ${title}`);
  const passed = await step();
  count[passed ? "passed" : "failed"]++;
  console.log(passed ? "ok" : `FAILED: ${title}`);
}

async function succeeds(...command: readonly string[]): Promise<boolean> {
  return (await run(command)).code === 0;
}

async function builds(): Promise<boolean> {
  try {
    console.log(await build({ force: false }));
    return true;
  } catch (error) {
    console.error((error as Error).message);
    return false;
  }
}

async function runTests(count: Count, args: readonly string[]): Promise<void> {
  console.log("\n── tests");
  const { code, output } = await run([
    ...[BUN, "test", "--no-orphans", `--timeout=${TEST_MS_MAX}`],
    ...args,
  ]);
  // A file that could not be loaded is among the failed ones.
  const failed = countOf(output, "fail");
  count.passed += countOf(output, "pass");
  // A run that ends badly without a failed test, because it crashed or found none, is a failure too.
  count.failed += failed === 0 && code !== 0 ? 1 : failed;
}

/** The first of a commit's seeds; 1 where there is no repository. */
async function firstSeed(): Promise<number> {
  const { exitCode, stdout } = await Bun.$`git rev-parse HEAD`.cwd(ROOT).quiet().nothrow();
  return exitCode === 0 ? Number.parseInt(stdout.toString().slice(0, 6), 16) * 10 + 1 : 1;
}

const count: Count = { passed: 0, failed: 0 };
const args = process.argv.slice(2);
if (args.length === 0) {
  await check(count, "bun fmt --check", () => succeeds(BUN, "fmt", "--check", "--no-script"));
  await check(count, "oxlint", () => succeeds(OXLINT, "--type-aware", "--deny-warnings"));
  await check(count, "bun check", () => succeeds(BUN, "check", "--no-script"));
}
await check(count, "build", builds);
await runTests(count, args);
if (args.length === 0) {
  const seeds = ["--seeds", String(SIM_SEEDS), "--from", String(await firstSeed())];
  await check(count, "simulator", () => succeeds(BUN, "scripts/sim.ts", ...seeds));
  await check(count, "soak", () => succeeds(BUN, "scripts/soak.ts", ...SOAK));
}
console.log(`\n${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed === 0 ? 0 : 1);
