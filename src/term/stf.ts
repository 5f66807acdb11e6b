/**
 * The Snow Term Format, standalone form: one term with everything it needs. `docs/stf.md` has the bytes. The session
 * form, with a dictionary that lasts, is `TermEncoder` and `TermDecoder`.
 */
import { ByteWriter } from "../base/bytes.ts";
import { DecodeError } from "../base/error.ts";
import { shown } from "../base/shown.ts";
import { ambient } from "./ambient.ts";
import { DecodeState, type DecodeOptions } from "./decode/decode-state.ts";
import { asDecodeError } from "./decode/decode.ts";
import { readValue } from "./decode/decode-value.ts";
import { TermEncoder } from "./encode/encode.ts";
import "./identities.ts";

/** Output that is kept between calls; a longer one is given back. */
const KEEP_BYTES = 1024 * 1024;

/** An encoder and its output, for one call at a time: a codec may call `encode` again. */
interface Spare {
  readonly encoder: TermEncoder;
  readonly writer: ByteWriter;
}

/** The one that waits for the next call; a call inside a call makes another. */
let spare: Spare | undefined;

/**
 * The bytes of a value, with memory of their own. The same value gives the same bytes.
 *
 * @throws {EncodeError} with the path to what cannot be sent
 */
export function encode(value: unknown): Uint8Array {
  const taken = spare ?? makeSpare();
  spare = undefined;
  const { encoder, writer } = taken;
  encoder.reset();
  writer.length = 0;
  try {
    encoder.write(writer, value);
    return writer.copy();
  } finally {
    if (writer.bytes.length <= KEEP_BYTES) spare = taken;
  }
}

function makeSpare(): Spare {
  const writer = new ByteWriter();
  return { writer, encoder: new TermEncoder(writer, true) };
}

let spareState: DecodeState | undefined;

const NO_OPTIONS: DecodeOptions = {};

/**
 * The value that `encode` wrote. Bytes behind it are an error.
 *
 * @throws {DecodeError} and nothing else
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = NO_OPTIONS): unknown {
  if (!(bytes instanceof Uint8Array))
    throw new DecodeError("term_bad_value", `expected a Uint8Array, got ${shown(bytes)}`);
  const state = spareState ?? new DecodeState(ambient.identities, false);
  spareState = undefined;
  try {
    state.openInput(bytes);
    const value = readStandalone(state, options);
    if (state.position < state.end) {
      state.fail("term_trailing_bytes", `${state.end - state.position} bytes behind the term`);
    }
    if (state.undecodable !== undefined) throw state.undecodable;
    return value;
  } catch (error) {
    throw asDecodeError(error);
  } finally {
    state.closeInput();
    spareState = state;
  }
}

function readStandalone(state: DecodeState, options: DecodeOptions): unknown {
  state.identities = options.identities ?? ambient.identities;
  state.views = options.bytes === "view";
  state.reset();
  state.readVersion();
  return readValue(state);
}
