import { REFUSED, SLACK, type EncodeState } from "./encode-state.ts";
import {
  BIGINT,
  BIGINT_NEGATIVE,
  FLOAT64,
  INT_MAX,
  NINT16,
  NINT32,
  NINT56,
  NINT8,
  UINT16,
  UINT32,
  UINT48,
  UINT56,
  UINT8,
} from "../tags.ts";
import { TERM_BIGINT_BYTES_MAX } from "../../base/limits.ts";

const TWO_32 = 0x1_0000_0000;
const PER_TWO_32 = 1 / TWO_32;

/** LEB128 of a number below 2^31. */
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
  // Not `Number.isSafeInteger`, which is a call.
  if (
    Math.floor(value) === value &&
    value !== 0 &&
    value <= Number.MAX_SAFE_INTEGER &&
    value >= Number.MIN_SAFE_INTEGER
  ) {
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

/** A bigint of any size up to the limit: sign, byte count, magnitude. */
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
