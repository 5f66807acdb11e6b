import { group } from "../../../src/process/group.ts";
import type { Scheduler } from "../../../src/scheduler/scheduler.ts";
import type { Checker, Run } from "../run.ts";
import { GROUPS, groupLog, SCOPE } from "../workloads/groups.ts";

/**
 * Every scheduler of every node sees the same members, which are the true ones: what living processes did themselves. Who
 * watches has heard of just that. What is published arrives at most once, in its publisher's order.
 */
export const groups: Checker = {
  name: "groups",
  settled(run) {
    return [...equalViews(run, truth(run)), ...watchers(run), ...order(), ...groupLog.strange];
  },
  ended(run) {
    return equalViews(run, new Map());
  },
};

/** Members of each group, each as often as it is in it, from the members' own records. */
function truth(run: Run): Map<string, string[]> {
  const members = new Map<string, string[]>();
  const living = run.living();
  for (const [pid, memberships] of groupLog.memberships) {
    if (!living.has(pid)) continue;
    for (const [name, count] of memberships)
      for (let times = 0; times < count; times++)
        members.set(name, [...(members.get(name) ?? []), pid]);
  }
  return members;
}

function seenBy(scheduler: Scheduler, name: string): string[] {
  const { services } = scheduler;
  // Looking needs no process.
  return services
    .groups(undefined as never)
    .members(group(name, SCOPE))
    .map(String)
    .toSorted();
}

function equalViews(run: Run, wanted: ReadonlyMap<string, readonly string[]>): string[] {
  const failures: string[] = [];
  for (const { node, scheduler } of run.schedulers()) {
    for (const name of GROUPS) {
      const seen = seenBy(scheduler, name);
      const members = (wanted.get(name) ?? []).toSorted();
      if (seen.join(" ") === members.join(" ")) continue;
      const where = `${node.name} scheduler ${scheduler.index}`;
      failures.push(`${where} sees in ${name}: ${seen.join(" ")}; there are: ${members.join(" ")}`);
    }
  }
  return failures;
}

function watchers(run: Run): string[] {
  const failures: string[] = [];
  const living = run.living();
  for (const [pid, view] of groupLog.views) {
    const watcher = living.get(pid);
    if (watcher === undefined) continue;
    const told = [...view].flatMap(([key, count]) => new Array<string>(count).fill(key)).toSorted();
    const seen = GROUPS.flatMap((name) =>
      seenBy(watcher.scheduler, name).map((one) => `${name} ${one}`),
    ).toSorted();
    if (told.join(" ") !== seen.join(" "))
      failures.push(`${pid} was told of ${told.join(", ")}; there are ${seen.join(", ")}`);
  }
  return failures;
}

function order(): string[] {
  const failures: string[] = [];
  for (const [pair, numbers] of groupLog.got) {
    const wrong = numbers.findIndex((n, index) => index > 0 && n <= numbers[index - 1]!);
    if (wrong > 0) failures.push(`${pair}: ${numbers[wrong]} after ${numbers[wrong - 1]}`);
  }
  return failures;
}
