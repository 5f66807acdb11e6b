/** Slots of the first chunk: most queues are short. */
const CHUNK_SLOTS_MIN = 8;

/** Slots of the largest chunk; one that is larger would be scanned whole by every young collection that it lives through. */
const CHUNK_SLOTS_MAX = 512;

/** Slots of a chunk that an emptied queue keeps: a burst must not hold memory for ever. */
const CHUNK_SLOTS_KEPT = 32;

class Chunk<T> {
  readonly slots: (T | undefined)[];
  next: Chunk<T> | undefined = undefined;

  constructor(size: number) {
    this.slots = new Array<T | undefined>(size);
  }
}

/**
 * First in, first out, in a list of chunks that double in size: nothing is ever moved, and `push` and `shift` touch one
 * slot each. `undefined` is no value here, it means "empty" in what `shift` and `peek` return.
 */
export class Queue<T> {
  #first: Chunk<T>;
  #last: Chunk<T>;
  /** Next slot to take, in the first chunk. */
  #head = 0;
  /** Next slot to fill, in the last chunk. */
  #tail = 0;
  #length = 0;

  constructor() {
    this.#first = this.#last = new Chunk<T>(CHUNK_SLOTS_MIN);
  }

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    if (this.#tail === this.#last.slots.length) this.#extend();
    this.#last.slots[this.#tail++] = value;
    this.#length++;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const { slots } = this.#first;
    const value = slots[this.#head];
    slots[this.#head++] = undefined;
    if (--this.#length === 0) this.#emptied();
    else if (this.#head === slots.length) this.#advance();
    return value;
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#first.slots[this.#head];
  }

  /** The values in order, at most `max`; they stay. */
  toArray(max = Infinity): T[] {
    const values: T[] = [];
    let chunk: Chunk<T> | undefined = this.#first;
    let index = this.#head;
    while (chunk !== undefined && values.length < Math.min(max, this.#length)) {
      if (index === chunk.slots.length) {
        chunk = chunk.next;
        index = 0;
      } else {
        values.push(chunk.slots[index++] as T);
      }
    }
    return values;
  }

  #extend(): void {
    const size = Math.min(CHUNK_SLOTS_MAX, this.#last.slots.length * 2);
    this.#last.next = new Chunk<T>(size);
    this.#last = this.#last.next;
    this.#tail = 0;
  }

  #advance(): void {
    // There is a next chunk: the queue is not empty.
    this.#first = this.#first.next as Chunk<T>;
    this.#head = 0;
  }

  #emptied(): void {
    this.#head = this.#tail = 0;
    this.#first = this.#last;
    if (this.#first.slots.length <= CHUNK_SLOTS_KEPT) return;
    this.#first = this.#last = new Chunk<T>(CHUNK_SLOTS_MIN);
  }
}
