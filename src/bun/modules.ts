import { readFileSync } from "node:fs";
import { relative } from "node:path";

import { ConfigError } from "../base/error.ts";

/** Module specifier → what it exports: `{ "snow-node": index, "snow-node/testing": testing }`. */
export type VirtualModules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A place in a user's module; line and column count from 1. */
interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const registered = new Set<string>();

/**
 * Makes `import … from "snow-node"` in a user's module mean the copy that runs this thread, so that its classes are the
 * same. Plugins are not inherited: every thread registers for itself, before it loads modules. What is registered
 * already stays.
 */
export function registerVirtualModules(modules: VirtualModules): void {
  const added = Object.entries(modules).filter(([specifier]) => !registered.has(specifier));
  if (added.length === 0) return;
  Bun.plugin({
    name: "snow-node",
    setup(build) {
      for (const [specifier, exports] of added) {
        registered.add(specifier);
        build.module(specifier, () => ({ exports: { ...exports }, loader: "object" }));
      }
    },
  });
}

/**
 * Imports the modules one after the other and returns their namespaces, in order. `paths` are absolute; a module that
 * is loaded already is not run again. `load`: into another place than this program, such as a module graph.
 * @throws {ConfigError} module_failed, with `file:line:column: what` and the lines around it; a `ConfigError` that the
 *   module itself threw while it loaded, such as function_defined_twice, comes through as it is
 */
export async function loadModules(
  paths: readonly string[],
  load: (path: string) => Promise<unknown> = (path) => import(path),
): Promise<Record<string, unknown>[]> {
  const loaded: Record<string, unknown>[] = [];
  for (const path of paths) {
    try {
      loaded.push((await load(path)) as Record<string, unknown>);
    } catch (error) {
      throw moduleError(path, error);
    }
  }
  return loaded;
}

/** What Bun's errors carry besides the message: `BuildMessage`, `ResolveMessage` and errors thrown at load. */
interface LoadError {
  readonly message?: string;
  readonly name?: string;
  readonly stack?: string;
  readonly position?: { file: string; line: number; column: number } | null;
  readonly specifier?: string;
  readonly referrer?: string;
  readonly errors?: readonly LoadError[];
}

function moduleError(path: string, thrown: unknown): ConfigError {
  if (thrown instanceof ConfigError) return thrown;
  const error = firstOf((thrown ?? {}) as LoadError);
  const place = placeOf(path, error);
  const said = sentenceOf(path, error, thrown);
  const text =
    place === undefined
      ? `${shown(path)}: ${said}`
      : `${shown(place.file)}:${place.line}:${place.column}: ${said}\n${codeFrame(place)}`;
  return new ConfigError("module_failed", text.trimEnd(), { cause: thrown });
}

const firstOf = (error: LoadError): LoadError => error.errors?.[0] ?? error;

function sentenceOf(path: string, error: LoadError, thrown: unknown): string {
  if (error.specifier === path) return "no such file";
  const message = error.message ?? String(thrown);
  const plain = error.name === "BuildMessage" || error.name === "ResolveMessage";
  return plain ? message.replace(/ imported from .*$/, "") : `${error.name ?? "Error"}: ${message}`;
}

/** Bun says where for syntax errors only; the rest is found in the stack or in the importing file's text. */
function placeOf(path: string, error: LoadError): Place | undefined {
  if (error.position?.file) return error.position;
  if (error.specifier !== undefined && error.referrer !== undefined) {
    return error.specifier === path ? undefined : placeOfText(error.referrer, error.specifier);
  }
  const missingExport = /^Export named '([^']+)' not found/.exec(error.message ?? "")?.[1];
  if (missingExport !== undefined) return placeOfText(path, missingExport);
  return placeInStack(error.stack ?? "");
}

/** The first line that names `text` as a whole word or string. */
function placeOfText(file: string, text: string): Place | undefined {
  const word = new RegExp(`(?<![\\w$])${RegExp.escape(text)}(?![\\w$])`);
  for (const [index, line] of linesOf(file).entries()) {
    const column = line.search(word);
    if (column >= 0) return { file, line: index + 1, column: column + 1 };
  }
  return undefined;
}

/** The innermost frame that is a file of the user's: bundled code has no path on disk. */
function placeInStack(stack: string): Place | undefined {
  for (const [, file, line, column] of stack.matchAll(/\(?(\/[^():]+):(\d+):(\d+)\)?$/gm)) {
    if (file === undefined || file.startsWith("/$bunfs/")) continue;
    return { file, line: Number(line), column: Number(column) };
  }
  return undefined;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}

/** Lines before the culprit that give it context. */
const FRAME_LINES_BEFORE = 2;

/**
 *     1 | import { define } from "snow-node";
 *     2 | const x = = 2;
 *                   ^
 */
function codeFrame({ file, line, column }: Place): string {
  const width = String(line).length;
  const first = Math.max(1, line - FRAME_LINES_BEFORE);
  const rows = linesOf(file)
    .slice(first - 1, line)
    .map((text, index) => `  ${String(first + index).padStart(width)} | ${text}`);
  if (rows.length === 0) return "";
  return [...rows, `${" ".repeat(width + 5 + column - 1)}^`].join("\n");
}

/** Relative to the working directory for what lies in it. */
function shown(file: string): string {
  const fromHere = relative(process.cwd(), file);
  return fromHere !== "" && !fromHere.startsWith("..") ? fromHere : file;
}
