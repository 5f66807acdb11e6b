import type { ByteWriter } from "../../base/bytes.ts";
import {
  TERM_DICTIONARY_BYTES_MAX,
  TERM_NODES_MAX,
  TERM_SHAPES_MAX,
  TERM_STRINGS_MAX,
} from "../../base/limits.ts";
import type { NodeRef } from "../node-ref.ts";
import { ShapeTable } from "./shape-table.ts";
import type { Shape } from "./shapes.ts";
import { FIELD_SITES, SITE_MISSES_MAX, STANDALONE_MISSES_MAX } from "../sites.ts";
import { RESET, STF_VERSION } from "../tags.ts";

/** Thrown inside the encoder, never seen outside: the term is longer than the caller allows. */
export const TOO_LONG: unique symbol = Symbol("too long");
/** Thrown inside the encoder: the term holds something that cannot be sent; the path is searched for afterwards. */
export const REFUSED: unique symbol = Symbol("refused");

/** What every write of a small item may assume to have: the longest fixed-size item has 16 bytes. */
export const SLACK = 16;

/** Slots of the string table, twice the entries so that most strings find one of their two slots free. */
const SLOTS = TERM_STRINGS_MAX * 2;

/** Times that a full dictionary was missed after which it starts over. */
const MISSES_MAX = TERM_STRINGS_MAX * 2;

/** Bytes that a string takes at most besides three for each character: the decoder counts them too. */
const STRING_HEADER_BYTES = 5;

/** Resets after which the tables are wiped: `epoch` times 128 must stay a small integer. */
const EPOCHS_MAX = 0x100_0000;

/** Nodes up to which the list of them is faster than a map. */
const NODES_LISTED_MAX = 16;

/** What comes before the next term: nothing, the version byte, or RESET and the version byte. */
type Preamble = 0 | 1 | 2;

/** Where to go back to: the counts of the dictionary and the length of the output. */
class Mark {
  length = 0;
  strings = 0;
  shapes = 0;
  nodes = 0;
  text = 0;
  preamble: Preamble = 1;
}

/**
 * Output position and dictionary of one encoder. The functions of `encode-*.ts` work on it: they take the position as
 * an argument and return the next one, so that it stays in a register.
 *
 * The dictionary holds strings, shapes and nodes by the index that the decoder gives them too: in order of definition.
 * A string enters when it is written for the second time. Validity is a number, `epoch`, so that emptying it is free.
 */
export class EncodeState {
  bytes: Buffer;
  view: DataView;
  /** `bytes[position .. end)` may be written without asking; at `end` call `grow`. */
  end = 0;
  depth = 0;
  /** Shapes go to the dictionary at first sight: the bytes depend on the value alone. */
  readonly standalone: boolean;
  #writer: ByteWriter;
  #start = 0;
  #bytesMax = 0;

  /** Grows with every reset: entries of another epoch do not exist. */
  epoch = 1;
  readonly slotStrings: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(
    undefined,
  );
  readonly slotEpochs = new Int32Array(SLOTS);
  /** Index of the string in that slot. */
  readonly slotIndexes = new Int32Array(SLOTS);
  /** Hash of the string that was last written in full and would go to that slot, and the epoch of that. */
  readonly slotPrints = new Int32Array(SLOTS);
  readonly slotPrintEpochs = new Int32Array(SLOTS);
  readonly #stringSlots = new Int32Array(TERM_STRINGS_MAX);
  stringCount = 0;

  readonly shapes = new ShapeTable();
  /** Places where strings stand (a field of a shape, the keys of maps): how many in a row were not in the dictionary, + `siteBase`. */
  sites = new Int32Array(FIELD_SITES * 2);
  /** Misses after which a site looks only now and then: a standalone term is over soon. */
  readonly siteMissesMax: number;
  /** What an empty counter is at least; greater in every epoch. */
  siteBase = 128;
  #siteNext = FIELD_SITES;

  /** Filled when there are too many to look through the list. */
  readonly #nodeIndexes = new Map<NodeRef, number>();
  readonly #nodes: NodeRef[] = [];
  nodeLast: NodeRef | undefined = undefined;
  nodeLastIndex = 0;

