import { readCount, readUint8 } from "./decode-leaf.ts";
import type { DecodeState } from "./decode-state.ts";
import {
  KIND_FLOAT64,
  KIND_INT16,
  KIND_INT32,
  KIND_INT8,
  KIND_UINT16,
  KIND_UINT32,
  KIND_UINT8,
} from "../tags.ts";
import { typedByKind } from "../typed-kinds.ts";

type ReadNumbers = (view: DataView, position: number, count: number) => number[];

/** An array of numbers in one of the packed kinds. */
export function readPacked(state: DecodeState): number[] {
  const kind = readUint8(state);
  const read = readers[kind];
  if (read === undefined)
    return state.fail("term_unknown_tag", `unknown kind of packed array ${kind}`);
  const size = typedByKind[kind]!.elementBytes;
  const count = readCount(state, size);
  const { position } = state;
  state.position = position + count * size;
  return read(state.viewBytes === state.bytes ? state.view : state.makeView(), position, count);
}

// One loop a function: each is compiled for its own kind of array. `new Array(count)` is safe, the bytes are there.

function readInt8s(view: DataView, position: number, count: number): number[] {
  const result: number[] = new Array<number>(count);
  for (let i = 0; i < count; i++) result[i] = view.getInt8(position + i);
  return result;
}

function readUint8s(view: DataView, position: number, count: number): number[] {
  const result: number[] = new Array<number>(count);
  for (let i = 0; i < count; i++) result[i] = view.getUint8(position + i);
  return result;
}

function readInt16s(view: DataView, position: number, count: number): number[] {
  const result: number[] = new Array<number>(count);
  for (let i = 0; i < count; i++) result[i] = view.getInt16(position + i * 2, true);
  return result;
}

function readUint16s(view: DataView, position: number, count: number): number[] {
  const result: number[] = new Array<number>(count);
  for (let i = 0; i < count; i++) result[i] = view.getUint16(position + i * 2, true);
  return result;
}

function readInt32s(view: DataView, position: number, count: number): number[] {
  const result: number[] = new Array<number>(count);
  for (let i = 0; i < count; i++) result[i] = view.getInt32(position + i * 4, true);
  return result;
}

function readUint32s(view: DataView, position: number, count: number): number[] {
  const result: number[] = new Array<number>(count);
  for (let i = 0; i < count; i++) result[i] = view.getUint32(position + i * 4, true);
  return result;
}

function readFloat64s(view: DataView, position: number, count: number): number[] {
  const result: number[] = new Array<number>(count);
  for (let i = 0; i < count; i++) result[i] = view.getFloat64(position + i * 8, true);
  return result;
}

const readers: readonly (ReadNumbers | undefined)[] = Array.from({ length: 16 }, (_, kind) =>
  readerOf(kind),
);

function readerOf(kind: number): ReadNumbers | undefined {
  switch (kind) {
    case KIND_INT8:
      return readInt8s;
    case KIND_UINT8:
      return readUint8s;
    case KIND_INT16:
      return readInt16s;
    case KIND_UINT16:
      return readUint16s;
    case KIND_INT32:
      return readInt32s;
    case KIND_UINT32:
      return readUint32s;
    case KIND_FLOAT64:
      return readFloat64s;
    default:
      return undefined;
  }
}
