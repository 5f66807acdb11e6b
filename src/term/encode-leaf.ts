import { DICTIONARY_CHARS_MAX, REFUSED, SLACK, type EncodeState } from "./encode-state.ts";
import type { NodeRef } from "./node-ref.ts";
import {
  BIGINT,
  BIGINT_NEGATIVE,
  BYTES_8,
  FLOAT64,
  INT_MAX,
  LATIN1,
  LATIN1_8,
  NINT16,
  NINT32,
  NINT56,
  NINT8,
  STRING_DEFINE,
  STRING_REF,
  STRING_REF16,
  STRING_REF8,
  UINT16,
  UINT32,
  UINT48,
  UINT56,
  UINT8,
  UTF16,
  UTF8_8,
} from "./tags.ts";
import { TERM_BIGINT_BYTES_MAX } from "../base/limits.ts";

const TWO_32 = 0x1_0000_0000;
const PER_TWO_32 = 1 / TWO_32;

/** Characters up to which a loop beats a call into the runtime. */
const LOOP_CHARS_MAX = 31;

/** LEB128 of a number below 2^32. */
export function writeVarint(state: EncodeState, position: number, value: number): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  const bytes = state.bytes;
  while (value > 0x7f) {
    bytes[position++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  bytes[position++] = value;
  return position;
}

/** Any number: the shortest integer form, or float64. */
export function writeNumber(state: EncodeState, position: number, value: number): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  const bytes = state.bytes;
  const small = value | 0;
  if (small === value) {
    if (small > 0) {
      if (small <= INT_MAX) {
        bytes[position] = small;
        return position + 1;
      }
      return writePositive(state, position, small);
    }
    // −0 and 0 are equal: only the quotient tells them apart.
    if (small === 0 && 1 / value > 0) {
      bytes[position] = 0;
      return position + 1;
    }
    if (small < 0) return writeNegative(state, position, small);
  }
  return writeLarge(state, position, value);
}

function writePositive(state: EncodeState, position: number, value: number): number {
  const bytes = state.bytes;
  if (value <= 0xff) {
    bytes[position] = UINT8;
    bytes[position + 1] = value;
    return position + 2;
  }
  if (value <= 0xffff) {
    bytes[position] = UINT16;
    bytes[position + 1] = value;
    bytes[position + 2] = value >>> 8;
    return position + 3;
  }
  bytes[position] = UINT32;
  state.view.setInt32(position + 1, value, true);
  return position + 5;
}

function writeNegative(state: EncodeState, position: number, value: number): number {
  const bytes = state.bytes;
  const count = ~value;
  if (count <= 15) {
    bytes[position] = 0xff - count;
    return position + 1;
  }
  if (count <= 0xff) {
    bytes[position] = NINT8;
    bytes[position + 1] = count;
    return position + 2;
  }
  if (count <= 0xffff) {
    bytes[position] = NINT16;
    bytes[position + 1] = count;
    bytes[position + 2] = count >>> 8;
    return position + 3;
  }
  bytes[position] = NINT32;
  state.view.setInt32(position + 1, count, true);
  return position + 5;
}

/** What is not an int32: larger integers and everything with a fraction. */
function writeLarge(state: EncodeState, position: number, value: number): number {
  const bytes = state.bytes;
  const view = state.view;
  if (Number.isSafeInteger(value) && value !== 0) {
    const count = value < 0 ? -1 - value : value;
    const high = Math.floor(count * PER_TWO_32);
    const low = count - high * TWO_32;
    view.setUint32(position + 1, low, true);
    if (value > 0) {
      if (high === 0) {
        bytes[position] = UINT32;
        return position + 5;
      }
      if (high <= 0xffff) {
        bytes[position] = UINT48;
        view.setUint16(position + 5, high, true);
        return position + 7;
      }
    } else if (high === 0) {
      bytes[position] = NINT32;
      return position + 5;
    }
    bytes[position] = value < 0 ? NINT56 : UINT56;
    view.setUint16(position + 5, high, true);
    bytes[position + 7] = high >>> 16;
    return position + 8;
  }
  bytes[position] = FLOAT64;
  view.setFloat64(position + 1, value, true);
  return position + 9;
}

