import type { Checker } from "../run.ts";
import { mixLog as log } from "../workloads/mix-log.ts";

const OUTCOMES: ReadonlySet<string> = new Set([
  "answered",
  "noproc",
  "noconnection",
  "timeout",
  "exit",
]);

/** A call ends: with its answer, or with an error by name. */
export const calls: Checker = {
  name: "calls",
  settled(run) {
    const failures: string[] = [];
    const living = run.living();
    for (const { by, n, outcome, to } of log.asks) {
      if (outcome === undefined) {
        if (living.has(by)) failures.push(`call ${n} of ${by} to ${to} never ended`);
      } else if (!OUTCOMES.has(outcome)) {
        failures.push(`call ${n} of ${by} to ${to} ended with ${outcome}`);
      }
    }
    return failures;
  },
};
