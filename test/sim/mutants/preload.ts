/** With `bun --preload`: the program runs with the mutant of SNOW_MUTANT in its sources. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { MUTANTS } from "./all.ts";
import { patched } from "./mutant.ts";

const ROOT = resolve(import.meta.dir, "../../..");
const name = process.env["SNOW_MUTANT"];
const found = MUTANTS.find((mutant) => mutant.name === name);
if (found === undefined) throw new Error(`no mutant is called ${String(name)}`);

const files = new Map<string, string>();
for (const patch of found.patches) {
  const path = join(ROOT, patch.file);
  files.set(path, patched(files.get(path) ?? readFileSync(path, "utf8"), patch));
}

const escaped = [...files.keys()].map((path) => path.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
Bun.plugin({
  name: "mutant",
  setup(build) {
    build.onLoad({ filter: new RegExp(`^(${escaped.join("|")})$`) }, ({ path }) => ({
      contents: files.get(path)!,
      loader: "ts",
    }));
  },
});
