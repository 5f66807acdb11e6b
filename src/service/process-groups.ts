import { MisuseError } from "../base/error.ts";
import { pickFor } from "../cluster/rendezvous.ts";
import { groupOf } from "../cluster/group-view.ts";
import type { Group, GroupMonitor, ProcessGroups } from "../process/api.ts";
import { DEFAULT_SCOPE } from "../process/group.ts";
import { assertMessage } from "../process/mailbox.ts";
import type { Process } from "../process/process.ts";
import type { GroupChange } from "../process/system-message.ts";
import type { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import { bucketOfGroup, type GroupsScheduler } from "./groups-scheduler.ts";

/** `ctx.groups`: the groups service as one process, or a node's own program, has it. */
export class GroupsOf implements ProcessGroups<GroupChange> {
  readonly #service: GroupsScheduler;
  readonly #process: Process;

  constructor(service: GroupsScheduler, process: Process) {
    this.#service = service;
    this.#process = process;
  }

  join(group: Group<never>, pids: Pid | readonly Pid[]): void {
    this.#change(group, pids, 1);
  }

  leave(group: Group<never>, pids: Pid | readonly Pid[]): void {
    this.#change(group, pids, -1);
  }

  members<M>(group: Group<M>): readonly Pid<M>[] {
    return this.#service.view.members(bucketOfGroup(group)) as readonly Pid<M>[];
  }

  localMembers<M>(group: Group<M>): readonly Pid<M>[] {
    return this.#service.view.localMembers(bucketOfGroup(group)) as readonly Pid<M>[];
  }

  which(scope: string = DEFAULT_SCOPE): readonly string[] {
    return [...this.#service.view.bucketsOf(scope)].map((bucket) => groupOf(bucket).group);
  }

  publish<M>(group: Group<M>, message: NoInfer<M>): void {
    const process = this.#running();
    assertMessage(message);
    this.#service.publish(process, bucketOfGroup(group), message);
  }

  pick<M>(group: Group<M>, options: { readonly key?: string } = {}): Pid<M> | undefined {
    const { key } = options;
    if (key !== undefined) return pickFor(key, this.members(group));
    const local = this.localMembers(group);
    const from = local.length > 0 ? local : this.members(group);
    return from[Math.floor(this.#service.random() * from.length)];
  }

  monitor(what: Group<never> | { readonly scope: string }): GroupMonitor {
    const { scope, name } = what as { scope?: unknown; name?: string };
    if (typeof scope !== "string")
      throw new MisuseError("bad_argument", "monitor wants a group or a scope");
    return this.#service.monitors.add(this.#running(), scope, name);
  }

  demonitor(ref: Ref): boolean {
    return this.#service.monitors.remove(this.#process, ref);
  }

  #change(group: Group<never>, pids: Pid | readonly Pid[], by: 1 | -1): void {
    this.#running();
    const list = Array.isArray(pids) ? (pids as readonly Pid[]) : [pids as Pid];
    this.#service.change(bucketOfGroup(group), list, by);
  }

  #running(): Process {
    this.#process.assertRunning();
    this.#process.host.enter(this.#process);
    return this.#process;
  }
}
