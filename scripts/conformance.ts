/**
 * `npm run conformance`: which rows of the semantics catalogue have tests, and why the others have none. `--files` also
 * shows where the tests are. Exit code 1 if a row of priority 0 or 1 has neither a test nor a reason.
 */
import { coverage } from "../test/conformance/coverage.ts";
import { CommandLine } from "./command-line.ts";

const line = new CommandLine("npm run conformance -- [--files]");
const showsFiles = line.parse({ options: { files: { type: "boolean" } } }).values.files === true;
const states = coverage().filter(({ priority }) => priority < 2);
const isCovered = ({ files }: { readonly files: readonly string[] }): boolean => files.length > 0;
let missing = 0;
for (const section of new Set(states.map((state) => state.section))) {
  const rows = states.filter((state) => state.section === section);
  const [first] = rows;
  console.log(
    `${section} ${first?.subject}: ${rows.filter(isCovered).length} of ${rows.length} rows`,
  );
  for (const row of rows) {
    const { files, id, priority, reason } = row;
    if (isCovered(row)) {
      if (showsFiles) console.log(`  ${id} (P${priority}) ${files.join(", ")}`);
      continue;
    }
    if (reason === undefined) missing++;
    console.log(`  ${id} (P${priority}) ${reason ?? "MISSING"}`);
  }
}
for (const priority of [0, 1]) {
  const rows = states.filter((state) => state.priority === priority);
  console.log(`P${priority}: ${rows.filter(isCovered).length} of ${rows.length} rows have tests`);
}
console.log(`${missing} rows have neither a test nor a reason`);
process.exit(missing === 0 ? 0 : 1);
