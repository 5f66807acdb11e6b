/**
 * What schedulers say to each other about rooms, of one node or of two: the body of a `room` signal. An *origin* is the
 * numbering of one scheduler, known by a token of 48 random bits; a room's messages are numbered from 1 in each of its
 * origins. Each room message is a kind byte and the fields of that kind; see docs/protocol.md.
 */
import { unreachable } from "../base/assert.ts";
import { ByteWriter } from "../base/bytes.ts";
import { DecodeError } from "../base/error.ts";
import { FieldReader, FieldWriter } from "./fields.ts";
import {
  decodePart,
  decodeTell,
  encodePart,
  encodeTell,
  PART,
  TELL,
  type RoomPart,
  type RoomTell,
} from "./room-answer.ts";
import {
  AGE_MAX,
  readHead,
  readRoomName,
  readScheduler,
  writeHead,
  type RoomMessage,
} from "./room-entry.ts";

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
  | RoomPart
  /** The scheduler does not follow the room any more; `id` is that of its last question. */
  | {
      readonly kind: "leave";
      readonly room: string;
      readonly scheduler: number;
      readonly id: number;
    }
  /** Messages of this origin could not be sent to you: ask again. */
  | { readonly kind: "stale"; readonly room: string; readonly origin: number };

const POST = 1;
const ASK = 2;
const LEAVE = 4;
const STALE = 5;

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
  writeHead(writer, message);
  writer.append(message.payload);
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
    case "part":
      return encodePart(frame);
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
      const room = readRoomName(reader);
      const origin = reader.u48();
      const number = reader.u48();
      const head = readHead(reader);
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
    case PART:
      return decodePart(reader, body);
    case LEAVE:
      return {
        kind: "leave",
        room: readRoomName(reader),
        scheduler: readScheduler(reader),
        id: reader.u32(),
      };
    case STALE:
      return { kind: "stale", room: readRoomName(reader), origin: reader.u48() };
    default:
      throw new DecodeError("frame_unknown", `unknown room message ${kind}`, 0);
  }
}

function decodeAsk(reader: FieldReader): RoomFrame {
  const room = readRoomName(reader);
  const asking = readScheduler(reader);
  const id = reader.u32();
  const ageMs = reader.u32();
  const count = reader.u32();
  if (count * 12 > reader.remaining) reader.fail(`a cursor of ${count} origins ends early`);
  const cursor = new Map<number, number>();
  for (let i = 0; i < count; i++) cursor.set(reader.u48(), reader.u48());
  return { kind: "ask", room, scheduler: asking, id, ageMs, cursor };
}
