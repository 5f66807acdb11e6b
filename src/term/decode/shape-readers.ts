import { int32At, putBytes } from "../../base/bytes.ts";
import { TERM_SHAPE_BYTES_MAX, TERM_SHAPE_KEYS_MAX } from "../../base/limits.ts";
import { readStringTerm } from "./decode-leaf.ts";
import type { DecodeState } from "./decode-state.ts";
import {
  compiledReader,
  readLoop,
  type ReadFields,
  type ReadValue,
  type TagClasses,
} from "./field-readers.ts";

/** Definitions that a thread remembers, a power of two: one that lost its place is parsed again. */
const KNOWN_SLOTS = 1_024;

/** Uses of a shape after which a reader is compiled for it: a peer that sends many shapes once must cost nothing. */
const COMPILE_AT = 32;

/** Makes the objects of one shape, all with the same hidden class once it is in use. */
export class ShapeReader {
  readonly keys: readonly string[];
  readonly nullPrototype: boolean;
  /** The definition's bytes: same bytes, same reader. */
  readonly definition: Uint8Array;
  /** The same four at a time, as many as are whole. */
  readonly words: Int32Array;
  #compiled: ReadFields | undefined = undefined;
  /** What the fields have held; set at the second use. */
  #seen: TagClasses | undefined = undefined;
  #uses = 0;

  constructor(keys: readonly string[], nullPrototype: boolean, definition: Uint8Array) {
    this.keys = keys;
    this.nullPrototype = nullPrototype;
    this.definition = definition;
    this.words = new Int32Array(definition.length >> 2);
    for (let i = 0; i < this.words.length; i++) this.words[i] = int32At(definition, i * 4);
  }

  /** Reads the values at the position and makes the object. */
  read(state: DecodeState, readValue: ReadValue): object {
    return this.#compiled !== undefined
      ? this.#compiled(state, readValue)
      : this.#readEarly(state, readValue);
  }

  /** The first uses: notes what the fields hold, then compiles. */
  #readEarly(state: DecodeState, readValue: ReadValue): object {
    this.#uses++;
    if (this.#uses >= 2) this.#seen ??= new Int32Array(this.keys.length);
    if (this.#uses === COMPILE_AT && this.#seen !== undefined) {
      this.#compiled = compiledReader(this.keys, this.nullPrototype, this.#seen);
    }
    return readLoop(
      state,
      readValue,
      this.keys,
      this.nullPrototype,
      this.#uses < COMPILE_AT ? this.#seen : undefined,
    );
  }
}

const known: (ShapeReader | undefined)[] = new Array<ShapeReader | undefined>(KNOWN_SLOTS).fill(
  undefined,
);

/** The reader for the definition at the position, which goes behind it. `nullPrototype` is what the tag said. */
export function readDefinition(
  state: DecodeState,
  count: number,
  nullPrototype: boolean,
): ShapeReader {
  if (count > TERM_SHAPE_BYTES_MAX)
    state.fail("term_too_large", "keys of a shape are over their limit");
  state.need(count);
  const { bytes, position } = state;
  const slot = slotOf(bytes, position, count);
  for (let way = 0; way < 2; way++) {
    const reader = known[slot ^ way];
    if (
      reader !== undefined &&
      reader.nullPrototype === nullPrototype &&
      isSame(reader, bytes, position, count)
    ) {
      state.position = position + count;
      return reader;
    }
  }
  const reader = parseDefinition(state, count, nullPrototype);
  // The one that was there longer gives way.
  known[slot ^ 1] = known[slot];
  known[slot] = reader;
  return reader;
}

/** Some of the bytes: enough to tell most definitions apart, the comparison sees all of them. */
function slotOf(bytes: Uint8Array, position: number, count: number): number {
  const third = (count * 0x5556) >> 16;
  const hash =
    count * 0x1f1 +
    (bytes[position + third] ?? 0) * 0x7 +
    (bytes[position + 2 * third] ?? 0) * 0x35 +
    (bytes[position + count - 1] ?? 0) * 0x9e5 +
    (bytes[position + (count >> 1)] ?? 0) * 0x3d;
  return hash & (KNOWN_SLOTS - 1);
}

function parseDefinition(state: DecodeState, count: number, nullPrototype: boolean): ShapeReader {
  const start = state.position;
  const { end } = state;
  state.end = start + count;
  const keys: string[] = [];
  while (state.position < state.end) keys.push(readStringTerm(state));
  state.end = end;
  if (keys.length > TERM_SHAPE_KEYS_MAX) state.fail("term_bad_value", "shape has too many keys");
  if (hasTwice(keys)) state.fail("term_bad_value", "shape has a key twice");
  const definition = new Uint8Array(count);
  putBytes(definition, 0, state.bytes, start, count);
  return new ShapeReader(keys, nullPrototype, definition);
}

/** Keys up to which looking at every two of them is faster than a Set. */
const PAIRS_MAX = 8;

function hasTwice(keys: readonly string[]): boolean {
  if (keys.length > PAIRS_MAX) return new Set(keys).size !== keys.length;
  for (let i = 1; i < keys.length; i++) {
    for (let j = 0; j < i; j++) if (keys[i] === keys[j]) return true;
  }
  return false;
}

function isSame(a: ShapeReader, bytes: Uint8Array, start: number, count: number): boolean {
  const { definition, words } = a;
  if (definition.length !== count) return false;
  for (let i = 0; i < words.length; i++)
    if (words[i] !== int32At(bytes, start + i * 4)) return false;
  for (let i = words.length * 4; i < count; i++)
    if (definition[i] !== bytes[start + i]) return false;
  return true;
}
