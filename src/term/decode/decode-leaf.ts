import { hexText, latin1Text, utf16Text, utf8Text } from "../../base/bytes.ts";
import { NODE_NAME_CHARS_MAX, TERM_BIGINT_BYTES_MAX } from "../../base/limits.ts";
import type { DecodeState } from "./decode-state.ts";
import type { NodeRef } from "../node-ref.ts";
import {
  ARRAY,
  LATIN1,
  LATIN1_16,
  LATIN1_32,
  LATIN1_8,
  STRING_DEFINE,
  STRING_REF,
  STRING_REF16,
  STRING_REF8,
  UNDEFINED,
  UTF16,
  UTF8_16,
  UTF8_32,
  UTF8_8,
} from "../tags.ts";
import { typedByKind } from "../typed-kinds.ts";
import { KIND_ARRAY_BUFFER } from "../tags.ts";

const TWO_32 = 0x1_0000_0000;

export function readUint8(state: DecodeState): number {
  const position = state.position;
  if (position >= state.end) state.need(1);
  state.position = position + 1;
  return state.bytes[position]!;
}

export function readUint16(state: DecodeState): number {
  const { bytes, position } = state;
  if (position + 2 > state.end) state.need(2);
  state.position = position + 2;
  return bytes[position]! | (bytes[position + 1]! << 8);
}

export function readUint32(state: DecodeState): number {
  const { bytes, position } = state;
  if (position + 4 > state.end) state.need(4);
  state.position = position + 4;
  return (
    (bytes[position]! |
      (bytes[position + 1]! << 8) |
      (bytes[position + 2]! << 16) |
      (bytes[position + 3]! << 24)) >>>
    0
  );
}

export function readUint48(state: DecodeState): number {
  if (state.position + 6 > state.end) state.need(6);
  const low = readUint32(state);
  return readUint16(state) * TWO_32 + low;
}

/** 7 bytes that hold at most 2^53 − 1. */
export function readUint56(state: DecodeState): number {
  state.need(7);
  const low = readUint32(state);
  const middle = readUint16(state);
  const value = (middle | (readUint8(state) << 16)) * TWO_32 + low;
  if (value > Number.MAX_SAFE_INTEGER) state.fail("term_bad_value", "integer is over 2^53 - 1");
  return value;
}

export function readFloat64(state: DecodeState): number {
  const { position } = state;
  if (position + 8 > state.end) state.need(8);
  state.position = position + 8;
  return state.float64At(position);
}

