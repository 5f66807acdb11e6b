/** Answers that are too long for one frame, until the tell comes that is their end. */
import { copyOf } from "../../base/bytes.ts";
import { ROOM_WINDOW_MESSAGES } from "../../base/limits.ts";
import type { RoomPart, RoomTell } from "../../wire/room-answer.ts";
import type { RoomEntry } from "../../wire/room-entry.ts";

interface Unfinished {
  readonly room: string;
  readonly id: number;
  /** Where the origin is; undefined: on this node. */
  readonly node: string | undefined;
  readonly entries: RoomEntry[];
}

export class AnswerParts {
  /** By origin: it says one thing after the other, so what it has left unfinished when it begins anew is of no use. */
  readonly #unfinished = new Map<number, Unfinished>();

  /** Answers whose end has not come, for leak checks. */
  get size(): number {
    return this.#unfinished.size;
  }

  /** Keeps a part; its payloads are copied. */
  add(node: string | undefined, { room, id, origin, entries }: RoomPart): void {
    let unfinished = this.#unfinished.get(origin);
    if (unfinished?.room !== room || unfinished.id !== id) {
      this.#unfinished.set(origin, (unfinished = { room, id, node, entries: [] }));
    }
    const kept = unfinished.entries;
    for (const entry of entries) {
      if (kept.length === ROOM_WINDOW_MESSAGES) kept.shift();
      kept.push({ ...entry, payload: copyOf(entry.payload, 0, entry.payload.length) });
    }
  }

  /** The tell with all that came before it. */
  whole(tell: RoomTell): RoomTell {
    const before = this.#unfinished.get(tell.origin);
    if (before === undefined) return tell;
    this.#unfinished.delete(tell.origin);
    if (before.room !== tell.room || before.id !== tell.id) return tell;
    return { ...tell, entries: [...before.entries, ...tell.entries] };
  }

  /** Its session is over: the rest does not come. */
  nodeDown(node: string): void {
    for (const [origin, unfinished] of this.#unfinished) {
      if (unfinished.node === node) this.#unfinished.delete(origin);
    }
  }

  /** Nobody here is in the room any more. */
  forget(room: string): void {
    for (const [origin, unfinished] of this.#unfinished) {
      if (unfinished.room === room) this.#unfinished.delete(origin);
    }
  }
}
