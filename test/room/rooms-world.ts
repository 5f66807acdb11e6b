/**
 * Many hubs in one place: schedulers of several nodes, joined by lanes and ports that keep order and nothing else, with
 * sessions that break and come back. One seed decides what is delivered when.
 */
import { ByteWriter } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import type { ToClient } from "../../src/room/client-frame.ts";
import { readMessage } from "../../src/room/client-frame.ts";
import type { Seat } from "../../src/room/following/local-room.ts";
import type { OutgoingMessage } from "../../src/room/outgoing-message.ts";
import { originOf } from "../../src/room/outgoing-message.ts";
import { RoomHub } from "../../src/room/room-hub.ts";
import type { RoomLogLimits } from "../../src/room/room-log.ts";
import type { RoomSource } from "../../src/room/room-world.ts";
import { decodeRoomFrame } from "../../src/wire/room-message.ts";

interface Packet {
  readonly to: number;
  readonly body: Uint8Array;
  /** The session that it belongs to, with its peer; undefined: of the node itself. */
  readonly session: { readonly peer: string; readonly number: number } | undefined;
  /** The scheduler of the own node that sent or handed it on; undefined: it comes over a lane. */
  readonly hop: number | undefined;
}

type Item =
  | Packet
  | {
      readonly news: {
        readonly peer: string;
        readonly number: number;
        readonly up: boolean;
        readonly stopped: boolean;
      };
    };

export class TestHub {
  readonly node: TestNode;
  readonly index: number;
  readonly hub: RoomHub;
  readonly origin: string;
  /** What is on its way here, by where it comes from: each in order. */
  readonly inbox = new Map<string, Item[]>();
  /** Sessions as this scheduler knows them. */
  readonly sessions = new Map<string, { number: number; up: boolean }>();
  readonly topics = new Map<string, Set<TestClient>>();
  /** Lanes that take nothing more, by peer. */
  readonly full = new Set<string>();
  /** So many messages more go into the lane, by peer; then it is full. */
  readonly fullAfter = new Map<string, number>();

  constructor(world: RoomsWorld, node: TestNode, index: number) {
    this.node = node;
    this.index = index;
    const origin = world.nextOrigin++;
    this.origin = origin.toString(36);
    this.hub = new RoomHub({
      index,
      schedulers: node.schedulers,
      creation: node.creation,
      origin,
      writer: new ByteWriter(),
      log: world.log,
      world: {
        now: () => world.now,
        nodes: () => [...this.sessions].filter(([, { up }]) => up).map(([peer]) => peer),
        toNode: (peer, to, body, control) => {
          if (!control && !this.#takesOne(peer)) return false;
          world.toNode(this, peer, to, body);
          return true;
        },
        toScheduler: (scheduler, body) => {
          this.#port(scheduler, {
            to: 0,
            body: new Uint8Array(body),
            session: undefined,
            hop: index,
          });
          return true;
        },
        relay: (scheduler, body, source) => {
          const { session } = source as RoomSource & Pick<Packet, "session">;
          this.#port(scheduler, { to: scheduler, body: new Uint8Array(body), session, hop: index });
        },
        toTopic: (room, isFramed, data) => {
          if (isFramed)
            for (const client of [...(this.topics.get(room) ?? [])]) client.receive(data);
        },
      },
    });
  }

  push(from: string, item: Item): void {
    const queue = this.inbox.get(from);
    if (queue === undefined) this.inbox.set(from, [item]);
    else queue.push(item);
  }

  handle(item: Item): void {
    if ("news" in item) {
      const { peer, number, up, stopped } = item.news;
      const known = this.sessions.get(peer);
      if (up) return void this.#meet(peer, number);
      if (known?.number !== number || !known.up) return;
      known.up = false;
      this.hub.nodeDown(peer, stopped);
      return;
    }
    const { session, hop, to, body } = item;
    if (session !== undefined && !this.#meet(session.peer, session.number)) return;
    const creation =
      session === undefined ? this.node.creation : this.node.world.creationOf(session);
    const source = { node: session?.peer, creation, hop, session };
    this.hub.receive(source, to, body, decodeRoomFrame(body));
  }

  #meet(peer: string, number: number): boolean {
    const known = this.sessions.get(peer);
    if (known?.number === number) return known.up;
    if (known !== undefined && known.number > number) return false;
    if (known?.up === true) this.hub.nodeDown(peer, false);
    this.sessions.set(peer, { number, up: true });
    this.hub.nodeUp(peer, this.node.world.creationOf({ peer, number }));
    return true;
  }

  /** Its lanes are read again. */
  drain(): void {
    this.fullAfter.clear();
    this.hub.lanesReady();
  }

  #takesOne(peer: string): boolean {
    const left = this.fullAfter.get(peer);
    if (left !== undefined && left > 0) this.fullAfter.set(peer, left - 1);
    return !this.full.has(peer) && left !== 0;
  }

  #port(scheduler: number, packet: Packet): void {
    this.node.world.longest = Math.max(this.node.world.longest, packet.body.length);
    this.node.hubs[scheduler - 1]?.push(`port ${this.index}`, packet);
  }
}

