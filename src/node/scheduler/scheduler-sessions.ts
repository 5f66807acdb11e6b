/**
 * The sessions of a node as one scheduler sees them, and their lanes that end here. The control thread numbers sessions;
 * whatever carries a newer number first, its word or a batch from another scheduler, makes the old session end and the
 * new one begin here, in this order: `noconnection` and NodeDown of the old one, NodeUp of the new one.
 */
import type { LaneSink } from "../../session/lane/incoming.ts";
import type { NodeEnd } from "../../scheduler/scheduler.ts";
import type { NodeRef } from "../../term/node-ref.ts";
import { LaneDriver, type LaneWorld } from "./lanes/lane-driver.ts";
import type { LaneReports } from "./lanes/lane-reports.ts";
import type { LaneSocket } from "./lanes/lane-socket.ts";
import type { Origin } from "./ports/port-link.ts";
import type { Route } from "./routes.ts";
import type { SessionPlan } from "../thread-message.ts";

export interface SessionsEvents {
  nodeUp(nodeRef: NodeRef, hidden: boolean): void;
  /** Every link and monitor to that incarnation breaks, then NodeDown. */
  nodeDown(nodeRef: NodeRef, reason: string, end: NodeEnd): void;
  /** Signals from the lanes of a session. */
  sink(origin: Origin): LaneSink;
  routeAdded(route: Route): void;
  routeRemoved(route: Route): void;
  /** A session ended before this scheduler had a lane of it. `nodeDown` follows, as after `routeRemoved`. */
  routeMissed(node: string, creation: number): void;
  pending(lane: LaneDriver): void;
  ready(): void;
}

/**
 * Nodes without a session whose last number is remembered: every command of the command line is a node with a name of its
 * own. A batch of a session before so many others has long arrived.
 */
const ENDED_MAX = 4_096;

/** A session that is up here. `plan` is missing until the control thread has told: a batch was faster. */
interface Live {
  readonly origin: Origin;
  readonly nodeRef: NodeRef;
  readonly hidden: boolean;
  plan: SessionPlan | undefined;
  readonly lanes: LaneDriver[];
  route: Route | undefined;
}

export class SchedulerSessions {
  readonly #world: LaneWorld;
  readonly #events: SessionsEvents;
  readonly #reports: LaneReports;
  readonly #live = new Map<string, Live>();
  /** The newest session of each node that ever was, while its number may still be met. */
  readonly #newest = new Map<string, number>();
  /** Accepted lanes whose session the control thread has not told of yet. */
  readonly #early = new Map<LaneSocket, { readonly session: string; readonly lane: number }>();

  constructor(world: LaneWorld, events: SessionsEvents, reports: LaneReports) {
    this.#world = world;
    this.#events = events;
    this.#reports = reports;
  }

