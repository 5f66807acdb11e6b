import { TERM_DEPTH_MAX } from "../../base/limits.ts";
import { ambient } from "../ambient.ts";
import { writeBytes, writeIdentity } from "./encode-identity.ts";
import { writeBigInt, writeNumber, writeVarint } from "./encode-leaf.ts";
import { packedKind, writePacked } from "./encode-packed.ts";
import { REFUSED, SLACK, type EncodeState } from "./encode-state.ts";
import {
  writeInlineString,
  writeNameString,
  writeSiteString,
  writeString,
} from "./encode-string.ts";
import { errorFields } from "../error-fields.ts";
import { Pid } from "../pid.ts";
import { Ref } from "../ref.ts";
import { endless, nodeOf, shapeAt, type KeyNode } from "./shapes.ts";
import {
  NO_SITE,
  SITE_ELEMENT,
  SITE_MAP_KEY,
  SITE_MAP_VALUE,
  TUPLE_MAX,
  tupleSite,
} from "../sites.ts";
import { structOf, type StructEntry } from "../struct.ts";
import {
  ARRAY,
  ARRAY_VARINT,
  DATE,
  ERROR,
  FALSE,
  KIND_ARRAY_BUFFER,
  MAP,
  NULL,
  OBJECT,
  OBJECT_NULL,
  PID,
  REF,
  SET,
  SHAPE,
  SHAPE_REF16,
  SHAPE_REF8,
  STRUCT,
  TRUE,
  TYPED_ARRAY,
  UNDEFINED,
} from "../tags.ts";
import { tupleWriters, wholeTupleWriters } from "./tuple-writers.ts";
import { typedByPrototype } from "../typed-kinds.ts";

/** Numbers that an array must have to be written packed. */
const PACKED_MIN = 4;

/** Appends any value. Throws REFUSED for what cannot be sent, TOO_LONG over the limit, and what a user's codec throws. */
export function writeValue(state: EncodeState, position: number, value: unknown): number {
  // Not a `switch (typeof value)`: the engine compares these one by one as types, a switch as strings.
  if (typeof value === "string") return writeString(state, position, value);
  if (typeof value === "number") return writeNumber(state, position, value);
  if (typeof value === "object") {
    return value === null ? writeTag(state, position, NULL) : writeObject(state, position, value);
  }
  if (typeof value === "boolean") return writeTag(state, position, value ? TRUE : FALSE);
  if (typeof value === "undefined") return writeTag(state, position, UNDEFINED);
  if (typeof value === "bigint") return writeBigInt(state, position, value);
  throw REFUSED;
}

function writeTag(state: EncodeState, position: number, tag: number): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  state.bytes[position] = tag;
  return position + 1;
}

function writeObject(state: EncodeState, position: number, value: object): number {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype) return writeRecord(state, position, value, false);
  if (prototype === Array.prototype && Array.isArray(value))
    return writeArray(state, position, value);
  if (prototype === Pid.prototype) {
    const pid = value as Pid;
    if (!pid.interned) pid.nodeRef.identities.adopt(pid);
    return writeIdentity(state, position, PID, pid.nodeRef, pid.local);
  }
  return prototype === null
    ? writeRecord(state, position, value, true)
    : writeOther(state, position, value, prototype);
}

function writeOther(
  state: EncodeState,
  position: number,
  value: object,
  prototype: object,
): number {
  const entry = structOf(prototype);
  if (entry !== undefined) return writeStruct(state, position, value, entry);
  if (value instanceof Map && prototype === Map.prototype) return writeMap(state, position, value);
  if (
    value instanceof Uint8Array &&
    (prototype === Uint8Array.prototype || prototype === Buffer.prototype)
  ) {
    return writeBytes(state, position, value);
  }
  if (value instanceof Date && prototype === Date.prototype) {
    position = writeTag(state, position, DATE);
    state.view.setFloat64(position, value.getTime(), true);
    return position + 8;
  }
  if (value instanceof Set && prototype === Set.prototype) return writeSet(state, position, value);
  if (value instanceof Ref) {
    if (!value.interned) value.nodeRef.identities.adoptRef(value);
    return writeIdentity(state, position, REF, value.nodeRef, value.id);
  }
  if (value instanceof Error) return writeError(state, position, value);
  if (value instanceof ArrayBuffer) {
    return writeRaw(state, position, KIND_ARRAY_BUFFER, new Uint8Array(value));
  }
  const kind = ArrayBuffer.isView(value) ? typedByPrototype.get(prototype) : undefined;
  if (kind === undefined) throw REFUSED;
  const view = value as ArrayBufferView;
  return writeRaw(
    state,
    position,
    kind.kind,
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
  );
}

