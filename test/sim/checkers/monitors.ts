import { nodeOf, type Checker, type Run } from "../run.ts";
import { mixLog as log, type MonitorEntry } from "../workloads/mix-log.ts";

/**
 * One monitor, one Down: the reason with which the target ended, `noproc`, or `noconnection` where the nodes lost each
 * other; none for a target that lives, and none after `demonitor` with `flush`.
 */
export const monitors: Checker = {
  name: "monitors",
  settled(run) {
    const failures: string[] = [];
    const living = run.living();
    for (const [ref, entry] of log.monitors) {
      const { holder, target, downs, ended } = entry;
      const what = `${ref} of ${target}`;
      if (downs.length > 1) {
        failures.push(`${what}: ${downs.map(({ reason }) => reason).join(" and ")}`);
      }
      if (ended === "flushed" && downs.some(({ at }) => at > entry.at && downs.length > 1)) {
        failures.push(`${what}: a Down after demonitor`);
      }
      const [down] = downs;
      if (down !== undefined) {
        const wrong = wrongReason(run, entry, down.reason, down.at, living.has(target));
        if (wrong !== undefined) failures.push(`${what}: ${wrong}`);
      } else if (ended === undefined && living.has(holder) && !living.has(target)) {
        failures.push(`${what}: the target has ended and ${holder} was never told`);
      }
    }
    return failures;
  },
};

function wrongReason(
  run: Run,
  { at: since, holder, target }: MonitorEntry,
  reason: string,
  at: number,
  lives: boolean,
): string | undefined {
  if (reason === "noconnection") {
    if (run.apart(holder, target, since, at)) return undefined;
    // A clock that was set back: a pid of an earlier start looks like one of a later start, which never comes.
    if (!lives && run.apart(holder, target, 0, at)) return undefined;
    return `noconnection at ${at}, and the nodes never lost each other`;
  }
  if (reason === "noproc") {
    return lives && !run.mistaken(nodeOf(target), since, at) ? "noproc, and it lives" : undefined;
  }
  if (reason === "shutdown" && run.stopped.has(nodeOf(target))) return undefined;
  if (log.endings.get(target)?.includes(reason) === true) return undefined;
  return `${reason}, which is not how it ended`;
}
