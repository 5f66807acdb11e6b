import { assert } from "../../base/assert.ts";
import { TERM_SHAPES_MAX } from "../../base/limits.ts";
import type { Shape } from "./shapes.ts";

/** Powers of two. */
const BUCKETS = 1_024;
const SEEN_SLOTS = 512;

/** Shapes up to which looking through the list is faster than chains. */
const LISTED_MAX = 16;

class Chains {
  /** By bucket: index + 1 of its last shape, or 0. */
  readonly heads = new Int16Array(BUCKETS);
  /** By index: index + 1 of the shape before it in its bucket, or 0. */
  readonly next = new Int16Array(TERM_SHAPES_MAX);
}

/**
 * The shapes of one encoder's dictionary by their index. What is in here, and so what the encoder writes, depends on the
 * encoder's own past alone: the trie of the thread, which others fill too, only makes it fast.
 */
export class ShapeTable {
  /** In order of definition; what stands behind `count` is left over. */
  readonly list: (Shape | undefined)[] = [];
  count = 0;
  /** By index: where the sites of its fields begin, see `EncodeState.sites`. */
  readonly firstSites: number[] = [];
  /** Made and filled when there are too many for the list. */
  #chains: Chains | undefined = undefined;
  /** Hashes of keys that were met once. */
  readonly #seen = new Int32Array(SEEN_SLOTS);

  /** Index of the shape; −1 if it has none. */
  find(shape: Shape): number {
    const hint = shape.indexHint;
    if (hint < this.count && this.list[hint] === shape) return hint;
    return this.#search(shape);
  }

  /** Another encoder of this thread uses the shape too, or the trie started over. */
  #search(shape: Shape): number {
    for (let at = this.#first(shape.print); at >= 0; at = this.#after(at)) {
      const known = this.list[at]!;
      if (known !== shape && (known.print !== shape.print || !known.equals(shape))) continue;
      this.list[at] = shape;
      shape.indexHint = at;
      return at;
    }
    return -1;
  }

  /** Whether a shape whose keys have that hash is in here. */
  hasPrint(print: number): boolean {
    for (let at = this.#first(print); at >= 0; at = this.#after(at))
      if (this.list[at]!.print === print) return true;
    return false;
  }

  /** Index of the first one that could have that hash; −1 at the end. */
  #first(print: number): number {
    const chains = this.#chains;
    if (chains === undefined || this.count <= LISTED_MAX) return this.count - 1;
    return chains.heads[print & (BUCKETS - 1)]! - 1;
  }

  #after(index: number): number {
    const chains = this.#chains;
    return chains === undefined || this.count <= LISTED_MAX ? index - 1 : chains.next[index]! - 1;
  }

  /** Gives the shape the next index, which there must be. */
  add(shape: Shape, firstSite: number): number {
    const index = this.count++;
    this.list[index] = shape;
    this.firstSites[index] = firstSite;
    shape.indexHint = index;
    if (index > LISTED_MAX) this.#link(index);
    else if (index === LISTED_MAX) for (let i = 0; i <= index; i++) this.#link(i);
    return index;
  }

  #link(index: number): void {
    const { heads, next } = (this.#chains ??= new Chains());
    const bucket = this.list[index]!.print & (BUCKETS - 1);
    assert(heads[bucket]! <= index, "a chain leads to shapes before");
    next[index] = heads[bucket]!;
    heads[bucket] = index + 1;
  }

  /** Takes out the last ones until `count` are left. */
  cut(count: number): void {
    const chains = this.#chains;
    if (chains !== undefined && this.count > LISTED_MAX) {
      if (count <= LISTED_MAX) chains.heads.fill(0);
      else {
        for (let i = this.count - 1; i >= count; i--)
          chains.heads[this.list[i]!.print & (BUCKETS - 1)] = chains.next[i]!;
      }
    }
    this.count = count;
  }

  /** Whether keys with that hash were met before, most likely, since the stream began; `salt` is another number for each. */
  isSeen(print: number, salt: number): boolean {
    const mark = print ^ salt;
    const slot = print & (SEEN_SLOTS - 1);
    if (this.#seen[slot] === mark) return true;
    this.#seen[slot] = mark;
    return false;
  }

  wipeSeen(): void {
    this.#seen.fill(0);
  }
}
