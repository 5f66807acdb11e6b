/**
 * This scheduler as an origin: it numbers and keeps what is published here, sends it to whoever follows the room, and
 * answers those who ask. Whoever could not be sent a message has a hole, and gets nothing more of that room until it has
 * been told so and has asked again.
 */
import type { ByteWriter } from "../base/bytes.ts";
import type { Millis } from "../base/millis.ts";
import { encodeAnswer, type RoomPart, type RoomTell } from "../wire/room-answer.ts";
import type { RoomMessage } from "../wire/room-entry.ts";
import { encodePost, encodeRoomFrame, type RoomFrame } from "../wire/room-message.ts";
import { Interests } from "./interests.ts";
import { RoomLog, type RoomLogLimits } from "./room-log.ts";
import type { RoomPlace, RoomSource, RoomWorld } from "./room-world.ts";

/** Counted since the start. */
export interface RoomCounts {
  published: number;
  toNodes: number;
  toSchedulers: number;
}

const encoder = new TextEncoder();

export class OwnOrigin {
  readonly #world: RoomWorld;
  readonly #place: RoomPlace;
  readonly #writer: ByteWriter;
  readonly #log: RoomLog;
  readonly #interests = new Interests();
  /** Rooms whose messages could not be sent, by node or scheduler: it is told when there is room again. */
  readonly #stale = new Map<string | number, Set<string>>();
  readonly counts: RoomCounts = { published: 0, toNodes: 0, toSchedulers: 0 };

  constructor(options: {
    readonly world: RoomWorld;
    readonly place: RoomPlace;
    readonly writer: ByteWriter;
    readonly log: Partial<RoomLogLimits> | undefined;
  }) {
    this.#world = options.world;
    this.#place = options.place;
    this.#writer = options.writer;
    this.#log = new RoomLog(options.log);
  }

  get followed(): number {
    return this.#interests.size;
  }

  get kept(): number {
    return this.#log.size;
  }

  /** Keeps a message. @returns its number */
  append(room: string, message: RoomMessage): number {
    this.counts.published++;
    return this.#log.append(room, message, this.#world.now());
  }

  /** Sends it to whoever follows the room elsewhere. */
  send(room: string, number: number, message: RoomMessage): void {
    const followers = this.#interests.of(room);
    if (followers === undefined) return;
    const writer = this.#writer;
    writer.length = 0;
    encodePost(writer, encoder.encode(room), this.#place.origin, number, message);
    const body = writer.written();
    for (const node of followers.nodes) {
      if (this.#isStale(node, room)) continue;
      this.counts.toNodes++;
      if (!this.#world.toNode(node, 0, body, false)) this.#markStale(node, room);
    }
    for (const scheduler of followers.locals) {
      if (this.#isStale(scheduler, room)) continue;
      this.counts.toSchedulers++;
      if (!this.#world.toScheduler(scheduler, body, false)) this.#markStale(scheduler, room);
    }
  }

  /** What it has to say to a question. */
  answer(room: string, id: number, after: number | undefined, ageMs: Millis): RoomTell {
    const { origin, index: scheduler, schedulers } = this.#place;
    const told = this.#log.tell(room, after, ageMs, this.#world.now());
    return { kind: "tell", room, id, origin, scheduler, schedulers, ...told };
  }

  asked(source: RoomSource, body: Uint8Array, frame: RoomFrame & { kind: "ask" }): void {
    const { room, scheduler, id, cursor, ageMs } = frame;
    if (source.node === undefined) this.#interests.addLocal(room, scheduler, id);
    else this.#interests.addNode(room, source.node, scheduler);
    this.relayToAll(source, body);
    const answer = this.answer(room, id, cursor.get(this.#place.origin), ageMs);
    for (const part of encodeAnswer(answer)) {
      const isSent =
        source.node === undefined
          ? this.#world.toScheduler(scheduler, part, false)
          : this.#world.toNode(source.node, scheduler, part, false);
      // What follows would have a hole before it: the next answer brings all of it.
      if (!isSent) return this.#markStale(source.node ?? scheduler, room);
    }
  }

  left(source: RoomSource, body: Uint8Array, frame: RoomFrame & { kind: "leave" }): void {
    const { room, scheduler } = frame;
    if (source.node === undefined) return this.#interests.removeLocal(room, scheduler, frame.id);
    this.#interests.removeNode(room, source.node, scheduler);
    this.relayToAll(source, body);
  }

  /** Hands on an answer that is for another scheduler of this node; false: it is for this one. */
  pass(source: RoomSource, to: number, body: Uint8Array, frame: RoomTell | RoomPart): boolean {
    if (to === 0 || to === this.#place.index) return false;
    // What that origin sends comes by here from now on, and is for that scheduler too.
    if (frame.kind === "tell") this.#interests.addLocal(frame.room, to, frame.id);
    this.#world.relay(to, body, source);
    return true;
  }

  /** What came over a lane goes to the other schedulers of this node as well. */
  relay(source: RoomSource, room: string, body: Uint8Array): void {
    if (source.hop !== undefined) return;
    for (const scheduler of this.#interests.of(room)?.locals ?? []) {
      this.#world.relay(scheduler, body, source);
    }
  }

  /** The same to all of them, whether they follow anything or not. */
  relayToAll(source: RoomSource, body: Uint8Array): void {
    if (source.hop !== undefined) return;
    const { index, schedulers } = this.#place;
    for (let scheduler = 1; scheduler <= schedulers; scheduler++) {
      if (scheduler !== index) this.#world.relay(scheduler, body, source);
    }
  }

  nodeDown(node: string): void {
    this.#interests.nodeDown(node);
    this.#stale.delete(node);
  }

  schedulerDown(scheduler: number): void {
    this.#interests.schedulerDown(scheduler);
    this.#stale.delete(scheduler);
  }

  /** There is room in a lane again. */
  lanesReady(): void {
    for (const [whom, rooms] of this.#stale) {
      for (const room of rooms) {
        const body = encodeRoomFrame({ kind: "stale", room, origin: this.#place.origin });
        if (typeof whom === "number") this.#world.toScheduler(whom, body, true);
        else this.#world.toNode(whom, 0, body, true);
      }
    }
    this.#stale.clear();
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
}
