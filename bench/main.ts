/**
 * `npm run bench -- SUITE… [--json] [--rows NAME,…]`: runs bench/<suite>.ts and prints its rows, a table for people or one
 * JSON object a line; with `--rows` those only whose names begin so. Without a suite, or with one that does not exist: the list of suites, exit code 2.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { CommandLine } from "../scripts/command-line.ts";
import type { Row, Suite, Wanted } from "./row.ts";

const NOT_SUITES = new Set(["main.ts", "row.ts"]);
const SIGNIFICANT_DIGITS = 4;

/** Names of the files beside this one that are suites. */
function suites(): string[] {
  return readdirSync(import.meta.dir)
    .filter((file) => file.endsWith(".ts") && !NOT_SUITES.has(file))
    .map((file) => file.slice(0, -".ts".length))
    .toSorted();
}

const line = new CommandLine(
  `npm run bench -- SUITE… [--json] [--rows NAME,…]\nsuites: ${suites().join(" ")}`,
);

/** `1234567` as `1,235,000`: what stands behind the fourth digit is noise. */
function shown(value: number | undefined): string {
  if (value === undefined) return "";
  const rounded = Number(value.toPrecision(SIGNIFICANT_DIGITS));
  return rounded.toLocaleString("en", { maximumFractionDigits: SIGNIFICANT_DIGITS });
}

const columns = (row: Row): string[] => [
  row.name,
  shown(row.value),
  row.unit,
  row.baseline ?? "",
  shown(row.baselineValue),
  row.ratio === undefined ? "" : `${shown(row.ratio)} ×`,
  row.note ?? "",
];

const HEAD = ["name", "value", "unit", "baseline", "baselineValue", "ratio"];
/** Columns of numbers stand to the right. */
const RIGHT = new Set([1, 4, 5]);
/** Characters of each column at least: rows are printed as they come, before the longest is known. */
const WIDTHS = [28, 11, 5, 14, 13, 8];

function printLine(line: readonly string[]): void {
  const cells = line.map((cell, column) => {
    const width = WIDTHS[column] ?? 0;
    return RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
  });
  console.log(cells.join("  ").trimEnd());
}

const { values, positionals: names } = line.parse({
  options: { json: { type: "boolean", default: false }, rows: { type: "string" } },
  allowPositionals: true,
});
const { json, rows } = values;
const asked = rows?.split(",");
/** `flood` is `dist.flood.small` and the others, in whatever suite. */
const wanted: Wanted = (name) =>
  asked === undefined ||
  asked.some((row) => name.startsWith(row) || name.slice(name.indexOf(".") + 1).startsWith(row));
if (names.length === 0) line.refuse("which suite?");
for (const name of names) {
  if (!suites().includes(name)) line.refuse(`no such suite: ${name}`);
}
if (!json) printLine(HEAD);
for (const name of names) {
  const suite = (await import(join(import.meta.dir, `${name}.ts`))) as Suite;
  await suite.run((row) => {
    if (!wanted(row.name)) return;
    if (json) console.log(JSON.stringify(row));
    else printLine(columns(row));
  }, wanted);
}
