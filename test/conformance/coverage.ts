import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { NOT_TESTED, ROWS } from "./rows.ts";

const ROW = /\b[A-Z]{2}-\d{2}\b/g;

/** A row and where it stands. */
export interface RowState {
  readonly subject: string;
  readonly id: string;
  readonly priority: 0 | 1;
  /** Files with a test whose title names the row. */
  readonly files: readonly string[];
  /** Why there is none, where that was written down. */
  readonly reason: string | undefined;
}

/** Which files name which rows in string literals: the titles of tests and scenarios. */
function filesByRow(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".ts") || entry.endsWith("rows.ts")) continue;
    const text = readFileSync(join(folder, entry), "utf8");
    for (const id of new Set(text.match(ROW) ?? [])) {
      found.set(id, [...(found.get(id) ?? []), entry]);
    }
  }
  return found;
}

/** The state of every row, in the order of the catalogue. */
export function coverage(): RowState[] {
  const files = filesByRow(join(import.meta.dir, ".."));
  return Object.entries(ROWS).flatMap(([subject, { p0, p1 }]) =>
    [p0, p1].flatMap((ids, priority) =>
      ids
        .split(" ")
        .filter((id) => id !== "")
        .map((id) => ({
          subject,
          id,
          priority: priority as 0 | 1,
          files: files.get(id) ?? [],
          reason: NOT_TESTED[id],
        })),
    ),
  );
}
