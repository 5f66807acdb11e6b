import { TERM_SHAPE_KEYS_MAX } from "../base/limits.ts";
import { ByteWriter } from "../base/bytes.ts";
import { writeInlineString, writeVarint } from "./encode-leaf.ts";
import { EncodeState } from "./encode-state.ts";
import { SHAPE_DEFINE, SHAPE_DEFINE_NULL } from "./tags.ts";

/** Nodes of the trie of keys at which it starts over: data with ever new keys must not fill the memory. */
const NODES_LIMIT = 16_384;

/** Times that a sequence of keys is met before it becomes a shape: most that are met once are never met again. */
const SEEN_MIN = 2;

/** The keys of an object, in order: known once per thread, and to each dictionary by an index of its own. */
export class Shape {
  /** Small and dense: dictionaries find the shape's index by it. */
  readonly id: number;
  readonly keys: readonly string[];
  readonly nullPrototype: boolean;
  /** The definition as it stands in a stream: tag, byte count, keys. */
  readonly definition: Uint8Array;

  constructor(id: number, keys: readonly string[], nullPrototype: boolean) {
    this.id = id;
    this.keys = keys;
    this.nullPrototype = nullPrototype;
    this.definition = encodeDefinition(keys, nullPrototype);
  }
}

/** One key after those of its ancestors. Its children are the keys that were seen to follow. */
class KeyNode {
  readonly key: string;
  readonly parent: KeyNode | undefined;
  readonly depth: number;
  /** The child that was met first: nearly always the only one. */
  first: KeyNode | undefined = undefined;
  more: Map<string, KeyNode> | undefined = undefined;
  shape: Shape | undefined = undefined;
  seen = 0;

  constructor(key: string, parent: KeyNode | undefined) {
    this.key = key;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }
}

/** The table of a thread. `generation` changes when it starts over and ids are used again. */
export const shapes = {
  root: new KeyNode("", undefined),
  rootNull: new KeyNode("", undefined),
  generation: 0,
  /** Terms that are being written: the table starts over only when there is none. */
  active: 0,
  nodes: 0,
  count: 0,
};

/** Where sequences with too many keys end: its only child is itself. */
const endless = new KeyNode("", undefined);
endless.first = endless;

/**
 * The shape of a plain object's keys; undefined the first time that such keys are met, and for objects with too many keys.
 * Reads no field, so it runs no getter.
 */
export function shapeOf(object: object, nullPrototype: boolean): Shape | undefined {
  const root = nullPrototype ? shapes.rootNull : shapes.root;
  let node = root;
  for (const key in object) {
    const first = node.first;
    node = first !== undefined && first.key === key ? first : child(node, key);
  }
  return node.shape ?? meet(node, nullPrototype);
}

/** Starts the table over if it is full and nobody uses it; encoders compare `generation` with theirs. */
export function sweepShapes(): void {
  if (shapes.nodes < NODES_LIMIT || shapes.active > 0) return;
  shapes.root = new KeyNode("", undefined);
  shapes.rootNull = new KeyNode("", undefined);
  shapes.generation++;
  shapes.nodes = 0;
  shapes.count = 0;
}

function child(node: KeyNode, key: string): KeyNode {
  if (node === endless) return endless;
  const known = node.more?.get(key);
  if (known !== undefined) return known;
  if (node.depth >= TERM_SHAPE_KEYS_MAX || shapes.nodes >= NODES_LIMIT) return endless;
  const next = new KeyNode(key, node);
  shapes.nodes++;
  if (node.first === undefined) node.first = next;
  else (node.more ??= new Map()).set(key, next);
  return next;
}

function meet(node: KeyNode, nullPrototype: boolean): Shape | undefined {
  if (node === endless || ++node.seen < SEEN_MIN) return undefined;
  const keys: string[] = [];
  for (let at: KeyNode = node; at.parent !== undefined; at = at.parent) keys.push(at.key);
  node.shape = new Shape(shapes.count++, keys.reverse(), nullPrototype);
  return node.shape;
}

function encodeDefinition(keys: readonly string[], nullPrototype: boolean): Uint8Array {
  const writer = new ByteWriter();
  const state = new EncodeState(writer);
  let position = state.begin(writer, Infinity) - 1;
  const start = position;
  for (const key of keys) position = writeInlineString(state, position, key);
  const text = Uint8Array.prototype.slice.call(state.bytes, start, position);
  position = start;
  state.bytes[position++] = nullPrototype ? SHAPE_DEFINE_NULL : SHAPE_DEFINE;
  position = writeVarint(state, position, text.length);
  if (position + text.length > state.end) state.grow(position, text.length);
  state.bytes.set(text, position);
  return new Uint8Array(state.bytes.subarray(start, position + text.length));
}