export class TestNode {
  readonly world: RoomsWorld;
  readonly name: string;
  readonly creation: number;
  readonly schedulers: number;
  readonly hubs: TestHub[] = [];

  constructor(world: RoomsWorld, name: string, schedulers: number, creation: number) {
    this.world = world;
    this.name = name;
    this.schedulers = schedulers;
    this.creation = creation;
    for (let index = 1; index <= schedulers; index++) {
      this.hubs.push(new TestHub(world, this, index));
    }
  }
}

interface Session {
  readonly number: number;
  readonly creations: ReadonlyMap<string, number>;
  up: boolean;
}

export class RoomsWorld {
  readonly random: Prng;
  readonly nodes = new Map<string, TestNode>();
  readonly log: Partial<RoomLogLimits>;
  readonly #schedulers: number;
  readonly #sessions = new Map<string, Session>();
  readonly #all = new Map<number, Session>();
  #numbers = 1;
  #creations = 1;
  nextOrigin = 1;
  /** Bytes of the longest room message so far. */
  longest = 0;
  now = 0;

  constructor(options: {
    seed: number;
    nodes: readonly string[];
    schedulers: number;
    log?: Partial<RoomLogLimits>;
  }) {
    this.random = new Prng(options.seed);
    this.#schedulers = options.schedulers;
    this.log = options.log ?? {};
    for (const name of options.nodes) this.start(name);
  }

  hub(node: string, index = 1): TestHub {
    return this.nodes.get(node)!.hubs[index - 1]!;
  }

  creationOf({ peer, number }: { readonly peer: string; readonly number: number }): number {
    return this.#all.get(number)!.creations.get(peer)!;
  }

  /** Starts a node and connects it to all that are there. */
  start(name: string): void {
    const node = new TestNode(this, name, this.#schedulers, this.#creations++);
    this.nodes.set(name, node);
    for (const other of this.nodes.keys()) if (other !== name) this.connect(name, other);
  }

  connect(a: string, b: string): void {
    const number = this.#numbers++;
    const creations = new Map([a, b].map((name) => [name, this.nodes.get(name)!.creation]));
    const session = { number, creations, up: true };
    this.#sessions.set(pair(a, b), session);
    this.#all.set(number, session);
    this.#tell(a, b, number, true, false);
    this.#tell(b, a, number, true, false);
  }

  /** The session breaks: what is on its lanes is lost. */
  cut(a: string, b: string): void {
    const session = this.#sessions.get(pair(a, b));
    if (session?.up !== true) return;
    session.up = false;
    for (const [at, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const hub of this.nodes.get(at)?.hubs ?? []) {
        for (const from of [...hub.inbox.keys()])
          if (from.startsWith(`lane ${peer} `)) hub.inbox.delete(from);
      }
      this.#tell(at, peer, session.number, false, false);
    }
  }

  isConnected(a: string, b: string): boolean {
    return this.#sessions.get(pair(a, b))?.up === true;
  }

  /** The node is no more; `stopped`: in order, after all that it sent has arrived. */
  kill(name: string, stopped = false): void {
    if (stopped) this.settle();
    const sessions = [...this.nodes.keys()].filter((other) => other !== name);
    this.nodes.delete(name);
    for (const other of sessions) {
      const session = this.#sessions.get(pair(name, other));
      if (session?.up !== true) continue;
      session.up = false;
      for (const hub of this.nodes.get(other)!.hubs) {
        if (stopped) continue;
        for (const from of [...hub.inbox.keys()])
          if (from.startsWith(`lane ${name} `)) hub.inbox.delete(from);
      }
      this.#tell(other, name, session.number, false, stopped);
    }
  }

  toNode(from: TestHub, peer: string, to: number, body: Uint8Array): void {
    this.longest = Math.max(this.longest, body.length);
    const session = this.#sessions.get(pair(from.node.name, peer));
    const known = from.sessions.get(peer);
    const target = this.nodes.get(peer);
    if (session?.up !== true || known?.number !== session.number || target === undefined) return;
    const end = target.hubs[(from.index - 1) % target.schedulers]!;
    end.push(`lane ${from.node.name} ${from.index}`, {
      to,
      body: new Uint8Array(body),
      session: { peer: from.node.name, number: session.number },
      hop: undefined,
    });
  }

  /** Delivers one thing that is on its way, from any of the ways. False: nothing is. */
  step(): boolean {
    const ways: [TestHub, string][] = [];
    for (const node of this.nodes.values()) {
      for (const hub of node.hubs) for (const from of hub.inbox.keys()) ways.push([hub, from]);
    }
    if (ways.length === 0) return false;
    const [hub, from] = ways[this.random.below(ways.length)]!;
    const queue = hub.inbox.get(from)!;
    const item = queue.shift()!;
    if (queue.length === 0) hub.inbox.delete(from);
    hub.handle(item);
    return true;
  }

  /** Delivers everything. */
  settle(): void {
    while (this.step());
  }

  pass(ms: number): void {
    const until = this.now + ms;
    while (this.now < until) {
      this.now += 100;
      for (const node of this.nodes.values()) for (const { hub } of node.hubs) hub.beat(this.now);
      this.settle();
    }
  }

  #tell(at: string, peer: string, number: number, up: boolean, stopped: boolean): void {
    for (const hub of this.nodes.get(at)?.hubs ?? [])
      hub.push("control", { news: { peer, number, up, stopped } });
  }
}

