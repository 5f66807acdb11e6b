import { SCHEDULERS_MAX } from "../base/limits.ts";

/** Serials of one block: a scheduler asks shared memory once for so many. */
const BLOCK_SERIALS = 1024;

/** Shared memory for the serials of a node: one counter of blocks per scheduler. Make it once per node. */
export const createSerials = (): SharedArrayBuffer =>
  new SharedArrayBuffer((SCHEDULERS_MAX + 1) * Int32Array.BYTES_PER_ELEMENT);

/**
 * The serials of one scheduler, 42 bits, from 1. Given out in blocks from shared memory, so that a scheduler that is
 * started again reuses none: 2^32 blocks of 2^10.
 */
export class Serials {
  readonly #blocks: Int32Array;
  readonly #index: number;
  #next = 0;
  #end = 0;

  constructor(shared: SharedArrayBuffer, index: number) {
    this.#blocks = new Int32Array(shared);
    this.#index = index;
  }

  next(): number {
    if (this.#next === this.#end) {
      const block = Atomics.add(this.#blocks, this.#index, 1) >>> 0;
      this.#next = block * BLOCK_SERIALS + 1;
      this.#end = this.#next + BLOCK_SERIALS;
    }
    return this.#next++;
  }
}
