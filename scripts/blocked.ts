/**
 * `bun scripts/blocked.ts [--seconds N]`: blocks a scheduler's thread of a node for 30 s, or so long, under full load from
 * another one, once with senders that wait when they are asked to and once with senders that do not. The exit code is 1 if
 * anything was lost, a node took 300 MB in the first case, or nobody was refused in the second.
 */
import { runBlocked } from "../test/e2e/support/blocked-run.ts";
import { CommandLine } from "./command-line.ts";

const RSS_MB_MAX = 300;
const line = new CommandLine("bun scripts/blocked.ts [--seconds N]");
const { values } = line.parse({ options: { seconds: { type: "string" } } });
const blockedMs = line.number("seconds", values.seconds, 30) * 1_000;
let bad = false;
for (const manners of [
  ["ready", "receive", "ready", "receive"],
  ["greedy", "greedy"],
] as const) {
  const { given, rssMbMax, nodesDown, suspicions, stalls } = await runBlocked(manners, blockedMs);
  for (const { manner, sent, count, broken, full } of given) {
    console.log(`${manner}: sent ${sent}, arrived ${count}, broken ${broken}, refused ${full}`);
    bad ||= count !== sent || broken > 0 || (manner === "greedy" && full === 0);
  }
  const lost = `${nodesDown} nodes down, ${suspicions} sockets given up`;
  console.log(`at most ${Math.round(rssMbMax)} MB, ${lost}, relay_stalled ${stalls} times`);
  bad ||= nodesDown > 0 || suspicions > 0 || (manners[0] !== "greedy" && rssMbMax >= RSS_MB_MAX);
}
process.exitCode = bad ? 1 : 0;
