import { DecodeError } from "../../base/error.ts";
import { TERM_DEPTH_MAX } from "../../base/limits.ts";
import { buildError } from "./decode-error.ts";
import {
  readBigInt,
  readBytes,
  readCount,
  readFloat64,
  readLatin1,
  readNode,
  readStringRef,
  readStringTerm,
  readTaggedString,
  readTyped,
  readUint16,
  readUint32,
  readUint48,
  readUint56,
  readUint8,
  readVarint,
} from "./decode-leaf.ts";
import { readPacked } from "./decode-packed.ts";
import type { DecodeState } from "./decode-state.ts";
import { emptyObject, setField } from "./field-readers.ts";
import { readDefinition, type ShapeReader } from "./shape-readers.ts";
import { TUPLE_MAX } from "../sites.ts";
import { buildStruct } from "../struct.ts";
import { tupleReaders } from "./tuple-readers.ts";
import {
  ARRAY,
  ARRAY_PACKED,
  ARRAY_VARINT,
  BIGINT_NEGATIVE,
  BYTES_16,
  BYTES_32,
  BYTES_8,
  DATE,
  ERROR,
  FALSE,
  FLOAT64,
  INT_MAX,
  INT_NEGATIVE,
  LATIN1,
  LATIN1_8,
  MAP,
  NINT16,
  NINT32,
  NINT56,
  NINT8,
  NULL,
  OBJECT,
  OBJECT_NULL,
  PID,
  PID_DEFINE,
  REF,
  REF_DEFINE,
  SET,
  SHAPE,
  SHAPE_DEFINE,
  SHAPE_DEFINE_NULL,
  SHAPE_REF16,
  SHAPE_REF8,
  STRING_REF,
  STRING_REF16,
  STRUCT,
  TRUE,
  TYPED_ARRAY,
  UINT16,
  UINT32,
  UINT48,
  UINT56,
  UINT8,
  UNDEFINED,
} from "../tags.ts";

/**
 * Reads one term at the position. Throws DecodeError only. The position is loaded and stored once for a small value: the
 * next value waits for the store.
 */
export function readValue(state: DecodeState): unknown {
  const { bytes, position } = state;
  if (position >= state.end) state.need(1);
  const tag = bytes[position]!;
  const next = position + 1;
  if (tag <= INT_MAX) {
    state.position = next;
    return tag;
  }
  if (tag < LATIN1) {
    state.position = next;
    return readShape(state, tag - SHAPE);
  }
  if (tag < ARRAY) return readLatin1(state, next, tag - LATIN1);
  if (tag < STRING_REF) {
    state.position = next;
    return readArray(state, tag - ARRAY);
  }
  if (tag < UNDEFINED) {
    state.position = next;
    return readStringRef(state, tag - STRING_REF);
  }
  return tag < LATIN1_8 ? readSimple(state, tag, next) : readLess(state, tag, next);
}