/** LEB128 of a number below 2^31: integer arithmetic only, a position that became a float would slow everything down. */
export function readVarint(state: DecodeState): number {
  let byte = readUint8(state);
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  for (let shift = 7; shift < 28; shift += 7) {
    byte = readUint8(state);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  byte = readUint8(state);
  if (byte > 7) return state.fail("term_bad_value", "varint is over 31 bits");
  return value | (byte << 28);
}

/** A varint count of items of which each takes at least `bytes` bytes: never more than the input can hold. */
export function readCount(state: DecodeState, bytes: number): number {
  const count = readVarint(state);
  state.need(count * bytes);
  return count;
}

export function readBigInt(state: DecodeState, negative: boolean): bigint {
  const count = readCount(state, 1);
  if (count > TERM_BIGINT_BYTES_MAX) state.fail("term_too_large", "bigint is over its limit");
  if (count === 0) return 0n;
  const { position } = state;
  state.position = position + count;
  const value = BigInt(`0x${hexText(state.bytes, position, position + count)}`);
  return negative ? -value : value;
}

/** A term that must be a string. */
export function readStringTerm(state: DecodeState): string {
  const tag = readUint8(state);
  if (tag >= LATIN1 && tag < ARRAY) return readLatin1(state, state.position, tag - LATIN1);
  if (tag >= STRING_REF && tag < UNDEFINED) return readStringRef(state, tag - STRING_REF);
  if (tag >= LATIN1_8 && tag <= STRING_REF16) return readTaggedString(state, tag);
  state.position--;
  return state.fail("term_unknown_tag", `got tag ${tag}, expected a string`);
}

/** The string after one of the tags LATIN1_8 … STRING_REF16. */
export function readTaggedString(state: DecodeState, tag: number): string {
  switch (tag) {
    case LATIN1_8:
      return readSized(state, readUint8(state));
    case LATIN1_16:
      return readSized(state, readUint16(state));
    case LATIN1_32:
      return readSized(state, readUint32(state));
    case UTF8_8:
      return readUtf8(state, readUint8(state));
    case UTF8_16:
      return readUtf8(state, readUint16(state));
    case UTF8_32:
      return readUtf8(state, readUint32(state));
    case UTF16:
      return readUtf16(state);
    case STRING_DEFINE: {
      const start = state.position;
      const inner = readUint8(state);
      // A definition inside a definition would nest without limit.
      if (inner >= STRING_DEFINE || inner < LATIN1 || (inner >= ARRAY && inner < LATIN1_8)) {
        state.fail("term_unknown_tag", "a dictionary entry is a string in full");
      }
      const text =
        inner < ARRAY
          ? readLatin1(state, state.position, inner - LATIN1)
          : readTaggedString(state, inner);
      state.defineString(text, state.position - start);
      return text;
    }
    case STRING_REF8:
      return readStringRef(state, 16 + readUint8(state));
    default:
      return readStringRef(state, readUint16(state));
  }
}

export function readStringRef(state: DecodeState, index: number): string {
  if (index >= state.stringCount) state.fail("term_bad_index", `dictionary has no string ${index}`);
  return state.strings[index]!;
}

/** Bytes that are made text at once where strings stand close together: a call costs more than its length. */
const WINDOW_BYTES = 256;

/** Strings up to this length, this near behind the last one, are cut out of a window. */
const NEAR_BYTES = 48;

/**
 * `count` Latin-1 characters at `start`. A string that stands alone is made by itself, unless it is a short one that was read
 * lately; strings close together are slices of one longer string, which costs a third. Such a slice keeps its window alive, so
 * the window is short.
 */
export function readLatin1(state: DecodeState, start: number, count: number): string {
  const end = start + count;
  if (end > state.end) state.need(count + 1);
  state.position = end;
  if (count < 2) return count === 0 ? "" : String.fromCharCode(state.bytes[start]!);
  if (end <= state.windowEnd) {
    state.stringEnd = end;
    return state.window.slice(start - state.windowStart, end - state.windowStart);
  }
  const near = start - state.stringEnd <= NEAR_BYTES && count <= NEAR_BYTES;
  if (count <= WORD_CHARS_MAX && (!near || state.windowEnd === 0))
    return readShort(state, start, end, near);
  state.stringEnd = end;
  return near ? openWindow(state, start, end) : latin1Text(state.bytes, start, end);
}

/** Characters of a string that is looked for among the last ones before it is made: types and names are short. */
const WORD_CHARS_MAX = 12;

const WORD_SLOTS = 256;

/** The last short strings that came twice, by a hash of three of their bytes. */
const words: string[] = new Array<string>(WORD_SLOTS).fill("");

/** Hash of the string that was last made and would go to that slot: ids that come once must not push out the words. */
const wordPrints = new Int32Array(WORD_SLOTS);

function readShort(state: DecodeState, start: number, end: number, near: boolean): string {
  const { bytes } = state;
  const count = end - start;
  const slot =
    (bytes[start]! * 7 + bytes[end - 1]! * 31 + bytes[start + (count >> 1)]! * 131 + count) &
    (WORD_SLOTS - 1);
  const word = words[slot]!;
  if (word.length === count) {
    let i = 0;
    while (i < count && word.charCodeAt(i) === bytes[start + i]) i++;
    // Such a string is no reason to open a window for the next one.
    if (i === count) return word;
  }
  let print = count;
  for (let i = start; i < end; i++) print = (Math.imul(print, 31) + bytes[i]!) | 0;
  // Not as a slice, which would keep its window alive.
  if (wordPrints[slot] === print) return (words[slot] = latin1Text(bytes, start, end));
  wordPrints[slot] = print;
  state.stringEnd = end;
  return near ? openWindow(state, start, end) : latin1Text(bytes, start, end);
}

function readSized(state: DecodeState, count: number): string {
  return readLatin1(state, state.position, count);
}

function openWindow(state: DecodeState, start: number, end: number): string {
  const windowEnd = Math.min(start + WINDOW_BYTES, state.end);
  state.windowStart = start;
  state.windowEnd = windowEnd;
  state.window = latin1Text(state.bytes, start, windowEnd);
  return state.window.slice(0, end - start);
}

function readUtf8(state: DecodeState, count: number): string {
  state.need(count);
  const { position } = state;
  state.position = position + count;
  return utf8Text(state.bytes, position, position + count);
}

function readUtf16(state: DecodeState): string {
  const count = readCount(state, 2) * 2;
  const { position } = state;
  state.position = position + count;
  return utf16Text(state.bytes, position, position + count);
}

/** Bytes as a copy, or as a view of what the caller handed in (a `Buffer` if that is one). */
export function readBytes(state: DecodeState, count: number): Uint8Array {
  state.need(count);
  const { position } = state;
  state.position = position + count;
  return state.views
    ? state.bytes.subarray(position, position + count)
    : copyOf(state, position, count);
}

function copyOf(state: DecodeState, position: number, count: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(count);
  if (count > 0) copy.set(state.bytes.subarray(position, position + count));
  return copy;
}

/** A typed array or an ArrayBuffer: always a copy, because the input need not be aligned. */
export function readTyped(state: DecodeState): object {
  const kind = readUint8(state);
  const count = readCount(state, 1);
  const { position } = state;
  const entry = typedByKind[kind];
  if (entry === undefined && kind !== KIND_ARRAY_BUFFER) {
    state.fail("term_unknown_tag", `unknown kind of typed array ${kind}`);
  }
  if (entry !== undefined && count % entry.elementBytes !== 0) {
    state.fail("term_bad_value", "length of typed array is not a whole number of elements");
  }
  state.position = position + count;
  const { buffer } = copyOf(state, position, count);
  return entry === undefined ? buffer : new entry.type(buffer);
}

/** The node of a pid or ref, by index or (`define`) in full. */
export function readNode(state: DecodeState, define: boolean): NodeRef {
  if (!define) {
    const index = readVarint(state);
    if (index >= state.nodeCount) state.fail("term_bad_index", `dictionary has no node ${index}`);
    return state.nodes[index]!;
  }
  const name = readStringTerm(state);
  if (name.length > NODE_NAME_CHARS_MAX) state.fail("term_bad_value", "name of a node is too long");
  const nodeRef = state.identities.nodeRef(name, readUint48(state));
  state.defineNode(nodeRef);
  return nodeRef;
}
