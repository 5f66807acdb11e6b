/** `npm run conformance`: which rows of the semantics catalogue have tests, and why the others have none. Exit code 1 if one is missing. */
import { coverage } from "../test/conformance/coverage.ts";

const states = coverage();
const subjects = new Set(states.map(({ subject }) => subject));
let missing = 0;
for (const subject of subjects) {
  const rows = states.filter((state) => state.subject === subject);
  const covered = rows.filter(({ files }) => files.length > 0);
  console.log(`${subject}: ${covered.length} of ${rows.length}`);
  for (const { id, priority, files, reason } of rows) {
    if (files.length > 0) continue;
    if (reason === undefined) missing++;
    console.log(`  ${id} (P${priority}) ${reason ?? "MISSING"}`);
  }
}
const total = states.filter(({ files }) => files.length > 0).length;
console.log(`${total} of ${states.length} rows have tests, ${missing} missing without a reason`);
process.exit(missing === 0 ? 0 : 1);
