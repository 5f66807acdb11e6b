import { type Checker, nodeOf, type Run } from "../run.ts";
import {
  type Birth,
  CHILDREN,
  INTENSITY,
  PERIOD_MS,
  supervisorLog,
  type SupervisorEntry,
} from "../workloads/supervisors.ts";

/** Of the period in which restarts are counted: clocks drift, and a thread that was held up runs late. */
const PERIOD_SURE_MS = PERIOD_MS * 0.8;

/** Steps of the load between two looks for a second copy. */
const STEPS = 16;
let steps = 0;

/**
 * A supervisor restarts no child more often than it may; of no child are there ever two; when all is quiet the child beside
 * its supervisor runs, and none of a supervisor that is gone does. A child that lost its node often may be waiting.
 */
export const supervision: Checker = {
  name: "supervision",
  during(run) {
    if (++steps % STEPS !== 0) return [];
    // A node whose namesake answers for it looks as if it had started again, one whose dials a firewall refuses as if it had ended.
    return copies(run.living("sim.worker")).flatMap(({ births, text }) =>
      births.length > 1 && !births.some((birth) => isMistaken(run, birth)) ? [text] : [],
    );
  },
  settled(run) {
    const failures = [...supervisorLog.values()].flatMap(overBudget);
    for (const { births, id, isThere, text } of copies(run.living())) {
      const count = births.length;
      const isRight = isThere ? count === 1 || (count === 0 && id !== "near") : count === 0;
      if (!isRight) failures.push(text);
    }
    return failures;
  },
};

const isMistaken = (run: Run, { at, pid }: Birth): boolean =>
  run.mistaken(nodeOf(pid), at, run.now) || run.refusedFor(nodeOf(pid), at);

function overBudget({ births, key, strategy }: SupervisorEntry): string[] {
  // In the other strategies the loss of a node, which counts elsewhere, may restart it too.
  if (strategy !== "one_for_one") return [];
  const failures: string[] = [];
  const near = births.filter(({ id }) => id === "near").map(({ at }) => at);
  // The first birth is a start; a window with one restart more than is allowed begins behind it.
  for (let last = INTENSITY + 1; last < near.length; last++) {
    const forMs = near[last]! - near[last - INTENSITY]!;
    if (forMs < PERIOD_SURE_MS) {
      failures.push(`${key} (${strategy}): ${INTENSITY + 1} restarts within ${forMs} ms`);
    }
  }
  return failures;
}

/**
 * For each child of each supervisor that came up, how often it runs now. A node and a namesake that started in the same
 * millisecond have the same creation, so a process of the one has a pid of the same text as a child on the other, and is not it.
 */
function copies(living: ReturnType<Run["living"]>) {
  return [...supervisorLog.values()].flatMap(({ births, key, pid, strategy }) => {
    if (pid === undefined) return [];
    const isThere = living.has(pid);
    return CHILDREN.map((id) => {
      const alive = births.filter(
        (birth) => birth.id === id && living.get(birth.pid)?.pid === birth.self,
      );
      const state = isThere ? "alive" : "gone";
      const text = `${key} (${strategy}, ${state}): ${alive.length} copies of ${id}`;
      return { id, births: alive, isThere, text };
    });
  });
}
