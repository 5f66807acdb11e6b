import { int32At, type ByteReader } from "../../base/bytes.ts";
import { DecodeError, type DecodeErrorCode } from "../../base/error.ts";
import {
  TERM_DICTIONARY_BYTES_MAX,
  TERM_NODES_MAX,
  TERM_SHAPES_MAX,
  TERM_STRINGS_MAX,
} from "../../base/limits.ts";
import type { Identities } from "../identities.ts";
import type { NodeRef } from "../node-ref.ts";
import type { ShapeReader } from "./shape-readers.ts";
import { RESET, STF_VERSION } from "../tags.ts";

/** An offset that is near to none. */
const NOWHERE = -1_000_000;

const NO_VIEW = new DataView(new ArrayBuffer(0));

export interface DecodeOptions {
  /** Whose pids and nodes the result refers to; the ambient ones if left out. */
  readonly identities?: Identities;
  /** Byte arrays as copies (the default) or as views of the input, which then must not change. */
  readonly bytes?: "copy" | "view";
}

/**
 * Floats of an input that are put together from bytes before a DataView is made for it: that costs as much as ten of them, and
 * for small inputs memory too, because the engine gives them an ArrayBuffer only when somebody asks.
 */
const LOOSE_FLOATS_MAX = 48;

const looseFloat = new Float64Array(1);
const looseWords = new Int32Array(looseFloat.buffer);

const NO_BYTES = new Uint8Array(0);

/**
 * Input position and dictionary of one decoder. The functions of `decode-*.ts` work on it. `bytes[position .. end)` is
 * still to be read; nothing at or behind `end` is ever looked at.
 */
export class DecodeState {
  bytes: Uint8Array = NO_BYTES;
  position = 0;
  end = 0;
  depth = 0;
  identities: Identities;
  /** Byte arrays as views of the input. */
  views: boolean;
  /** The first struct of this term that could not be built. */
  undecodable: DecodeError | undefined = undefined;

  /** Latin-1 text of `bytes[windowStart .. windowEnd)`: near strings are cut out of it. See `readLatin1`. */
  window = "";
  windowStart = 0;
  windowEnd = 0;
  /** Where the last string ended that had to be made. */
  stringEnd = NOWHERE;
  #generation = 0;

  // The dictionary: what stands behind the counts is left over from an earlier term.
  readonly strings: string[] = [];
  stringCount = 0;
  readonly shapes: ShapeReader[] = [];
  shapeCount = 0;
  readonly nodes: NodeRef[] = [];
  nodeCount = 0;
  #text = 0;
  #begun = false;

  /** The DataView of `viewBytes`: valid while that is `bytes`, see `makeView`. */
  view: DataView = NO_VIEW;
  viewBytes: Uint8Array | undefined = undefined;
  #looseFloats = 0;

  constructor(identities: Identities, views: boolean) {
    this.identities = identities;
    this.views = views;
  }

  /** Makes `view` the DataView of `bytes`. */
  makeView(): DataView {
    this.viewBytes = this.bytes;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.view;
  }

  /** The float64 at a position where there are 8 bytes. */
  float64At(position: number): number {
    const { bytes } = this;
    if (this.viewBytes === bytes) return this.view.getFloat64(position, true);
    if (++this.#looseFloats > LOOSE_FLOATS_MAX) return this.makeView().getFloat64(position, true);
    looseWords[0] = int32At(bytes, position);
    looseWords[1] = int32At(bytes, position + 4);
    return looseFloat[0]!;
  }

  /** Begins a standalone term: all of the input. */
  openInput(input: Uint8Array): void {
    this.bytes = input;
    this.position = 0;
    this.end = input.length;
    this.depth = 0;
    this.undecodable = undefined;
    this.windowEnd = 0;
    this.stringEnd = NOWHERE;
    this.#looseFloats = 0;
  }

  /** Lets go of the input. */
  closeInput(): void {
    this.bytes = NO_BYTES;
    if (this.viewBytes === undefined) return;
    this.viewBytes = undefined;
    this.view = NO_VIEW;
  }

  /** Begins a term of a stream: reads what comes before it. */
  begin(reader: ByteReader): void {
    // Only if it is another one: a reference that is stored is work for the collector, a lot while it runs.
    if (reader.bytes !== this.bytes) this.bytes = reader.bytes;
    this.position = reader.position;
    this.end = reader.end;
    this.depth = 0;
    if (this.undecodable !== undefined) this.undecodable = undefined;
    if (reader.generation !== this.#generation) {
      this.#generation = reader.generation;
      this.windowEnd = 0;
      this.stringEnd = NOWHERE;
      this.#looseFloats = 0;
    }
    if (!this.#begun) this.readVersion();
    else if (this.position < this.end && this.bytes[this.position] === RESET) {
      this.reset();
      this.#begun = true;
      this.position++;
      this.readVersion();
    }
  }

  /** Empties the dictionary; the next term begins with the version byte. */
  reset(): void {
    this.stringCount = 0;
    this.shapeCount = 0;
    this.nodeCount = 0;
    this.#text = 0;
    this.#begun = false;
  }

  defineString(text: string, bytes: number): void {
    if (this.stringCount >= TERM_STRINGS_MAX)
      this.fail("term_bad_index", "too many dictionary strings");
    this.#takeText(bytes);
    this.strings[this.stringCount++] = text;
  }

  defineShape(shape: ShapeReader, bytes: number): void {
    if (this.shapeCount >= TERM_SHAPES_MAX)
      this.fail("term_bad_index", "too many dictionary shapes");
    this.#takeText(bytes);
    this.shapes[this.shapeCount++] = shape;
  }

  defineNode(nodeRef: NodeRef): void {
    if (this.nodeCount >= TERM_NODES_MAX) this.fail("term_bad_index", "too many dictionary nodes");
    this.nodes[this.nodeCount++] = nodeRef;
  }

  /** Checks that `count` bytes are left. */
  need(count: number): void {
    if (count > this.end - this.position)
      this.fail("term_truncated", `term is truncated: ${count} bytes expected`);
  }

  fail(code: DecodeErrorCode, text: string): never {
    throw new DecodeError(code, text, this.position);
  }

  #takeText(bytes: number): void {
    this.#text += bytes;
    if (this.#text > TERM_DICTIONARY_BYTES_MAX)
      this.fail("term_too_large", "dictionary is over its limit");
  }

  /** Reads the version byte. */
  readVersion(): void {
    this.need(1);
    const version = this.bytes[this.position]!;
    if (version !== STF_VERSION)
      this.fail("term_version", `term version: got ${version}, expected ${STF_VERSION}`);
    this.position++;
    this.#begun = true;
  }
}
