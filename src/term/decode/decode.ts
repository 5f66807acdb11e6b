import type { ByteReader } from "../../base/bytes.ts";
import { DecodeError } from "../../base/error.ts";
import { DecodeState, type DecodeOptions } from "./decode-state.ts";
import { readStringTerm } from "./decode-leaf.ts";
import { readValue } from "./decode-value.ts";
import type { Identities } from "../identities.ts";
import { Pid } from "../pid.ts";
import { Ref } from "../ref.ts";

/**
 * Reads the terms that one `TermEncoder` wrote, in the same order. Every error is a `DecodeError`. After
 * `struct_undecodable` the reader stands behind the term and the stream goes on; after any other the stream is broken.
 */
export class TermDecoder {
  readonly #state: DecodeState;
  #busy = false;

  constructor(identities: Identities, options: Omit<DecodeOptions, "identities"> = {}) {
    this.#state = new DecodeState(identities, options.bytes === "view");
  }

  /** @throws {DecodeError} */
  read(reader: ByteReader): unknown {
    const state = this.#begin(reader);
    let value: unknown;
    try {
      value = readValue(state);
      this.#busy = false;
    } catch (error) {
      this.#busy = false;
      throw asDecodeError(error);
    }
    reader.position = state.position;
    if (state.undecodable !== undefined) throw state.undecodable;
    return value;
  }

  /** @throws {DecodeError} also if the term is no pid */
  readPid(reader: ByteReader): Pid<unknown> {
    const value = this.read(reader);
    if (value instanceof Pid) return value as Pid<unknown>;
    throw new DecodeError("term_bad_value", "expected a pid", reader.position);
  }

  /** @throws {DecodeError} also if the term is no ref */
  readRef(reader: ByteReader): Ref {
    const value = this.read(reader);
    if (value instanceof Ref) return value;
    throw new DecodeError("term_bad_value", "expected a ref", reader.position);
  }

  /** What `TermEncoder.writeName` wrote. @throws {DecodeError} also if the term is no string */
  readName(reader: ByteReader): string {
    const state = this.#begin(reader);
    try {
      const name = readStringTerm(state);
      reader.position = state.position;
      return name;
    } finally {
      this.#busy = false;
    }
  }

  /** Expects a new stream: an empty dictionary, and the version byte before the next term. */
  reset(): void {
    this.#state.reset();
  }

  #begin(reader: ByteReader): DecodeState {
    if (this.#busy)
      throw new DecodeError("term_bad_value", "read from inside a codec of the same stream");
    this.#state.begin(reader);
    this.#busy = true;
    return this.#state;
  }
}

/**
 * Running out of stack or of room for a Map is the only foreign error that input can cause: the one where the caller left
 * little stack, the other with tens of millions of entries.
 */
export function asDecodeError(error: unknown): unknown {
  if (error instanceof RangeError) {
    return new DecodeError("term_too_large", "out of stack or memory", -1, { cause: error });
  }
  return error;
}
