import { bucketOf, type GroupDelta, groupOf, type GroupView } from "../cluster/group-view.ts";
import type { Process } from "../process/process.ts";
import { GroupChange } from "../process/system-message.ts";
import type { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import type { SchedulerServiceWorld } from "./service.ts";

interface GroupWatcher {
  readonly process: Process;
  readonly ref: Ref;
  /** A bucket, or a scope with its separator: what the buckets of interest begin with, or are. */
  readonly of: string;
  readonly isScope: boolean;
}

/** Who on this scheduler is told of changes in which groups. Changes that come together are told together. */
export class GroupMonitors {
  readonly #world: SchedulerServiceWorld;
  readonly #view: GroupView;
  readonly #watchers = new Map<Ref, GroupWatcher>();
  /** The refs of each process that watches: most that end do not. */
  readonly #refs = new Map<Process, Set<Ref>>();
  #deltas: GroupDelta[] = [];

  constructor(world: SchedulerServiceWorld, view: GroupView) {
    this.#world = world;
    this.#view = view;
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** Tells `process` of changes of a group, or of all groups of a scope, from now on; what is now is the answer. */
  add(
    process: Process,
    scope: string,
    group: string | undefined,
  ): { readonly ref: Ref; readonly members: Map<string, readonly Pid<unknown>[]> } {
    const ref = this.#world.host().createRef();
    const isScope = group === undefined;
    const of = bucketOf(scope, group ?? "");
    process.ownBonds().tracked = true;
    this.#watchers.set(ref, { process, ref, of, isScope });
    const refs = this.#refs.get(process);
    if (refs === undefined) this.#refs.set(process, new Set([ref]));
    else refs.add(ref);
    const buckets = isScope ? [...this.#view.bucketsOf(scope)] : [of];
    const members = new Map<string, readonly Pid<unknown>[]>();
    for (const bucket of buckets) members.set(groupOf(bucket).group, this.#view.members(bucket));
    return { ref, members };
  }

  remove(process: Process, ref: Ref): boolean {
    const refs = this.#refs.get(process);
    if (refs?.delete(ref) !== true) return false;
    if (refs.size === 0) this.#refs.delete(process);
    return this.#watchers.delete(ref);
  }

  /** The process has ended. */
  forget(process: Process): void {
    for (const ref of this.#refs.get(process) ?? []) this.#watchers.delete(ref);
    this.#refs.delete(process);
  }

  /** Whether anybody is to hear of changes. */
  get areWatching(): boolean {
    return this.#watchers.size > 0;
  }

  changed(delta: GroupDelta): void {
    if (this.areWatching) this.#deltas.push(delta);
  }

  /** Tells what changed since the last call: one message for each group. */
  flush(): void {
    if (this.#deltas.length === 0) return;
    const byBucket = netChanges(this.#deltas);
    this.#deltas = [];
    for (const [bucket, change] of byBucket)
      for (const { process, ref, of, isScope } of this.#watchers.values())
        if (isScope ? bucket.startsWith(of) : bucket === of)
          process.deliver(new GroupChange(ref, { ...groupOf(bucket), ...change }));
  }
}

/**
 * What the changes come to, by group: who came and went between two tellings has done nothing. Without this a watcher would
 * be told of both at once and not in which order.
 */
function netChanges(
  deltas: readonly GroupDelta[],
): Map<string, { joined: Pid<unknown>[]; left: Pid<unknown>[] }> {
  const sums = new Map<string, Map<Pid<unknown>, number>>();
  for (const { bucket, joined, left } of deltas) {
    let sum = sums.get(bucket);
    if (sum === undefined) sums.set(bucket, (sum = new Map()));
    for (const pid of joined) sum.set(pid, (sum.get(pid) ?? 0) + 1);
    for (const pid of left) sum.set(pid, (sum.get(pid) ?? 0) - 1);
  }
  const changes = new Map<string, { joined: Pid<unknown>[]; left: Pid<unknown>[] }>();
  for (const [bucket, sum] of sums) {
    const joined: Pid<unknown>[] = [];
    const left: Pid<unknown>[] = [];
    for (const [pid, count] of sum)
      for (let times = Math.abs(count); times > 0; times--) (count > 0 ? joined : left).push(pid);
    if (joined.length + left.length > 0) changes.set(bucket, { joined, left });
  }
  return changes;
}
