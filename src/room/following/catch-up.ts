/**
 * How sockets that come back get what they missed, and how a room goes on after a node was out of reach: questions to
 * everybody who may have published, and what follows from the answers.
 *
 * A question lists, for each origin, the lowest number that anybody here still needs. An answer is a stretch of messages
 * without holes up to the origin's last one; it comes on the way of the origin's messages, so those before it are in it
 * and those behind it follow it. Everybody takes from it what is new to him.
 */
import { ROOM_ANSWER_MS, ROOM_ENDED_MS, ROOM_LOST_MS, ROOM_RESUME_MS } from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";
import type { RoomTell } from "../../wire/room-answer.ts";
import type { RoomCursor } from "../../wire/room-message.ts";
import { bringOlder, isWaiting, QUESTION_MS, serve } from "./behind.ts";
import type { Followed, LocalRoom, Membership } from "./local-room.ts";
import { originText, OutgoingMessage } from "../outgoing-message.ts";
import type { RoomSource, RoomWorld } from "../room-world.ts";
import { lowest } from "../room-log.ts";

/** What catching up needs of the hub. */
export interface CatchUpHub {
  /** Asks a node, "" for the other schedulers of this one, `undefined` for everybody. */
  ask(room: LocalRoom, id: number, node: string | undefined): void;
  /** A message that is new to everybody who is not behind. */
  deliver(room: LocalRoom, message: OutgoingMessage): void;
  readonly schedulers: number;
}

export class CatchUp {
  readonly #world: RoomWorld;
  readonly #hub: CatchUpHub;
  /** Rooms where something is to be done by time. */
  readonly #attention = new Set<LocalRoom>();
  /** Questions of all rooms, so that no answer is taken for one to a room of the same name that was here before. */
  #questions = 0;

  constructor(world: RoomWorld, hub: CatchUpHub) {
    this.#world = world;
    this.#hub = hub;
  }

  /** A member has come. */
  add(member: Membership): void {
    const { room } = member;
    if (member.resumed === undefined) {
      if (room.isKnown) return member.hasJoined();
      room.fresh.add(member);
    } else {
      room.apart.add(member);
      member.deadline = this.#world.now() + ROOM_RESUME_MS;
      member.question = this.#questions + 1;
    }
    if (room.round === undefined) this.#begin(room);
    else if (member.resumed !== undefined) room.isRoundWanted = true;
  }

  get lastQuestion(): number {
    return this.#questions;
  }

  nextQuestion(room: LocalRoom): number {
    this.#questions++;
    room.firstQuestion ??= this.#questions;
    return this.#questions;
  }

  forget(room: LocalRoom): void {
    this.#attention.delete(room);
  }

  /** What a question has to bring so that everybody is served. */
  wanted(room: LocalRoom): { readonly cursor: RoomCursor; readonly ageMs: Millis } {
    const cursor = room.positions();
    const now = this.#world.now();
    const ageMs = now - room.oldestSince;
    for (const member of room.apart) {
      if (member.resumed !== undefined && member.isCatchingUp) lowest(cursor, member.resumed);
    }
    return { cursor, ageMs: ageMs + QUESTION_MS };
  }

  /** An answer. */
  told(room: LocalRoom, source: RoomSource, tell: RoomTell): void {
    if (tell.id < (room.firstQuestion ?? Infinity)) return;
    const now = this.#world.now();
    this.#moveOn(room, source, tell);
    for (const member of room.apart) {
      if (member.isCatchingUp && !member.done.has(tell.origin) && member.question <= tell.id) {
        serve(member, tell, now);
      }
    }
    const { round } = room;
    const key = source.node ?? "";
    if (round === undefined || tell.id < round.id || !round.waiting.has(key)) return;
    if (source.node === undefined && source.hop === undefined) return;
    const left = (round.waiting.get(key) ?? tell.schedulers) - 1;
    if (left > 0) round.waiting.set(key, left);
    else round.waiting.delete(key);
    this.#checkRound(room);
  }

  nodeUp(rooms: Iterable<LocalRoom>, node: string, creation: number): void {
    for (const room of rooms) {
      for (const [origin, followed] of room.origins) {
        if (followed.node !== node || followed.state !== "lost") continue;
        // It has started anew: what it had is gone.
        if (followed.creation !== creation) this.#lose(room, origin, followed);
      }
      room.round?.waiting.set(node, undefined);
      this.#hub.ask(room, this.nextQuestion(room), node);
    }
  }

  nodeDown(rooms: Iterable<LocalRoom>, node: string, isOrderly: boolean): void {
    const now = this.#world.now();
    for (const room of rooms) {
      for (const followed of room.origins.values()) {
        if (followed.node !== node || (followed.state !== "live" && followed.state !== "holed"))
          continue;
        followed.state = isOrderly && followed.state === "live" ? "ended" : "lost";
        followed.since = now;
        this.#attention.add(room);
      }
      if (room.round?.waiting.delete(node) === true) this.#checkRound(room);
    }
  }

