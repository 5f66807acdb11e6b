/**
 * One room on one scheduler, for as long as a socket here is in it: its members, and how far each origin has been
 * followed. Most members are in the room's *topic*, where one call of the web server reaches all of them; some stand
 * apart, because they catch up on what they missed or because they are slow.
 */
import type { Millis } from "../../base/millis.ts";
import type { RoomCursor } from "../../wire/room-message.ts";
import type { ToClient } from "../client-frame.ts";
import { originText, type OutgoingMessage } from "../outgoing-message.ts";

/** What a room needs of a socket. */
export interface Seat {
  /** Unique in the cluster; opaque. */
  readonly id: string;
  /** It speaks the protocol of rooms; else it gets payloads as they are, without numbers. */
  readonly isFramed: boolean;
  enter(room: string): void;
  exit(room: string): void;
  deliver(message: OutgoingMessage): void;
  tell(frame: ToClient): void;
}

/** How far an origin has been followed here. */
export interface Followed {
  /** Everything up to this number was handed to those in the topic. */
  number: number;
  /** The node that it is on; undefined: this one. */
  readonly node: string | undefined;
  readonly creation: number;
  readonly scheduler: number;
  /**
   * `holed`: something could not be sent, and what comes is dropped until it has been asked for; `lost`: its node cannot be
   * reached; `gone`: for so long that everybody was told of a gap; `ended`: its node stopped in order, and `number` is its
   * last.
   */
  state: "live" | "holed" | "lost" | "gone" | "ended";
  /** Since when. */
  since: Millis;
}

/** A socket's place in a room. */
export class Membership {
  readonly seat: Seat;
  readonly room: LocalRoom;
  /** Where the client goes on; undefined: it begins now. Origins that it does not name are told by age. */
  readonly resumed: RoomCursor | undefined;
  /** When it became a member, on its first connection. */
  readonly memberSince: Millis;
  /** Ids of the client's sockets before this one: what excluded them excludes it. */
  readonly was: readonly string[];
  /** Origins that it has caught up with. */
  readonly done = new Set<number>();
  /** The first question whose answers count for it. */
  question = 0;
  /** Until when it waits for origins that nobody knows. */
  deadline: Millis = 0;
  /** Where it stood when it became slow; undefined: it is not. */
  stuckAt: Map<number, number> | undefined;
  /** What it did not get since then, newest last, if its policy keeps that. */
  latest: OutgoingMessage | undefined;
  /** Called once, when it has all up to the room's cursor. */
  #joined: (() => void) | undefined;

  constructor(options: {
    readonly seat: Seat;
    readonly room: LocalRoom;
    readonly resumed: RoomCursor | undefined;
    readonly memberSince: Millis;
    readonly was: readonly string[];
    readonly joined: () => void;
  }) {
    this.seat = options.seat;
    this.room = options.room;
    this.resumed = options.resumed;
    this.memberSince = options.memberSince;
    this.was = options.was;
    this.#joined = options.joined;
  }

  get isCatchingUp(): boolean {
    return this.resumed !== undefined && this.#joined !== undefined;
  }

  hasJoined(): void {
    const joined = this.#joined;
    this.#joined = undefined;
    joined?.();
  }
}

/** A question to all schedulers of the cluster, and who has not answered. */
export interface Round {
  readonly id: number;
  /** By node, "" for this one: answers still to come; undefined: as many as it has schedulers, which is not known yet. */
  readonly waiting: Map<string, number | undefined>;
  readonly until: Millis;
}

export class LocalRoom {
  readonly name: string;
  /** Since when it is followed here. */
  readonly since: Millis;
  /** Since when the first of its members is one, here or elsewhere. */
  oldestSince: Millis;
  readonly members = new Map<string, Membership>();
  /** Those who are not in the topic. */
  readonly apart = new Set<Membership>();
  /** Those who began with the room and are told once it knows where everybody stands. */
  readonly fresh = new Set<Membership>();
  readonly origins = new Map<number, Followed>();
  framedCount = 0;
  rawCount = 0;
  round: Round | undefined;
  /** Everybody has been asked once: it knows where each origin stands. */
  isKnown = false;
  /** The number of the first question; answers to earlier ones were for a room that is no more. */
  firstQuestion: number | undefined;
  /** Somebody came whose question is not asked yet. */
  isRoundWanted = false;

  constructor(name: string, since: Millis) {
    this.name = name;
    this.since = since;
    this.oldestSince = since;
  }

  /** Where those in the topic stand, of origins that are there or may come back. */
  cursor(): Map<number, number> {
    const cursor = this.positions();
    for (const [origin, { state }] of this.origins) {
      if (state === "ended" || state === "gone") cursor.delete(origin);
    }
    return cursor;
  }

  /** The same of every origin that is remembered. */
  positions(): Map<number, number> {
    const positions = new Map<number, number>();
    for (const [origin, { number }] of this.origins) positions.set(origin, number);
    return positions;
  }

  /** The same, as clients are told. */
  clientCursor(): Record<string, number> {
    const cursor: Record<string, number> = {};
    for (const [origin, number] of this.cursor()) cursor[originText(origin)] = number;
    return cursor;
  }

  add(member: Membership): void {
    this.members.set(member.seat.id, member);
    this.oldestSince = Math.min(this.oldestSince, member.memberSince);
    if (member.seat.isFramed) this.framedCount++;
    else this.rawCount++;
  }

  remove(member: Membership): void {
    this.members.delete(member.seat.id);
    this.apart.delete(member);
    this.fresh.delete(member);
    if (member.seat.isFramed) this.framedCount--;
    else this.rawCount--;
  }
}
