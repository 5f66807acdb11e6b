import { nodeOf, type Checker, type Run } from "../run.ts";
import { mixLog as log } from "../workloads/mix-log.ts";

/**
 * Links are symmetric and lead to processes that live; a monitor that stands is known to its target, and a target knows no
 * watcher that does not hold it; an exit of a link has the reason of the end, and comes once for each link.
 */
export const bonds: Checker = {
  name: "bonds",
  settled(run) {
    const failures: string[] = [];
    const living = run.living();
    const links = new Map<string, Set<string>>();
    const watched = new Map<string, number>();
    const watching = new Map<string, number>();
    for (const [text, { pid, scheduler }] of living) {
      const snapshot = scheduler.inspect(pid);
      if (snapshot === undefined) continue;
      links.set(text, new Set(snapshot.links.map(String)));
      for (const by of snapshot.monitoredBy) count(watched, `${by.toString()} > ${text}`);
      for (const target of snapshot.monitors) {
        if (!("name" in target)) count(watching, `${text} > ${target.toString()}`);
      }
    }
    for (const [text, peers] of links) {
      for (const peer of peers) {
        if (links.get(peer)?.has(text) === true) continue;
        const why = links.has(peer) ? "which is not linked back" : "which does not live";
        failures.push(`${text} is linked to ${peer}, ${why}`);
      }
    }
    for (const key of new Set([...watched.keys(), ...watching.keys()])) {
      const [holds, knows] = [watching.get(key) ?? 0, watched.get(key) ?? 0];
      if (holds !== knows) failures.push(`${key}: ${holds} monitors are held, ${knows} are known`);
    }
    return [...failures, ...exits(run), ...lostLinks(links)];

    /** Links that nobody ended between processes that live, on nodes that never lost each other. */
    function lostLinks(all: ReadonlyMap<string, ReadonlySet<string>>): string[] {
      const lost: string[] = [];
      for (const [pair, { at, made }] of log.links) {
        const [self, other] = pair.split(" > ") as [string, string];
        if (made === 0 || !all.has(self) || !all.has(other)) continue;
        if (run.apart(self, other, at, run.now)) continue;
        const unlinks =
          (log.links.get(pair)?.ended ?? 0) + (log.links.get(`${other} > ${self}`)?.ended ?? 0);
        if (unlinks === 0 && all.get(self)?.has(other) === false) {
          lost.push(`${self} linked to ${other}, nobody unlinked, and there is no link`);
        }
      }
      return lost;
    }
  },
};

function exits(run: Run): string[] {
  const failures: string[] = [];
  for (const [pair, { exits: got, made }] of log.links) {
    const [self, from] = pair.split(" > ") as [string, string];
    const links = made + (log.links.get(`${from} > ${self}`)?.made ?? 0) + spawned(self, from);
    if (got.length > links) {
      failures.push(`${pair}: ${got.length} exits for ${links} links`);
    }
    for (const { reason } of got) {
      if (reason === "noproc" || reason === "noconnection") continue;
      if (reason === "shutdown" && run.stopped.has(nodeOf(from))) continue;
      if (log.endings.get(from)?.includes(reason) === true) continue;
      failures.push(`${pair}: an exit with ${reason}, which is not how it ended`);
    }
  }
  return failures;
}

/** Links that came with a spawn. */
function spawned(parent: string, child: string): number {
  for (const { by, born, link, outcome } of log.spawnEntries.values()) {
    // A node that stops may end it before its first step.
    if (by === parent && link && (born.includes(child) || outcome === child)) return 1;
  }
  return 0;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
