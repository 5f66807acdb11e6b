/**
 * The tree itself: what the linter cannot say. Every violation names the file, the line and what to do instead.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, posix, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");

/** House style, section 1: imports go to the own folder or to one of lower rank. */
const RANKS: Readonly<Record<string, number>> = {
  ...{ base: 0, term: 1, port: 1, process: 2, wire: 2, config: 2 },
  ...{ session: 3, scheduler: 3, behaviour: 3, cluster: 3, room: 3 },
  ...{ service: 4, bun: 4, browser: 4, node: 5, sim: 6, program: 6, cli: 6, dashboard: 6 },
};
/** Files that stand directly in src: what users import, made of everything below the executable. */
const RANK_OF_ENTRIES = 7;

const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;

interface Source {
  /** Path from the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** What git tracks, and what it would track: a file not yet added is judged too. */
function listFiles(): string[] {
  const listed = Bun.spawnSync(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
    { cwd: ROOT },
  );
  if (listed.exitCode !== 0) throw new Error(`git ls-files: ${listed.stderr.toString()}`);
  const paths = new Set(listed.stdout.toString().split("\0"));
  return [...paths].filter((path) => path !== "" && existsSync(join(ROOT, path))).toSorted();
}

const FILES = listFiles();

function read(path: string): Source {
  const text = readFileSync(join(ROOT, path), "utf8");
  return { path, text, lines: text.split("\n") };
}

const SOURCES = FILES.filter((path) => path.endsWith(".ts")).map(read);
const under = (...folders: readonly string[]) =>
  SOURCES.filter(({ path }) => folders.some((folder) => path.startsWith(`${folder}/`)));

/** `path:line: what`, for every line that the pattern matches; comments are left out unless `comments` says so. */
function violations(
  sources: readonly Source[],
  pattern: RegExp,
  instead: string,
  options: { comments?: boolean } = {},
): string[] {
  const found: string[] = [];
  for (const source of sources) {
    const lines = options.comments === true ? source.lines : source.lines.map(withoutComment);
    for (const [index, line] of lines.entries()) {
      const hit = pattern.exec(line)?.[0];
      if (hit !== undefined) found.push(`${source.path}:${index + 1}: ${hit.trim()}: ${instead}`);
    }
  }
  return found;
}

/** Good enough for formatted code: comment lines and what follows ` //`. Strings are emptied. */
function withoutComment(line: string): string {
  if (/^\s*(\/\/|\/?\*)/.test(line)) return "";
  return line
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/'(?:[^'\\]|\\.)*'/g, "''")
    .replace(/\s\/\/.*$/, "");
}

interface Import {
  readonly line: number;
  readonly specifier: string;
}

function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const pattern = /(?:^|[\s;}])(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g;
  for (const match of source.text.matchAll(pattern)) {
    const before = source.text.slice(0, match.index + match[0].length);
    const line = before.split("\n").length;
    if (/^\s*(\/\/|\/?\*)/.test(source.lines[line - 1]!)) continue;
    found.push({ line, specifier: match[1]! });
  }
  return found;
}

/** `src/session/lane/lane.ts` → `session`; a file directly in src has the folder "". */
function folderOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 2 ? parts[1]! : "";
}

const rankOf = (folder: string): number | undefined =>
  folder === "" ? RANK_OF_ENTRIES : RANKS[folder];

function rankViolation(source: Source, { line, specifier }: Import): string | undefined {
  const where = `${source.path}:${line}: imports ${specifier}`;
  if (!specifier.startsWith(".")) return undefined;
  const target = posix.join(dirname(source.path), specifier);
  if (target === "package.json") return undefined;
  if (!target.startsWith("src/")) return `${where}: src imports nothing outside of src`;
  const [from, to] = [folderOf(source.path), folderOf(target)];
  const [rank, rankOfTarget] = [rankOf(from), rankOf(to)];
  if (rank === undefined) return `${where}: give src/${from} a rank in test/tidy.test.ts`;
  if (rankOfTarget === undefined) return `${where}: give src/${to} a rank in test/tidy.test.ts`;
  if (from === to || rankOfTarget < rank) return undefined;
  return `${where}: rank ${rank} may not import rank ${rankOfTarget}; declare here the few methods you need, and let node/ or bin/ hand them in`;
}

