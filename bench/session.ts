/** What joins two nodes, without what is built on it: those rows of `dist` that need no spawn, call or monitor. */
import { run as runDist } from "./dist.ts";
import type { Report, Wanted } from "./row.ts";

const ROWS = ["flood", "rtt", "small_behind", "connect", "handshakes", "detect", "resume"];

export function run(report: Report, wanted: Wanted): Promise<void> {
  return runDist(
    report,
    (name) => ROWS.some((row) => name.startsWith(`dist.${row}`)) && wanted(name),
  );
}
