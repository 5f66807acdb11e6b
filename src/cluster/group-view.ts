/**
 * Who is in which group, as one thread of one node sees it: the parts of all connected nodes laid side by side. A part
 * changes only by word of its node and goes with it, so nothing has to be merged. No I/O; times and sessions are others'
 * business.
 *
 * A group is named by its bucket, scope and name in one text (`bucketOf`). A process may be in a group more than once.
 */
import type { Identities } from "../term/identities.ts";
import type { NodeRef } from "../term/node-ref.ts";
import { type Pid, SERIAL_LIMIT } from "../term/pid.ts";

/** Parts scope and group in a bucket: no character that a name is written with. */
const SEPARATOR = "\0";

/** One text for scope and group. */
export const bucketOf = (scope: string, group: string): string => `${scope}${SEPARATOR}${group}`;

/** Scope and group of a bucket; a text without a separator, which only a strange peer sends, is a group of no scope. */
export function groupOf(bucket: string): { readonly scope: string; readonly group: string } {
  const at = bucket.indexOf(SEPARATOR);
  return { scope: bucket.slice(0, Math.max(0, at)), group: bucket.slice(at + 1) };
}

/** One node's members of one group: how often each has joined, by local id, in the order in which they came. */
interface Part {
  readonly node: NodeRef;
  readonly counts: Map<number, number>;
}

interface GroupState {
  readonly parts: Map<string, Part>;
  /** Members of this node by scheduler, to know where a message for the group has to go. */
  readonly schedulers: Map<number, number>;
  /** All members as pids, made when asked for. */
  members: readonly Pid<unknown>[] | undefined;
}

/** What a change did to one group. */
export interface GroupDelta {
  readonly bucket: string;
  readonly joined: readonly Pid<unknown>[];
  readonly left: readonly Pid<unknown>[];
}

const NOBODY: readonly Pid<unknown>[] = [];

export class GroupView {
  readonly #identities: Identities;
  readonly #groups = new Map<string, GroupState>();
  /** Which groups a node has members in: what goes with it. */
  readonly #ofNode = new Map<string, Set<string>>();

  constructor(identities: Identities) {
    this.#identities = identities;
  }

  /** Groups that have members. */
  get size(): number {
    return this.#groups.size;
  }

  /** Makes the process a member `count` times; 0: not at all. @returns how often it was one before */
  put(node: NodeRef, bucket: string, local: number, count: number): number {
    const before = this.#groups.get(bucket)?.parts.get(node.name)?.counts.get(local) ?? 0;
    if (before === count) return before;
    if (count === 0) this.#remove(node, bucket, local);
    else this.#add(node, bucket, local, count);
    return before;
  }

  /** As `put`; says what that did, undefined: nothing. */
  set(node: NodeRef, bucket: string, local: number, count: number): GroupDelta | undefined {
    const before = this.put(node, bucket, local, count);
    if (before === count) return undefined;
    const pid = this.#identities.pid(node, local);
    const times = new Array<Pid<unknown>>(Math.abs(count - before)).fill(pid);
    return count > before
      ? { bucket, joined: times, left: NOBODY }
      : { bucket, joined: NOBODY, left: times };
  }

  /** How often the process is in the group. */
  countOf(node: NodeRef, bucket: string, local: number): number {
    const part = this.#groups.get(bucket)?.parts.get(node.name);
    return part?.node === node ? (part.counts.get(local) ?? 0) : 0;
  }