function enter(state: EncodeState): void {
  // Cycles end here too; which of the two it was is found out when the path is searched for.
  if (++state.depth > TERM_DEPTH_MAX) throw REFUSED;
}

function writeRecord(
  state: EncodeState,
  position: number,
  value: object,
  nullPrototype: boolean,
): number {
  enter(state);
  const node = nodeOf(value, nullPrototype);
  const { shape } = node;
  const index = shape === undefined ? -1 : state.shapes.find(shape);
  if (shape !== undefined && index >= 0) {
    position = writeShapeRef(state, position, index);
    position = shape.writeFields(state, position, value, writeValue, siteOf(state, index));
  } else position = writeUndefined(state, position, value, nullPrototype, node);
  state.depth--;
  return position;
}

/** An object whose shape is not in the dictionary, or known to the thread no more. */
function writeUndefined(
  state: EncodeState,
  position: number,
  value: object,
  nullPrototype: boolean,
  node: KeyNode,
): number {
  const { shapes } = state;
  const known = shapes.hasPrint(node.print);
  if (node === endless || !(known || state.isShapeSeen(node.print)))
    return writePairs(state, position, value, nullPrototype);
  const shape = node.shape ?? shapeAt(node, nullPrototype);
  let index = known ? shapes.find(shape) : -1;
  if (index >= 0) position = writeShapeRef(state, position, index);
  else {
    index = state.defineShape(shape);
    if (index < 0) return writePairs(state, position, value, nullPrototype);
    const { definition, definitionBytes } = shape;
    if (position + definitionBytes + SLACK > state.end)
      state.grow(position, definitionBytes + SLACK);
    const { view } = state;
    for (let i = 0; i < definition.length; i++)
      view.setInt32(position + i * 4, definition[i]!, true);
    position += definitionBytes;
  }
  return shape.writeFields(state, position, value, writeValue, siteOf(state, index));
}

/** The site of the first field of the shape with that index. */
function siteOf(state: EncodeState, index: number): number {
  return state.standalone && state.depth === 1 ? NO_SITE : state.shapes.firstSites[index]!;
}

function writeShapeRef(state: EncodeState, position: number, index: number): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  const bytes = state.bytes;
  if (index < 64) {
    bytes[position] = SHAPE + index;
    return position + 1;
  }
  if (index < 320) {
    bytes[position] = SHAPE_REF8;
    bytes[position + 1] = index - 64;
    return position + 2;
  }
  bytes[position] = SHAPE_REF16;
  bytes[position + 1] = index;
  bytes[position + 2] = index >>> 8;
  return position + 3;
}

/** Keys and values in turn: for keys that are met for the first time, or that are data. */
function writePairs(
  state: EncodeState,
  position: number,
  value: object,
  nullPrototype: boolean,
): number {
  const keys = Object.keys(value);
  position = writeTag(state, position, nullPrototype ? OBJECT_NULL : OBJECT);
  position = writeVarint(state, position, keys.length);
  for (const key of keys) {
    position = writeString(state, position, key);
    position = writeValue(state, position, (value as Record<string, unknown>)[key]);
  }
  return position;
}