/** Tags UNDEFINED … BIGINT_NEGATIVE, `at` behind the tag. */
function readSimple(state: DecodeState, tag: number, at: number): unknown {
  const { bytes, end } = state;
  switch (tag) {
    case UNDEFINED:
      state.position = at;
      return undefined;
    case NULL:
      state.position = at;
      return null;
    case FALSE:
      state.position = at;
      return false;
    case TRUE:
      state.position = at;
      return true;
    case UINT8:
      if (at + 1 > end) state.need(2);
      state.position = at + 1;
      return bytes[at]!;
    case UINT16:
      if (at + 2 > end) state.need(3);
      state.position = at + 2;
      return bytes[at]! | (bytes[at + 1]! << 8);
    case UINT32:
      if (at + 4 > end) state.need(5);
      state.position = at + 4;
      return (
        (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
      );
    case FLOAT64:
      if (at + 8 > end) state.need(9);
      state.position = at + 8;
      return state.float64At(at);
    default:
      state.position = at;
      return readLarge(state, tag);
  }
}

/** The larger and the negative integers. */
function readLarge(state: DecodeState, tag: number): unknown {
  switch (tag) {
    case UINT48:
      return readUint48(state);
    case UINT56:
      return readUint56(state);
    case NINT8:
      return -1 - readUint8(state);
    case NINT16:
      return -1 - readUint16(state);
    case NINT32:
      return -1 - readUint32(state);
    case NINT56:
      return -1 - readUint56(state);
    default:
      return readBigInt(state, tag === BIGINT_NEGATIVE);
  }
}

/** Tags from LATIN1_8. */
function readLess(state: DecodeState, tag: number, at: number): unknown {
  state.position = at;
  if (tag >= INT_NEGATIVE) return tag - 0x100;
  return tag <= STRING_REF16 ? readTaggedString(state, tag) : readCompound(state, tag);
}

/** Tags BYTES_8 … TYPED_ARRAY. */
function readCompound(state: DecodeState, tag: number): unknown {
  switch (tag) {
    case BYTES_8:
      return readBytes(state, readUint8(state));
    case BYTES_16:
      return readBytes(state, readUint16(state));
    case BYTES_32:
      return readBytes(state, readUint32(state));
    case ARRAY_VARINT:
      return readArray(state, readCount(state, 1));
    case ARRAY_PACKED:
      return readPacked(state);
    case DATE:
      return new Date(readFloat64(state));
    case MAP:
      return readMap(state);
    case SET:
      return readSet(state);
    case OBJECT:
    case OBJECT_NULL:
      return readPairs(state, tag === OBJECT_NULL);
    case SHAPE_DEFINE:
    case SHAPE_DEFINE_NULL: {
      const count = readVarint(state);
      const shape = readDefinition(state, count, tag === SHAPE_DEFINE_NULL);
      state.defineShape(shape, count);
      return readFields(state, shape);
    }
    case SHAPE_REF8:
      return readShape(state, 64 + readUint8(state));
    case SHAPE_REF16:
      return readShape(state, readUint16(state));
    case PID:
    case PID_DEFINE: {
      const nodeRef = readNode(state, tag === PID_DEFINE);
      return state.identities.pid(nodeRef, readUint48(state));
    }
    case REF:
    case REF_DEFINE: {
      const nodeRef = readNode(state, tag === REF_DEFINE);
      return state.identities.ref(nodeRef, readUint48(state));
    }
    case ERROR:
      return readError(state);
    case STRUCT:
      return readStruct(state);
    case TYPED_ARRAY:
      return readTyped(state);
    default:
      state.position--;
      return state.fail("term_unknown_tag", `unknown tag ${tag}`);
  }
}

function enter(state: DecodeState): void {
  if (++state.depth > TERM_DEPTH_MAX) {
    state.fail("term_too_deep", `term is nested deeper than the limit of ${TERM_DEPTH_MAX} levels`);
  }
}

function readShape(state: DecodeState, index: number): object {
  if (index >= state.shapeCount) state.fail("term_bad_index", `dictionary has no shape ${index}`);
  return readFields(state, state.shapes[index]!);
}

function readFields(state: DecodeState, shape: ShapeReader): object {
  enter(state);
  const object = shape.read(state, readValue);
  state.depth--;
  return object;
}

function readPairs(state: DecodeState, nullPrototype: boolean): object {
  enter(state);
  const count = readCount(state, 2);
  const object = emptyObject(nullPrototype);
  for (let i = 0; i < count; i++) {
    const key = readStringTerm(state);
    setField(object, key, readValue(state));
  }
  state.depth--;
  return object;
}

function readArray(state: DecodeState, count: number): unknown[] {
  enter(state);
  const result =
    count <= TUPLE_MAX
      ? (tupleReaders[count]!(state, readValue) as unknown[])
      : readElements(state, count);
  state.depth--;
  return result;
}

/** Elements that are allocated before they are there. More would let a few nested arrays claim a lot of memory. */
const ALLOCATED_MAX = 4096;

function readElements(state: DecodeState, count: number): unknown[] {
  const result = new Array<unknown>(Math.min(count, ALLOCATED_MAX));
  const { bytes, end } = state;
  // Objects of a shape are read from here: three calls less for each of many records.
  const levels = ++state.depth;
  for (let i = 0; i < count; i++) {
    const { position } = state;
    const index = position < end && levels <= TERM_DEPTH_MAX ? bytes[position]! - SHAPE : -1;
    if (index >= 0 && index < LATIN1 - SHAPE && index < state.shapeCount) {
      state.position = position + 1;
      result[i] = state.shapes[index]!.read(state, readValue);
    } else {
      state.depth--;
      result[i] = readValue(state);
      state.depth++;
    }
  }
  state.depth--;
  return result;
}

function readMap(state: DecodeState): Map<unknown, unknown> {
  enter(state);
  const count = readCount(state, 2);
  const result = new Map<unknown, unknown>();
  for (let i = 0; i < count; i++) {
    // A string in full at once: a call less for each entry of most Maps.
    const { bytes, position } = state;
    const chars = position < state.end ? bytes[position]! - LATIN1 : -1;
    const key =
      chars >= 0 && chars < ARRAY - LATIN1
        ? readLatin1(state, position + 1, chars)
        : readValue(state);
    result.set(key, readValue(state));
  }
  state.depth--;
  return result;
}

function readSet(state: DecodeState): Set<unknown> {
  enter(state);
  const count = readCount(state, 1);
  const result = new Set<unknown>();
  for (let i = 0; i < count; i++) result.add(readValue(state));
  state.depth--;
  return result;
}

function readError(state: DecodeState): Error {
  enter(state);
  const name = readStringTerm(state);
  const message = readStringTerm(state);
  const stack = readValue(state);
  const fields = readValue(state);
  const cause = readValue(state);
  state.depth--;
  if (typeof fields !== "object" || fields === null || !isPlain(fields)) {
    return state.fail("term_bad_value", "fields of an error are an object");
  }
  return buildError({ name, message, stack, fields, cause });
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || prototype === null;
}

/**
 * The payload is read as a plain term first, so the position is behind it whatever happens then. A struct that cannot be
 * built is noted and the rest of the term is read on, without running further codecs.
 */
function readStruct(state: DecodeState): unknown {
  enter(state);
  const { position } = state;
  const name = readStringTerm(state);
  const version = readVarint(state);
  const payload = readValue(state);
  state.depth--;
  if (state.undecodable !== undefined) return undefined;
  try {
    return buildStruct(name, version, payload);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "its decoder threw";
    const text = why.includes(name) ? why : `struct ${name}: ${why}`;
    state.undecodable = new DecodeError("struct_undecodable", text, position, { cause });
    return undefined;
  }
}
