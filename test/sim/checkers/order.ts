import type { Checker } from "../run.ts";
import { mixLog as log } from "../workloads/mix-log.ts";

/**
 * Everything from one process to another arrives in the order sent; nothing is doubled; there is a gap only where the
 * nodes of the pair lost each other in between, so nothing is lost within a session; nobody gets what was meant for another.
 */
export const order: Checker = {
  name: "order",
  settled(run) {
    const failures: string[] = [...log.faults];
    const living = run.living();
    for (const [pair, { got, sentAt }] of log.streams) {
      const [from, to] = pair.split(" > ") as [string, string];
      const missing = (first: number, last: number, until: number): void => {
        if (run.apart(from, to, sentAt[first - 1]!, until)) return;
        failures.push(`${pair}: ${first} to ${last} never arrived`);
      };
      let last = 0;
      for (const { n, at } of got) {
        if (n <= last) failures.push(`${pair}: ${n} came after ${last}`);
        else if (n > last + 1) missing(last + 1, n - 1, at);
        last = n;
      }
      const isThere = living.has(to) && !log.endings.has(to);
      if (last < sentAt.length && isThere) missing(last + 1, sentAt.length, run.now);
    }
    return failures;
  },
};