function writeArray(state: EncodeState, position: number, value: readonly unknown[]): number {
  enter(state);
  const count = value.length;
  const kind = count >= PACKED_MIN && typeof value[0] === "number" ? packedKind(value) : 0;
  if (kind !== 0) position = writePacked(state, position, value as readonly number[], kind);
  else if (count <= TUPLE_MAX) {
    position = writeTag(state, position, ARRAY + count);
    const writers = state.standalone && state.depth === 1 ? wholeTupleWriters : tupleWriters;
    const site = writers === tupleWriters ? tupleSite(count) : NO_SITE;
    position = writers[count]!(state, position, value, writeValue, site);
  } else {
    if (count <= 15) position = writeTag(state, position, ARRAY + count);
    else position = writeVarint(state, writeTag(state, position, ARRAY_VARINT), count);
    for (let i = 0; i < count; i++) {
      const element = value[i];
      // The most frequent kinds at once: a call less for each element.
      if (typeof element === "string")
        position = writeSiteString(state, position, element, SITE_ELEMENT);
      else if (typeof element === "number") position = writeNumber(state, position, element);
      else if (
        typeof element === "object" &&
        element !== null &&
        Object.getPrototypeOf(element) === Object.prototype
      ) {
        position = writeRecord(state, position, element, false);
      } else position = writeValue(state, position, element);
    }
  }
  state.depth--;
  return position;
}

function writeMap(
  state: EncodeState,
  position: number,
  value: ReadonlyMap<unknown, unknown>,
): number {
  enter(state);
  let left = value.size;
  position = writeVarint(state, writeTag(state, position, MAP), left);
  for (const [key, item] of value) {
    if (--left < 0) break;
    position =
      typeof key === "string"
        ? writeSiteString(state, position, key, SITE_MAP_KEY)
        : writeValue(state, position, key);
    position =
      typeof item === "string"
        ? writeSiteString(state, position, item, SITE_MAP_VALUE)
        : writeValue(state, position, item);
  }
  // A codec or getter that changes what is being sent would make the count a lie.
  if (left !== 0) throw REFUSED;
  state.depth--;
  return position;
}

function writeSet(state: EncodeState, position: number, value: ReadonlySet<unknown>): number {
  enter(state);
  let left = value.size;
  position = writeVarint(state, writeTag(state, position, SET), left);
  for (const item of value) {
    if (--left < 0) break;
    position = writeValue(state, position, item);
  }
  if (left !== 0) throw REFUSED;
  state.depth--;
  return position;
}

function writeRaw(state: EncodeState, position: number, kind: number, raw: Uint8Array): number {
  if (position + raw.length + SLACK > state.end) state.grow(position, raw.length + SLACK);
  state.bytes[position] = TYPED_ARRAY;
  state.bytes[position + 1] = kind;
  position = writeVarint(state, position + 2, raw.length);
  if (position + raw.length > state.end) state.grow(position, raw.length);
  state.bytes.set(raw, position);
  return position + raw.length;
}

function writeStruct(
  state: EncodeState,
  position: number,
  value: object,
  entry: StructEntry,
): number {
  enter(state);
  position = writeTag(state, position, STRUCT);
  position = writeNameString(state, position, entry.name);
  position = writeVarint(state, position, entry.version);
  position = writeValue(state, position, entry.codec.encode(value));
  state.depth--;
  return position;
}

function writeError(state: EncodeState, position: number, value: Error): number {
  // Two levels: the reader goes through the object of fields and the array around the cause.
  enter(state);
  enter(state);
  position = writeTag(state, position, ERROR);
  position = writeNameString(state, position, String(value.name));
  position = writeInlineString(state, position, String(value.message));
  const stack = ambient.stacks ? value.stack : undefined;
  position =
    typeof stack === "string"
      ? writeInlineString(state, position, stack)
      : writeTag(state, position, UNDEFINED);
  position = writePairs(state, position, errorFields(value), false);
  position =
    "cause" in value
      ? writeValue(state, writeTag(state, position, ARRAY + 1), value.cause)
      : writeTag(state, position, UNDEFINED);
  state.depth -= 2;
  return position;
}
