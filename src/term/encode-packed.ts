import { numberBytes, writeVarint } from "./encode-leaf.ts";
import { SLACK, type EncodeState } from "./encode-state.ts";
import {
  ARRAY_PACKED,
  KIND_FLOAT64,
  KIND_INT16,
  KIND_INT32,
  KIND_INT8,
  KIND_UINT16,
  KIND_UINT32,
  KIND_UINT8,
} from "./tags.ts";
import { typedByKind } from "./typed-kinds.ts";

/** The kind that makes an array of numbers shorter than its elements one by one; 0 if there is none. */
export function packedKind(value: readonly unknown[]): number {
  let min = 0;
  let max = 0;
  let bytes = 0;
  let integers = true;
  for (let i = 0; i < value.length; i++) {
    const element = value[i];
    if (typeof element !== "number") return 0;
    const single = numberBytes(element);
    bytes += single;
    if (single > 5) integers = false;
    else if (element < min) min = element;
    else if (element > max) max = element;
  }
  const kind = !integers ? KIND_FLOAT64 : min < 0 ? signedKind(min, max) : unsignedKind(max);
  const header = value.length <= 0x7f ? 3 : 5;
  return kind !== 0 && header + value.length * typedByKind[kind]!.elementBytes <= bytes ? kind : 0;
}

function signedKind(min: number, max: number): number {
  if (min >= -0x80 && max <= 0x7f) return KIND_INT8;
  if (min >= -0x8000 && max <= 0x7fff) return KIND_INT16;
  return min >= -0x8000_0000 && max <= 0x7fff_ffff ? KIND_INT32 : KIND_FLOAT64;
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
  if (kind <= KIND_UINT8) for (let i = 0; i < count; i++) bytes[position + i] = value[i]!;
  else if (kind <= KIND_UINT16)
    for (let i = 0; i < count; i++) view.setInt16(position + i * 2, value[i]!, true);
  else if (kind === KIND_FLOAT64)
    for (let i = 0; i < count; i++) view.setFloat64(position + i * 8, value[i]!, true);
  else for (let i = 0; i < count; i++) view.setInt32(position + i * 4, value[i]!, true);
  return position + size;
}
