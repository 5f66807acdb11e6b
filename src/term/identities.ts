import { NODES_MAX } from "../base/limits.ts";
import { ambient } from "./ambient.ts";
import { NodeRef } from "./node-ref.ts";
import { Pid } from "./pid.ts";
import { Ref } from "./ref.ts";
import { WeakTable } from "./weak-table.ts";

/** Slots of the direct-mapped cache before the tables: a power of two; the pids that a thread hears from all the time. */
const CACHE_SLOTS = 1024;

export interface IdentitiesOptions {
  /** Gives a node its 16-bit number from a table that the threads of a node share; without it each thread counts. */
  readonly assignNodeId?: (name: string, creation: number) => number;
  /** Keeps every object for as long as the table: for a simulator, where nothing may depend on when memory is collected. */
  readonly keepsAll?: boolean;
}

/**
 * The pids, refs and nodes of one node as one thread sees them: the same process is the same object.
 *
 * Pids that came from elsewhere sit in tables of WeakRefs, swept when they have doubled. A local pid enters a table only
 * when it is sent away for the first time (it can then come back); until then its process keeps it, and `findLocal`
 * finds it.
 */
export class Identities {
  /** This node, id 0. */
  readonly local: NodeRef;
  /** Finds the pid object of a live local process; set by the owner of the process table. */
  findLocal: ((local: number) => Pid<unknown> | undefined) | undefined = undefined;

  readonly #nodes = new Map<string, WeakRef<NodeRef>>();
  readonly #pids = new WeakTable<Pid<unknown>>();
  readonly #refs = new WeakTable<Ref>();
  readonly #cache: (Pid<unknown> | undefined)[] = new Array(CACHE_SLOTS).fill(undefined);
  /** Their numbers, so that to miss does not touch a pid that nobody has used for long. */
  readonly #cacheLocals = new Float64Array(CACHE_SLOTS);
  readonly #assignNodeId: ((name: string, creation: number) => number) | undefined;
  /** The node that was asked for last: mostly the same again. */
  #nodeLast: NodeRef | undefined = undefined;
  #nodesSweepAt = 64;
  #nodeIdNext = 1;
  /** Ids of collected nodes, oldest first: used again only when there are no fresh ones. */
  readonly #nodeIdsFree: number[] = [];
  readonly #nodeIds = new Map<string, number>();
  readonly #kept: object[] | undefined;

  constructor(name: string, creation: number, options: IdentitiesOptions = {}) {
    this.#assignNodeId = options.assignNodeId;
    this.#kept = options.keepsAll === true ? [] : undefined;
    this.local = new NodeRef(this, name, creation, 0);
  }

  /** The object of that incarnation of that node; of this one if name and creation are its own. */
  nodeRef(name: string, creation: number): NodeRef {
    if (creation === this.local.creation && name === this.local.name) return this.local;
    const last = this.#nodeLast;
    if (last !== undefined && creation === last.creation && name === last.name) return last;
    return (this.#nodeLast = this.#otherNode(name, creation));
  }

  #otherNode(name: string, creation: number): NodeRef {
    const key = `${name}#${creation}`;
    const known = this.#nodes.get(key)?.deref();
    if (known !== undefined) return known;
    if (this.#nodes.size >= this.#nodesSweepAt) this.#sweepNodes();
    const id =
      this.#nodeIds.get(key) ?? this.#assignNodeId?.(name, creation) ?? this.#freshNodeId();
    const nodeRef = new NodeRef(this, name, creation, id);
    this.#nodes.set(key, new WeakRef(nodeRef));
    this.#kept?.push(nodeRef);
    this.#nodeIds.set(key, id);
    return nodeRef;
  }

  /** The pid of that process: the same object as long as somebody holds it. */
  pid(nodeRef: NodeRef, local: number): Pid<unknown> {
    const slot = (local & (CACHE_SLOTS - 1)) ^ (nodeRef.id & (CACHE_SLOTS - 1));
    if (this.#cacheLocals[slot] === local) {
      const cached = this.#cache[slot];
      if (cached !== undefined && cached.nodeRef === nodeRef) return cached;
    }
    const pid = nodeRef === this.local ? this.localPid(local) : this.#remotePid(nodeRef, local);
    this.#cache[slot] = pid;
    this.#cacheLocals[slot] = local;
    return pid;
  }

  /** The pid of a process of this node: the live one's, or one that was sent away, or else a new object. */
  localPid(local: number): Pid<unknown> {
    const known = this.findLocal?.(local) ?? this.#pids.find(this.local, local);
    if (known !== undefined) return known;
    const pid = new Pid<unknown>(this.local, local);
    this.adopt(pid);
    return pid;
  }

  /** A new object for a serial that was never used; its process keeps it. Cheaper than `localPid`. */
  createLocalPid(local: number): Pid<unknown> {
    return new Pid<unknown>(this.local, local);
  }

  /** Enters a local pid that leaves the thread, so that it is the same object when it comes back. */
  adopt(pid: Pid): void {
    if (pid.interned) return;
    pid.interned = true;
    this.#kept?.push(pid);
    this.#pids.add(pid as Pid<unknown>, pid.nodeRef, pid.local);
  }

  /** The ref with that number: the same object as long as somebody holds it. */
  ref(nodeRef: NodeRef, id: number): Ref {
    const known = this.#refs.find(nodeRef, id);
    if (known !== undefined) return known;
    const ref = new Ref(nodeRef, id);
    this.adoptRef(ref);
    return ref;
  }

  /** A new ref of this node; `id` was never used. */
  createRef(id: number): Ref {
    return new Ref(this.local, id);
  }

  /** Enters a ref that leaves the thread. */
  adoptRef(ref: Ref): void {
    if (ref.interned) return;
    ref.interned = true;
    this.#kept?.push(ref);
    this.#refs.add(ref, ref.nodeRef, ref.id);
  }

  /** Entries in the tables, live or not: for tests and metrics. */
  get size(): number {
    return this.#pids.size + this.#refs.size;
  }

  #remotePid(nodeRef: NodeRef, local: number): Pid<unknown> {
    const known = this.#pids.find(nodeRef, local);
    if (known !== undefined) return known;
    const pid = new Pid<unknown>(nodeRef, local);
    this.adopt(pid);
    return pid;
  }

  #freshNodeId(): number {
    if (this.#nodeIdNext <= NODES_MAX) return this.#nodeIdNext++;
    // With no id left the newest node is shown with the highest one: ids are for display, nothing depends on them. To look
    // for collected nodes here would make many unknown names in one message cost their square.
    return this.#nodeIdsFree.shift() ?? NODES_MAX;
  }

  #sweepNodes(): void {
    for (const [key, weak] of this.#nodes) {
      if (weak.deref() !== undefined) continue;
      this.#nodes.delete(key);
      const id = this.#nodeIds.get(key);
      this.#nodeIds.delete(key);
      if (id !== undefined && this.#assignNodeId === undefined) this.#nodeIdsFree.push(id);
    }
    this.#nodesSweepAt = Math.max(64, this.#nodes.size * 2);
  }
}

ambient.identities = new Identities("nonode@nohost", 0);
