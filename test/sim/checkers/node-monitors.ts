import type { Checker } from "../run.ts";
import { mixLog as log } from "../workloads/mix-log.ts";

/** `NodeUp` and `NodeDown` alternate (said at once), and in the end everybody has been told of what is so. */
export const nodeMonitors: Checker = {
  name: "node monitors",
  settled(run) {
    const failures: string[] = [];
    const names = new Set(Array.from(run.world.nodes.values(), ({ name }) => name));
    const living = run.living();
    for (const [watcher, view] of log.views) {
      const one = living.get(watcher);
      if (one === undefined) continue;
      const expected = [...names].filter((name) => name !== one.pid.node);
      const seen = [...view].toSorted().join(" ");
      if (seen !== expected.toSorted().join(" ")) failures.push(`${watcher} was told of ${seen}`);
    }
    return failures;
  },
};
