/**
 * The Snow Term Format, standalone form: one term with everything it needs. `docs/stf.md` has the bytes. The session
 * form, with a dictionary that lasts, is `TermEncoder` and `TermDecoder`.
 */
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { DecodeError } from "../base/error.ts";
import { MESSAGE_BYTES_MAX } from "../base/limits.ts";
import { ambient } from "./ambient.ts";
import { DecodeState, type DecodeOptions } from "./decode-state.ts";
import { asDecodeError } from "./decode.ts";
import { readValue } from "./decode-value.ts";
import { TermEncoder } from "./encode.ts";
import "./identities.ts";

export { struct, type StructCodec } from "./struct.ts";
export type { DecodeOptions } from "./decode-state.ts";

/** Output that is kept between calls; a longer one is given back. */
const KEEP_BYTES = 1024 * 1024;

/** One encoder and its output, for a call at a time: a codec may call `encode` again. */
interface Spare {
  readonly encoder: TermEncoder;
  writer: ByteWriter;
}

const spares: Spare[] = [];
const spareStates: DecodeState[] = [];

/**
 * The bytes of a value, with memory of their own.
 *
 * @throws {EncodeError} with the path to what cannot be sent
 */
export function encode(value: unknown): Uint8Array {
  const spare = takeSpare();
  try {
    spare.encoder.write(spare.writer, value);
    return spare.writer.copy();
  } finally {
    giveSpare(spare);
  }
}

/** Appends the standalone form of a value; false, and nothing written, if it is longer than `bytesMax`. */
export function tryEncodeInto(
  writer: ByteWriter,
  value: unknown,
  bytesMax = MESSAGE_BYTES_MAX,
  root = "message",
): boolean {
  const spare = takeSpare();
  try {
    return spare.encoder.tryWrite(writer, value, bytesMax, root);
  } finally {
    giveSpare(spare);
  }
}

/**
 * The value that `encode` wrote. Bytes behind it are an error.
 *
 * @throws {DecodeError} and nothing else
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): unknown {
  const reader = new ByteReader(bytes);
  const value = decodeFrom(reader, options);
  if (reader.remaining > 0) {
    throw new DecodeError(
      "term_trailing_bytes",
      `${reader.remaining} bytes behind the term`,
      reader.position,
    );
  }
  return value;
}

/** Reads one standalone term at the reader's position and goes behind it. @throws {DecodeError} */
export function decodeFrom(reader: ByteReader, options: DecodeOptions = {}): unknown {
  const state = spareStates.pop() ?? new DecodeState(ambient.identities, {}, reader.bytes);
  try {
    state.identities = options.identities ?? ambient.identities;
    state.views = options.bytes === "view";
    state.reset();
    state.begin(reader);
    const value = readValue(state);
    reader.position = state.position;
    if (state.undecodable !== undefined) throw state.undecodable;
    return value;
  } catch (error) {
    throw asDecodeError(error);
  } finally {
    spareStates.push(state);
  }
}

function takeSpare(): Spare {
  const spare = spares.pop();
  if (spare !== undefined) return spare;
  const writer = new ByteWriter();
  return { writer, encoder: new TermEncoder(writer, true) };
}

function giveSpare(spare: Spare): void {
  spare.encoder.reset();
  spare.writer.length = 0;
  if (spare.writer.bytes.length > KEEP_BYTES) spare.writer = new ByteWriter();
  spares.push(spare);
}