describe("layers", () => {
  test("imports go to the own folder or to one of lower rank", () => {
    const found = under("src").flatMap((source) =>
      importsOf(source).flatMap((entry) => rankViolation(source, entry) ?? []),
    );
    expect(found).toEqual([]);
  });

  test("of two folders in one folder the one imports the other, or neither does", () => {
    const pairs = new Set(
      under("src").flatMap((source) =>
        importsOf(source).map(({ specifier }) => {
          const target = posix.join(dirname(source.path), specifier);
          return `${dirname(source.path)} ${dirname(target)}`;
        }),
      ),
    );
    const found = [...pairs].filter((pair) => {
      const [from = "", to = ""] = pair.split(" ");
      // A folder and what stands in it are one thing: its door imports that, and lends it what all of it shares.
      const areNested = `${from}/`.startsWith(`${to}/`) || `${to}/`.startsWith(`${from}/`);
      return from < to && !areNested && pairs.has(`${to} ${from}`);
    });
    expect(found).toEqual([]);
  });

  test("relative imports name the file with its ending", () => {
    const found = SOURCES.flatMap((source) =>
      importsOf(source)
        .filter(
          ({ specifier }) =>
            /^\.\.?\//.test(specifier) && !/\.(ts|json|toml|html|md|css)$/.test(specifier),
        )
        .map(({ line, specifier }) => `${source.path}:${line}: ${specifier}: write the ending .ts`),
    );
    expect(found).toEqual([]);
  });

  test("only src/bun names Bun and node:*", () => {
    const portable = under("src").filter(({ path }) => folderOf(path) !== "bun");
    const found = portable.flatMap((source) =>
      importsOf(source)
        .filter(({ specifier }) => /^(node:|bun(:|$))/.test(specifier))
        .map(
          ({ line, specifier }) =>
            `${source.path}:${line}: imports ${specifier}: write an adapter in src/bun for a port of src/port`,
        ),
    );
    expect(found).toEqual([]);
  });

  test("only src/bun names the machine: timers, clocks, randomness, console", () => {
    const portable = under("src").filter(
      ({ path }) => !["bun", "browser"].includes(folderOf(path)),
    );
    // `process` too, but that is also our word for an actor: the linter tells them apart.
    const banned: readonly (readonly [RegExp, string])[] = [
      [/(?<![\w.#$])Bun\.\w+/, "take a port of src/port"],
      [/(?<![\w.#$])(setTimeout|setInterval|setImmediate|clearTimeout)\(/, "take a Clock"],
      [
        /(?<![\w.#$])Date\.now\(|(?<![\w.#$])new Date\(\)/,
        "take `now` as an argument, or Clock.wall()",
      ],
      [/(?<![\w.#$])performance\.\w+/, "take `now` as an argument, or Clock.now()"],
      [/(?<![\w.#$])Math\.random\b/, "take an Entropy, or base/prng"],
      [/(?<![\w.#$])console\.\w+/, "take a LogSink, or return the text"],
      [/(?<![\w.#$])crypto\.\w+/, "take an Entropy or a Digest"],
    ];
    expect(banned.flatMap(([pattern, instead]) => violations(portable, pattern, instead))).toEqual(
      [],
    );
  });

  test("microtasks are queued in src/scheduler and src/process only", () => {
    const others = under("src").filter(
      ({ path }) => !["bun", "scheduler", "process"].includes(folderOf(path)),
    );
    expect(
      violations(others, /(?<![\w.])queueMicrotask\(/, "let the driver call you back"),
    ).toEqual([]);
  });

  test("Buffer is named where bytes and strings meet", () => {
    const others = under("src").filter(
      ({ path }) => !["bun", "term"].includes(folderOf(path)) && path !== "src/base/bytes.ts",
    );
    expect(
      violations(others, /(?<![\w.])Buffer\.\w+/, "take Uint8Array and src/base/bytes.ts"),
    ).toEqual([]);
  });
});

describe("names", () => {
  test("files are kebab-case and say what they hold", () => {
    const found = FILES.filter((path) => /\.(ts|sh)$/.test(path)).flatMap((path) => {
      const name = basename(path).replace(/(\.(test|test-d|d))?\.(ts|sh)$/, "");
      if (/^(utils?|helpers?|common|misc|shared)$/.test(name))
        return `${path}: name it after the one thing it exports`;
      return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ? [] : `${path}: write the name in kebab-case`;
    });
    expect(found).toEqual([]);
  });

  test("no folder collects what has no place", () => {
    const found = FILES.filter((path) => /(^|\/)(utils?|helpers?|common|misc)\//.test(path));
    expect(found.map((path) => `${path}: put it where it is used, or in src/base`)).toEqual([]);
  });

  test("decisions are numbered once and titled", () => {
    const names = FILES.filter((path) => path.startsWith("docs/decisions/")).map((path) =>
      basename(path),
    );
    const badly = names.filter(
      (name) => !/^\d{4}-[a-z0-9]+(-[a-z0-9]+)*\.md$/.test(name) && name !== "README.md",
    );
    expect(badly.map((name) => `docs/decisions/${name}: call it NNNN-title.md`)).toEqual([]);
    const numbers = names.map((name) => name.slice(0, 4));
    const twice = numbers.filter((number, index) => numbers.indexOf(number) !== index);
    expect(twice.map((number) => `docs/decisions/${number}-*: the number is taken`)).toEqual([]);
  });
});

describe("language", () => {
  const ours = under("src", "bin");

  test("no default exports, enums, parameter properties", () => {
    expect(violations(ours, /^export default\b/, "export it by name")).toEqual([]);
    expect(
      violations(ours, /^\s*(export )?(declare )?(const )?enum \w/, "write a union of literals"),
    ).toEqual([]);
    const parameterProperty = /^\s*(public|private|protected)\s+(readonly\s+)?\w+[?:;,=(]/;
    expect(violations(ours, parameterProperty, "declare a field; private ones are #field")).toEqual(
      [],
    );
  });

  test("src/index.ts is the only barrel", () => {
    const others = under("src").filter(({ path }) => folderOf(path) !== "");
    expect(
      violations(others, /^export (type )?(\*|\{[^}]*\}) from\b/, "import it from its own file"),
    ).toEqual([]);
  });

  test("no marks of unfinished work", () => {
    const marks = new RegExp(
      `\\b(${["TO", "DO"].join("")}|${["FIX", "ME"].join("")}|${"X".repeat(3)})\\b`,
    );
    const found = violations(SOURCES, marks, "do it, or file an issue", { comments: true });
    expect(found).toEqual([]);
  });
});

/** Functions by their braces: a line that ends in `{` after a parameter list opens one, its `}` at the same indent ends it. */
function* functionsOf(source: Source): Generator<{ line: number; length: number }> {
  const opens =
    /^(\s*)(?!(?:if|for|while|switch|catch|else|do|try|return|with)\b|\}).*(?:\)(?::\s*[^=]+)?|=>)\s*\{$/;
  for (const [index, line] of source.lines.entries()) {
    const indent = opens.exec(line)?.[1];
    if (indent === undefined || /\bclass\b|\binterface\b|^\s*(describe|expect)\b/.test(line))
      continue;
    // Parameters on lines of their own put the brace on the line of the closing parenthesis.
    const rest = source.lines.slice(index + 1);
    const length = rest.findIndex((other) => other.startsWith(`${indent}}`)) + 1;
    if (length > 0) yield { line: index + 1, length: length + 1 };
  }
}

describe("sizes", () => {
  test(`files of src have at most ${FILE_LINES_MAX} lines`, () => {
    const found = under("src", "bin").filter(({ lines }) => lines.length > FILE_LINES_MAX + 1);
    expect(
      found.map(({ path, lines }) => `${path}:${lines.length}: split it by what it does`),
    ).toEqual([]);
  });

  test(`functions of src have at most ${FUNCTION_LINES_MAX} lines`, () => {
    const found = under("src", "bin").flatMap((source) =>
      [...functionsOf(source)]
        .filter(({ length }) => length > FUNCTION_LINES_MAX)
        .map(
          ({ line, length }) =>
            `${source.path}:${line}: ${length} lines: take steps out of it, with names`,
        ),
    );
    expect(found).toEqual([]);
  });
});

describe("tracked files", () => {
  const BINARY = /\.(bin|png|ico|woff2?|der|gz|zst)$/;
  const texts = FILES.filter((path) => !BINARY.test(path) && !path.startsWith("test/vectors/")).map(
    read,
  );

  test("name no path of somebody's machine", () => {
    const path = new RegExp(
      `(?<![\\w.:/\\]-])/(${["work", "root", "Users", "home/\\w+"].join("|")})/\\w`,
    );
    expect(violations(texts, path, "make it relative", { comments: true })).toEqual([]);
  });

  test("name no package registry", () => {
    const host = /registry\.(npmjs|yarnpkg)\.\w+|"resolved":/;
    const found = violations(
      texts.filter(({ path }) => path !== "test/tidy.test.ts"),
      host,
      "leave the registry to the user's npm configuration",
      { comments: true },
    );
    expect(found).toEqual([]);
  });

  test("nothing built is tracked", () => {
    const found = FILES.filter(
      (path) => /^(dist|node_modules|coverage)\//.test(path) || path.endsWith(".tgz"),
    );
    expect(found.map((path) => `${path}: leave it out`)).toEqual([]);
  });
});
