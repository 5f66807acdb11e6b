/**
 * The fields that signals share. In a signal the terms come first and the names, pids and refs behind them: a term can
 * fail to encode, and then nothing may have entered the dictionary yet that the peer will not see.
 */
import { DecodeError, EncodeError } from "../../base/error.ts";
import { MESSAGE_BYTES_MAX, REASON_BYTES_MAX } from "../../base/limits.ts";
import type { ByteReader, ByteWriter } from "../../base/bytes.ts";
import type { TermDecoder } from "../../term/decode/decode.ts";
import type { TermEncoder } from "../../term/encode/encode.ts";
import { Pid } from "../../term/pid.ts";
import { encode } from "../../term/stf.ts";
import type { WireName } from "./wire-signal.ts";

/** Where a signal is written: at the end of `writer`, in the session form of `encoder`. */
export interface SignalOut {
  readonly writer: ByteWriter;
  readonly encoder: TermEncoder;
  /** Bytes that a message or the arguments of a spawn may take; reasons have a limit of their own. */
  readonly termBytesMax: number;
}

/** Where a signal is read. */
export interface SignalIn {
  readonly reader: ByteReader;
  readonly decoder: TermDecoder;
}

/** A term that was read, or why it cannot be built here; anything else that is wrong with it is thrown. */
export type TermRead = { readonly value: unknown; readonly error: DecodeError | undefined };

export function readUint8(reader: ByteReader): number {
  return reader.bytes[take(reader, 1)]!;
}

export function readUint32(reader: ByteReader): number {
  return reader.bytes.readUInt32LE(take(reader, 4));
}

export function readUint48(reader: ByteReader): number {
  return reader.bytes.readUIntLE(take(reader, 6), 6);
}

/** A u64 that is at most 2^53 − 1. */
export function readUint53(reader: ByteReader): number {
  const low = readUint32(reader);
  const high = readUint32(reader);
  if (high > 0x1f_ffff) throw badValue(reader, "a number above 2^53 − 1");
  return high * 0x1_0000_0000 + low;
}

export function writeUint53(writer: ByteWriter, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  writer.uint32(value - high * 0x1_0000_0000);
  writer.uint32(high);
}

/** @throws {DecodeError} all but `struct_undecodable`, which is returned: the reader then stands behind the term */
export function readTerm({ reader, decoder }: SignalIn): TermRead {
  try {
    return { value: decoder.read(reader), error: undefined };
  } catch (error) {
    if (error instanceof DecodeError && error.code === "struct_undecodable")
      return { value: undefined, error };
    throw error;
  }
}

/**
 * An exit reason, at most `REASON_BYTES_MAX` long: a longer one becomes `{ truncated: bytes }`, one that cannot be sent
 * `{ not_encodable: text }`. A death is reported whatever its reason, so this never throws.
 */
export function writeReason({ writer, encoder }: SignalOut, reason: unknown): void {
  try {
    if (encoder.tryWrite(writer, reason, REASON_BYTES_MAX)) return;
    encoder.write(writer, { truncated: sizeOf(reason) });
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    encoder.write(writer, { not_encodable: error.message });
  }
}

/** The reason, or `{ not_decodable: text }` when it holds a struct that cannot be built here. */
export function readReason(from: SignalIn): unknown {
  const { value, error } = readTerm(from);
  return error === undefined ? value : { not_decodable: error.message };
}

export function writeOptionalPid({ writer, encoder }: SignalOut, pid: Pid | undefined): void {
  writer.uint8(pid === undefined ? 0 : 1);
  if (pid !== undefined) encoder.writePid(writer, pid);
}

export function readOptionalPid({ reader, decoder }: SignalIn): Pid | undefined {
  return readFlag(reader) ? decoder.readPid(reader) : undefined;
}

/** A pid or a name on a node: 0 and name and node, or 1 and pid. */
export function writeTarget(out: SignalOut, target: Pid | WireName): void {
  if (target instanceof Pid) return writeOptionalPid(out, target);
  out.writer.uint8(0);
  writeName(out, target);
}

export function readTarget(from: SignalIn): Pid | WireName {
  return readOptionalPid(from) ?? readName(from);
}

export function writeName({ writer, encoder }: SignalOut, { name, node }: WireName): void {
  encoder.writeName(writer, name);
  encoder.writeName(writer, node);
}

export function readName({ reader, decoder }: SignalIn): WireName {
  const name = decoder.readName(reader);
  return { name, node: decoder.readName(reader) };
}

export function readFlag(reader: ByteReader): boolean {
  const value = readUint8(reader);
  if (value > 1) throw badValue(reader, `flag is ${value}, expected 0 or 1`);
  return value === 1;
}

export function badValue(reader: ByteReader, text: string): DecodeError {
  return new DecodeError("frame_bad_value", text, reader.position);
}

function take(reader: ByteReader, count: number): number {
  const at = reader.position;
  if (at + count > reader.end) throw new DecodeError("frame_truncated", "signal ends early", at);
  reader.position = at + count;
  return at;
}

/** Bytes of a term, for people: at the limit the limit. */
function sizeOf(value: unknown): number {
  try {
    return encode(value).length;
  } catch {
    return MESSAGE_BYTES_MAX;
  }
}
