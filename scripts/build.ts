/**
 * `npm run build`: one file, dist/snow-node, that runs on a machine with nothing installed. Does nothing when the file is
 * newer than everything it is made from; `--force` builds anyway. Why these flags: docs/decisions/0043.
 */
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

import { CommandLine } from "./command-line.ts";
import { writePackage } from "./types.ts";

const ROOT = resolve(import.meta.dir, "..");
const OUTPUT = join(ROOT, "dist/snow-node");
const SOURCES = [
  "src",
  "bin",
  "package.json",
  "package-lock.json",
  "scripts/build.ts",
  "scripts/types.ts",
];
/** The executable and what its workers run: every worker needs an entry of its own, or it is missing in the file. */
const ENTRIES = ["bin/snow-node.ts", "bin/scheduler-thread.ts"];

/** Milliseconds since 1970 of the latest change under `path`, a folder or a file. */
function changedAt(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const entries = readdirSync(path).map((name) => changedAt(join(path, name)));
  // A folder's own time tells of files that were removed.
  return Math.max(stats.mtimeMs, ...entries);
}

function upToDate(): boolean {
  const built = statSync(OUTPUT, { throwIfNoEntry: false });
  if (built === undefined) return false;
  return SOURCES.every((source) => changedAt(join(ROOT, source)) < built.mtimeMs);
}

/** Builds dist/snow-node unless it is up to date. Resolves to its path. */
export async function build(options: { force: boolean }): Promise<string> {
  if (!options.force && upToDate()) return OUTPUT;
  const { version } = (await Bun.file(join(ROOT, "package.json")).json()) as { version: string };
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  const archive = await writePackage();
  // Built beside and renamed: a node that runs from the old file goes on, and nobody ever starts half a file.
  const fresh = `${OUTPUT}.${process.pid}`;
  const child = Bun.spawn(
    [
      ...[process.execPath, "build", "--compile", "--format=esm", "--bytecode"],
      // Not --minify: it takes the names of functions and classes, --keep-names or not.
      ...["--minify-syntax", "--minify-whitespace", "--sourcemap"],
      // Files in the folder a node is started from must not run code in it.
      ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
      ...["--define", `SNOW_VERSION=${JSON.stringify(version)}`],
      `--asset=${archive}`,
      ...ENTRIES,
      `--outfile=${fresh}`,
    ],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] },
  );
  const [said, complained, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (code !== 0) {
    rmSync(fresh, { force: true });
    throw new Error(`bun build failed with exit code ${code}\n${said}${complained}`);
  }
  chmodSync(fresh, 0o755);
  renameSync(fresh, OUTPUT);
  return OUTPUT;
}

if (import.meta.main) {
  try {
    const line = new CommandLine("npm run build -- [--force]");
    const { force = false } = line.parse({ options: { force: { type: "boolean" } } }).values;
    console.log(await build({ force }));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