/** Bytes that `writeNumber` takes for the value. */
export function numberBytes(value: number): number {
  const small = value | 0;
  if (small === value && (small !== 0 || 1 / value > 0)) {
    if (small >= -16 && small <= INT_MAX) return 1;
    const count = small < 0 ? ~small : small;
    return count <= 0xff ? 2 : count <= 0xffff ? 3 : 5;
  }
  if (!Number.isSafeInteger(value) || value === 0) return 9;
  const count = value < 0 ? -1 - value : value;
  return count < TWO_32 ? 5 : value > 0 && count < TWO_32 * 0x1_0000 ? 7 : 8;
}

export function writeBigInt(state: EncodeState, position: number, value: bigint): number {
  let hex = (value < 0n ? -value : value).toString(16);
  if (hex.length & 1) hex = `0${hex}`;
  const count = value === 0n ? 0 : hex.length >>> 1;
  if (count > TERM_BIGINT_BYTES_MAX) throw REFUSED;
  if (position + SLACK + count > state.end) state.grow(position, SLACK + count);
  state.bytes[position] = value < 0n ? BIGINT_NEGATIVE : BIGINT;
  position = writeVarint(state, position + 1, count);
  if (count > 0) state.bytes.hexWrite(hex, position, count);
  return position + count;
}

/** A string: by its index if the dictionary has it, else in full; one that comes a second time enters the dictionary. */
export function writeString(state: EncodeState, position: number, value: string): number {
  const chars = value.length;
  if (chars < 2 || chars > DICTIONARY_CHARS_MAX) return writeInlineString(state, position, value);
  const slot = slotOf(state, value, chars);
  if (slot < 0) return writeInlineString(state, position, value);
  const index = state.slotIndexes[slot]!;
  if (index >= 0) return writeStringRef(state, position, index);
  // −2 marks a slot that was taken just now, for the first sight of the string.
  if (index === -2) {
    state.slotIndexes[slot] = -1;
    return writeInlineString(state, position, value);
  }
  return defineString(state, position, value, slot);
}

/** A name that is sure to come back: it enters the dictionary at first sight. */
export function writeNameString(state: EncodeState, position: number, value: string): number {
  if (value.length < 2) return writeInlineString(state, position, value);
  const slot = slotOf(state, value, value.length);
  if (slot < 0) return writeInlineString(state, position, value);
  const index = state.slotIndexes[slot]!;
  if (index >= 0) return writeStringRef(state, position, index);
  state.slotIndexes[slot] = -1;
  return defineString(state, position, value, slot);
}

function defineString(state: EncodeState, position: number, value: string, slot: number): number {
  if (state.defineString(slot, value.length) < 0) return writeInlineString(state, position, value);
  if (position + SLACK > state.end) state.grow(position, SLACK);
  state.bytes[position] = STRING_DEFINE;
  return writeInlineString(state, position + 1, value);
}

/** The slot that holds the string or that it took now (index −2); −1 if others hold both of its slots. */
function slotOf(state: EncodeState, value: string, chars: number): number {
  const hash =
    value.charCodeAt(0) * 0x9e5 +
    value.charCodeAt(chars - 1) * 0x1f1 +
    value.charCodeAt(chars >> 1) * 0x35 +
    value.charCodeAt(chars - 2) * 0x7 +
    chars;
  let slot = hash & (state.slotEpochs.length - 1);
  const strings = state.slotStrings;
  const epochs = state.slotEpochs;
  const epoch = state.epoch;
  if (epochs[slot] === epoch && strings[slot] === value) return slot;
  const second = slot ^ 1;
  if (epochs[second] === epoch && strings[second] === value) return second;
  // Only strings that have no index yet give way.
  if (epochs[slot] === epoch && state.slotIndexes[slot]! >= 0) {
    if (epochs[second] === epoch && state.slotIndexes[second]! >= 0) return -1;
    slot = second;
  }
  epochs[slot] = epoch;
  strings[slot] = value;
  state.slotIndexes[slot] = -2;
  return slot;
}

function writeStringRef(state: EncodeState, position: number, index: number): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  const bytes = state.bytes;
  if (index < 16) {
    bytes[position] = STRING_REF + index;
    return position + 1;
  }
  if (index < 272) {
    bytes[position] = STRING_REF8;
    bytes[position + 1] = index - 16;
    return position + 2;
  }
  bytes[position] = STRING_REF16;
  bytes[position + 1] = index;
  bytes[position + 2] = index >>> 8;
  return position + 3;
}

