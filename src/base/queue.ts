const CAPACITY_MIN = 8;

/** Slots above which an emptied queue gives its array back: a burst must not hold memory for ever. */
const CAPACITY_KEPT_MAX = 1024;

/**
 * First in, first out, over a ring: `push` and `shift` touch one slot each. `undefined` is no value here, it means
 * "empty" in what `shift` and `peek` return.
 */
export class Queue<T> {
  #slots: (T | undefined)[] = new Array<T | undefined>(CAPACITY_MIN).fill(undefined);
  #mask = CAPACITY_MIN - 1;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    if (this.#length > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#length) & this.#mask] = value;
    this.#length++;
  }

  /** Puts a value back in front: the next `shift` returns it. */
  unshift(value: T): void {
    if (this.#length > this.#mask) this.#grow();
    this.#head = (this.#head - 1) & this.#mask;
    this.#slots[this.#head] = value;
    this.#length++;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const head = this.#head;
    const value = this.#slots[head];
    this.#slots[head] = undefined;
    this.#head = (head + 1) & this.#mask;
    if (--this.#length === 0 && this.#mask >= CAPACITY_KEPT_MAX) this.clear();
    return value;
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  /** The value at a distance from the front, 0 for the next one. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#slots[(this.#head + index) & this.#mask] : undefined;
  }

  clear(): void {
    this.#slots = new Array<T | undefined>(CAPACITY_MIN).fill(undefined);
    this.#mask = CAPACITY_MIN - 1;
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const slots = this.#slots;
    const capacity = slots.length * 2;
    const grown = new Array<T | undefined>(capacity).fill(undefined);
    for (let index = 0; index < this.#length; index++) {
      grown[index] = slots[(this.#head + index) & this.#mask];
    }
    this.#slots = grown;
    this.#mask = capacity - 1;
    this.#head = 0;
  }
}