  schedulerDown(rooms: Iterable<LocalRoom>, scheduler: number): void {
    for (const room of rooms) {
      for (const [origin, followed] of room.origins) {
        if (followed.node === undefined && followed.scheduler === scheduler) {
          this.#lose(room, origin, followed);
        }
      }
      this.#hub.ask(room, this.nextQuestion(room), "");
    }
  }

  beat(now: Millis): void {
    for (const room of this.#attention) {
      if (room.round !== undefined && now >= room.round.until) {
        // Whoever has not answered is stuck; what it says later is taken then.
        room.round.waiting.clear();
        this.#checkRound(room);
      }
      let isIdle = room.round === undefined;
      for (const [origin, followed] of room.origins) {
        if (followed.state === "live") continue;
        isIdle = false;
        const isOver = followed.state === "ended" || followed.state === "gone";
        if (isOver && now - followed.since >= ROOM_ENDED_MS) room.origins.delete(origin);
        if (followed.state === "lost" && now - followed.since >= ROOM_LOST_MS) {
          this.#lose(room, origin, followed);
        }
      }
      for (const member of room.apart) {
        if (!member.isCatchingUp) continue;
        isIdle = false;
        if (room.round === undefined) this.#settle(member);
      }
      if (isIdle) this.#attention.delete(room);
    }
  }

  #begin(room: LocalRoom): void {
    const now = this.#world.now();
    const id = this.nextQuestion(room);
    const waiting = new Map<string, number | undefined>();
    for (const node of this.#world.nodes()) waiting.set(node, undefined);
    if (this.#hub.schedulers > 1) waiting.set("", this.#hub.schedulers - 1);
    room.isRoundWanted = false;
    room.round = { id, waiting, until: now + ROOM_ANSWER_MS };
    this.#attention.add(room);
    this.#hub.ask(room, id, undefined);
    this.#checkRound(room);
  }

  #checkRound(room: LocalRoom): void {
    const { round } = room;
    if (round === undefined || round.waiting.size > 0) return;
    room.round = undefined;
    room.isKnown = true;
    const fresh = [...room.fresh];
    room.fresh.clear();
    for (const member of fresh) member.hasJoined();
    for (const member of [...room.apart]) {
      if (member.isCatchingUp && member.question <= round.id) this.#settle(member);
    }
    if (room.isRoundWanted) this.#begin(room);
  }

  /** Everybody who is not behind goes on to the end of the answer. */
  #moveOn(room: LocalRoom, source: RoomSource, tell: RoomTell): void {
    const { origin, entries, first, last } = tell;
    const now = this.#world.now();
    const known = room.origins.get(origin);
    const roomAgeMs = now - room.since;
    const missed = entries.filter((entry) =>
      known === undefined ? entry.ageMs <= roomAgeMs : entry.number > known.number,
    );
    const before = known?.number ?? (missed[0]?.number ?? last + 1) - 1;
    const { node, creation } = source;
    const { scheduler } = tell;
    room.origins.set(origin, {
      ...{ number: before, node, creation, scheduler, state: "live", since: now },
    });
    const hasHole =
      known === undefined ? tell.trimmedAgeMs <= roomAgeMs : first > before + 1 && last > before;
    if (known === undefined) bringOlder(room, tell, before, now);
    if (hasHole) this.#gap(room, origin, known === undefined ? 0 : before, first - 1, "window");
    for (const entry of missed) {
      this.#hub.deliver(room, new OutgoingMessage(room.name, origin, entry.number, entry));
    }
    const followed = room.origins.get(origin)!;
    followed.number = Math.max(followed.number, last);
    // Whoever has joined before has a cursor without this origin.
    if (known === undefined && room.isKnown && room.framedCount > 0) {
      const cursor = { [originText(origin)]: followed.number };
      const frame = { type: "cursor", room: room.name, cursor } as const;
      this.#world.toTopic(room.name, true, JSON.stringify(frame));
    }
  }

  /** Looks whether a member has heard of every origin; then it is like the others. */
  #settle(member: Membership): void {
    const { room, seat } = member;
    if (isWaiting(member, this.#world.now())) {
      this.#attention.add(room);
      return;
    }
    room.apart.delete(member);
    seat.enter(room.name);
    member.hasJoined();
  }

  /** The origin is no more: whatever it published behind the last number that came here is lost. */
  #lose(room: LocalRoom, origin: number, followed: Followed): void {
    followed.state = "gone";
    followed.since = this.#world.now();
    this.#attention.add(room);
    this.#gap(room, origin, followed.number, null, "origin_lost");
  }

  /** Tells everybody who is not behind. */
  #gap(
    room: LocalRoom,
    origin: number,
    after: number,
    upTo: number | null,
    cause: "window" | "origin_lost",
  ): void {
    const frame = {
      type: "gap",
      room: room.name,
      origin: originText(origin),
      ...{ after, upTo, cause },
    } as const;
    if (room.framedCount > 0) this.#world.toTopic(room.name, true, JSON.stringify(frame));
    for (const { seat, done } of room.apart) if (done.has(origin)) seat.tell(frame);
  }
}
