/**
 * Where a signal goes that does not stay on its scheduler: over a port to another scheduler of this node, over a lane to
 * another node, or into a queue while that node is dialled. Implements what `process/` calls `Outbound`.
 */
import { LaneFullError, MessageTooLarge } from "../../base/error.ts";
import type { Outbound } from "../../process/outbound.ts";
import type { NameOnNode, Signal } from "../../process/signal.ts";
import type { Identities } from "../../term/identities.ts";
import { Pid } from "../../term/pid.ts";
import { decode, encode } from "../../term/stf.ts";
import { obeysHardLimit } from "../../wire/signals/message.ts";
import type { WireRoom } from "../../wire/signals/wire-signal.ts";
import type { PortLink } from "./ports/port-link.ts";

/** Why a signal came back. */
export type Undelivered = "noconnection" | "stale_creation" | "noproc";

/** A session as far as routing is concerned. */
export interface Route {
  readonly node: string;
  readonly creation: number;
  /** Below its high-water mark. */
  readonly ready: boolean;
  /** The same for one sender; without it `ready` counts for all. */
  readyFor?(from: Pid): boolean;
  message(from: Pid, to: Pid, message: unknown): void;
  signal(signal: Signal | WireRoom): void;
}

export interface RoutesEvents {
  /** A node without a session is needed; `hint` is the port that its name was written with. */
  dial(node: string, hint: number | undefined): void;
  /** A signal cannot be delivered; the scheduler answers it as Erlang would. */
  undeliverable(signal: Signal, reason: Undelivered): void;
}

/** Nodes whose ports are remembered until they are dialled: a name with a port is mostly used at once. */
const HINTS_MAX = 1_024;

interface Queue {
  entries: { readonly signal: Signal; readonly bytes: number }[];
  bytes: number;
}

export class Routes implements Outbound {
  readonly #identities: Identities;
  readonly #ports: readonly (PortLink | undefined)[];
  readonly #events: RoutesEvents;
  readonly #hardBytes: number;
  readonly #messageBytesMax: number;
  readonly #routes = new Map<string, Route>();
  readonly #waiting = new Map<string, Queue>();
  /** Ports of nodes without a session, each until it is dialled. */
  readonly #hints = new Map<string, number>();
  /** The route taken last: one sender mostly talks to one node. */
  #last: Route | undefined;

  /** `ports` by scheduler number, from 1; the own place is undefined. */
  constructor(options: {
    readonly identities: Identities;
    readonly ports: readonly (PortLink | undefined)[];
    readonly hardBytes: number;
    readonly messageBytesMax: number;
    readonly events: RoutesEvents;
  }) {
    this.#identities = options.identities;
    this.#ports = options.ports;
    this.#hardBytes = options.hardBytes;
    this.#messageBytesMax = options.messageBytesMax;
    this.#events = options.events;
  }

  message(from: Pid, to: Pid, message: unknown): void {
    const { nodeRef } = to;
    if (nodeRef.isLocal) {
      const port = this.#ports[to.scheduler];
      if (port !== undefined) return port.message(from, to, message);
      return this.#events.undeliverable({ kind: "message", from, to, message }, "noproc");
    }
    let route = this.#last;
    if (route?.node !== nodeRef.name) route = this.#routes.get(nodeRef.name);
    if (route !== undefined && route.creation === nodeRef.creation) {
      this.#last = route;
      return route.message(from, to, message);
    }
    this.#toNode(nodeRef.name, nodeRef.creation, { kind: "message", from, to, message });
  }

