/**
 * What schedulers say to each other about rooms, of one node or of two: the body of a `room` signal. An *origin* is the
 * numbering of one scheduler, known by a token of 48 random bits; a room's messages are numbered from 1 in each of its
 * origins. Each room message is a kind byte and the fields of that kind; see docs/protocol.md.
 */
import { unreachable } from "../base/assert.ts";
import { ByteWriter } from "../base/bytes.ts";
import { DecodeError } from "../base/error.ts";
import { ROOM_NAME_CHARS_MAX, SCHEDULERS_MAX } from "../base/limits.ts";
import { FieldReader, FieldWriter } from "./fields.ts";

/** What a message's payload is: UTF-8 text, bytes, or a value as JSON. The index is the number on the wire. */
export type RoomForm = "text" | "bytes" | "json";

export const ROOM_FORMS: readonly RoomForm[] = ["text", "bytes", "json"];

/** What was published. */
export interface RoomMessage {
  readonly form: RoomForm;
  readonly payload: Uint8Array;
  /** Ids of sockets that do not get it. */
  readonly except: readonly string[];
}

/** A message that an origin has kept. */
export interface RoomEntry extends RoomMessage {
  readonly number: number;
  /** Milliseconds since it was published. */
  readonly ageMs: number;
}

/** Origin → number of the last message that is not wanted any more. */
export type RoomCursor = ReadonlyMap<number, number>;

export type RoomFrame =
  /** A message to everybody who follows the room. */
  | {
      readonly kind: "post";
      readonly room: string;
      readonly origin: number;
      readonly number: number;
      readonly message: RoomMessage;
    }
  /**
   * From now on the asking scheduler follows the room. Each scheduler of the node that is asked answers `tell`, with what
   * comes behind `cursor`, and with what is younger than `ageMs` where the cursor does not name it.
   */
  | {
      readonly kind: "ask";
      readonly room: string;
      readonly scheduler: number;
      readonly id: number;
      readonly ageMs: number;
      readonly cursor: RoomCursor;
    }
  | RoomTell
  /** The scheduler does not follow the room any more; `id` is that of its last question. */
  | {
      readonly kind: "leave";
      readonly room: string;
      readonly scheduler: number;
      readonly id: number;
    }
  /** Messages of this origin could not be sent to you: ask again. */
  | { readonly kind: "stale"; readonly room: string; readonly origin: number };

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

const POST = 1;
const ASK = 2;
const TELL = 3;
const LEAVE = 4;
const STALE = 5;

const EXCEPT = 0x80;

/** Characters of the id of a socket, all of them ASCII. */
export const SOCKET_ID_CHARS_MAX = 32;

/** An age that stands for: never. */
const AGE_MAX = 0xffff_ffff;

const encoder = new TextEncoder();

/** Writes a post at the end of `writer`, the hot path. Shape: kind, room text, origin u48, number u48, message to the end. */
export function encodePost(
  writer: ByteWriter,
  room: Uint8Array,
  origin: number,
  number: number,
  message: RoomMessage,
): void {
  writer.uint8(POST);
  writer.uint16(room.length);
  writer.append(room);
  writer.uint48(origin);
  writer.uint48(number);
  const { except, form, payload } = message;
  writer.uint8(ROOM_FORMS.indexOf(form) | (except.length > 0 ? EXCEPT : 0));
  if (except.length > 0) {
    const ids = new FieldWriter().u16(except.length);
    for (const id of except) ids.text(id);
    writer.append(ids.finish());
  }
  writer.append(payload);
}

export function encodeRoomFrame(frame: RoomFrame): Uint8Array {
  switch (frame.kind) {
    case "post": {
      const writer = new ByteWriter(64 + frame.message.payload.length);
      encodePost(writer, encoder.encode(frame.room), frame.origin, frame.number, frame.message);
      return writer.copy();
    }
    case "ask": {
      const { room, scheduler, id, ageMs, cursor } = frame;
      const out = new FieldWriter().u8(ASK).text(room).u8(scheduler).u32(id);
      out.u32(Math.min(Math.ceil(ageMs), AGE_MAX)).u32(cursor.size);
      for (const [origin, number] of cursor) out.u48(origin).u48(number);
      return out.finish();
    }
    case "tell":
      return encodeTell(frame);
    case "leave":
      return new FieldWriter()
        .u8(LEAVE)
        .text(frame.room)
        .u8(frame.scheduler)
        .u32(frame.id)
        .finish();
    case "stale":
      return new FieldWriter().u8(STALE).text(frame.room).u48(frame.origin).finish();
    default:
      return unreachable(frame);
  }
}

/**
 * The payloads are views of `body`.
 * @throws {DecodeError} frame_truncated, frame_bad_value, frame_unknown
 */
