/**
 * Children of supervisors on other nodes, at the node where they run. They live under a lease: the control thread says until
 * when the supervisor's node is known to have heard of this one, and when that is over, or the session is, they are told to
 * end as if the connection were lost, and killed after their shutdown time. So whoever starts a replacement elsewhere knows
 * when there is nobody left here. A core of one scheduler.
 *
 *     wanted ──renewed──► held ──time over──► wanted …      a start that comes while wanted waits for the lease
 *                          └──── session over: the children end, starts that wait are dropped
 */
import { Deadline } from "../base/deadlines.ts";
import type { Millis } from "../base/millis.ts";
import { LIFE_EXITING } from "../process/life.ts";
import type { Process } from "../process/process.ts";
import type { ChildTerms } from "../process/signal.ts";
import type { Pid } from "../term/pid.ts";

/**
 * A deadline that is met later than this was held up by our own thread: what came meanwhile is looked at first. But not when it
 * is later than a tenth of the lease, for so much longer does the supervisor wait.
 */
const STALL_MS = 50;
const LATE_SHARE_MAX = 0.1;

/** What the children need of their scheduler. */
export interface LeasedChildrenHost {
  now(): Millis;
  setDeadline(entry: Deadline, afterMs: Millis): void;
  clearDeadline(entry: Deadline): void;
  /** Asks for a lease from a node; answered by `renewed`, again and again for as long as the session stands. */
  wantLease(node: string, leaseMs: Millis): void;
  afterIo(callback: () => void): void;
}

/** A lease from one node. */
class Lease extends Deadline {
  readonly #children: LeasedChildren;
  readonly leased = new Set<LeasedChild>();
  /** Starts that wait for it. */
  held: (() => void)[] = [];
  /** Until when it is good; in the past: it is wanted. */
  until: Millis = -Infinity;
  /** Its length. */
  leaseMs: Millis = 0;

  constructor(children: LeasedChildren) {
    super();
    this.#children = children;
  }

  override expired(now: Millis): void {
    const lateMs = now - this.at;
    const mayRead = lateMs > STALL_MS && lateMs < this.leaseMs * LATE_SHARE_MAX;
    this.#children.leaseDue(this, mayRead);
  }
}

/** A child, and when it is killed once it was told to end. */
class LeasedChild extends Deadline {
  readonly process: Process;
  readonly parent: Pid;
  readonly shutdownMs: Millis;
  /** Undefined: its supervisor is on this node. */
  readonly lease: Lease | undefined;
  isEnding = false;
  /**
   * What it ends with if it does not end by itself. `noconnection` where its supervisor may still hear of it, although that is not
   * heard of here: it has lost a node, and the child has not crashed.
   */
  lastReason: "killed" | "noconnection" = "killed";

  constructor(process: Process, parent: Pid, terms: ChildTerms, lease: Lease | undefined) {
    super();
    this.process = process;
    this.parent = parent;
    this.shutdownMs = terms.shutdownMs;
    this.lease = lease;
  }

  override expired(): void {
    this.process.terminate(this.lastReason);
  }
}

export class LeasedChildren {
  readonly #host: LeasedChildrenHost;
  readonly #leases = new Map<string, Lease>();
  readonly #children = new Map<Process, LeasedChild>();
  /** Nodes that give leases; others, such as hidden ones, are trusted to end their sessions. */
  readonly #nodes = new Set<string>();
  #heldCount = 0;

  constructor(host: LeasedChildrenHost) {
    this.#host = host;
  }

  /** Children, and starts that wait: 0 when nothing is left. */
  get size(): number {
    return this.#children.size + this.#heldCount;
  }

  nodeUp(node: string): void {
    this.#nodes.add(node);
  }

