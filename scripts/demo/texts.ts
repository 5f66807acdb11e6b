import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

import { PROJECT } from "../../test/e2e/support/program.ts";

/** Files to count, sorted by path; `bytes` of all of them. */
export interface Texts {
  readonly files: readonly string[];
  readonly bytes: number;
}

/** What counts as text in a folder; a file that is named by hand is taken as it is. */
const TEXT_FILE = /\.(md|mdx|txt)$/;

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXT_FILE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/**
 * The texts under the given files and folders, or under `node_modules`.
 * @throws {Error} a path is not there, or there is no text under any of them
 */
export function findTexts(paths: readonly string[]): Texts {
  // npm runs a script in the project's folder and leaves a note where the user was.
  const from = process.env.INIT_CWD ?? process.cwd();
  const roots = paths.length > 0 ? paths : [join(PROJECT, "node_modules")];
  const found = new Set(roots.flatMap((root) => filesIn(resolve(from, root))));
  const files = [...found].toSorted();
  if (files.length === 0) throw new Error("no text found: name files, or folders with Markdown");
  return { files, bytes: files.reduce((bytes, file) => bytes + statSync(file).size, 0) };
}
