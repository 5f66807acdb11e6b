/**
 * `bun scripts/reconnects.ts [--count N]`: two nodes of the executable that connect, leave links, monitors, messages and
 * processes with each other, and disconnect, 10,000 times unless told otherwise; and half as many nodes that nobody has
 * heard of before. The exit code is 1 if a socket, session, process or table entry is left, or if memory grows on after the
 * first fifth.
 */
import { Reconnects } from "../test/e2e/support/reconnect-run.ts";
import { CommandLine } from "./command-line.ts";

const PARTS = 5;
/** What a runtime's heap breathes. */
const GROWTH_MB_MAX = 40;

const line = new CommandLine("bun scripts/reconnects.ts [--count N]");
const { values } = line.parse({ options: { count: { type: "string" } } });
const part = Math.ceil(line.number("count", values.count, 10_000, PARTS) / PARTS);
await using run = await Reconnects.start();
await run.pair(1);
await run.strangers(1);
const before = JSON.stringify(await run.holdings());
const memory: number[] = [];
let left = before;
for (let number = 1; number <= PARTS; number++) {
  await run.pair(part);
  await run.strangers(part / 2);
  left = JSON.stringify(await run.holdings());
  memory.push(run.rssMb);
  console.log(`${number * part} reconnects: both nodes ${Math.round(run.rssMb)} MB, hold ${left}`);
}
const growth = memory.at(-1)! - memory[0]!;
console.log(`reconnects: grew by ${Math.round(growth)} MB after the first ${part}`);
if (left !== before) console.error(`before: ${before}`);
process.exitCode = left === before && growth < GROWTH_MB_MAX ? 0 : 1;
