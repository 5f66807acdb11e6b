import { MisuseError } from "../base/error.ts";
import { shown } from "../base/shown.ts";
import { GROUP_JOINS_MAX } from "../base/limits.ts";
import { bucketOf, type GroupDelta, groupOf, GroupView } from "../cluster/group-view.ts";
import type { Process } from "../process/process.ts";
import type { NodeRef } from "../term/node-ref.ts";
import { Pid } from "../term/pid.ts";
import { GroupMonitors } from "./group-monitors.ts";
import {
  GroupColumnsBuilder,
  type GroupsToControl,
  type GroupsToScheduler,
} from "./groups-message.ts";
import type { Multicast, Relay, SchedulerService, SchedulerServiceWorld } from "./service.ts";

/**
 * The groups service on one scheduler: a view of all members everywhere, the memberships of the processes that live here,
 * and the sending to groups. What changes here is seen here at once, and told to the control thread when the slice ends.
 */
export class GroupsScheduler implements SchedulerService {
  readonly view: GroupView;
  readonly monitors: GroupMonitors;
  readonly #world: SchedulerServiceWorld;
  /** In which groups the processes of this scheduler are, by local id. */
  readonly #joined = new Map<number, Map<string, number>>();
  #changes = new GroupColumnsBuilder();

  constructor(world: SchedulerServiceWorld) {
    this.#world = world;
    this.view = new GroupView(world.identities);
    this.monitors = new GroupMonitors(world, this.view);
  }

  get size(): number {
    return this.#joined.size + this.#changes.length + this.monitors.size;
  }

