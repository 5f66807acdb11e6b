import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "bun:test";

const ROOT = join(import.meta.dir, "../..");

/** A file under `test/` and what its tests must name: ids of rows, words in quotes. */
const REFERENCE = /`([\w./-]+\.ts)`((?: (?:and )?(?:[A-Z]{2}-\d+|"[^"]+"))*)/g;

test("every test that the guarantees name exists", () => {
  const page = readFileSync(join(ROOT, "docs/guarantees.md"), "utf8");
  const lines = page.split("\n").filter((line) => line.startsWith("| ") && !line.includes("---"));
  const missing: string[] = [];
  for (const line of lines) {
    if (line.startsWith("| promise") || line.includes("**Not promised:**")) continue;
    const references = [...line.matchAll(REFERENCE)];
    if (references.length === 0) missing.push(line);
    for (const [, file = "", words = ""] of references) {
      const path = join(ROOT, "test", file);
      if (!existsSync(path)) {
        missing.push(file);
        continue;
      }
      const text = readFileSync(path, "utf8");
      for (const [, quoted, id] of words.matchAll(/"([^"]+)"|([A-Z]{2}-\d+)/g)) {
        if (!text.includes((quoted ?? id) as string)) missing.push(`${file}: ${quoted ?? id}`);
      }
    }
  }
  expect(missing).toEqual([]);
});
