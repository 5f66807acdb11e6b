import { TERM_SHAPE_BYTES_MAX, TERM_SHAPE_KEYS_MAX } from "../../base/limits.ts";
import { compiledWriter, loopWriter, type WriteFields } from "./shape-writers.ts";
import { stringTermBytes } from "../string-term.ts";
import { SHAPE_DEFINE, SHAPE_DEFINE_NULL } from "../tags.ts";

/** Nodes of the trie of keys at which it starts over: data with ever new keys must not fill the memory. */
const NODES_LIMIT = 16_384;

/** Uses of a shape after which a writer is compiled for it. */
const COMPILE_AT = 16;

/** Bytes that a key takes at most besides three for each character: tag and length. */
const KEY_HEADER_BYTES = 5;

/** Keys of an object in order. Dictionaries know it by its keys: the trie may forget it and make another one for them. */
export class Shape {
  readonly keys: readonly string[];
  readonly nullPrototype: boolean;
  /** Hash of the keys. */
  readonly print: number;
  /** Bytes of the definition as it stands in a stream: tag, byte count, keys. */
  readonly definitionBytes: number;
  /** Those bytes four at a time, little-endian, the last ones filled up with zeros: a quarter of the writes. */
  readonly definition: Int32Array;
  /** Where the dictionary that was asked last has it: a hint that whoever uses it checks. */
  indexHint = 0;
  /** Appends the values of an object of this shape. */
  writeFields: WriteFields;

  constructor(keys: readonly string[], nullPrototype: boolean, print: number) {
    this.keys = keys;
    this.nullPrototype = nullPrototype;
    this.print = print;
    const definition = encodeDefinition(keys, nullPrototype);
    this.definitionBytes = definition.length;
    this.definition = wordsOf(definition);
    const loop = loopWriter(keys);
    let uses = 0;
    this.writeFields = (state, position, object, writeValue, site) => {
      if (++uses === COMPILE_AT) this.writeFields = compiledWriter(keys) ?? loop;
      return loop(state, position, object, writeValue, site);
    };
  }

  /** Whether both have the same keys in the same order and the same prototype. */
  equals(other: Shape): boolean {
    const { keys } = other;
    if (keys.length !== this.keys.length || other.nullPrototype !== this.nullPrototype)
      return false;
    for (let i = 0; i < keys.length; i++) if (keys[i] !== this.keys[i]) return false;
    return true;
  }
}

/** One key after those of its ancestors. Its children are the keys that were seen to follow. */
export class KeyNode {
  readonly key: string;
  readonly parent: KeyNode | undefined;
  readonly depth: number;
  /** What a definition with these keys takes at most. */
  readonly bytes: number;
  /** Hash of the keys up to here. */
  readonly print: number;
  /** The child that was met first: nearly always the only one. */
  first: KeyNode | undefined = undefined;
  more: Map<string, KeyNode> | undefined = undefined;
  shape: Shape | undefined = undefined;

  constructor(key: string, parent: KeyNode | undefined) {
    this.key = key;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.bytes = parent === undefined ? 0 : parent.bytes + keyBytes(key);
    this.print = parent === undefined ? 0 : keyPrint(parent.print, key);
  }
}

// The trie of this thread, in variables of the module: they are looked at for every object.
let root = new KeyNode("", undefined);
let rootNull = new KeyNode("", undefined);
let nodeCount = 0;

/** Where sequences with too many keys end: its only child is itself, and it has no shape. */
export const endless = new KeyNode("", undefined);
endless.first = endless;

/** The node of a plain object's keys; `endless` for too many keys. Reads no field, so it runs no getter. */
export function nodeOf(object: object, nullPrototype: boolean): KeyNode {
  let node = nullPrototype ? rootNull : root;
  for (const key in object) {
    const first = node.first;
    node = first !== undefined && first.key === key ? first : child(node, key, object);
  }
  return node;
}

/** The shape that ends at a node. */
export function shapeAt(node: KeyNode, nullPrototype: boolean): Shape {
  const keys: string[] = new Array<string>(node.depth);
  let at = node;
  for (let i = node.depth - 1; i >= 0; i--) {
    keys[i] = at.key;
    at = at.parent!;
  }
  return (node.shape = new Shape(keys, nullPrototype, node.print));
}

function child(node: KeyNode, key: string, object: object): KeyNode {
  if (node === endless) return endless;
  const known = node.more?.get(key);
  if (known !== undefined) return known;
  if (node.depth >= TERM_SHAPE_KEYS_MAX || node.bytes + keyBytes(key) > TERM_SHAPE_BYTES_MAX)
    return endless;
  // Inherited: somebody gave `Object.prototype` an enumerable field. Such objects are written by their own keys.
  if (!Object.hasOwn(object, key)) return endless;
  if (nodeCount >= NODES_LIMIT) startOver();
  const next = new KeyNode(key, node);
  nodeCount++;
  if (node.first === undefined) node.first = next;
  else (node.more ??= new Map()).set(key, next);
  return next;
}

/** Who is on the way through the old trie ends at a node of it, which still tells the keys. */
function startOver(): void {
  root = new KeyNode("", undefined);
  rootNull = new KeyNode("", undefined);
  nodeCount = 0;
}

function keyBytes(key: string): number {
  return key.length * 3 + KEY_HEADER_BYTES;
}

function keyPrint(print: number, key: string): number {
  print = Math.imul(print ^ key.length, 0x9e37_79b1);
  for (let i = 0; i < key.length; i++) print = (Math.imul(print, 31) + key.charCodeAt(i)) | 0;
  return print ^ (print >>> 15);
}

function encodeDefinition(keys: readonly string[], nullPrototype: boolean): number[] {
  const text: number[] = [];
  for (const key of keys) stringTermBytes(text, key);
  const definition = [nullPrototype ? SHAPE_DEFINE_NULL : SHAPE_DEFINE];
  let count = text.length;
  for (; count > 0x7f; count >>>= 7) definition.push((count & 0x7f) | 0x80);
  definition.push(count);
  return definition.concat(text);
}

function wordsOf(bytes: readonly number[]): Int32Array {
  const words = new Int32Array((bytes.length + 3) >> 2);
  for (let i = 0; i < bytes.length; i++) words[i >> 2]! |= bytes[i]! << ((i & 3) * 8);
  return words;
}
