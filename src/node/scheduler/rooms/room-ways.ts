/** The ways that room messages take from one scheduler: lanes to other nodes, ports to the other schedulers of this one. */
import { LaneFullError } from "../../../base/error.ts";
import type { RoomSource } from "../../../room/room-world.ts";
import type { NodeRef } from "../../../term/node-ref.ts";
import { HERE, type Origin, type PortLink } from "../ports/port-link.ts";
import type { Route } from "../routes.ts";

/** A source with the session that it came in, for handing it on. */
export interface SessionSource extends RoomSource {
  readonly session: Origin;
}

interface Parcel {
  /** A scheduler over there; 0: any. */
  readonly to: number;
  readonly body: Uint8Array;
  readonly control: boolean;
}

export class RoomWays {
  readonly #link: (scheduler: number) => PortLink | undefined;
  readonly #reachable: (node: string, creation: number) => void;
  /** Nodes with a session, by name; hidden ones are not told of. */
  readonly #up = new Map<string, NodeRef>();
  readonly #routes = new Map<string, Route>();
  /** What is to be said to a node whose session another scheduler was told of first, until the lane is here or the session over. */
  readonly #held = new Map<string, Parcel[]>();

  /** `reachable`: both the session and the lane are known. */
  constructor(options: {
    readonly link: (scheduler: number) => PortLink | undefined;
    readonly reachable: (node: string, creation: number) => void;
  }) {
    this.#link = options.link;
    this.#reachable = options.reachable;
  }

  /** Nodes for which something is held, for leak checks. */
  get holding(): number {
    return this.#held.size;
  }

  nodes(): Iterable<string> {
    return this.#up.keys();
  }

  nodeUp(node: NodeRef): void {
    this.#up.set(node.name, node);
    this.#look(node.name);
  }

  nodeDown(node: string): void {
    this.#up.delete(node);
    this.#held.delete(node);
  }

  routeAdded(route: Route): void {
    this.#routes.set(route.node, route);
    this.#look(route.node);
  }

  routeRemoved(route: Route): void {
    if (this.#routes.get(route.node) === route) this.#routes.delete(route.node);
  }

  /** False: the lane is full. */
  toNode(node: string, { to, body, control }: Parcel): boolean {
    const route = this.#routes.get(node);
    if (route === undefined) {
      const held = this.#held.get(node) ?? [];
      this.#held.set(node, held);
      held.push({ to, body: new Uint8Array(body), control });
      return true;
    }
    return isSent(() => route.signal({ kind: kindOf(control), from: undefined, to, body }));
  }

  /** False: the port is full. */
  toScheduler(scheduler: number, body: Uint8Array, control: boolean): boolean {
    return this.#post(scheduler, { to: 0, body, control }, HERE);
  }

  /** Hands on what came over a lane. */
  relay(scheduler: number, body: Uint8Array, { session }: SessionSource): void {
    this.#post(scheduler, { to: scheduler, body, control: true }, session);
  }

  #post(scheduler: number, { to, body, control }: Parcel, session: Origin): boolean {
    const link = this.#link(scheduler);
    const signal = { kind: kindOf(control), from: undefined, to, body } as const;
    return isSent(() => link?.signal(signal, session));
  }

  /** A hidden node asks and is never asked; what it is answered may wait all the same. */
  #look(name: string): void {
    if (!this.#routes.has(name)) return;
    const held = this.#held.get(name) ?? [];
    this.#held.delete(name);
    for (const one of held) this.toNode(name, one);
    const node = this.#up.get(name);
    if (node !== undefined) this.#reachable(name, node.creation);
  }
}

const kindOf = (control: boolean): "room" | "room_control" => (control ? "room_control" : "room");

/** False: the way is full, and nothing was sent. */
function isSent(send: () => void): boolean {
  try {
    send();
    return true;
  } catch (error) {
    if (!(error instanceof LaneFullError)) throw error;
    return false;
  }
}
