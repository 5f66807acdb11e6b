/**
 * Follows the origins of the rooms that sockets here are in: asks where they stand, takes what they answer and what comes
 * behind it, and asks again when something could not be sent here.
 */
import type { Millis } from "../../base/millis.ts";
import type { RoomPart, RoomTell } from "../../wire/room-answer.ts";
import { encodeRoomFrame, type RoomFrame } from "../../wire/room-message.ts";
import { AnswerParts } from "./answer-parts.ts";
import { CatchUp } from "./catch-up.ts";
import type { LocalRoom, Membership } from "./local-room.ts";
import { OutgoingMessage } from "../outgoing-message.ts";
import type { OwnOrigin } from "../own-origin.ts";
import type { RoomPlace, RoomSource, RoomWorld } from "../room-world.ts";
import { deliver } from "./seats.ts";

export class Following {
  readonly #world: RoomWorld;
  readonly #place: RoomPlace;
  /** Asked as well when everybody is. */
  readonly #own: OwnOrigin;
  readonly #rooms: ReadonlyMap<string, LocalRoom>;
  readonly #catchUp: CatchUp;
  readonly #parts = new AnswerParts();

  /** `rooms`: those with sockets here. */
  constructor(
    world: RoomWorld,
    place: RoomPlace,
    parts: { readonly own: OwnOrigin; readonly rooms: ReadonlyMap<string, LocalRoom> },
  ) {
    this.#world = world;
    this.#place = place;
    this.#own = parts.own;
    this.#rooms = parts.rooms;
    this.#catchUp = new CatchUp(world, {
      ask: (room, id, target) => this.#ask(room, id, target),
      deliver: (room, message) => deliver(world, room, message),
      schedulers: place.schedulers,
    });
  }

  /** Answers whose end has not come. */
  get unfinished(): number {
    return this.#parts.size;
  }

  add(member: Membership): void {
    this.#catchUp.add(member);
  }

  /** Nobody here is in the room any more. */
  forget(room: LocalRoom): void {
    this.#catchUp.forget(room);
    this.#parts.forget(room.name);
    const body = this.#leaving(room.name);
    for (const node of this.#world.nodes()) this.#world.toNode(node, 0, body, true);
    this.#toSiblings(body);
  }

  posted(source: RoomSource, frame: RoomFrame & { kind: "post" }): void {
    const { room: name, origin, number, message } = frame;
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
    deliver(this.#world, room, new OutgoingMessage(name, origin, number, message));
  }

  told(source: RoomSource, frame: RoomTell | RoomPart): void {
    const room = this.#rooms.get(frame.room);
    if (frame.kind === "part") {
      if (room !== undefined) this.#parts.add(source.node, frame);
      return;
    }
    const tell = this.#parts.whole(frame);
    if (room !== undefined) this.#catchUp.told(room, source, tell);
  }

  /** Messages could not be sent here: those behind the hole wait in their log until the answer brings all of them. */
  askAgain(source: RoomSource, { room: name, origin }: RoomFrame & { kind: "stale" }): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    const followed = room.origins.get(origin);
    if (followed !== undefined) followed.state = "holed";
    this.#ask(room, this.#catchUp.nextQuestion(room), source.node ?? "");
  }

  nodeUp(node: string, creation: number): void {
    this.#catchUp.nodeUp(this.#rooms.values(), node, creation);
  }

  nodeDown(node: string, isOrderly: boolean): void {
    this.#parts.nodeDown(node);
    this.#catchUp.nodeDown(this.#rooms.values(), node, isOrderly);
  }

  schedulerDown(scheduler: number): void {
    this.#catchUp.schedulerDown(this.#rooms.values(), scheduler);
  }

  beat(now: Millis): void {
    this.#catchUp.beat(now);
  }

  /** Asks one node, or with `undefined` everybody, where they stand and what was missed. */
  #ask(room: LocalRoom, id: number, node: string | undefined): void {
    const { cursor, ageMs } = this.#catchUp.wanted(room);
    const { index: scheduler, creation, origin } = this.#place;
    const body = encodeRoomFrame({ kind: "ask", room: room.name, scheduler, id, ageMs, cursor });
    if (node === "") return this.#toSiblings(body);
    if (node !== undefined) {
      this.#world.toNode(node, 0, body, true);
      return;
    }
    for (const other of this.#world.nodes()) this.#world.toNode(other, 0, body, true);
    this.#toSiblings(body);
    const own: RoomSource = { node: undefined, creation, hop: undefined };
    this.#catchUp.told(room, own, this.#own.answer(room.name, id, cursor.get(origin), ageMs));
  }

  #leaving(room: string): Uint8Array {
    const id = this.#catchUp.lastQuestion;
    return encodeRoomFrame({ kind: "leave", room, scheduler: this.#place.index, id });
  }

  #toSiblings(body: Uint8Array): void {
    const { index, schedulers } = this.#place;
    for (let scheduler = 1; scheduler <= schedulers; scheduler++) {
      if (scheduler !== index) this.#world.toScheduler(scheduler, body, true);
    }
  }
}
