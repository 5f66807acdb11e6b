/**
 * `bun scripts/cuts.ts [--cuts N] [--seed N]`: two nodes of the executable on hosts of their own (network namespaces, so it
 * needs root), whose link is cut and restored under load, 100 times unless told otherwise; then once for longer than the
 * grace. The exit code is 1 if a sequence had a gap, a duplicate or another order, or a monitor did not fire exactly once.
 */
import { cutAgainAndAgain, cutForGood } from "../test/e2e/support/cut-run.ts";
import { networkRefusal } from "../test/e2e/support/netns.ts";
import { CommandLine } from "./command-line.ts";

const line = new CommandLine("bun scripts/cuts.ts [--cuts N] [--seed N]");
const { values } = line.parse({ options: { cuts: { type: "string" }, seed: { type: "string" } } });
// It has said why.
if (networkRefusal() !== undefined) process.exit(0);
const cuts = line.number("cuts", values.cuts, 100, 1);
const seed = line.number("seed", values.seed, Date.now() % 1_000_000);
const { messages, faults, suspicions } = await cutAgainAndAgain({ cuts, seed, said: console.log });
console.log(`seed ${seed}: ${messages} messages through ${cuts} cuts, ${suspicions} suspicions`);
const all = [...faults, ...(await cutForGood())];
for (const fault of all) console.error(fault);
console.log(`cuts: ${all.length} faults`);
process.exitCode = all.length === 0 ? 0 : 1;
