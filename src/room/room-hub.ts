/**
 * Rooms of one scheduler: who is in them here, who follows them elsewhere, and what was published from here. No I/O.
 *
 *     publish ─► log ─► topic of the room here
 *                   ├─► every other scheduler of this node that follows the room (port)
 *                   └─► every node that does, once (lane) ─► there: topic ─► every other scheduler that does (port)
 *
 * Following is exact, not eventual: who asks an origin gets, on the way of its messages, where it stands and what was
 * missed, and everything after that. So a message is never between two chairs: it is in the answer, or behind it.
 */
import type { ByteWriter } from "../base/bytes.ts";
import type { Millis } from "../base/millis.ts";
import { encodeAnswer } from "../wire/room-answer.ts";
import type { RoomMessage } from "../wire/room-entry.ts";
import { encodePost, encodeRoomFrame, type RoomFrame } from "../wire/room-message.ts";
import { AnswerParts } from "./answer-parts.ts";
import { CatchUp } from "./catch-up.ts";
import { Interests } from "./interests.ts";
import { LocalRoom, Membership, type Seat } from "./local-room.ts";
import { originText, OutgoingMessage } from "./outgoing-message.ts";
import { RoomLog, type RoomLogLimits } from "./room-log.ts";

/** What rooms need of their scheduler. */
export interface RoomWorld {
  now(): Millis;
  /** Connected nodes that can be in rooms. */
  nodes(): Iterable<string>;
  /** `to`: a scheduler over there, 0 for any. False: the lane is full, nothing was sent; never for `control`. */
  toNode(node: string, to: number, body: Uint8Array, control: boolean): boolean;
  /** The same to another scheduler of this node. */
  toScheduler(scheduler: number, body: Uint8Array, control: boolean): boolean;
  /** Hands on what came over a lane: it was bounded there. */
  relay(scheduler: number, body: Uint8Array, source: RoomSource): void;
  /** Everybody in the topic of a room, on the web servers of this scheduler. */
  toTopic(room: string, isFramed: boolean, data: string | Uint8Array): void;
}

/** Where a room message came from. */
export interface RoomSource {
  /** Undefined: this one. */
  readonly node: string | undefined;
  readonly creation: number;
  /** The scheduler of this node over whose port it came; undefined: over a lane. */
  readonly hop: number | undefined;
}

export interface RoomHubOptions {
  readonly world: RoomWorld;
  /** From 1. */
  readonly index: number;
  readonly schedulers: number;
  readonly creation: number;
  /** 48 random bits: this scheduler as an origin, until its thread ends. */
  readonly origin: number;
  readonly writer: ByteWriter;
  readonly log?: Partial<RoomLogLimits>;
}

export interface Join {
  readonly seat: Seat;
  readonly room: string;
  /** Where the client goes on, and since when it is a member; undefined: it begins now. */
  readonly resumed:
    { readonly cursor: ReadonlyMap<number, number>; readonly ageMs: Millis } | undefined;
  readonly was: readonly string[];
  /** Called when the seat has everything up to the room's cursor. */
  readonly joined: (room: LocalRoom) => void;
}

/** Counted since the start. */
export interface RoomCounts {
  published: number;
  toNodes: number;
  toSchedulers: number;
}

export interface RoomSizes {
  /** With sockets here. */
  readonly rooms: number;
  /** Followed elsewhere. */
  readonly followed: number;
  /** With messages that are kept. */
  readonly kept: number;
  /** Answers whose end has not come. */
  readonly unfinished: number;
}

const encoder = new TextEncoder();
const NOBODY: readonly string[] = [];

export class RoomHub {
  readonly #world: RoomWorld;
  readonly #index: number;
  readonly #schedulers: number;
  readonly #origin: number;
  readonly #creation: number;
  readonly #writer: ByteWriter;
  readonly #log: RoomLog;
  readonly #rooms = new Map<string, LocalRoom>();
  readonly #interests = new Interests();
  readonly #catchUp: CatchUp;
  readonly #parts = new AnswerParts();
  /** Rooms whose messages could not be sent, by node or scheduler: it is told when there is room again. */
  readonly #stale = new Map<string | number, Set<string>>();
  readonly counts: RoomCounts = { published: 0, toNodes: 0, toSchedulers: 0 };