  signal(signal: Signal): void {
    const to = targetOf(signal);
    if (to instanceof Pid) {
      if (!to.nodeRef.isLocal) return this.#toNode(to.nodeRef.name, to.nodeRef.creation, signal);
      return this.#toScheduler(to.scheduler, signal);
    }
    if (to.node !== this.#identities.local.name) return this.#toNode(to.node, undefined, signal);
    const scheduler = signal.kind === "spawn_request" ? signal.scheduler : undefined;
    if (typeof scheduler === "number") return this.#toScheduler(scheduler, signal);
    // A name of this node is resolved where it is used: nobody holds it.
    this.#events.undeliverable(signal, "noproc");
  }

  hint(node: string, port: number): void {
    if (port < 1 || port > 65_535 || this.#routes.has(node)) return;
    const [oldest] = this.#hints.keys();
    if (oldest !== undefined && this.#hints.size >= HINTS_MAX) this.#hints.delete(oldest);
    this.#hints.set(node, port);
  }

  ready(node: string, scheduler: number | undefined, from?: Pid): boolean {
    if (node !== this.#identities.local.name) {
      const route = this.#routes.get(node);
      if (from !== undefined && route?.readyFor !== undefined) return route.readyFor(from);
      return route?.ready ?? true;
    }
    return scheduler === undefined || (this.#ports[scheduler]?.ready ?? true);
  }

  /** A session is up: what waited for the node goes first, in order. */
  add(route: Route): void {
    this.#routes.set(route.node, route);
    const queue = this.#waiting.get(route.node);
    this.#waiting.delete(route.node);
    for (const { signal } of queue?.entries ?? []) this.#again(signal);
  }

  /** The session is over. Signals that wait for the node's next one stay, and want it now. */
  remove(route: Route): void {
    if (this.#routes.get(route.node) === route) this.#routes.delete(route.node);
    if (this.#last === route) this.#last = undefined;
    this.missed(route.node, route.creation);
  }

  /**
   * A session is over, if it had a route or not: what waits for the node wants its next one now. Bonds end with the session,
   * also those that were still to be made, and who asked for them is told: in the next session they would have one end only.
   */
  missed(node: string, creation: number): void {
    const queue = this.#waiting.get(node);
    if (queue === undefined) return;
    queue.entries = queue.entries.filter(({ signal, bytes }) => {
      if (!makesBond(signal, creation)) return true;
      queue.bytes -= bytes;
      return false;
    });
    if (queue.entries.length > 0) this.#events.dial(node, undefined);
    else this.#waiting.delete(node);
  }

  /** The node could not be reached: everything that waits for it comes back. */
  unreachable(node: string): void {
    const queue = this.#waiting.get(node);
    this.#waiting.delete(node);
    for (const { signal } of queue?.entries ?? [])
      this.#events.undeliverable(signal, "noconnection");
  }

  has(node: string): boolean {
    return this.#routes.has(node);
  }

  /** Signals that wait for a node, for leak checks. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#waiting.values()) count += queue.entries.length;
    return count;
  }

  #again(signal: Signal): void {
    try {
      this.signal(signal);
    } catch (error) {
      // Beside others that waited it may not fit any more; its sender is long past the point where it could be told.
      if (!(error instanceof LaneFullError || error instanceof MessageTooLarge)) throw error;
      this.#events.undeliverable(signal, "noconnection");
    }
  }

  #toScheduler(scheduler: number, signal: Signal): void {
    const port = this.#ports[scheduler];
    if (port !== undefined) return port.signal(signal);
    this.#events.undeliverable(signal, "noproc");
  }

  #toNode(node: string, creation: number | undefined, signal: Signal): void {
    const route = this.#routes.get(node);
    if (route !== undefined) {
      if (creation === undefined || creation === route.creation) return route.signal(signal);
      // A lower creation is dead for ever; a higher one restarted unnoticed, and its session is on the way.
      if (creation < route.creation) {
        return this.#events.undeliverable(signal, "stale_creation");
      }
    }
    if (node === this.#identities.local.name) {
      return this.#events.undeliverable(signal, "stale_creation");
    }
    this.#wait(node, signal);
    const hint = this.#hints.get(node);
    this.#hints.delete(node);
    this.#events.dial(node, hint);
  }

  #wait(node: string, signal: Signal): void {
    let queue = this.#waiting.get(node);
    if (queue === undefined) {
      queue = { entries: [], bytes: 0 };
      this.#waiting.set(node, queue);
    }
    if (!obeysHardLimit(signal.kind)) {
      queue.entries.push({ signal, bytes: 0 });
      return;
    }
    // What was sent is the value at the time of sending: the sender may change it while the node is dialled.
    const bytes = encode(contentOf(signal));
    if (bytes.length > this.#messageBytesMax) {
      throw new MessageTooLarge(bytes.length, this.#messageBytesMax);
    }
    if (queue.bytes + bytes.length > this.#hardBytes) {
      throw new LaneFullError(node, queue.bytes, this.#hardBytes);
    }
    queue.bytes += bytes.length;
    const kept = withContent(signal, decode(bytes, { identities: this.#identities }));
    queue.entries.push({ signal: kept, bytes: bytes.length });
  }
}

/** The pid that decides where a signal goes, or the name on a node. */
function targetOf(signal: Signal): Pid | NameOnNode {
  switch (signal.kind) {
    case "message_named":
    case "monitor_named":
      return signal;
    case "multicast":
      return { name: signal.topic, node: signal.node };
    case "spawn_request":
      return { name: signal.functionName, node: signal.node };
    default:
      return signal.to;
  }
}

/** Whether the sender has half of a bond already that this signal would make with that start of a node, or an earlier one. */
function makesBond(signal: Signal, creation: number): boolean {
  switch (signal.kind) {
    case "link":
    case "monitor":
      return signal.to.nodeRef.creation <= creation;
    case "monitor_named":
    case "spawn_request":
      return true;
    default:
      return false;
  }
}

function contentOf(signal: Signal): unknown {
  switch (signal.kind) {
    case "spawn_request":
      return signal.args;
    case "message":
    case "message_named":
    case "multicast":
      return signal.message;
    default:
      return null;
  }
}

function withContent(signal: Signal, content: unknown): Signal {
  switch (signal.kind) {
    case "spawn_request":
      return { ...signal, args: content as readonly unknown[] };
    case "message":
    case "message_named":
    case "multicast":
      return { ...signal, message: content };
    default:
      return signal;
  }
}