  /** The session is over. What it had started here ends; links have told already. */
  nodeDown(node: string): void {
    this.#nodes.delete(node);
    const lease = this.#leases.get(node);
    if (lease === undefined) return;
    this.#leases.delete(node);
    this.#host.clearDeadline(lease);
    this.#heldCount -= lease.held.length;
    lease.held = [];
    for (const child of [...lease.leased]) this.#end(child);
  }

  /** Starts a child of somebody on `node` as soon as there is a lease: now, later, or never if the session ends first. */
  admit(node: string, terms: ChildTerms, start: () => void): void {
    if (!this.#nodes.has(node)) return start();
    const lease = this.#leaseOf(node);
    lease.leaseMs = terms.leaseMs;
    if (lease.until > this.#host.now()) return start();
    lease.held.push(start);
    this.#heldCount += 1;
    this.#host.wantLease(node, terms.leaseMs);
  }

  /** A process was started on such terms. `isLocal`: by a supervisor of this node. */
  add(process: Process, parent: Pid, terms: ChildTerms, isLocal: boolean): void {
    const lease = isLocal ? undefined : this.#leaseOf(parent.node);
    const child = new LeasedChild(process, parent, terms, lease);
    process.ownBonds().hasTerms = true;
    this.#children.set(process, child);
    if (lease === undefined) return;
    lease.leased.add(child);
    if (lease.leased.size === 1) this.#arm(lease);
  }

  /** The process is no more. */
  ended(process: Process): void {
    const child = this.#children.get(process);
    if (child === undefined) return;
    this.#children.delete(process);
    this.#host.clearDeadline(child);
    const { lease } = child;
    if (lease === undefined) return;
    lease.leased.delete(child);
    if (lease.leased.size === 0) this.#host.clearDeadline(lease);
  }

  /** Whether a supervisor on another node has it here. */
  isElsewheres(process: Process): boolean {
    return this.#children.get(process)?.lease !== undefined;
  }

  /** Its link says that its supervisor is no more, which it has been told: nobody else will see to it that it ends. */
  parentEnded(process: Process): void {
    const child = this.#children.get(process);
    if (child !== undefined) this.#awaitEnd(child);
  }

  /** The node has heard of this one: its children may run until then, on this scheduler's clock. */
  renewed(node: string, until: Millis): void {
    const lease = this.#leases.get(node);
    if (lease === undefined || until <= lease.until || until <= this.#host.now()) return;
    lease.until = until;
    if (lease.leased.size > 0) this.#arm(lease);
    const held = lease.held.splice(0);
    this.#heldCount -= held.length;
    for (const start of held) start();
  }

  /** Called by the lease whose time is over. */
  leaseDue(lease: Lease, mayRead: boolean): void {
    if (mayRead) {
      // A renewal may lie unread behind what held this thread up.
      this.#host.afterIo(() => this.leaseDue(lease, false));
      return;
    }
    if (lease.until > this.#host.now()) return;
    for (const child of [...lease.leased]) {
      if (!child.isEnding) child.lastReason = "noconnection";
      this.#end(child);
    }
  }

  /** Only while somebody lives under it; on a node without leases it has no end but the session's. */
  #arm(lease: Lease): void {
    if (lease.until === -Infinity) return;
    this.#host.setDeadline(lease, Math.max(0, lease.until - this.#host.now()));
  }

  #leaseOf(node: string): Lease {
    let lease = this.#leases.get(node);
    if (lease === undefined) this.#leases.set(node, (lease = new Lease(this)));
    return lease;
  }

  /** Its link stays, so that its supervisor hears of the end if there still is a way. */
  #end(child: LeasedChild): void {
    if (child.isEnding) return;
    child.process.exitSignal(child.parent, "noconnection", true);
    this.#awaitEnd(child);
  }

  #awaitEnd(child: LeasedChild): void {
    if (child.isEnding) return;
    child.isEnding = true;
    if (child.process.life >= LIFE_EXITING) return;
    if (child.shutdownMs === 0) child.expired();
    else this.#host.setDeadline(child, child.shutdownMs);
  }
}
