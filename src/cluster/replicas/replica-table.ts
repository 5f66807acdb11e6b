import type { Change, TableState } from "../../wire/replica-message.ts";

/** Two 32-bit hashes that tell entries apart; sums of them do not depend on the order of entries. */
interface Hashes {
  readonly low: number;
  readonly high: number;
}

/** The members of one bucket with their values. Most names have one holder: a map of its own would be half of what it costs. */
class Bucket implements Hashes {
  readonly low: number;
  readonly high: number;
  /** The only one, as long as there is no map and a value. */
  #member = 0;
  #value: Uint8Array | undefined;
  #map: Map<number, Uint8Array> | undefined;

  constructor(name: string) {
    this.low = hashText(LOW_SEED, name);
    this.high = hashText(HIGH_SEED, name);
  }

  get isEmpty(): boolean {
    return this.#map === undefined ? this.#value === undefined : this.#map.size === 0;
  }

  get(member: number): Uint8Array | undefined {
    if (this.#map !== undefined) return this.#map.get(member);
    return this.#member === member ? this.#value : undefined;
  }

  /** undefined: it is none any more. */
  set(member: number, value: Uint8Array | undefined): void {
    if (this.#map !== undefined) {
      if (value === undefined) this.#map.delete(member);
      else this.#map.set(member, value);
    } else if (this.#value === undefined || this.#member === member) {
      this.#member = member;
      this.#value = value;
    } else if (value !== undefined) {
      this.#map = new Map([
        [this.#member, this.#value],
        [member, value],
      ]);
      this.#value = undefined;
    }
  }

  *entries(): Iterable<readonly [number, Uint8Array]> {
    if (this.#map !== undefined) yield* this.#map;
    else if (this.#value !== undefined) yield [this.#member, this.#value];
  }
}

const FNV_PRIME = 0x0100_0193;
const LOW_SEED = 0x811c_9dc5;
const HIGH_SEED = 0x9e37_79b9;

/**
 * Entries `(bucket, member) → value` with a version that counts changes and a digest over all that is in it. What one
 * node holds of its own, or a copy of what another holds.
 */
export class ReplicaTable {
  #buckets = new Map<string, Bucket>();
  #version = 0;
  #count = 0;
  #low = 0;
  #high = 0;

  get state(): TableState {
    return { version: this.#version, count: this.#count, low: this.#low, high: this.#high };
  }

  get version(): number {
    return this.#version;
  }

  /** For entries that came as a whole: the version that they had where they came from. */
  set version(version: number) {
    this.#version = version;
  }

  get count(): number {
    return this.#count;
  }

  value(bucket: string, member: number): Uint8Array | undefined {
    return this.#buckets.get(bucket)?.get(member);
  }

  /** Makes one entry what the change says, and counts that. False: it was so before. */
  apply({ bucket, member, value }: Change): boolean {
    const known = this.#buckets.get(bucket);
    const before = known?.get(member);
    if (before === undefined ? value === undefined : value !== undefined && same(before, value))
      return false;
    this.#version++;
    const changed = known ?? this.#open(bucket);
    if (before !== undefined) this.#weigh(changed, member, before, -1);
    if (value !== undefined) this.#weigh(changed, member, value, 1);
    changed.set(member, value);
    if (changed.isEmpty) this.#buckets.delete(bucket);
    return true;
  }

  /** Every entry. */
  *entries(): Iterable<Change> {
    for (const [bucket, members] of this.#buckets)
      for (const [member, value] of members.entries()) yield { bucket, member, value };
  }

  #open(name: string): Bucket {
    const opened = new Bucket(name);
    this.#buckets.set(name, opened);
    return opened;
  }

  #weigh({ low, high }: Hashes, member: number, value: Uint8Array, sign: 1 | -1): void {
    this.#count += sign;
    this.#low = (this.#low + sign * hashEntry(low, member, value)) >>> 0;
    this.#high = (this.#high + sign * hashEntry(high, member, value)) >>> 0;
  }
}

/** Whether two tables hold the same, as far as their digests tell. */
export const sameEntries = (a: TableState, b: TableState): boolean =>
  a.count === b.count && a.low === b.low && a.high === b.high;

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function hashText(seed: number, text: string): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  return hash >>> 0;
}

function hashEntry(seed: number, member: number, value: Uint8Array): number {
  let hash = Math.imul(seed ^ (member >>> 0), FNV_PRIME);
  hash = Math.imul(hash ^ Math.floor(member / 0x1_0000_0000), FNV_PRIME);
  for (let index = 0; index < value.length; index++)
    hash = Math.imul(hash ^ value[index]!, FNV_PRIME);
  // Mixed once more: sums of plain FNV hashes of neighbours would often be equal.
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}