  constructor(options: RoomHubOptions) {
    const { world } = options;
    this.#world = world;
    this.#index = options.index;
    this.#schedulers = options.schedulers;
    this.#origin = options.origin;
    this.#creation = options.creation;
    this.#writer = options.writer;
    this.#log = new RoomLog(options.log);
    this.#catchUp = new CatchUp(world, {
      ask: (room, id, target) => this.#ask(room, id, target),
      deliver: (room, message) => this.#deliver(room, message),
      schedulers: options.schedulers,
    });
  }

  /** For leak checks. */
  get sizes(): RoomSizes {
    return {
      rooms: this.#rooms.size,
      followed: this.#interests.size,
      kept: this.#log.size,
      unfinished: this.#parts.size,
    };
  }

  /** Sends a message to everybody in the room. `text`: the payload as a string, where that is at hand. */
  publish(name: string, message: RoomMessage, text: string | undefined): void {
    const number = this.#log.append(name, message, this.#world.now());
    this.counts.published++;
    const room = this.#rooms.get(name);
    if (room !== undefined) {
      this.#deliver(room, new OutgoingMessage(name, this.#origin, number, message, text));
    }
    const followers = this.#interests.of(name);
    if (followers === undefined) return;
    const writer = this.#writer;
    writer.length = 0;
    encodePost(writer, encoder.encode(name), this.#origin, number, message);
    const body = writer.written();
    for (const node of followers.nodes) {
      if (this.#isStale(node, name)) continue;
      this.counts.toNodes++;
      if (!this.#world.toNode(node, 0, body, false)) this.#markStale(node, name);
    }
    for (const scheduler of followers.locals) {
      if (this.#isStale(scheduler, name)) continue;
      this.counts.toSchedulers++;
      if (!this.#world.toScheduler(scheduler, body, false)) this.#markStale(scheduler, name);
    }
  }

  /** A seat enters a room; one that is in it already is told so. */
  join({ seat, room: name, resumed, was, joined }: Join): void {
    let room = this.#rooms.get(name);
    const now = this.#world.now();
    if (room === undefined) {
      room = new LocalRoom(name, now);
      this.#rooms.set(name, room);
    }
    if (room.members.has(seat.id)) {
      joined(room);
      return;
    }
    const member = new Membership({
      seat,
      room,
      resumed: seat.isFramed ? resumed?.cursor : undefined,
      memberSince: now - (resumed?.ageMs ?? 0),
      was,
      joined: () => joined(room),
    });
    room.add(member);
    if (member.resumed === undefined) seat.enter(name);
    this.#catchUp.add(member);
  }

  /** False: it was not in it. */
  leave(seat: Seat, name: string): boolean {
    const room = this.#rooms.get(name);
    const member = room?.members.get(seat.id);
    if (room === undefined || member === undefined) return false;
    room.remove(member);
    seat.exit(name);
    if (room.members.size > 0) return true;
    this.#rooms.delete(name);
    this.#catchUp.forget(room);
    this.#parts.forget(name);
    const body = this.#leaving(name);
    for (const node of this.#world.nodes()) this.#world.toNode(node, 0, body, true);
    this.#toSiblings(body);
    return true;
  }

  /** The room here, if a socket is in it. */
  room(name: string): LocalRoom | undefined {
    return this.#rooms.get(name);
  }

  /** The seat leaves the topic of each of its rooms: more waits for it than it may have. */
  stick(seat: Seat, rooms: Iterable<string>): void {
    for (const name of rooms) {
      const member = this.#rooms.get(name)?.members.get(seat.id);
      if (member === undefined || member.isCatchingUp || member.stuckAt !== undefined) continue;
      member.stuckAt = member.room.cursor();
      member.room.apart.add(member);
      seat.exit(name);
    }
  }

  /** It has drained: it is told of what it missed, with `keepsLatest` gets the newest of it, and then what comes. */
  unstick(seat: Seat, rooms: Iterable<string>, keepsLatest: boolean): void {
    for (const name of rooms) {
      const member = this.#rooms.get(name)?.members.get(seat.id);
      if (member?.stuckAt === undefined) continue;
      const { room, stuckAt } = member;
      const latest = keepsLatest ? member.latest : undefined;
      member.stuckAt = member.latest = undefined;
      for (const [origin, last] of room.cursor()) {
        const after = stuckAt.get(origin) ?? 0;
        const upTo = latest?.origin === origin ? latest.number - 1 : last;
        if (upTo <= after) continue;
        const to = originText(origin);
        seat.tell({ type: "gap", room: name, origin: to, after, upTo, cause: "slow" });
      }
      if (latest !== undefined) seat.deliver(latest);
      room.apart.delete(member);
      seat.enter(name);
    }
  }

  /** What another scheduler says; the body is this function's until it returns. */
  receive(source: RoomSource, to: number, body: Uint8Array, frame: RoomFrame): void {
    switch (frame.kind) {
      case "post":
        return this.#posted(source, body, frame);
      case "ask":
        return this.#asked(source, body, frame);
      case "tell":
        if (to !== 0 && to !== this.#index) {
          // What this origin sends comes by here from now on, and is for that scheduler too.
          this.#interests.addLocal(frame.room, to, frame.id);
          return this.#world.relay(to, body, source);
        }
        return this.#told(source, this.#parts.whole(frame));
      case "part":
        if (to !== 0 && to !== this.#index) return this.#world.relay(to, body, source);
        if (this.#rooms.has(frame.room)) this.#parts.add(source.node, frame);
        return;
      case "leave":
        return this.#left(source, body, frame);
      case "stale":
        this.#relay(source, frame.room, body);
        return this.#askAgain(source, frame);
    }
  }

  /** A node can be asked: every room here asks it where it stands. */
  nodeUp(node: string, creation: number): void {
    this.#catchUp.nodeUp(this.#rooms.values(), node, creation);
  }

  /** `isOrderly`: it has sent all that it had. */
  nodeDown(node: string, isOrderly: boolean): void {
    this.#interests.nodeDown(node);
    this.#parts.nodeDown(node);
    this.#stale.delete(node);
    this.#catchUp.nodeDown(this.#rooms.values(), node, isOrderly);
  }

  /** Another scheduler of this node was ended; there is a new one in its place. */
  schedulerDown(scheduler: number): void {
    this.#interests.schedulerDown(scheduler);
    this.#stale.delete(scheduler);
    this.#catchUp.schedulerDown(this.#rooms.values(), scheduler);
  }

  /** There is room in a lane again. */
  lanesReady(): void {
    for (const [whom, rooms] of this.#stale) {
      for (const room of rooms) {
        const body = encodeRoomFrame({ kind: "stale", room, origin: this.#origin });
        if (typeof whom === "number") this.#world.toScheduler(whom, body, true);
        else this.#world.toNode(whom, 0, body, true);
      }
    }
    this.#stale.clear();
  }

  /** Every 100 ms or so. */
  beat(now: Millis): void {
    this.#catchUp.beat(now);
  }

  /** Forgets old messages; every few seconds. */
  sweep(now: Millis): void {
    this.#log.sweep(now);
  }

  #isStale(whom: string | number, room: string): boolean {
    return this.#stale.size > 0 && this.#stale.get(whom)?.has(room) === true;
  }

  /** From here on it has a hole: nothing more of this room until it has been told to ask. */
  #markStale(whom: string | number, room: string): void {
    const rooms = this.#stale.get(whom);
    if (rooms === undefined) this.#stale.set(whom, new Set([room]));
    else rooms.add(room);
  }

  #posted(source: RoomSource, body: Uint8Array, frame: RoomFrame & { kind: "post" }): void {
    const { room: name, origin, number, message } = frame;
    this.#relay(source, name, body);
    const room = this.#rooms.get(name);
    if (room === undefined) {
      // Whoever handed it on has not heard that nobody is here.
      if (source.hop !== undefined) {
        this.#world.toScheduler(source.hop, this.#leaving(name), true);
      }
      return;
    }
    const followed = room.origins.get(origin);
    // It comes for another scheduler of this node as well, which was answered before: the answer to us has it too.
    if (followed?.state !== "live" || number <= followed.number) return;
    this.#deliver(room, new OutgoingMessage(name, origin, number, message));
  }

  /** What came over a lane goes to the other schedulers of this node as well. */
  #relay(source: RoomSource, room: string, body: Uint8Array): void {
    if (source.hop !== undefined) return;
    for (const scheduler of this.#interests.of(room)?.locals ?? []) {
      this.#world.relay(scheduler, body, source);
    }
  }

  #asked(source: RoomSource, body: Uint8Array, frame: RoomFrame & { kind: "ask" }): void {
    const { room, scheduler, id, cursor, ageMs } = frame;
    if (source.node === undefined) this.#interests.addLocal(room, scheduler, id);
    else this.#interests.addNode(room, source.node, scheduler);
    if (source.hop === undefined) this.#relayToAll(body, source);
    const told = this.#log.tell(room, cursor.get(this.#origin), ageMs, this.#world.now());
    const answer = encodeAnswer({
      kind: "tell",
      room,
      id,
      origin: this.#origin,
      scheduler: this.#index,
      schedulers: this.#schedulers,
      ...told,
    });
    for (const part of answer) {
      const isSent =
        source.node === undefined
          ? this.#world.toScheduler(scheduler, part, false)
          : this.#world.toNode(source.node, scheduler, part, false);
      // What follows would have a hole before it: the next answer brings all of it.
      if (!isSent) return this.#markStale(source.node ?? scheduler, room);
    }
  }

  #left(source: RoomSource, body: Uint8Array, frame: RoomFrame & { kind: "leave" }): void {
    const { room, scheduler } = frame;
    if (source.node === undefined) return this.#interests.removeLocal(room, scheduler, frame.id);
    this.#interests.removeNode(room, source.node, scheduler);
    if (source.hop === undefined) this.#relayToAll(body, source);
  }

  #told(source: RoomSource, tell: RoomFrame & { kind: "tell" }): void {
    const room = this.#rooms.get(tell.room);
    if (room !== undefined) this.#catchUp.told(room, source, tell);
  }

  /** Messages could not be sent here: those behind the hole wait in their log until the answer brings all of them. */
  #askAgain(source: RoomSource, { room: name, origin }: RoomFrame & { kind: "stale" }): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    const followed = room.origins.get(origin);
    if (followed !== undefined) followed.state = "holed";
    this.#ask(room, this.#catchUp.nextQuestion(room), source.node ?? "");
  }

  /** Asks one node, or with `undefined` everybody, where they stand and what was missed. */
  #ask(room: LocalRoom, id: number, node: string | undefined): void {
    const { cursor, ageMs } = this.#catchUp.wanted(room);
    const scheduler = this.#index;
    const body = encodeRoomFrame({ kind: "ask", room: room.name, scheduler, id, ageMs, cursor });
    if (node === "") return this.#toSiblings(body);
    if (node !== undefined) {
      this.#world.toNode(node, 0, body, true);
      return;
    }
    for (const other of this.#world.nodes()) this.#world.toNode(other, 0, body, true);
    this.#toSiblings(body);
    const own: RoomSource = { node: undefined, creation: this.#creation, hop: undefined };
    const told = this.#log.tell(room.name, cursor.get(this.#origin), ageMs, this.#world.now());
    this.#catchUp.told(room, own, {
      kind: "tell",
      room: room.name,
      id,
      origin: this.#origin,
      scheduler,
      schedulers: this.#schedulers,
      ...told,
    });
  }

  #leaving(room: string): Uint8Array {
    const id = this.#catchUp.lastQuestion;
    return encodeRoomFrame({ kind: "leave", room, scheduler: this.#index, id });
  }

  #toSiblings(body: Uint8Array): void {
    for (let scheduler = 1; scheduler <= this.#schedulers; scheduler++) {
      if (scheduler !== this.#index) this.#world.toScheduler(scheduler, body, true);
    }
  }

  #relayToAll(body: Uint8Array, source: RoomSource): void {
    for (let scheduler = 1; scheduler <= this.#schedulers; scheduler++) {
      if (scheduler !== this.#index) this.#world.relay(scheduler, body, source);
    }
  }

  /** Hands a message to everybody here, and moves the room on. */
  #deliver(room: LocalRoom, out: OutgoingMessage): void {
    const { origin, number, message } = out;
    const followed = room.origins.get(origin);
    if (followed !== undefined) followed.number = number;
    const except = message.except.length === 0 ? NOBODY : message.except;
    const outside = except.flatMap((id) => {
      const member = room.members.get(id);
      return member === undefined || room.apart.has(member) ? [] : member;
    });
    for (const { seat } of outside) seat.exit(room.name);
    if (room.framedCount > 0) this.#world.toTopic(room.name, true, out.framed);
    if (room.rawCount > 0) this.#world.toTopic(room.name, false, out.raw);
    for (const { seat } of outside) seat.enter(room.name);
    for (const member of room.apart) {
      if (except.includes(member.seat.id)) continue;
      if (member.stuckAt !== undefined) member.latest = out.kept();
      else if (member.done.has(origin)) member.seat.deliver(out);
    }
  }
}