  /** Names of the nodes with a session, hidden ones left out, in order of name. */
  list(): readonly string[] {
    const names: string[] = [];
    for (const [name, live] of this.#live) if (!live.hidden) names.push(name);
    return names.sort();
  }

  /** The control thread says that a session stands. */
  up(plan: SessionPlan): void {
    const live = this.#meet(plan);
    if (live === undefined || live.plan !== undefined) return;
    live.plan = plan;
    for (const lanePlan of plan.lanes) {
      live.lanes.push(
        new LaneDriver({
          session: plan,
          plan: lanePlan,
          world: this.#world,
          sink: this.#events.sink(live.origin),
          events: {
            attached: (lane) => this.#reports.attached(lane),
            lost: (lane, error) => this.#reports.lost(lane, error),
            dialFailed: (lane, error) => this.#reports.dialFailed(lane, error),
            failed: (lane, error) => this.#reports.failed(lane, error),
            pending: (lane) => this.#events.pending(lane),
            ready: () => this.#events.ready(),
          },
        }),
      );
    }
    const sends = live.lanes.find((lane) => lane.plan.sends);
    if (sends !== undefined) {
      live.route = routeOver(live.origin, sends);
      this.#events.routeAdded(live.route);
    }
    for (const [socket, wanted] of this.#early) {
      if (wanted.session !== plan.sessionId.toHex()) continue;
      this.#early.delete(socket);
      this.needSession(socket, plan.sessionId, wanted.lane);
    }
  }

  /** The control thread says that a session is over. */
  over(number: number, reason: string, end: NodeEnd): void {
    for (const live of this.#live.values()) {
      if (live.origin.number === number) return this.#end(live, reason, end);
    }
  }

  /** A batch of that session arrived over a port. False: the session is over. */
  meet(origin: Origin): boolean {
    return this.#meet(origin) !== undefined;
  }

  /** Whether there is a session of which only other schedulers have told so far: its lanes are on their way. */
  isComing(node: string): boolean {
    const live = this.#live.get(node);
    return live !== undefined && live.plan === undefined;
  }

  /** Acceptor: the peer wants this lane. */
  needSession(socket: LaneSocket, session: Uint8Array, lane: number): void {
    const found = this.lane(session, lane);
    if (found !== undefined) return socket.session(found.session.laneKey);
    const id = session.toHex();
    for (const live of this.#live.values()) {
      if (live.plan?.sessionId.toHex() === id) {
        return socket.refuse("bad_lane", `lane ${lane} does not end on this scheduler`);
      }
    }
    this.#early.set(socket, { session: id, lane });
  }

  /** The socket is gone. */
  forget(socket: LaneSocket): void {
    this.#early.delete(socket);
  }

  lane(session: Uint8Array, lane: number): LaneDriver | undefined {
    const id = session.toHex();
    for (const live of this.#live.values()) {
      if (live.plan?.sessionId.toHex() !== id) continue;
      return live.lanes.find((driver) => driver.plan.lane === lane);
    }
    return undefined;
  }

  /** The lanes of a session that end here. */
  lanesOf(number: number): readonly LaneDriver[] {
    for (const live of this.#live.values()) if (live.origin.number === number) return live.lanes;
    return [];
  }

  /** A lane by the number of its session; undefined: that session is over. */
  laneOf(number: number, lane: number): LaneDriver | undefined {
    return this.lanesOf(number).find((driver) => driver.plan.lane === lane);
  }

  /** Every lane that ends here. */
  *lanes(): Iterable<LaneDriver> {
    for (const live of this.#live.values()) yield* live.lanes;
  }

  /** Bytes that these lanes keep: not sent yet, or not acknowledged. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { core } of this.lanes()) bytes += core.room.queuedBytes + core.unackedBytes;
    return bytes;
  }

  /** Ends every session without telling anybody: the node stops. */
  close(): void {
    for (const live of this.#live.values()) for (const lane of live.lanes) lane.close();
    this.#live.clear();
  }

  #meet(origin: Origin): Live | undefined {
    const { number, node, creation, hidden } = origin;
    const live = this.#live.get(node);
    if (live?.origin.number === number) return live;
    if (number <= (this.#newest.get(node) ?? 0)) return undefined;
    if (live !== undefined) {
      const isGone = creation !== live.origin.creation;
      this.#end(live, isGone ? "node_restarted" : "connection_closed", { isGone });
    }
    this.#remember(node, number);
    const nodeRef = this.#world.identities.nodeRef(node, creation);
    const next: Live = {
      origin: { number, node, creation, hidden },
      nodeRef,
      hidden,
      plan: undefined,
      lanes: [],
      route: undefined,
    };
    this.#live.set(node, next);
    this.#events.nodeUp(nodeRef, hidden);
    return next;
  }

  #remember(node: string, number: number): void {
    this.#newest.delete(node);
    this.#newest.set(node, number);
    if (this.#newest.size <= ENDED_MAX + this.#live.size) return;
    for (const oldest of this.#newest.keys()) {
      if (oldest === node || this.#live.has(oldest)) continue;
      this.#newest.delete(oldest);
      return;
    }
  }

  #end(live: Live, reason: string, { isGone, isWhole, silentMs }: NodeEnd): void {
    this.#live.delete(live.origin.node);
    for (const lane of live.lanes) lane.close();
    if (live.route !== undefined) this.#events.routeRemoved(live.route);
    else this.#events.routeMissed(live.origin.node, live.origin.creation);
    const end = {
      hidden: live.hidden,
      isGone: isGone ?? false,
      silentMs: silentMs ?? 0,
      isWhole: isWhole ?? false,
    };
    this.#events.nodeDown(live.nodeRef, nodeDownReason(reason), end);
  }
}

/** What node monitors are told: a peer that stopped in order has closed the connection. Source: OTP, net_kernel. */
function nodeDownReason(reason: string): string {
  return reason === "shutdown" ? "connection_closed" : reason;
}

function routeOver({ node, creation }: Origin, lane: LaneDriver): Route {
  return {
    node,
    creation,
    get ready(): boolean {
      return lane.ready;
    },
    readyFor: (from) => lane.readyFor(from),
    message(from, to, message): void {
      try {
        lane.core.sendMessage(from, to, message);
      } finally {
        // Also of a message that cannot be sent something is left: what its slots mean.
        lane.added();
      }
    },
    signal(signal): void {
      lane.core.send(signal);
      lane.added();
    },
  };
}
