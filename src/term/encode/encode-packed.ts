import { writeVarint } from "./encode-leaf.ts";
import { SLACK, type EncodeState } from "./encode-state.ts";
import {
  ARRAY_PACKED,
  INT_MAX,
  KIND_FLOAT64,
  KIND_INT16,
  KIND_INT32,
  KIND_INT8,
  KIND_UINT16,
  KIND_UINT32,
  KIND_UINT8,
} from "../tags.ts";
import { typedByKind } from "../typed-kinds.ts";

/**
 * The kind that makes an array of numbers shorter than its elements one by one; 0 if there is none. Where not all are
 * 32-bit integers, every other number counts as 8 bytes: two more than the shortest form of some, and much faster to read.
 */
export function packedKind(value: readonly unknown[]): number {
  const count = value.length;
  let min = 0;
  let max = 0;
  let bytes = 0;
  let others = 0;
  for (let i = 0; i < count; i++) {
    const element = value[i];
    if (typeof element !== "number") return 0;
    const integer = element | 0;
    if (integer !== element || (integer === 0 && 1 / element < 0)) others++;
    else if (integer < 0) {
      if (integer < min) min = integer;
      bytes += integer >= -16 ? 1 : integer >= -0x100 ? 2 : integer >= -0x1_0000 ? 3 : 5;
    } else {
      if (integer > max) max = integer;
      bytes += integer <= INT_MAX ? 1 : integer <= 0xff ? 2 : integer <= 0xffff ? 3 : 5;
    }
  }
  const kind = others > 0 ? KIND_FLOAT64 : min < 0 ? signedKind(min, max) : unsignedKind(max);
  const header = count <= 0x7f ? 2 : 4;
  return header + count * typedByKind[kind]!.elementBytes <= bytes + others * 9 ? kind : 0;
}

function signedKind(min: number, max: number): number {
  if (min >= -0x80 && max <= 0x7f) return KIND_INT8;
  if (min >= -0x8000 && max <= 0x7fff) return KIND_INT16;
  return KIND_INT32;
}

function unsignedKind(max: number): number {
  return max <= 0xff ? KIND_UINT8 : max <= 0xffff ? KIND_UINT16 : KIND_UINT32;
}

/** An array of numbers in that kind: tag, kind, count, raw elements. */
export function writePacked(
  state: EncodeState,
  position: number,
  value: readonly number[],
  kind: number,
): number {
  const count = value.length;
  const size = count * typedByKind[kind]!.elementBytes;
  if (position + size + SLACK > state.end) state.grow(position, size + SLACK);
  state.bytes[position] = ARRAY_PACKED;
  state.bytes[position + 1] = kind;
  position = writeVarint(state, position + 2, count);
  const { bytes, view } = state;
  if (kind <= KIND_UINT8) put8(bytes, position, value);
  else if (kind <= KIND_UINT16) put16(bytes, position, value);
  else if (kind === KIND_FLOAT64) putFloats(view, position, value);
  else put32(view, position, value);
  return position + size;
}

// One loop a function: each is compiled for its own kind of array.

function put8(bytes: Uint8Array, position: number, value: readonly number[]): void {
  for (let i = 0; i < value.length; i++) bytes[position + i] = value[i]!;
}

function put16(bytes: Uint8Array, position: number, value: readonly number[]): void {
  for (let i = 0; i < value.length; i++) {
    bytes[position] = value[i]!;
    bytes[position + 1] = value[i]! >> 8;
    position += 2;
  }
}

function put32(view: DataView, position: number, value: readonly number[]): void {
  for (let i = 0; i < value.length; i++) view.setInt32(position + i * 4, value[i]!, true);
}

function putFloats(view: DataView, position: number, value: readonly number[]): void {
  for (let i = 0; i < value.length; i++) view.setFloat64(position + i * 8, value[i]!, true);
}
