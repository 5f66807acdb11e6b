import type { Checker } from "../run.ts";
import { mixLog as log } from "../workloads/mix-log.ts";

const CODES: ReadonlySet<string> = new Set(["noconnection", "timeout"]);

/**
 * A spawn ends, with a pid or an error by name; it makes one process at most; a linked child does not outlive its parent,
 * nor a spawn that was given up.
 */
export const spawns: Checker = {
  name: "spawns",
  settled(run) {
    const failures: string[] = [];
    const living = run.living();
    for (const { born, by, id, link, outcome } of log.spawnEntries.values()) {
      if (born.length > 1) failures.push(`${id} was born ${born.length} times`);
      const [child] = born;
      const isPid = outcome?.includes("#") === true;
      if (outcome === undefined) {
        if (living.has(by)) failures.push(`the spawn of ${id} by ${by} never ended`);
      } else if (isPid ? child !== undefined && child !== outcome : !CODES.has(outcome)) {
        failures.push(`the spawn of ${id} ended with ${outcome}, it is ${child ?? "nobody"}`);
      }
      if (child === undefined || !living.has(child) || !link) continue;
      if (!living.has(by)) failures.push(`${id} ${child} outlived its parent ${by}`);
      else if (!isPid) failures.push(`${id} ${child} lives after its spawn ended with ${outcome}`);
    }
    return failures;
  },
};
