import { SCHEDULERS_MAX } from "../../base/limits.ts";
import { DecodeError } from "../../base/error.ts";
import { badValue, readUint32, readUint8, type SignalIn, type SignalOut } from "./signal-field.ts";
import type { WireRoom } from "./wire-signal.ts";

/** Bytes before the body. */
const HEAD_BYTES = 5;

/** Shape: scheduler u8, length u32, body. The body has a codec of its own: `room-message.ts`. */
export function encodeRoom({ writer, termBytesMax }: SignalOut, signal: WireRoom): boolean {
  const { body, to } = signal;
  if (body.length + HEAD_BYTES > termBytesMax) return false;
  writer.uint8(to);
  writer.uint32(body.length);
  writer.append(body);
  return true;
}

export function decodeRoom({ reader }: SignalIn, kind: WireRoom["kind"]): WireRoom {
  const to = readUint8(reader);
  if (to > SCHEDULERS_MAX)
    throw badValue(reader, `scheduler ${to}, the limit is ${SCHEDULERS_MAX}`);
  const length = readUint32(reader);
  const start = reader.position;
  if (length > reader.remaining)
    throw new DecodeError("frame_truncated", "room message ends early", start);
  reader.position = start + length;
  const { buffer, byteOffset } = reader.bytes;
  return { kind, from: undefined, to, body: new Uint8Array(buffer, byteOffset + start, length) };
}
