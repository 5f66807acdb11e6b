/** Messages of a room as they are written in every room message that has some, and the names beside them. */
import type { ByteWriter } from "../base/bytes.ts";
import { ROOM_NAME_CHARS_MAX, SCHEDULERS_MAX } from "../base/limits.ts";
import { FieldWriter, type FieldReader } from "./fields.ts";

/** What a message's payload is: UTF-8 text, bytes, or a value as JSON. The index is the number on the wire. */
export type RoomForm = "text" | "bytes" | "json";

const ROOM_FORMS: readonly RoomForm[] = ["text", "bytes", "json"];

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

/** Characters of the id of a socket, all of them ASCII. */
export const SOCKET_ID_CHARS_MAX = 32;

/** An age that stands for: never. */
export const AGE_MAX = 0xffff_ffff;

/** The form's number; with this bit: ids that do not get it follow. */
const EXCEPT = 0x80;

/** Writes a message's head at the end of `writer`. Shape: form u8, and with bit 7 count u16, each: id text. */
export function writeHead(writer: ByteWriter, { except, form }: RoomMessage): void {
  writer.uint8(ROOM_FORMS.indexOf(form) | (except.length > 0 ? EXCEPT : 0));
  if (except.length === 0) return;
  const ids = new FieldWriter().u16(except.length);
  for (const id of except) ids.text(id);
  writer.append(ids.finish());
}

export function readHead(reader: FieldReader): Pick<RoomMessage, "form" | "except"> {
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

/** Bytes of an entry besides its payload and the ids in it. */
const ENTRY_BYTES = 4 + 1 + 2 + 4;

/** The most bytes that an entry takes. */
export const entryBytesMax = ({ payload, except }: RoomMessage): number =>
  ENTRY_BYTES + payload.length + except.length * (2 + SOCKET_ID_CHARS_MAX);

/** Shape: age u32, message head, length u32, payload. */
export function writeEntry(out: ByteWriter, entry: RoomEntry): void {
  out.uint32(Math.min(Math.floor(entry.ageMs), AGE_MAX));
  writeHead(out, entry);
  out.uint32(entry.payload.length);
  out.append(entry.payload);
}

/** The payload is a view of `body`, which is what `reader` reads. */
export function readEntry(reader: FieldReader, body: Uint8Array, number: number): RoomEntry {
  const ageMs = reader.u32();
  const head = readHead(reader);
  const length = reader.u32();
  const start = reader.offset;
  reader.skip(length);
  return { ...head, payload: body.subarray(start, start + length), ageMs, number };
}

export const readRoomName = (reader: FieldReader): string => reader.text(ROOM_NAME_CHARS_MAX * 3);

export function readScheduler(reader: FieldReader): number {
  const value = reader.u8();
  if (value < 1 || value > SCHEDULERS_MAX) {
    reader.fail(`scheduler ${value}, expected 1 to ${SCHEDULERS_MAX}`);
  }
  return value;
}
