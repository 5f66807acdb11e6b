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
import { unreachable } from "../base/assert.ts";
import type { ByteWriter } from "../base/bytes.ts";
import type { Millis } from "../base/millis.ts";
import type { RoomMessage } from "../wire/room-entry.ts";
import type { RoomFrame } from "../wire/room-message.ts";
import { Following } from "./following/following.ts";
import { LocalRoom, Membership, type Seat } from "./following/local-room.ts";
import { OutgoingMessage } from "./outgoing-message.ts";
import { OwnOrigin, type RoomCounts } from "./own-origin.ts";
import type { RoomLogLimits } from "./room-log.ts";
import type { RoomPlace, RoomSource, RoomWorld } from "./room-world.ts";
import { deliver, stick, unstick } from "./following/seats.ts";

export interface RoomHubOptions extends RoomPlace {
  readonly world: RoomWorld;
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

export class RoomHub {
  readonly #world: RoomWorld;
  readonly #origin: number;
  readonly #rooms = new Map<string, LocalRoom>();
  readonly #own: OwnOrigin;
  readonly #following: Following;

  constructor(options: RoomHubOptions) {
    const { world, writer, log } = options;
    this.#world = world;
    this.#origin = options.origin;
    this.#own = new OwnOrigin({ world, place: options, writer, log });
    this.#following = new Following(world, options, { own: this.#own, rooms: this.#rooms });
  }

  get counts(): RoomCounts {
    return this.#own.counts;
  }

  /** For leak checks. */
  get sizes(): RoomSizes {
    const { followed, kept } = this.#own;
    return { rooms: this.#rooms.size, followed, kept, unfinished: this.#following.unfinished };
  }

  /** Sends a message to everybody in the room. `text`: the payload as a string, where that is at hand. */
  publish(name: string, message: RoomMessage, text: string | undefined): void {
    const number = this.#own.append(name, message);
    const room = this.#rooms.get(name);
    if (room !== undefined) {
      const out = new OutgoingMessage(name, this.#origin, number, message, text);
      deliver(this.#world, room, out);
    }
    this.#own.send(name, number, message);
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
    this.#following.add(member);
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
    this.#following.forget(room);
    return true;
  }

  /** The room here, if a socket is in it. */
  room(name: string): LocalRoom | undefined {
    return this.#rooms.get(name);
  }

  /** More waits for the seat than it may have: it stands apart in each of its rooms. */
  stick(seat: Seat, rooms: Iterable<string>): void {
    for (const name of rooms) stick(this.#rooms.get(name), seat);
  }

  /** It has drained. */
  unstick(seat: Seat, rooms: Iterable<string>, keepsLatest: boolean): void {
    for (const name of rooms) unstick(this.#rooms.get(name), seat, keepsLatest);
  }

  /** What another scheduler says; the body is this function's until it returns. */
  receive(source: RoomSource, to: number, body: Uint8Array, frame: RoomFrame): void {
    switch (frame.kind) {
      case "post":
        this.#own.relay(source, frame.room, body);
        return this.#following.posted(source, frame);
      case "ask":
        return this.#own.asked(source, body, frame);
      case "tell":
      case "part":
        if (!this.#own.pass(source, to, body, frame)) this.#following.told(source, frame);
        return;
      case "leave":
        return this.#own.left(source, body, frame);
      case "stale":
        // To everybody: whose answer it was that could not be sent may not have been heard of here as a follower.
        this.#own.relayToAll(source, body);
        return this.#following.askAgain(source, frame);
      default:
        return unreachable(frame);
    }
  }

  /** A node can be asked: every room here asks it where it stands. */
  nodeUp(node: string, creation: number): void {
    this.#following.nodeUp(node, creation);
  }

  /** `isOrderly`: it has sent all that it had. */
  nodeDown(node: string, isOrderly: boolean): void {
    this.#own.nodeDown(node);
    this.#following.nodeDown(node, isOrderly);
  }

  /** Another scheduler of this node was ended; there is a new one in its place. */
  schedulerDown(scheduler: number): void {
    this.#own.schedulerDown(scheduler);
    this.#following.schedulerDown(scheduler);
  }

  /** There is room in a lane again. */
  lanesReady(): void {
    this.#own.lanesReady();
  }

  /** Every 100 ms or so. */
  beat(now: Millis): void {
    this.#following.beat(now);
  }

  /** Forgets old messages; every few seconds. */
  sweep(now: Millis): void {
    this.#own.sweep(now);
  }
}