export function decodeRoomFrame(body: Uint8Array): RoomFrame {
  const reader = new FieldReader(body);
  const kind = reader.u8();
  switch (kind) {
    case POST: {
      const room = roomName(reader);
      const origin = reader.u48();
      const number = reader.u48();
      const head = messageHead(reader);
      return {
        kind: "post",
        room,
        origin,
        number,
        message: { ...head, payload: body.subarray(reader.offset) },
      };
    }
    case ASK:
      return decodeAsk(reader);
    case TELL:
      return decodeTell(reader, body);
    case LEAVE:
      return {
        kind: "leave",
        room: roomName(reader),
        scheduler: scheduler(reader),
        id: reader.u32(),
      };
    case STALE:
      return { kind: "stale", room: roomName(reader), origin: reader.u48() };
    default:
      throw new DecodeError("frame_unknown", `unknown room message ${kind}`, 0);
  }
}

function decodeAsk(reader: FieldReader): RoomFrame {
  const room = roomName(reader);
  const asking = scheduler(reader);
  const id = reader.u32();
  const ageMs = reader.u32();
  const count = reader.u32();
  if (count * 12 > reader.remaining) reader.fail(`a cursor of ${count} origins ends early`);
  const cursor = new Map<number, number>();
  for (let i = 0; i < count; i++) cursor.set(reader.u48(), reader.u48());
  return { kind: "ask", room, scheduler: asking, id, ageMs, cursor };
}

/**
 * Shape: kind, room text, id u32, origin u48, scheduler u8, schedulers u8, last u48, first u48, age u32, count u32, each:
 * age u32, message head, length u32, payload.
 */
function encodeTell(tell: RoomTell): Uint8Array {
  const out = new FieldWriter().u8(TELL).text(tell.room).u32(tell.id).u48(tell.origin);
  out.u8(tell.scheduler).u8(tell.schedulers).u48(tell.last).u48(tell.first);
  out.u32(Math.min(Math.floor(tell.trimmedAgeMs), AGE_MAX)).u32(tell.entries.length);
  for (const { form, except, payload, ageMs } of tell.entries) {
    out.u32(Math.min(Math.floor(ageMs), AGE_MAX));
    out.u8(ROOM_FORMS.indexOf(form) | (except.length > 0 ? EXCEPT : 0));
    if (except.length > 0) {
      out.u16(except.length);
      for (const id of except) out.text(id);
    }
    out.u32(payload.length).bytes(payload);
  }
  return out.finish();
}

function decodeTell(reader: FieldReader, body: Uint8Array): RoomTell {
  const room = roomName(reader);
  const id = reader.u32();
  const origin = reader.u48();
  const from = scheduler(reader);
  const schedulers = scheduler(reader);
  const last = reader.u48();
  const first = reader.u48();
  const trimmed = reader.u32();
  const count = reader.u32();
  if (first > last + 1) reader.fail(`first message ${first} behind the last, ${last}`);
  if (count > last - first + 1)
    reader.fail(`${count} messages, expected at most those from ${first}`);
  const entries: RoomEntry[] = [];
  for (let i = 0; i < count; i++) {
    const ageMs = reader.u32();
    const head = messageHead(reader);
    const length = reader.u32();
    const start = reader.offset;
    reader.skip(length);
    const payload = body.subarray(start, start + length);
    entries.push({ ...head, payload, ageMs, number: last - count + 1 + i });
  }
  const trimmedAgeMs = trimmed === AGE_MAX ? Infinity : trimmed;
  const kind = "tell";
  return {
    kind,
    room,
    id,
    origin,
    scheduler: from,
    schedulers,
    last,
    first,
    trimmedAgeMs,
    entries,
  };
}

function messageHead(reader: FieldReader): Pick<RoomMessage, "form" | "except"> {
  const flags = reader.u8();
  const form = ROOM_FORMS[flags & ~EXCEPT];
  if (form === undefined) return reader.fail(`unknown form of a message: ${flags & ~EXCEPT}`);
  const except: string[] = [];
  if ((flags & EXCEPT) !== 0) {
    const count = reader.u16();
    for (let i = 0; i < count; i++) except.push(reader.text(SOCKET_ID_CHARS_MAX));
  }
  return { form, except };
}

function roomName(reader: FieldReader): string {
  return reader.text(ROOM_NAME_CHARS_MAX * 3);
}

function scheduler(reader: FieldReader): number {
  const value = reader.u8();
  if (value < 1 || value > SCHEDULERS_MAX) {
    reader.fail(`scheduler ${value}, expected 1 to ${SCHEDULERS_MAX}`);
  }
  return value;
}
