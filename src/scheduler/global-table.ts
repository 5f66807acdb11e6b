/**
 * The global names as `whereis` finds them: a table in memory that all threads of a node share, written by the control
 * thread alone, so that what it has confirmed to other nodes every scheduler of this one sees at once, also one that is
 * busy. Only hashes of names are in it; the control thread keeps the spellings.
 *
 * | words | |
 * | --- | --- |
 * | 8 | version (odd while it is being changed), count, 6 spare |
 * | 208 for each node | stamp, creation low, high, bytes of its name, 204 words of name |
 * | 8 for each place | used, hash (4), local id low, its high 16 bits with the node's number above, spare |
 */
import { GLOBAL_NAMES_MAX, NODE_NAME_CHARS_MAX } from "../base/limits.ts";
import type { Identities } from "../term/identities.ts";
import type { NodeRef } from "../term/node-ref.ts";
import type { Pid } from "../term/pid.ts";
import { hashName, type NameHash } from "./shared-names.ts";

/** Twice the names, so that a probe ends after a step or two. A power of two. */
const SLOTS = GLOBAL_NAMES_MAX * 2;
const SLOT_WORDS = 8;

/** Nodes whose processes hold names, at once: 16 bits have room for more, no cluster has. */
const NODES = 4_096;
const NODE_WORDS = 208;
const NODE_HEAD_WORDS = 4;
const NAME_BYTES_MAX = (NODE_WORDS - NODE_HEAD_WORDS) * 4;

const HEADER_WORDS = 8;
const VERSION = 0;
const COUNT = 1;
const FIRST_SLOT = HEADER_WORDS + NODES * NODE_WORDS;

/** Names whose answers a scheduler remembers while nothing changes. */
const CACHE_MAX = 16_384;

/** Shared memory for the global names that a node knows. Untouched parts cost nothing. Make it once per node. */
export const createGlobalTable = (): SharedArrayBuffer =>
  new SharedArrayBuffer((FIRST_SLOT + SLOTS * SLOT_WORDS) * Int32Array.BYTES_PER_ELEMENT);

/** Who holds a name, in plain parts. */
export interface TableEntry {
  readonly node: string;
  readonly creation: number;
  readonly local: number;
}

/** The slot of a name, or the free one where it would go. */
function findSlot(words: Int32Array, hash: NameHash): number {
  let index = hash[0] & (SLOTS - 1);
  for (;;) {
    const slot = FIRST_SLOT + index * SLOT_WORDS;
    if (words[slot] === 0 || isAt(words, slot, hash)) return slot;
    index = (index + 1) & (SLOTS - 1);
  }
}

const isAt = (words: Int32Array, slot: number, hash: NameHash): boolean =>
  words[slot + 1] === hash[0] &&
  words[slot + 2] === hash[1] &&
  words[slot + 3] === hash[2] &&
  words[slot + 4] === hash[3];

/** A node that some holder lives on. */
interface UsedNode {
  readonly key: string;
  readonly index: number;
  uses: number;
}

/** The control thread's side. */
export class GlobalTableWriter {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #nodes = new Map<string, UsedNode>();
  readonly #byIndex: (UsedNode | undefined)[] = [];
  readonly #free: number[] = [];
  #nextNode = 0;

  constructor(shared: SharedArrayBuffer) {
    this.#words = new Int32Array(shared);
    this.#bytes = new Uint8Array(shared);
  }

  get count(): number {
    return this.#words[COUNT]!;
  }

