/**
 * `npm run sim -- --seed N` replays one seed with its trace; `npm run sim -- --seeds N [--from M]` runs many and prints
 * those that fail. Exit code 1 when one failed.
 */
import { parseArgs } from "node:util";

import { runSeed } from "../test/sim/workload.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string" },
    trace: { type: "boolean" },
  },
});

let failed = 0;
if (values.seed !== undefined) {
  const outcome = runSeed(Number(values.seed), (line) => {
    console.log(
      `${line.at.toFixed(3).padStart(10)} ${line.node.padEnd(10)} ${line.text} ${JSON.stringify(line.fields)}`,
    );
  });
  for (const failure of outcome.failures) console.log(`FAILED ${failure}`);
  console.log(`seed ${outcome.seed}, hash ${outcome.hash}, ${outcome.messages} messages`);
  failed = outcome.failures.length;
} else {
  const from = Number(values.from ?? 1);
  const count = Number(values.seeds ?? 300);
  const start = performance.now();
  for (let seed = from; seed < from + count; seed++) {
    const { failures, hash } = runSeed(seed);
    if (failures.length === 0) continue;
    failed++;
    console.log(`seed ${seed}, hash ${hash}: ${failures.slice(0, 3).join("; ")}`);
  }
  const perSeed = (performance.now() - start) / count;
  console.log(`${count} seeds from ${from}, ${failed} failed, ${perSeed.toFixed(1)} ms a seed`);
}
process.exit(failed === 0 ? 0 : 1);