  #text = 0;
  /** Strings and shapes that found the dictionary full, or its table at their place. */
  misses = 0;
  #preamble: Preamble = 1;
  /** Whether `#inner` is that of the present term. */
  #marked = false;
  readonly #inner = new Mark();
  readonly #outer = new Mark();

  constructor(writer: ByteWriter, standalone: boolean) {
    this.standalone = standalone;
    this.siteMissesMax = standalone ? STANDALONE_MISSES_MAX : SITE_MISSES_MAX;
    this.#writer = writer;
    this.bytes = writer.bytes;
    this.view = writer.view;
  }

  /** Begins a term on `writer`: sets the limit, remembers where to go back to, writes what comes first. */
  begin(writer: ByteWriter, bytesMax: number): number {
    if (this.misses > MISSES_MAX) this.#startOver();
    const start = writer.length;
    // Nothing is stored that is there already: a reference that is stored is work for the collector, a lot while it runs.
    if (writer !== this.#writer) this.#writer = writer;
    if (writer.bytes !== this.bytes) {
      this.bytes = writer.bytes;
      this.view = writer.view;
    }
    this.#start = start;
    this.#bytesMax = bytesMax;
    const limit = start + bytesMax + SLACK;
    this.end = limit < this.bytes.length ? limit : this.bytes.length;
    this.depth = 0;
    this.#marked = false;
    return this.#preamble === 0 ? start : this.#begin(start);
  }

  #begin(position: number): number {
    this.#mark();
    if (position + SLACK > this.end) this.grow(position, SLACK);
    if (this.#preamble === 2) this.bytes[position++] = RESET;
    this.bytes[position++] = STF_VERSION;
    this.#preamble = 0;
    return position;
  }

  /** Ends the term at `position`; false, and the term is taken back, if it is longer than allowed. */
  finish(position: number): boolean {
    if (position - this.#start > this.#bytesMax) {
      this.abandon();
      return false;
    }
    this.#writer.length = position;
    return true;
  }

  /** Takes the term back: output and dictionary are as before `begin`. */
  abandon(): void {
    if (this.#marked) this.#return(this.#inner, this.#writer);
    this.#writer.length = this.#start;
    this.nodeLast = undefined;
  }

  /** Remembers where `rollback` goes back to. */
  checkpoint(writer: ByteWriter): void {
    this.#keep(this.#outer, writer.length);
  }

  /** Output and dictionary are as they were at the checkpoint. */
  rollback(writer: ByteWriter): void {
    this.#return(this.#outer, writer);
  }

  /** Empties the dictionary; the next term begins with the version byte, as at the start of a stream. */
  reset(): void {
    this.#clear();
    this.#preamble = 1;
    this.#outer.strings = 0;
    this.#outer.shapes = 0;
    this.#outer.nodes = 0;
    this.#outer.text = 0;
    this.#outer.preamble = 1;
  }

  /** Makes room for `count` bytes after `position`; throws TOO_LONG where that is over the limit. */
  grow(position: number, count: number): void {
    if (position + count - this.#start > this.#bytesMax + SLACK) throw TOO_LONG;
    if (position + count > this.bytes.length) {
      this.#writer.grow(position, count);
      this.bytes = this.#writer.bytes;
      this.view = this.#writer.view;
    }
    this.end = Math.min(this.bytes.length, this.#start + this.#bytesMax + SLACK);
  }

  /** Puts the string into `slot` with the next index; false if the dictionary is full. */
  defineString(slot: number, value: string): boolean {
    this.#mark();
    if (
      this.stringCount >= TERM_STRINGS_MAX ||
      !this.#takeText(value.length * 3 + STRING_HEADER_BYTES)
    ) {
      this.misses++;
      return false;
    }
    const index = this.stringCount++;
    this.slotStrings[slot] = value;
    this.slotEpochs[slot] = this.epoch;
    this.slotIndexes[slot] = index;
    this.#stringSlots[index] = slot;
    return true;
  }

  /** Gives the shape the next index; −1 if the dictionary is full. */
  defineShape(shape: Shape): number {
    this.#mark();
    if (this.shapes.count >= TERM_SHAPES_MAX || !this.#takeText(shape.definitionBytes)) {
      this.misses++;
      return -1;
    }
    const firstSite = this.#siteNext;
    this.#siteNext = firstSite + shape.keys.length;
    if (this.#siteNext > this.sites.length) this.sites = widened(this.sites, this.#siteNext);
    return this.shapes.add(shape, firstSite);
  }

  /** Whether a stream has met the keys before; a standalone term defines them at once. */
  isShapeSeen(print: number): boolean {
    return this.standalone || this.shapes.isSeen(print, this.siteBase);
  }

  /** Index of the node; −1 if it has none yet. */
  nodeIndex(nodeRef: NodeRef): number {
    const nodes = this.#nodes;
    let index = -1;
    // Mostly there are two, the own one and the peer, in turn.
    if (nodes[0] === nodeRef) index = 0;
    else if (nodes.length <= NODES_LISTED_MAX) index = nodes.indexOf(nodeRef);
    else index = this.#nodeIndexes.get(nodeRef) ?? -1;
    if (index < 0) return -1;
    this.nodeLast = nodeRef;
    this.nodeLastIndex = index;
    return index;
  }

  /** Gives the node the next index. The table starts over with the next term when it is full. */
  defineNode(nodeRef: NodeRef): void {
    this.#mark();
    if (this.#nodes.length >= TERM_NODES_MAX - SLACK) this.misses = MISSES_MAX + 1;
    this.#nodes.push(nodeRef);
    const count = this.#nodes.length;
    if (count > NODES_LISTED_MAX + 1) this.#nodeIndexes.set(nodeRef, count - 1);
    else if (count === NODES_LISTED_MAX + 1)
      this.#nodes.forEach((node, i) => this.#nodeIndexes.set(node, i));
  }

  /** Whether another node fits: the last few places are for the term that is being written. */
  get nodesFull(): boolean {
    return this.#nodes.length >= TERM_NODES_MAX;
  }

  #takeText(bytes: number): boolean {
    if (this.#text + bytes > TERM_DICTIONARY_BYTES_MAX) return false;
    this.#text += bytes;
    return true;
  }

  /** Remembers where `abandon` goes back to: before the first definition of a term, most terms have none. */
  #mark(): void {
    if (this.#marked) return;
    this.#marked = true;
    this.#keep(this.#inner, this.#start);
  }

  #startOver(): void {
    this.#clear();
    this.#preamble = this.#preamble === 1 ? 1 : 2;
    this.#keep(this.#outer, this.#outer.length);
  }

  #clear(): void {
    if (++this.epoch >= EPOCHS_MAX) this.#wipe();
    this.siteBase = this.epoch * 128;
    this.stringCount = 0;
    this.#cutShapes(0);
    this.#text = 0;
    this.misses = 0;
    if (this.#nodes.length > 0) {
      if (this.#nodeIndexes.size > 0) this.#nodeIndexes.clear();
      this.#nodes.length = 0;
    }
    if (this.nodeLast !== undefined) this.nodeLast = undefined;
  }

  #wipe(): void {
    this.epoch = 1;
    this.slotEpochs.fill(0);
    this.slotPrintEpochs.fill(0);
    this.sites.fill(0);
    this.shapes.wipeSeen();
  }

  #cutShapes(count: number): void {
    if (this.shapes.count <= count) return;
    this.#siteNext = this.shapes.firstSites[count]!;
    this.shapes.cut(count);
  }

  #keep(mark: Mark, length: number): void {
    mark.length = length;
    mark.strings = this.stringCount;
    mark.shapes = this.shapes.count;
    mark.nodes = this.#nodes.length;
    mark.text = this.#text;
    mark.preamble = this.#preamble;
  }

  #return(mark: Mark, writer: ByteWriter): void {
    writer.length = mark.length;
    while (this.stringCount > mark.strings)
      this.slotEpochs[this.#stringSlots[--this.stringCount]!] = 0;
    this.#cutShapes(mark.shapes);
    while (this.#nodes.length > mark.nodes) this.#nodeIndexes.delete(this.#nodes.pop()!);
    this.nodeLast = undefined;
    this.#text = mark.text;
    this.#preamble = mark.preamble;
  }
}

function widened(array: Int32Array, index: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(Math.max(array.length * 2, index + 1));
  wider.set(array);
  return wider;
}
