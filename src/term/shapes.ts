import { TERM_SHAPE_BYTES_MAX, TERM_SHAPE_KEYS_MAX } from "../base/limits.ts";
import { compiledWriter, loopWriter, type WriteFields } from "./shape-writers.ts";
import { stringTermBytes } from "./string-term.ts";
import { SHAPE_DEFINE, SHAPE_DEFINE_NULL } from "./tags.ts";

/** Nodes of the trie of keys at which it starts over: data with ever new keys must not fill the memory. */
const NODES_LIMIT = 16_384;

/** Times that a sequence of keys is met before a stream spends an index on it: most that come once never come again. */
const SEEN_MIN = 2;

/** Uses of a shape after which a writer is compiled for it. */
const COMPILE_AT = 16;

/** Bytes that a key takes at most besides three for each character: tag and length. */
const KEY_HEADER_BYTES = 5;

/** The keys of an object, in order: known once per thread, and to each dictionary by an index of its own. */
export class Shape {
  /** Small and dense: dictionaries find the shape's index by it. */
  readonly id: number;
  readonly keys: readonly string[];
  readonly nullPrototype: boolean;
  /** The definition as it stands in a stream: tag, byte count, keys. */
  readonly definition: Uint8Array;
  /** Appends the values of an object of this shape. */
  writeFields: WriteFields;

  constructor(id: number, keys: readonly string[], nullPrototype: boolean) {
    this.id = id;
    this.keys = keys;
    this.nullPrototype = nullPrototype;
    this.definition = encodeDefinition(keys, nullPrototype);
    const loop = loopWriter(keys);
    let uses = 0;
    this.writeFields = (state, position, object, writeValue) => {
      if (++uses === COMPILE_AT) this.writeFields = compiledWriter(keys) ?? loop;
      return loop(state, position, object, writeValue);
    };
  }
}

/** One key after those of its ancestors. Its children are the keys that were seen to follow. */
class KeyNode {
  readonly key: string;
  readonly parent: KeyNode | undefined;
  readonly depth: number;
  /** What a definition with these keys takes at most. */
  readonly bytes: number;
  /** The child that was met first: nearly always the only one. */
  first: KeyNode | undefined = undefined;
  more: Map<string, KeyNode> | undefined = undefined;
  shape: Shape | undefined = undefined;
  seen = 0;

  constructor(key: string, parent: KeyNode | undefined) {
    this.key = key;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.bytes = parent === undefined ? 0 : parent.bytes + keyBytes(key);
  }
}

// The table of this thread, in variables of the module: they are looked at for every term.
let root = new KeyNode("", undefined);
let rootNull = new KeyNode("", undefined);
/** Changes when the table starts over and ids are used again. */
let generation = 0;
/** Terms that are being written: the table starts over only when there is none. */
let active = 0;
let nodeCount = 0;
let shapeCount = 0;

/** Where sequences with too many keys end: its only child is itself. */
const endless = new KeyNode("", undefined);
endless.first = endless;

/**
 * The shape of a plain object's keys; undefined for objects with too many keys, and unless `at once` the first time that
 * such keys are met. Reads no field, so it runs no getter.
 */
export function shapeOf(
  object: object,
  nullPrototype: boolean,
  atOnce: boolean,
): Shape | undefined {
  let node = nullPrototype ? rootNull : root;
  for (const key in object) {
    const first = node.first;
    node = first !== undefined && first.key === key ? first : child(node, key, object);
  }
  return node.shape ?? meet(node, nullPrototype, atOnce);
}

/**
 * Begins the use of the table for one term; ended by `shapesReleased`. A table that is full starts over unless somebody
 * else uses it. Returns the generation: shapes of another one have other ids.
 */
export function shapesInUse(): number {
  if (nodeCount >= NODES_LIMIT && active === 0) startOver();
  active++;
  return generation;
}

/** Ends what `shapesInUse` began. */
export function shapesReleased(): void {
  active--;
}

/**
 * Forgets every shape, so that what is written next depends on nothing that was written before: for a simulator, whose runs
 * share a thread. Not while a term is being written.
 */
export function startOver(): void {
  root = new KeyNode("", undefined);
  rootNull = new KeyNode("", undefined);
  generation++;
  nodeCount = 0;
  shapeCount = 0;
}

function child(node: KeyNode, key: string, object: object): KeyNode {
  if (node === endless) return endless;
  const known = node.more?.get(key);
  if (known !== undefined) return known;
  if (
    node.depth >= TERM_SHAPE_KEYS_MAX ||
    node.bytes + keyBytes(key) > TERM_SHAPE_BYTES_MAX ||
    nodeCount >= NODES_LIMIT
  )
    return endless;
  // Inherited: somebody gave `Object.prototype` an enumerable field. Such objects are written by their own keys.
  if (!Object.hasOwn(object, key)) return endless;
  const next = new KeyNode(key, node);
  nodeCount++;
  if (node.first === undefined) node.first = next;
  else (node.more ??= new Map()).set(key, next);
  return next;
}

function keyBytes(key: string): number {
  return key.length * 3 + KEY_HEADER_BYTES;
}

function meet(node: KeyNode, nullPrototype: boolean, atOnce: boolean): Shape | undefined {
  if (node === endless || (++node.seen < SEEN_MIN && !atOnce)) return undefined;
  const keys: string[] = new Array<string>(node.depth);
  let at = node;
  for (let i = node.depth - 1; i >= 0; i--) {
    keys[i] = at.key;
    at = at.parent!;
  }
  node.shape = new Shape(shapeCount++, keys, nullPrototype);
  return node.shape;
}

function encodeDefinition(keys: readonly string[], nullPrototype: boolean): Uint8Array {
  const text: number[] = [];
  for (const key of keys) stringTermBytes(text, key);
  const header = [nullPrototype ? SHAPE_DEFINE_NULL : SHAPE_DEFINE];
  let count = text.length;
  for (; count > 0x7f; count >>>= 7) header.push((count & 0x7f) | 0x80);
  header.push(count);
  const definition = new Uint8Array(header.length + text.length);
  definition.set(header);
  definition.set(text, header.length);
  return definition;
}