  /** Takes out everything of a node. `told` hears of every group that lost members. */
  clear(node: string, told?: (delta: GroupDelta) => void): void {
    const buckets = this.#ofNode.get(node);
    this.#ofNode.delete(node);
    for (const bucket of buckets ?? []) {
      const state = this.#groups.get(bucket);
      const part = state?.parts.get(node);
      if (state === undefined || part === undefined) continue;
      state.parts.delete(node);
      if (part.node.isLocal) state.schedulers.clear();
      state.members = undefined;
      if (state.parts.size === 0) this.#groups.delete(bucket);
      told?.({ bucket, joined: NOBODY, left: [...this.#pidsOf(part)] });
    }
  }

  /** Every member on every connected node, as often as it has joined. The same array until something changes. */
  members(bucket: string): readonly Pid<unknown>[] {
    const state = this.#groups.get(bucket);
    if (state === undefined) return NOBODY;
    return (state.members ??= [...state.parts.values()].flatMap((part) => [...this.#pidsOf(part)]));
  }

  /** The members on this node. */
  localMembers(bucket: string): readonly Pid<unknown>[] {
    const part = this.#groups.get(bucket)?.parts.get(this.#identities.local.name);
    return part === undefined ? NOBODY : [...this.#pidsOf(part)];
  }

  /** Each member of this node on one scheduler, once, as a local id. */
  *localsOn(bucket: string, scheduler: number): Iterable<number> {
    const state = this.#groups.get(bucket);
    if (state === undefined || !state.schedulers.has(scheduler)) return;
    const part = state.parts.get(this.#identities.local.name);
    for (const local of part?.counts.keys() ?? [])
      if (schedulerOf(local) === scheduler) yield local;
  }

  /** Other nodes with members. */
  *nodesOf(bucket: string): Iterable<string> {
    for (const part of this.#groups.get(bucket)?.parts.values() ?? [])
      if (!part.node.isLocal) yield part.node.name;
  }

  /** Schedulers of this node with members. */
  schedulersOf(bucket: string): Iterable<number> {
    return this.#groups.get(bucket)?.schedulers.keys() ?? [];
  }

  /** Buckets of a scope that have members. */
  *bucketsOf(scope: string): Iterable<string> {
    const prefix = bucketOf(scope, "");
    for (const bucket of this.#groups.keys()) if (bucket.startsWith(prefix)) yield bucket;
  }

  /** Every group: its bucket, its members on this node and on all nodes. */
  *all(): Iterable<{ readonly bucket: string; readonly local: number; readonly members: number }> {
    for (const [bucket, { parts }] of this.#groups) {
      let members = 0;
      let local = 0;
      for (const { node, counts } of parts.values()) {
        members += counts.size;
        if (node.isLocal) local = counts.size;
      }
      yield { bucket, local, members };
    }
  }

  #add(node: NodeRef, bucket: string, local: number, count: number): void {
    let state = this.#groups.get(bucket);
    if (state === undefined) {
      state = { parts: new Map(), schedulers: new Map(), members: undefined };
      this.#groups.set(bucket, state);
    }
    let part = state.parts.get(node.name);
    if (part?.node !== node) {
      part = { node, counts: new Map() };
      state.parts.set(node.name, part);
      const buckets = this.#ofNode.get(node.name);
      if (buckets === undefined) this.#ofNode.set(node.name, new Set([bucket]));
      else buckets.add(bucket);
    }
    if (node.isLocal && !part.counts.has(local)) countScheduler(state, local, 1);
    part.counts.set(local, count);
    state.members = undefined;
  }

  #remove(node: NodeRef, bucket: string, local: number): void {
    const state = this.#groups.get(bucket);
    const part = state?.parts.get(node.name);
    if (state === undefined || part === undefined) return;
    part.counts.delete(local);
    state.members = undefined;
    if (node.isLocal) countScheduler(state, local, -1);
    if (part.counts.size > 0) return;
    state.parts.delete(node.name);
    if (state.parts.size === 0) this.#groups.delete(bucket);
    const buckets = this.#ofNode.get(node.name);
    buckets?.delete(bucket);
    if (buckets?.size === 0) this.#ofNode.delete(node.name);
  }

  *#pidsOf({ node, counts }: Part): Iterable<Pid<unknown>> {
    for (const [local, count] of counts) {
      const pid = this.#identities.pid(node, local);
      for (let times = 0; times < count; times++) yield pid;
    }
  }
}

const schedulerOf = (local: number): number => Math.floor(local / SERIAL_LIMIT);

function countScheduler(state: GroupState, local: number, by: 1 | -1): void {
  const scheduler = schedulerOf(local);
  const count = (state.schedulers.get(scheduler) ?? 0) + by;
  if (count === 0) state.schedulers.delete(scheduler);
  else state.schedulers.set(scheduler, count);
}
