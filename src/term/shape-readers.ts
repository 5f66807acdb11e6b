import { TERM_SHAPE_BYTES_MAX, TERM_SHAPE_KEYS_MAX } from "../base/limits.ts";
import { readStringTerm } from "./decode-leaf.ts";
import type { DecodeState } from "./decode-state.ts";
import {
  compiledReader,
  loopReader,
  observingReader,
  type ReadFields,
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
  /** Reads the values at the position and makes the object. */
  read: ReadFields;

  constructor(keys: readonly string[], nullPrototype: boolean, definition: Uint8Array) {
    this.keys = keys;
    this.nullPrototype = nullPrototype;
    this.definition = definition;
    const loop = loopReader(keys, nullPrototype);
    const seen: TagClasses = new Int32Array(keys.length);
    let uses = 0;
    this.read = (state, readValue) => {
      if (++uses < COMPILE_AT) return observingReader(keys, nullPrototype, seen)(state, readValue);
      this.read = compiledReader(keys, nullPrototype, seen) ?? loop;
      return this.read(state, readValue);
    };
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
      isSame(reader.definition, bytes, position, count)
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
  let hash = count;
  const step = (count >>> 3) + 1;
  const end = position + count;
  for (let i = position + 1; i < end; i += step) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
  return (hash ^ (hash >>> 11)) & (KNOWN_SLOTS - 1);
}

function parseDefinition(state: DecodeState, count: number, nullPrototype: boolean): ShapeReader {
  const start = state.position;
  const { end } = state;
  state.end = start + count;
  const keys: string[] = [];
  while (state.position < state.end) keys.push(readStringTerm(state));
  state.end = end;
  if (keys.length > TERM_SHAPE_KEYS_MAX) state.fail("term_bad_value", "shape has too many keys");
  if (new Set(keys).size !== keys.length) state.fail("term_bad_value", "shape has a key twice");
  return new ShapeReader(
    keys,
    nullPrototype,
    new Uint8Array(state.bytes.subarray(start, start + count)),
  );
}

function isSame(a: Uint8Array, b: Uint8Array, start: number, count: number): boolean {
  if (a.length !== count) return false;
  for (let i = 0; i < count; i++) if (a[i] !== b[start + i]) return false;
  return true;
}
