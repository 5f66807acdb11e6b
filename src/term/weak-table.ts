import type { NodeRef } from "./node-ref.ts";

/** Entries that a table has at least before it is swept for collected objects. */
const SWEEP_MIN = 1024;

/** Entries of a page, a power of two: enough that a node's numbers, which grow, mostly fall on the page of the one before. */
const PAGE_SLOTS = 8;

type Page<T extends WeakKey> = (WeakRef<T> | undefined)[];

/** The entries of one node. */
class Pages<T extends WeakKey> {
  readonly #pages = new Map<number, Page<T>>();
  /** The page that was asked for last. */
  #last: Page<T> | undefined = undefined;
  #lastStart = -1;

  find(id: number): T | undefined {
    const slot = id & (PAGE_SLOTS - 1);
    return this.#pageAt(id - slot)?.[slot]?.deref();
  }

  set(id: number, value: T): void {
    const slot = id & (PAGE_SLOTS - 1);
    const start = id - slot;
    let page = this.#pageAt(start);
    if (page === undefined) {
      page = new Array<WeakRef<T> | undefined>(PAGE_SLOTS).fill(undefined);
      this.#pages.set(start, page);
      this.#last = page;
      this.#lastStart = start;
    }
    page[slot] = new WeakRef(value);
  }

  /** Drops what was collected; returns how many are left. */
  sweep(): number {
    let left = 0;
    for (const [start, page] of this.#pages) {
      const before = left;
      for (let slot = 0; slot < PAGE_SLOTS; slot++) {
        const entry = page[slot];
        if (entry === undefined) continue;
        if (entry.deref() === undefined) page[slot] = undefined;
        else left++;
      }
      if (left === before) this.#pages.delete(start);
    }
    this.#last = undefined;
    this.#lastStart = -1;
    return left;
  }

  #pageAt(start: number): Page<T> | undefined {
    if (start === this.#lastStart) return this.#last;
    const page = this.#pages.get(start);
    if (page === undefined) return undefined;
    this.#lastStart = start;
    return (this.#last = page);
  }
}

/**
 * Objects by node and number, held weakly; swept when they have doubled. In pages of neighbouring numbers: a map with an entry for
 * each would cost three times as much, since the collector comes seldom and the map has outgrown the processor's caches by then.
 */
export class WeakTable<T extends WeakKey> {
  readonly #nodes = new WeakMap<NodeRef, Pages<T>>();
  /** The node that was asked for last, and its entries: mostly the same again. */
  #nodeLast: NodeRef | undefined = undefined;
  #pagesLast: Pages<T> | undefined = undefined;
  /** The same of all nodes, to sweep them. */
  #all: WeakRef<Pages<T>>[] = [];
  #sweepAt = SWEEP_MIN;
  /** Nobody holds it: while it is there the collector has not come, and a sweep would find nothing. */
  #canary = new WeakRef({});
  size = 0;

  find(nodeRef: NodeRef, id: number): T | undefined {
    return this.#pagesOf(nodeRef)?.find(id);
  }

  add(value: T, nodeRef: NodeRef, id: number): void {
    let pages = this.#pagesOf(nodeRef);
    if (pages === undefined) {
      pages = new Pages();
      this.#nodes.set(nodeRef, pages);
      this.#all.push(new WeakRef(pages));
    }
    pages.set(id, value);
    this.size++;
    if (this.size < this.#sweepAt) return;
    if (this.#canary.deref() === undefined) this.#sweep();
    else this.#sweepAt = this.size + SWEEP_MIN;
  }

  #pagesOf(nodeRef: NodeRef): Pages<T> | undefined {
    if (nodeRef === this.#nodeLast) return this.#pagesLast;
    const pages = this.#nodes.get(nodeRef);
    if (pages !== undefined) {
      this.#nodeLast = nodeRef;
      this.#pagesLast = pages;
    }
    return pages;
  }

  #sweep(): void {
    this.size = 0;
    this.#all = this.#all.filter((weak) => {
      const pages = weak.deref();
      if (pages === undefined) return false;
      this.size += pages.sweep();
      return true;
    });
    this.#sweepAt = Math.max(SWEEP_MIN, this.size * 2);
    this.#canary = new WeakRef({});
  }
}
