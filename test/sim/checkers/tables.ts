import type { Checker } from "../run.ts";

/** When nothing lives any more nothing is left in any table of any scheduler, and nothing waits for anybody. */
export const tables: Checker = {
  name: "tables",
  ended(run) {
    const failures: string[] = [];
    for (const node of run.world.nodes.values()) {
      for (const driver of node.schedulers) {
        for (const [table, entries] of Object.entries(driver.scheduler.tables())) {
          if (entries !== 0) failures.push(`${node.name}: ${entries} left in ${table}`);
        }
        if (driver.waiting !== 0) failures.push(`${node.name}: ${driver.waiting} signals wait`);
        if (driver.heldBytes !== 0)
          failures.push(`${node.name}: ${driver.heldBytes} bytes on lanes`);
      }
    }
    return failures;
  },
};
