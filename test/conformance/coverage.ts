import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ROWS, type Row } from "./rows.ts";

const TESTS = join(import.meta.dir, "..");
const NOT_COVERED = join(import.meta.dir, "not-covered.md");

/** Files that speak of rows and test none. */
const CATALOGUE = new Set(["conformance/rows.ts", "conformance/coverage.ts"]);

/** A string on one line, as titles of tests and scenarios are. */
const TITLE = /["`][^"`\n]*["`]/g;
const ROW_ID = /\b[A-Z]{2}-\d{2}\b/g;
/** `- SD-20: the reason`, `- RG-*: the reason`, `- HS-06: session/handshake.test.ts "words of its title"` */
const LINE = /^- ([A-Z]{2}-(?:\d{2}|\*)): (.+)$/gm;
const REFERENCE = /^([\w./-]+\.ts) "(.+)"$/;

/** A row and where it stands. */
export interface RowState extends Row {
  /** Files with a test whose title names the row. */
  readonly files: readonly string[];
  /** Why there is none, where that was written down. */
  readonly reason: string | undefined;
}

/** Which files name which rows in the titles of tests and scenarios. */
function filesByRow(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const entry of readdirSync(TESTS, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".ts") || CATALOGUE.has(entry)) continue;
    const titles = readFileSync(join(TESTS, entry), "utf8").match(TITLE) ?? [];
    for (const id of new Set(titles.flatMap((title) => title.match(ROW_ID) ?? []))) {
      found.set(id, [...(found.get(id) ?? []), entry]);
    }
  }
  return found;
}

/** What the page says of a row, or with `RG-*` of all rows of a kind that have no test. */
export function written(): ReadonlyMap<string, string> {
  const page = readFileSync(NOT_COVERED, "utf8");
  return new Map([...page.matchAll(LINE)].map(([, id = "", text = ""]) => [id, text]));
}

/** The file of a test under a name of its own. @throws {Error} there is no such test */
function referred(id: string, text: string | undefined): string | undefined {
  const [, file, title] = REFERENCE.exec(text ?? "") ?? [];
  if (file === undefined || title === undefined) return undefined;
  if (readFileSync(join(TESTS, file), "utf8").includes(title)) return file;
  throw new Error(`${id}: there is no test "${title}" in ${file}`);
}

/** The state of every row, in the order of the catalogue. */
export function coverage(): RowState[] {
  const named = filesByRow();
  const page = written();
  return ROWS.map((row) => {
    const text = page.get(row.id) ?? page.get(`${row.id.slice(0, 2)}-*`);
    const file = referred(row.id, page.get(row.id));
    const files = [...(named.get(row.id) ?? []), ...(file === undefined ? [] : [file])];
    return { ...row, files, reason: file === undefined ? text : undefined };
  });
}