const pair = (a: string, b: string): string => [a, b].toSorted().join(" ");

export interface Got {
  readonly origin: string;
  readonly number: number;
  readonly payload: string;
}

/** A client of rooms as its node sees it: it has a cursor, and goes on from there on another hub. */
export class TestClient implements Seat {
  readonly name: string;
  readonly isFramed = true;
  id: string;
  hub: TestHub | undefined;
  isJoined = false;
  /** When it had joined for the first time, on the world's clock; undefined: not yet. */
  since: number | undefined;
  readonly got: Got[] = [];
  readonly gaps: Extract<ToClient, { type: "gap" }>[] = [];
  doubles = 0;
  readonly cursor = new Map<string, number>();
  /** Origins that it has had to do with since it had joined for the first time. */
  readonly met = new Set<string>();
  readonly #world: RoomsWorld;
  readonly #was: string[] = [];

  constructor(world: RoomsWorld, name: string) {
    this.#world = world;
    this.name = name;
    this.id = `${name} 0`;
  }

  join(hub: TestHub, room: string): void {
    this.hub = hub;
    this.#was.push(this.id);
    this.id = `${this.name} ${this.#was.length}`;
    const cursor = new Map([...this.cursor].map(([origin, number]) => [originOf(origin), number]));
    hub.hub.join({
      seat: this,
      room,
      resumed:
        this.since === undefined ? undefined : { cursor, ageMs: this.#world.now - this.since },
      was: this.#was,
      joined: (local) => {
        this.isJoined = true;
        this.since ??= this.#world.now;
        this.#raise(local.clientCursor());
      },
    });
  }

  /** The connection is lost. */
  drop(room: string): void {
    this.hub?.hub.leave(this, room);
    for (const seats of this.hub?.topics.values() ?? []) seats.delete(this);
    this.hub = undefined;
    this.isJoined = false;
  }

  enter(room: string): void {
    const { topics } = this.hub!;
    if (!topics.has(room)) topics.set(room, new Set());
    topics.get(room)!.add(this);
  }

  exit(room: string): void {
    this.hub?.topics.get(room)?.delete(this);
  }

  deliver(message: OutgoingMessage): void {
    this.receive(message.framed);
  }

  receive(data: string | Uint8Array): void {
    const message = readMessage(data);
    if (message === undefined) return this.tell(JSON.parse(data as string) as ToClient);
    const { origin, number, payload } = message;
    if (number <= (this.cursor.get(origin) ?? 0)) {
      // A client that has not joined yet has nothing to go on from, and may get the same again.
      if (this.since !== undefined) this.doubles++;
      return;
    }
    this.cursor.set(origin, number);
    if (this.since !== undefined) this.met.add(origin);
    this.got.push({ origin, number, payload: payload as string });
  }

  tell(frame: ToClient): void {
    if (frame.type === "cursor") this.#raise(frame.cursor);
    if (frame.type !== "gap") return;
    this.gaps.push(frame);
    if (frame.upTo !== null) this.#raise({ [frame.origin]: frame.upTo });
  }

  #raise(cursor: Readonly<Record<string, number>>): void {
    for (const [origin, number] of Object.entries(cursor)) {
      if (this.since !== undefined) this.met.add(origin);
      this.cursor.set(origin, Math.max(number, this.cursor.get(origin) ?? 0));
    }
  }
}

let published = 0;

/** Publishes one text in a room; the text is unique, and has `filling` behind it. */
export function publish(
  hub: TestHub,
  room: string,
  except: readonly string[] = [],
  filling = "",
): string {
  const text = `message ${++published}${filling}`;
  const payload = new TextEncoder().encode(text);
  hub.hub.publish(room, { form: "text", payload, except }, text);
  return text;
}
