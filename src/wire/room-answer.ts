/**
 * What an origin answers to a question about a room: a `tell`, and before it, when it is too long for one frame, as many
 * `part`s as it takes. They go on one way, behind each other, so whoever asked only has to put them together.
 */
import { ByteWriter } from "../base/bytes.ts";
import { ROOM_FRAME_BYTES_MAX, ROOM_WINDOW_MESSAGES } from "../base/limits.ts";
import { FieldWriter, type FieldReader } from "./fields.ts";
import {
  AGE_MAX,
  entryBytesMax,
  readEntry,
  readRoomName,
  readScheduler,
  writeEntry,
  type RoomEntry,
} from "./room-entry.ts";

/** What an origin has of a room. */
export interface RoomTell {
  readonly kind: "tell";
  readonly room: string;
  /** Of the question. */
  readonly id: number;
  readonly origin: number;
  /** The scheduler that the origin is, and how many its node has. */
  readonly scheduler: number;
  readonly schedulers: number;
  /** Number of the last message published, 0 for none. */
  readonly last: number;
  /** Number of the first message that is kept; one more than `last` when none is. */
  readonly first: number;
  /** Milliseconds since the last message was published that is not kept any more. */
  readonly trimmedAgeMs: number;
  /** In order, without holes, up to `last`. */
  readonly entries: readonly RoomEntry[];
}

/** Messages that belong before those of the tell, or of the part, that follows. */
export interface RoomPart {
  readonly kind: "part";
  readonly room: string;
  readonly id: number;
  readonly origin: number;
  readonly entries: readonly RoomEntry[];
}

export const TELL = 3;
export const PART = 6;

/** Bytes of all fields before the entries, the room's name with them. */
const HEAD_BYTES_MAX = 1024;

/** The frames of an answer, in the order in which they are to be sent; each fits a message of any node. */
export function encodeAnswer(tell: RoomTell): readonly Uint8Array[] {
  const { room, id, origin, entries } = tell;
  const frames: Uint8Array[] = [];
  let start = 0;
  let bytes = HEAD_BYTES_MAX;
  for (const [at, entry] of entries.entries()) {
    const more = entryBytesMax(entry);
    if (bytes + more > ROOM_FRAME_BYTES_MAX && at > start) {
      frames.push(
        encodePart({ kind: "part", room, id, origin, entries: entries.slice(start, at) }),
      );
      start = at;
      bytes = HEAD_BYTES_MAX;
    }
    bytes += more;
  }
  frames.push(encodeTell({ ...tell, entries: entries.slice(start) }));
  return frames;
}

/**
 * Shape: kind, room text, id u32, origin u48, scheduler u8, schedulers u8, last u48, first u48, age u32, count u32, each: an
 * entry.
 */
export function encodeTell(tell: RoomTell): Uint8Array {
  const out = new FieldWriter().u8(TELL).text(tell.room).u32(tell.id).u48(tell.origin);
  out.u8(tell.scheduler).u8(tell.schedulers).u48(tell.last).u48(tell.first);
  out.u32(Math.min(Math.floor(tell.trimmedAgeMs), AGE_MAX));
  return withEntries(out, tell.entries);
}

/** Shape: kind, room text, id u32, origin u48, number u48 of the first, count u32, each: an entry. */
export function encodePart({ room, id, origin, entries }: RoomPart): Uint8Array {
  const out = new FieldWriter().u8(PART).text(room).u32(id).u48(origin);
  return withEntries(out.u48(entries[0]?.number ?? 0), entries);
}

export function decodeTell(reader: FieldReader, body: Uint8Array): RoomTell {
  const room = readRoomName(reader);
  const id = reader.u32();
  const origin = reader.u48();
  const scheduler = readScheduler(reader);
  const schedulers = readScheduler(reader);
  const last = reader.u48();
  const first = reader.u48();
  const trimmed = reader.u32();
  const count = reader.u32();
  if (first > last + 1) reader.fail(`first message ${first} behind the last, ${last}`);
  if (count > last - first + 1)
    reader.fail(`${count} messages, expected at most those from ${first}`);
  const entries = readEntries(reader, body, last - count + 1, count);
  const trimmedAgeMs = trimmed === AGE_MAX ? Infinity : trimmed;
  return {
    ...{ kind: "tell", room, id, origin, scheduler, schedulers },
    ...{ last, first, trimmedAgeMs, entries },
  };
}

export function decodePart(reader: FieldReader, body: Uint8Array): RoomPart {
  const room = readRoomName(reader);
  const id = reader.u32();
  const origin = reader.u48();
  const first = reader.u48();
  const count = reader.u32();
  const entries = readEntries(reader, body, first, count);
  return { kind: "part", room, id, origin, entries };
}

function withEntries(head: FieldWriter, entries: readonly RoomEntry[]): Uint8Array {
  const fields = head.u32(entries.length).finish();
  const bytes = entries.reduce((sum, entry) => sum + entryBytesMax(entry), fields.length);
  const out = new ByteWriter(bytes);
  out.append(fields);
  for (const entry of entries) writeEntry(out, entry);
  return out.written();
}

function readEntries(
  reader: FieldReader,
  body: Uint8Array,
  first: number,
  count: number,
): RoomEntry[] {
  if (count > ROOM_WINDOW_MESSAGES) {
    reader.fail(`${count} messages, expected at most the ${ROOM_WINDOW_MESSAGES} that are kept`);
  }
  const entries: RoomEntry[] = [];
  for (let i = 0; i < count; i++) entries.push(readEntry(reader, body, first + i));
  return entries;
}