  /** @throws {MisuseError} not_an_owner, bad_argument: then nobody has joined or left */
  change(bucket: string, pids: readonly Pid[], by: 1 | -1): void {
    for (const pid of pids) {
      if (!(pid instanceof Pid)) throw new MisuseError("bad_argument", "a group wants pids");
      if (pid.isLocal()) continue;
      const text = `${pid.toString()} is no process of this node: it joins and leaves groups there`;
      throw new MisuseError("not_an_owner", text);
    }
    for (const { local, scheduler } of pids) {
      if (scheduler === this.#world.index) this.#change(bucket, local, by);
      else this.#tell({ kind: "wanted", scheduler, bucket, local, by });
    }
  }

  /** To every member everywhere; `by` pauses if the way to some node is full. @throws as `Groups.publish` */
  publish(by: Process, bucket: string, message: unknown): void {
    const { view } = this;
    let failure: unknown;
    for (const node of view.nodesOf(bucket)) {
      try {
        this.#world.multicast(by.pid, node, bucket, message);
        this.#world.host().laneWaits.sent(by, node, undefined);
      } catch (error) {
        failure ??= error;
      }
    }
    for (const scheduler of view.schedulersOf(bucket)) {
      if (scheduler === this.#world.index) continue;
      try {
        this.#world.multicastTo(scheduler, by.pid, bucket, message);
      } catch (error) {
        failure ??= error;
      }
    }
    this.#deliver(by.pid, bucket, message);
    if (failure !== undefined) throw failure;
  }

  random(): number {
    return this.#world.random();
  }

  receive(raw: unknown): void {
    const message = raw as GroupsToScheduler;
    switch (message.kind) {
      case "changed": {
        const { buckets, locals, counts } = message.columns;
        const { identities } = this.#world;
        const node =
          message.node === ""
            ? identities.local
            : identities.nodeRef(message.node, message.creation);
        for (const [index, bucket] of buckets.entries())
          this.#put(node, bucket, locals[index]!, counts[index]!);
        return this.monitors.flush();
      }
      case "cleared":
        return this.#clear(message.node);
      case "scheduler_cleared":
        return this.#clearScheduler(message.scheduler);
      case "wanted":
        return this.#wanted(message.bucket, message.local, message.by);
    }
  }

  nodeDown(node: NodeRef): void {
    this.#clear(node.name);
  }

  multicast({ from, topic, message }: Multicast, relay: Relay | undefined): void {
    if (relay !== undefined) {
      for (const scheduler of this.view.schedulersOf(topic))
        if (scheduler !== this.#world.index) relay(scheduler);
    }
    this.#deliver(from, topic, message);
  }

  processEnded(process: Process): void {
    this.monitors.forget(process);
    const { local } = process.pid;
    const joined = this.#joined.get(local);
    if (joined === undefined) return;
    for (const bucket of [...joined.keys()]) this.#set(local, bucket, 0);
    this.monitors.flush();
  }

  /** Tells the control thread what has changed since the last slice. */
  flush(): void {
    if (this.#changes.length === 0) return;
    // A builder is an object with a class: what is cloned is its columns.
    const { buckets, locals, counts } = this.#changes;
    this.#changes = new GroupColumnsBuilder();
    this.#tell({ kind: "changed", columns: { buckets, locals, counts } });
  }

  #change(bucket: string, local: number, by: number): void {
    const count = (this.#joined.get(local)?.get(bucket) ?? 0) + by;
    if (count < 0) return;
    if (count > GROUP_JOINS_MAX) {
      const text = `a process can be in a group ${GROUP_JOINS_MAX} times, it has joined once more`;
      throw new MisuseError("bad_argument", text);
    }
    const process = this.#processOf(local);
    // Who has ended is in nothing: joining does not bring it back.
    if (process === undefined) return;
    process.ownBonds().tracked = true;
    this.#set(local, bucket, count);
    this.monitors.flush();
  }

  /** On behalf of a process of another scheduler, which does not wait for an answer. */
  #wanted(bucket: string, local: number, by: number): void {
    try {
      this.#change(bucket, local, by);
    } catch (error) {
      if (!(error instanceof MisuseError)) throw error;
      const { group, scope } = groupOf(bucket);
      this.#world.log.write("warn", `not joined: ${error.message}`, { group, scope });
    }
  }

  #set(local: number, bucket: string, count: number): void {
    let joined = this.#joined.get(local);
    if (joined === undefined) this.#joined.set(local, (joined = new Map()));
    if (count === 0) joined.delete(bucket);
    else joined.set(bucket, count);
    if (joined.size === 0) this.#joined.delete(local);
    this.#put(this.#world.identities.local, bucket, local, count);
    this.#changes.add(bucket, local, count);
    this.#world.flushLater(this);
  }

  #clear(node: string): void {
    this.view.clear(node, (delta) => this.#show(delta));
    this.monitors.flush();
  }

  #clearScheduler(scheduler: number): void {
    if (scheduler === this.#world.index) return;
    const { local } = this.#world.identities;
    for (const { bucket } of [...this.view.all()])
      for (const member of [...this.view.localsOn(bucket, scheduler)])
        this.#put(local, bucket, member, 0);
    this.monitors.flush();
  }

  #put(node: NodeRef, bucket: string, local: number, count: number): void {
    if (this.monitors.areWatching) this.#show(this.view.set(node, bucket, local, count));
    else this.view.put(node, bucket, local, count);
  }

  #show(delta: GroupDelta | undefined): void {
    if (delta !== undefined) this.monitors.changed(delta);
  }

  /** To the members on this scheduler; in strict mode each gets its own copy. */
  #deliver(from: Pid | undefined, bucket: string, message: unknown): void {
    const { index } = this.#world;
    for (const local of [...this.view.localsOn(bucket, index)]) {
      const process = this.#processOf(local);
      if (process === undefined) continue;
      process.deliver(
        from !== undefined && process.host.copy ? process.host.copy(message) : message,
      );
    }
  }

  #processOf(local: number): Process | undefined {
    const host = this.#world.host();
    return host.livingHere(this.#world.identities.localPid(local));
  }

  #tell(message: GroupsToControl): void {
    this.#world.tell(message);
  }
}

/** The bucket of a group as an author holds it. @throws {MisuseError} bad_argument */
export function bucketOfGroup(group: { readonly name: string; readonly scope: string }): string {
  const { name, scope } = group ?? {};
  if (typeof name === "string" && typeof scope === "string") return bucketOf(scope, name);
  const text = `a group is made by group(name, scope), got ${shown(group)}`;
  throw new MisuseError("bad_argument", text);
}
