/**
 * What a lane has accepted and not yet put into frames: signals over a fragment, and everything that the same sender
 * said after one. Every item is one signal, encoded standalone. Senders take turns, one piece each; the items of one
 * sender go one after the other.
 */
import { assert } from "../../base/assert.ts";

/** A signal above this is alone of its kind: only one is in fragments at a time. */
export const GIANT_BYTES = 1024 * 1024;

/** Signals in fragments at a time, so that the receiver's memory is bounded: 16 MiB and one giant. */
export const SERIES_MAX = 16;

class Item {
  readonly bytes: Uint8Array;
  readonly series: number;
  offset = 0;

  constructor(bytes: Uint8Array, series: number) {
    this.bytes = bytes;
    this.series = series;
  }

  get isGiant(): boolean {
    return this.bytes.length > GIANT_BYTES;
  }
}

/** One sender's items, the first of which may be in the middle of its pieces. Never empty while it is in the table. */
interface Queue {
  readonly sender: number;
  readonly items: Item[];
  /** Bytes of them that wait. */
  bytes: number;
}

/** The next piece to send; one object, filled anew by every `next`. */
export interface Piece {
  series: number;
  /** Bytes of the whole signal. */
  total: number;
  bytes: Uint8Array;
  /** The piece is `bytes[offset .. offset + length)`. */
  offset: number;
  length: number;
}

export class Backlog {
  readonly #queues = new Map<number, Queue>();
  /** Senders whose first item may go on, in turn; the front is next. */
  readonly #turns: Queue[] = [];
  /** Senders whose first item waits until there is room for another series, or for a giant. */
  readonly #waiting: Queue[] = [];
  /** The giant whose pieces are on their way. */
  #giant: Item | undefined;
  /** The giant that does not count towards the hard limit: the first one, until it is through. */
  #exempt: Item | undefined;
  #series = 0;
  #bytes = 0;
  readonly #piece: Piece = { series: 0, total: 0, bytes: new Uint8Array(0), offset: 0, length: 0 };

  /** Bytes that wait here. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of them that count towards the lane's hard limit: all but those of one giant. */
  get countedBytes(): number {
    const exempt = this.#exempt;
    return exempt === undefined ? this.#bytes : this.#bytes - exempt.bytes.length + exempt.offset;
  }

  /** Whether a giant is exempt from the hard limit already: the next one has to fit under it. */
  get hasGiant(): boolean {
    return this.#exempt !== undefined;
  }

  /** Bytes that this sender has waiting here. */
  bytesOf(sender: number): number {
    return this.#queues.get(sender)?.bytes ?? 0;
  }

  /** Whether the sender's next signal has to queue here. */
  holds(sender: number): boolean {
    return this.#queues.has(sender);
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  add(sender: number, bytes: Uint8Array): void {
    this.#series = (this.#series + 1) >>> 0;
    const item = new Item(bytes, this.#series);
    this.#bytes += bytes.length;
    if (item.isGiant) this.#exempt ??= item;
    const queue = this.#queues.get(sender);
    if (queue !== undefined) {
      queue.items.push(item);
      queue.bytes += bytes.length;
      return;
    }
    const fresh = { sender, items: [item], bytes: bytes.length };
    this.#queues.set(sender, fresh);
    this.#waiting.push(fresh);
    this.#admit();
  }

  /** Takes the next piece of at most `lengthMax` bytes out; undefined when nothing waits. */
  next(lengthMax: number): Piece | undefined {
    const queue = this.#turns.shift();
    if (queue === undefined) return undefined;
    const item = queue.items[0]!;
    const piece = this.#piece;
    piece.series = item.series;
    piece.total = item.bytes.length;
    piece.bytes = item.bytes;
    piece.offset = item.offset;
    piece.length = Math.min(lengthMax, item.bytes.length - item.offset);
    assert(piece.length > 0, "a piece has bytes");
    item.offset += piece.length;
    this.#bytes -= piece.length;
    queue.bytes -= piece.length;
    if (item.offset < item.bytes.length) {
      this.#turns.push(queue);
      return piece;
    }
    if (item === this.#giant) this.#giant = undefined;
    if (item === this.#exempt) this.#exempt = undefined;
    queue.items.shift();
    if (queue.items.length === 0) this.#queues.delete(queue.sender);
    else this.#waiting.push(queue);
    this.#admit();
    return piece;
  }

  /** Lets those take turns for whom there is room. */
  #admit(): void {
    for (let index = 0; index < this.#waiting.length && this.#turns.length < SERIES_MAX;) {
      const queue = this.#waiting[index]!;
      const item = queue.items[0]!;
      if (item.isGiant && this.#giant !== undefined) {
        index++;
        continue;
      }
      if (item.isGiant) this.#giant = item;
      this.#waiting.splice(index, 1);
      this.#turns.push(queue);
    }
  }
}
