import { DecodeError } from "../base/error.ts";
import { GROUP_JOINS_MAX } from "../base/limits.ts";
import { groupOf, GroupView } from "../cluster/group-view.ts";
import { SERIAL_LIMIT } from "../term/pid.ts";
import { isReplicaMessage, type Change } from "../wire/replica-message.ts";
import {
  type GroupColumns,
  GroupColumnsBuilder,
  type GroupsToControl,
  type GroupsToScheduler,
} from "./groups-message.ts";
import type { GroupEntry } from "./query.ts";
import type { ControlService, ControlServiceWorld, ServicePeer } from "./service.ts";
import { TableDriver } from "./table-driver.ts";

const ONCE = new Uint8Array(0);

/**
 * The groups service on the control thread: hears from the schedulers who of theirs joined and left, tells the other nodes
 * through a replicated table (bucket: scope and group, member: local id, value: how often), and hands what they tell to
 * the schedulers.
 */
export class GroupsControl implements ControlService {
  readonly #world: ControlServiceWorld;
  readonly #table: TableDriver;
  readonly #view: GroupView;

  constructor(world: ControlServiceWorld) {
    this.#world = world;
    this.#view = new GroupView(world.identities);
    this.#table = new TableDriver("groups", world, {
      changed: (node, changes) => this.#changed(node, changes),
      cleared: (node) => {
        this.#view.clear(node.name);
        this.#tellAll({ kind: "cleared", node: node.name });
      },
    });
  }

  nodeUp(peer: ServicePeer): void {
    this.#table.nodeUp(peer);
  }

  nodeDown(peer: ServicePeer): void {
    this.#table.nodeDown(peer);
  }

  fromPeer(peer: ServicePeer, body: Uint8Array): void {
    if (!isReplicaMessage(body))
      throw new DecodeError("frame_unknown", `unknown groups message kind ${String(body[0])}`, 0);
    this.#table.receive(peer, body);
  }

  fromScheduler(scheduler: number, raw: unknown): void {
    const message = raw as GroupsToControl;
    if (message.kind === "wanted") {
      const { bucket, local, by } = message;
      return this.#tell(message.scheduler, { kind: "wanted", bucket, local, by });
    }
    const { columns } = message;
    this.#own(columns);
    for (let other = 1; other <= this.#world.schedulers; other++)
      if (other !== scheduler)
        this.#tell(other, { kind: "changed", node: "", creation: 0, columns });
  }

  schedulerGone(scheduler: number): void {
    const columns = new GroupColumnsBuilder();
    for (const { bucket, member } of this.#table.own.entries())
      if (Math.floor(member / SERIAL_LIMIT) === scheduler) columns.add(bucket, member, 0);
    this.#own(columns);
    this.#tellAll({ kind: "scheduler_cleared", scheduler });
  }

  schedulerStarted(scheduler: number): void {
    const own = columnsOf(this.#table.own.entries());
    this.#tell(scheduler, { kind: "changed", node: "", creation: 0, columns: own });
    for (const [{ name: node, creation }, table] of this.#table.copies()) {
      const columns = columnsOf(table.entries());
      this.#tell(scheduler, { kind: "changed", node, creation, columns });
    }
  }

  query(verb: string): unknown {
    if (verb !== "groups") return undefined;
    const entries: GroupEntry[] = [];
    for (const { bucket, local, members } of this.#view.all())
      entries.push({ ...groupOf(bucket), local, members });
    return entries.sort((a, b) => compare(a.scope, b.scope) || compare(a.group, b.group));
  }

  stop(): void {
    this.#table.stop();
  }

  /** Memberships of this node's processes. */
  #own(columns: GroupColumns): void {
    const { buckets, locals, counts } = columns;
    const changes = buckets.map((bucket, index): Change => {
      const count = counts[index]!;
      this.#view.put(this.#world.identities.local, bucket, locals[index]!, count);
      return { bucket, member: locals[index]!, value: valueOf(count) };
    });
    this.#table.change(changes);
  }

  #changed({ name: node, creation }: ServicePeer, changes: readonly Change[]): void {
    const columns = columnsOf(changes);
    const nodeRef = this.#world.identities.nodeRef(node, creation);
    for (const [index, bucket] of columns.buckets.entries())
      this.#view.put(nodeRef, bucket, columns.locals[index]!, columns.counts[index]!);
    this.#tellAll({ kind: "changed", node, creation, columns });
  }

  #tell(scheduler: number, message: GroupsToScheduler): void {
    this.#world.tell(scheduler, message);
  }

  #tellAll(message: GroupsToScheduler): void {
    this.#world.tellAll(message);
  }
}

/** How often, as a table's value: nothing for once, else u16. */
function valueOf(count: number): Uint8Array | undefined {
  if (count === 0) return undefined;
  return count === 1 ? ONCE : new Uint8Array([count & 0xff, count >> 8]);
}

/** @throws {DecodeError} frame_bad_value */
function countOf(value: Uint8Array | undefined): number {
  if (value === undefined) return 0;
  if (value.length === 0) return 1;
  const count = value[0]! | ((value[1] ?? 0) << 8);
  if (value.length === 2 && count >= 1 && count <= GROUP_JOINS_MAX) return count;
  throw new DecodeError(
    "frame_bad_value",
    `a process is in a group ${count} times (${value.length} bytes), the limit is ${GROUP_JOINS_MAX}`,
    0,
  );
}

function columnsOf(changes: Iterable<Change>): GroupColumnsBuilder {
  const columns = new GroupColumnsBuilder();
  for (const { bucket, member, value } of changes) columns.add(bucket, member, countOf(value));
  return columns;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
