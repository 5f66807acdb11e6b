import { DecodeError } from "../base/error.ts";
import { TERM_DEPTH_MAX } from "../base/limits.ts";
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
import { emptyObject, readDefinition, setField, type ShapeReader } from "./shape-readers.ts";
import { buildStruct } from "./struct.ts";
import * as tags from "./tags.ts";

/** Reads one term at the position. Throws DecodeError only. */
export function readValue(state: DecodeState): unknown {
  const tag = readUint8(state);
  if (tag <= tags.INT_MAX) return tag;
  if (tag < tags.LATIN1) return readShape(state, tag - tags.SHAPE);
  if (tag < tags.ARRAY) return readLatin1(state, tag - tags.LATIN1);
  if (tag < tags.STRING_REF) return readArray(state, tag - tags.ARRAY);
  if (tag < tags.UNDEFINED) return readStringRef(state, tag - tags.STRING_REF);
  if (tag >= tags.INT_NEGATIVE) return tag - 0x100;
  if (tag >= tags.LATIN1_8 && tag <= tags.STRING_REF16) return readTaggedString(state, tag);
  return tag < tags.LATIN1_8 ? readSimple(state, tag) : readCompound(state, tag);
}

/** Tags UNDEFINED … BIGINT_NEGATIVE. */
function readSimple(state: DecodeState, tag: number): unknown {
  switch (tag) {
    case tags.UNDEFINED:
      return undefined;
    case tags.NULL:
      return null;
    case tags.FALSE:
      return false;
    case tags.TRUE:
      return true;
    case tags.UINT8:
      return readUint8(state);
    case tags.UINT16:
      return readUint16(state);
    case tags.UINT32:
      return readUint32(state);
    case tags.UINT48:
      return readUint48(state);
    case tags.UINT56:
      return readUint56(state);
    case tags.NINT8:
      return -1 - readUint8(state);
    case tags.NINT16:
      return -1 - readUint16(state);
    case tags.NINT32:
      return -1 - readUint32(state);
    case tags.NINT56:
      return -1 - readUint56(state);
    case tags.FLOAT64:
      return readFloat64(state);
    default:
      return readBigInt(state, tag === tags.BIGINT_NEGATIVE);
  }
}

/** Tags BYTES_8 … TYPED_ARRAY. */
function readCompound(state: DecodeState, tag: number): unknown {
  switch (tag) {
    case tags.BYTES_8:
      return readBytes(state, readUint8(state));
    case tags.BYTES_16:
      return readBytes(state, readUint16(state));
    case tags.BYTES_32:
      return readBytes(state, readUint32(state));
    case tags.ARRAY_VARINT:
      return readArray(state, readCount(state, 1));
    case tags.ARRAY_PACKED:
      return readPacked(state);
    case tags.DATE:
      return new Date(readFloat64(state));
    case tags.MAP:
      return readMap(state);
    case tags.SET:
      return readSet(state);
    case tags.OBJECT:
    case tags.OBJECT_NULL:
      return readPairs(state, tag === tags.OBJECT_NULL);
    case tags.SHAPE_DEFINE:
    case tags.SHAPE_DEFINE_NULL: {
      const count = readVarint(state);
      const shape = readDefinition(state, count, tag === tags.SHAPE_DEFINE_NULL);
      state.defineShape(shape, count);
      return readFields(state, shape);
    }
    case tags.SHAPE_REF8:
      return readShape(state, 64 + readUint8(state));
    case tags.SHAPE_REF16:
      return readShape(state, readUint16(state));
    case tags.PID:
    case tags.PID_DEFINE: {
      const nodeRef = readNode(state, tag === tags.PID_DEFINE);
      return state.identities.pid(nodeRef, readUint48(state));
    }
    case tags.REF:
    case tags.REF_DEFINE: {
      const nodeRef = readNode(state, tag === tags.REF_DEFINE);
      return state.identities.ref(nodeRef, readUint48(state));
    }
    case tags.ERROR:
      return readError(state);
    case tags.STRUCT:
      return readStruct(state);
    case tags.TYPED_ARRAY:
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
  if (index >= state.shapes.length)
    state.fail("term_bad_index", `dictionary has no shape ${index}`);
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
  const result: unknown[] = [];
  for (let i = 0; i < count; i++) result.push(readValue(state));
  state.depth--;
  return result;
}

function readMap(state: DecodeState): Map<unknown, unknown> {
  enter(state);
  const count = readCount(state, 2);
  const result = new Map<unknown, unknown>();
  for (let i = 0; i < count; i++) {
    const key = readValue(state);
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

/** The classes that an error of that name is made with; any other name gives an Error with that name. */
const errorTypes = new Map<string, new (message: string) => Error>(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((type) => [
    type.name,
    type,
  ]),
);

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
  const error = makeError(name, message);
  if (error.name !== name) define(error, "name", name);
  for (const key of Object.keys(fields)) {
    if (key === "message" || key === "stack" || key === "name" || key === "cause") continue;
    const value = (fields as Record<string, unknown>)[key];
    Object.defineProperty(error, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  if (typeof stack === "string") define(error, "stack", stack);
  if (Array.isArray(cause)) define(error, "cause", cause[0]);
  return error;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || prototype === null;
}

function makeError(name: string, message: string): Error {
  if (name === "AggregateError") return new AggregateError([], message);
  const type = errorTypes.get(name) ?? Error;
  return new type(message);
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });
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
    const text = cause instanceof Error ? cause.message : "its decoder threw";
    state.undecodable = new DecodeError("struct_undecodable", text, position, { cause });
    return undefined;
  }
}