  /** Makes the name what it is to be; undefined: nobody holds it. False: there is no room. */
  set(name: string, entry: TableEntry | undefined): boolean {
    const words = this.#words;
    const hash = hashName(name);
    const slot = findSlot(words, hash);
    const isNew = words[slot] === 0;
    if (entry === undefined) {
      if (!isNew) this.#change(() => this.#remove(slot));
      return true;
    }
    if (isNew && words[COUNT]! >= GLOBAL_NAMES_MAX) return false;
    const node = this.#use(entry);
    if (node === undefined) return false;
    this.#change(() => {
      if (isNew) words[COUNT]!++;
      else this.#letGo((words[slot + 6]! >>> 16) & 0xffff);
      for (let word = 0; word < 4; word++) words[slot + 1 + word] = hash[word]!;
      words[slot + 5] = entry.local | 0;
      words[slot + 6] = Math.floor(entry.local / 0x1_0000_0000) | (node << 16);
      words[slot] = 1;
    });
    return true;
  }

  #change(change: () => void): void {
    Atomics.add(this.#words, VERSION, 1);
    change();
    Atomics.add(this.#words, VERSION, 1);
  }

  /** The number of a node, entered if it is new; undefined: there are too many. */
  #use({ node, creation }: TableEntry): number | undefined {
    const key = `${node}#${creation}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) {
      known.uses++;
      return known.index;
    }
    const index = this.#nextNode < NODES ? this.#nextNode++ : this.#free.shift();
    const text = new TextEncoder().encode(node);
    if (index === undefined || text.length > NAME_BYTES_MAX) return undefined;
    const used = { key, index, uses: 1 };
    this.#nodes.set(key, used);
    this.#byIndex[index] = used;
    this.#change(() => {
      const at = HEADER_WORDS + index * NODE_WORDS;
      this.#words[at]!++;
      this.#words[at + 1] = creation | 0;
      this.#words[at + 2] = Math.floor(creation / 0x1_0000_0000);
      this.#words[at + 3] = text.length;
      this.#bytes.set(text, (at + NODE_HEAD_WORDS) * 4);
    });
    return index;
  }

  #letGo(index: number): void {
    const used = this.#byIndex[index];
    if (used === undefined || --used.uses > 0) return;
    this.#byIndex[index] = undefined;
    this.#nodes.delete(used.key);
    this.#free.push(index);
  }

  /** Frees a slot and moves up what was displaced by it, so that probes need no tombstones. */
  #remove(slot: number): void {
    const words = this.#words;
    this.#letGo((words[slot + 6]! >>> 16) & 0xffff);
    words[COUNT]!--;
    let hole = (slot - FIRST_SLOT) / SLOT_WORDS;
    let index = hole;
    for (;;) {
      index = (index + 1) & (SLOTS - 1);
      const next = FIRST_SLOT + index * SLOT_WORDS;
      if (words[next] === 0) break;
      const wanted = words[next + 1]! & (SLOTS - 1);
      if (((index - wanted) & (SLOTS - 1)) < ((index - hole) & (SLOTS - 1))) continue;
      words.copyWithin(FIRST_SLOT + hole * SLOT_WORDS, next, next + SLOT_WORDS);
      hole = index;
    }
    words[FIRST_SLOT + hole * SLOT_WORDS] = 0;
  }
}

interface Cached {
  readonly hash: NameHash;
  version: number;
  pid: Pid<unknown> | undefined;
}

interface KnownNode {
  readonly stamp: number;
  readonly nodeRef: NodeRef;
}

/** A scheduler's side. */
export class GlobalTableReader {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #identities: Identities;
  readonly #cache = new Map<string, Cached>();
  readonly #nodes: (KnownNode | undefined)[] = [];

  constructor(shared: SharedArrayBuffer, identities: Identities) {
    this.#words = new Int32Array(shared);
    this.#bytes = new Uint8Array(shared);
    this.#identities = identities;
  }

  /** Names known on this node. */
  get count(): number {
    return Atomics.load(this.#words, COUNT);
  }

  /** Who holds the name, as the control thread knows it now. */
  whereis(name: string): Pid<unknown> | undefined {
    const cached = this.#cache.get(name);
    if (cached !== undefined && cached.version === Atomics.load(this.#words, VERSION)) {
      return cached.pid;
    }
    return this.#look(cached ?? this.#remember(name));
  }

  #remember(name: string): Cached {
    if (this.#cache.size >= CACHE_MAX) this.#cache.clear();
    const cached: Cached = { hash: hashName(name), version: -1, pid: undefined };
    this.#cache.set(name, cached);
    return cached;
  }

  #look(cached: Cached): Pid<unknown> | undefined {
    const words = this.#words;
    for (;;) {
      const version = Atomics.load(words, VERSION);
      // The control thread is in the middle of a change: that takes less than a microsecond.
      if ((version & 1) !== 0) continue;
      const slot = findSlot(words, cached.hash);
      const isUsed = words[slot] !== 0;
      const high = words[slot + 6]!;
      const local = (high & 0xffff) * 0x1_0000_0000 + (words[slot + 5]! >>> 0);
      const index = (high >>> 16) & 0xffff;
      const node = isUsed ? this.#node(index) : undefined;
      if (Atomics.load(words, VERSION) !== version) continue;
      if (node !== undefined) this.#nodes[index] = node;
      cached.pid = node === undefined ? undefined : this.#identities.pid(node.nodeRef, local);
      cached.version = version;
      return cached.pid;
    }
  }

  /** May be nonsense when the table changes meanwhile, which the caller finds out. */
  #node(index: number): KnownNode | undefined {
    const at = HEADER_WORDS + Math.min(index, NODES - 1) * NODE_WORDS;
    const words = this.#words;
    const stamp = words[at]!;
    const known = this.#nodes[index];
    if (known?.stamp === stamp) return known;
    const creation = words[at + 2]! * 0x1_0000_0000 + (words[at + 1]! >>> 0);
    const length = Math.min(words[at + 3]!, NAME_BYTES_MAX);
    const from = (at + NODE_HEAD_WORDS) * 4;
    // Decoders do not take shared memory.
    const name = new TextDecoder().decode(this.#bytes.slice(from, from + length));
    if (name.length > NODE_NAME_CHARS_MAX) return undefined;
    return { stamp, nodeRef: this.#identities.nodeRef(name, creation) };
  }
}
