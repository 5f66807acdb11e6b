/**
 * A map for what mostly has one entry: that one takes no table, which would be some 300 bytes and more than all else that such an
 * entry costs. What it gives to walk over is how it was at that moment. In the order of insertion, as a `Map`.
 */
export class SmallMap<K extends NonNullable<unknown>, V> {
  /** The oldest entry, if it is not in the table; undefined: there is none. */
  #key: K | undefined = undefined;
  #value: V | undefined = undefined;
  /** Made for the second entry, and kept. */
  #others: Map<K, V> | undefined = undefined;

  get size(): number {
    return (this.#key === undefined ? 0 : 1) + (this.#others?.size ?? 0);
  }

  get(key: K): V | undefined {
    return this.#key === key ? this.#value : this.#others?.get(key);
  }

  has(key: K): boolean {
    return this.#key === key || this.#others?.has(key) === true;
  }

  set(key: K, value: V): void {
    const others = this.#others;
    if (this.#key === key) {
      this.#value = value;
    } else if (others !== undefined && (this.#key !== undefined || others.size > 0)) {
      others.set(key, value);
    } else if (this.#key !== undefined) {
      this.#others = new Map([[key, value]]);
    } else {
      this.#key = key;
      this.#value = value;
    }
  }

  delete(key: K): void {
    if (this.#key === key) this.#key = this.#value = undefined;
    else this.#others?.delete(key);
  }

  keys(): K[] {
    const others = this.#others?.keys() ?? [];
    return this.#key === undefined ? [...others] : [this.#key, ...others];
  }

  values(): V[] {
    const others = this.#others?.values() ?? [];
    return this.#key === undefined ? [...others] : [this.#value!, ...others];
  }

  entries(): [K, V][] {
    const others = this.#others ?? [];
    return this.#key === undefined ? [...others] : [[this.#key, this.#value!], ...others];
  }
}
