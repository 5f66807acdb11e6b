/**
 * Runs this executable once more, as the Bun it contains, with the terminal of this process: `["check", "app.ts"]`,
 * `["test"]`. Resolves to its exit code; a signal counts as 128 and its number, as in a shell.
 */
export async function runAsBun(
  args: readonly string[],
  options: {
    readonly directory?: string;
    /** Added to this process's own. */
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<number> {
  const child = Bun.spawn([process.execPath, ...args], {
    env: { ...process.env, ...options.environment, BUN_BE_BUN: "1" },
    // A Bun whose own name ends in "node", as this executable's does, takes itself for Node.js.
    argv0: "bun",
    stdio: ["inherit", "inherit", "inherit"],
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
  });
  // The terminal sends Ctrl-C to both; the child decides how to end, we report how it did.
  const wait = () => {};
  process.on("SIGINT", wait);
  const terminate = () => child.kill("SIGTERM");
  process.on("SIGTERM", terminate);
  try {
    return await child.exited;
  } finally {
    process.off("SIGINT", wait);
    process.off("SIGTERM", terminate);
  }
}
