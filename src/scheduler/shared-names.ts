import { NAMES_MAX } from "../base/limits.ts";
import { SERIAL_LIMIT } from "../term/pid.ts";

/** Twice the names, so that a probe ends after a step or two. A power of two. */
const SLOTS = NAMES_MAX * 2;

/** Words of a slot: whether it is used, the 128-bit hash of the name, the local id in 32 and 16 bits, one spare. */
const SLOT_WORDS = 8;
const HEADER_WORDS = 8;
const LOCK = 0;
/** Odd while the table is being changed. */
const VERSION = 1;
const COUNT = 2;

/** Shared memory for the names of a node. Untouched parts cost nothing. Make it once per node. */
export const createNames = (): SharedArrayBuffer =>
  new SharedArrayBuffer((HEADER_WORDS + SLOTS * SLOT_WORDS) * Int32Array.BYTES_PER_ELEMENT);

/** 128 bits of a name. */
export type NameHash = readonly [number, number, number, number];

/**
 * The registered names of a node, in memory that all its schedulers share, so that `register` and `whereis` are
 * synchronous and atomic over them. Readers never wait for a lock: they look again when the table changed meanwhile.
 * Only hashes are in it; who needs spellings keeps them.
 */
export class SharedNames {
  readonly #words: Int32Array;
  readonly #owner: number;
  /** Hashes of names used before: a name is looked up far more often than it changes. */
  readonly #hashes = new Map<string, NameHash>();

  /** `owner`: the scheduler's number; 0 is the control thread. */
  constructor(shared: SharedArrayBuffer, owner: number) {
    this.#words = new Int32Array(shared);
    this.#owner = owner;
  }

  /** Names registered on the whole node. */
  get count(): number {
    return Atomics.load(this.#words, COUNT);
  }

  /** Takes a name. @returns false when it is taken; "full" when the table is */
  register(name: string, local: number): boolean | "full" {
    const hash = this.#hash(name);
    return this.#change(() => {
      if (this.#words[COUNT]! >= NAMES_MAX) return "full";
      const slot = this.#find(hash);
      if (this.#words[slot] !== 0) return false;
      this.#write(slot, hash, local);
      this.#words[COUNT]!++;
      return true;
    });
  }

  /** Frees a name, if it is this process that holds it. */
  unregister(name: string, local: number): boolean {
    const hash = this.#hash(name);
    return this.#change(() => {
      const slot = this.#find(hash);
      if (this.#words[slot] === 0 || this.#local(slot) !== local) return false;
      this.#free(slot);
      return true;
    });
  }

  /** The local id of the holder. */
  whereis(name: string): number | undefined {
    const hash = this.#hash(name);
    for (;;) {
      const version = Atomics.load(this.#words, VERSION);
      if ((version & 1) !== 0) continue;
      const slot = this.#find(hash);
      const local = this.#words[slot] === 0 ? undefined : this.#local(slot);
      if (Atomics.load(this.#words, VERSION) === version) return local;
    }
  }

  /** After a scheduler's thread was ended: frees its names, and the lock if it held that. */
  schedulerGone(scheduler: number): void {
    const words = this.#words;
    Atomics.compareExchange(words, LOCK, scheduler + 1, 0);
    this.#change(() => {
      const kept: [NameHash, number][] = [];
      for (let slot = HEADER_WORDS; slot < words.length; slot += SLOT_WORDS) {
        if (words[slot] === 0) continue;
        const local = this.#local(slot);
        const hash: NameHash = [
          words[slot + 1]!,
          words[slot + 2]!,
          words[slot + 3]!,
          words[slot + 4]!,
        ];
        if (Math.floor(local / SERIAL_LIMIT) !== scheduler) kept.push([hash, local]);
      }
      words.fill(0, HEADER_WORDS);
      words[COUNT] = 0;
      // A thread that was ended in the middle of a change may have left an entry twice.
      for (const [hash, local] of kept) {
        const slot = this.#find(hash);
        if (words[slot] === 0) words[COUNT]!++;
        this.#write(slot, hash, local);
      }
    });
  }

  #change<R>(change: () => R): R {
    const words = this.#words;
    while (Atomics.compareExchange(words, LOCK, 0, this.#owner + 1) !== 0);
    if ((Atomics.load(words, VERSION) & 1) === 0) Atomics.add(words, VERSION, 1);
    try {
      return change();
    } finally {
      Atomics.add(words, VERSION, 1);
      Atomics.store(words, LOCK, 0);
    }
  }

  /** The slot of a name, or the free one where it would go. */
  #find(hash: NameHash): number {
    const words = this.#words;
    let index = hash[0] & (SLOTS - 1);
    for (;;) {
      const slot = HEADER_WORDS + index * SLOT_WORDS;
      if (words[slot] === 0) return slot;
      if (
        words[slot + 1] === hash[0] &&
        words[slot + 2] === hash[1] &&
        words[slot + 3] === hash[2] &&
        words[slot + 4] === hash[3]
      ) {
        return slot;
      }
      index = (index + 1) & (SLOTS - 1);
    }
  }

  #local(slot: number): number {
    return this.#words[slot + 6]! * 0x1_0000_0000 + (this.#words[slot + 5]! >>> 0);
  }