/** A string in full. */
export function writeInlineString(state: EncodeState, position: number, value: string): number {
  const chars = value.length;
  if (chars > LOOP_CHARS_MAX) return writeLongString(state, position, value);
  if (position + chars + SLACK > state.end) state.grow(position, chars + SLACK);
  const bytes = state.bytes;
  const start = position + 1;
  for (let i = 0; i < chars; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff) return writeLongString(state, position, value);
    bytes[start + i] = code;
  }
  bytes[position] = LATIN1 + chars;
  return start + chars;
}

/** UTF-8, marked as Latin-1 if it turns out to be ASCII: one call writes and measures. */
function writeLongString(state: EncodeState, position: number, value: string): number {
  const chars = value.length;
  // A long string would ask for three times its length: measure it first.
  const room = chars <= 0x1_0000 ? chars * 3 : Buffer.byteLength(value, "utf8");
  if (position + room + SLACK > state.end) state.grow(position, room + SLACK);
  let bytes = state.bytes;
  let start = position + 1 + lengthBytes(chars);
  const count = bytes.utf8Write(value, start, room);
  if (count === chars) {
    writeHeader(state, position, LATIN1_8, chars);
    return start + chars;
  }
  if (!value.isWellFormed()) return writeUtf16(state, position, value);
  const shifted = position + 1 + lengthBytes(count);
  if (shifted !== start) bytes.copyWithin(shifted, start, start + count);
  writeHeader(state, position, UTF8_8, count);
  return shifted + count;
}

function writeUtf16(state: EncodeState, position: number, value: string): number {
  const room = value.length * 2;
  if (position + room + SLACK > state.end) state.grow(position, room + SLACK);
  state.bytes[position] = UTF16;
  position = writeVarint(state, position + 1, value.length);
  state.bytes.ucs2Write(value, position, room);
  return position + room;
}

function lengthBytes(count: number): number {
  return count <= 0xff ? 1 : count <= 0xffff ? 2 : 4;
}

/** Tag and length in 1, 2 or 4 bytes; `tag` is that of the shortest form. Returns where the content begins. */
function writeHeader(state: EncodeState, position: number, tag: number, count: number): number {
  if (count <= 0xff) {
    state.bytes[position] = tag;
    state.bytes[position + 1] = count;
    return position + 2;
  }
  if (count <= 0xffff) {
    state.bytes[position] = tag + 1;
    state.view.setUint16(position + 1, count, true);
    return position + 3;
  }
  state.bytes[position] = tag + 2;
  state.view.setUint32(position + 1, count, true);
  return position + 5;
}

export function writeBytes(state: EncodeState, position: number, value: Uint8Array): number {
  const count = value.length;
  if (position + count + SLACK > state.end) state.grow(position, count + SLACK);
  position = writeHeader(state, position, BYTES_8, count);
  state.bytes.set(value, position);
  return position + count;
}

/**
 * Node and 48-bit number of a pid or ref: `tag` and the node's index, or `tag + 1` and the node in full, which then
 * takes the next index.
 */
export function writeIdentity(
  state: EncodeState,
  position: number,
  tag: number,
  nodeRef: NodeRef,
  id: number,
): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  const index = nodeRef === state.nodeLast ? state.nodeLastIndex : state.nodeIndex(nodeRef);
  if (index < 0) {
    if (state.nodesFull) throw REFUSED;
    state.bytes[position] = tag + 1;
    position = writeInlineString(state, position + 1, nodeRef.name);
    state.defineNode(nodeRef);
    position = writeUint48(state, position, nodeRef.creation);
  } else {
    state.bytes[position] = tag;
    if (index < 0x80) {
      state.bytes[position + 1] = index;
      position += 2;
    } else position = writeVarint(state, position + 1, index);
  }
  return writeUint48(state, position, id);
}

function writeUint48(state: EncodeState, position: number, value: number): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  const high = Math.floor(value * PER_TWO_32);
  state.view.setUint32(position, value - high * TWO_32, true);
  state.view.setUint16(position + 4, high, true);
  return position + 6;
}