  #write(slot: number, hash: NameHash, local: number): void {
    const words = this.#words;
    words[slot + 1] = hash[0];
    words[slot + 2] = hash[1];
    words[slot + 3] = hash[2];
    words[slot + 4] = hash[3];
    words[slot + 5] = local | 0;
    words[slot + 6] = Math.floor(local / 0x1_0000_0000);
    words[slot] = 1;
  }

  /** Frees a slot and moves up what was displaced by it, so that probes need no tombstones. */
  #free(slot: number): void {
    const words = this.#words;
    let hole = (slot - HEADER_WORDS) / SLOT_WORDS;
    let index = hole;
    for (;;) {
      index = (index + 1) & (SLOTS - 1);
      const next = HEADER_WORDS + index * SLOT_WORDS;
      if (words[next] === 0) break;
      const wanted = words[next + 1]! & (SLOTS - 1);
      const distance = (index - wanted) & (SLOTS - 1);
      if (distance < ((index - hole) & (SLOTS - 1))) continue;
      words.copyWithin(HEADER_WORDS + hole * SLOT_WORDS, next, next + SLOT_WORDS);
      hole = index;
    }
    words[HEADER_WORDS + hole * SLOT_WORDS] = 0;
    words[COUNT]!--;
  }

  #hash(name: string): NameHash {
    const known = this.#hashes.get(name);
    if (known !== undefined) return known;
    if (this.#hashes.size >= NAMES_MAX) this.#hashes.clear();
    const hash = hashName(name);
    this.#hashes.set(name, hash);
    return hash;
  }
}

/** 128 bits of a name, over its UTF-16 units. Source: MurmurHash3_x86_128 (Austin Appleby), a unit per round. */
export function hashName(name: string): NameHash {
  let a = 0x239b_961b;
  let b = 0xab0e_9789 | 0;
  let c = 0x38b3_4ae5;
  let d = 0xa1e3_8b93 | 0;
  for (let index = 0; index < name.length; index++) {
    const unit = name.charCodeAt(index);
    a = (b ^ Math.imul(a ^ unit, 0x239b_961b)) | 0;
    b = (c ^ Math.imul(b ^ unit, 0xab0e_9789)) | 0;
    c = (d ^ Math.imul(c ^ unit, 0x38b3_4ae5)) | 0;
    d = (a ^ Math.imul(d ^ unit, 0xa1e3_8b93)) | 0;
  }
  a = mix(a ^ name.length);
  b = mix(b ^ a);
  c = mix(c ^ b);
  d = mix(d ^ c);
  return [(a + d) | 0, b | 0, c | 0, d | 0];
}

function mix(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
