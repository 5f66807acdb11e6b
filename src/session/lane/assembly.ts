/**
 * Puts signals that came in fragments together again. What a peer can make us hold is bounded: `SERIES_MAX` signals up
 * to `GIANT_BYTES`, one above, and memory grows with the bytes that arrived, not with what was announced.
 */
import { DecodeError } from "../../base/error.ts";
import { GIANT_BYTES, SERIES_MAX } from "./backlog.ts";

interface Series {
  readonly total: number;
  bytes: Uint8Array;
  length: number;
}

/** How much longer the next buffer of a series is: four times costs a third of a copy in all, and four times what arrived. */
const GROWTH = 4;

/** Bytes that a series starts with. */
const CAPACITY_FIRST = 64 * 1024;

export class Assembly {
  readonly #open = new Map<number, Series>();
  readonly #bytesMax: number;
  #giants = 0;

  /** @param bytesMax of one signal */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes held for signals that are not complete. */
  get bytes(): number {
    let sum = 0;
    for (const series of this.#open.values()) sum += series.bytes.length;
    return sum;
  }

  /**
   * The first piece of a signal of `total` bytes. Gives the signal's bytes if that is all of it.
   * @throws {DecodeError} frame_too_large, frame_bad_value
   */
  first(id: number, total: number, piece: Uint8Array): Uint8Array | undefined {
    if (total > this.#bytesMax) {
      throw new DecodeError(
        "frame_too_large",
        `signal of ${total} bytes, the limit is ${this.#bytesMax} bytes`,
      );
    }
    if (piece.length === 0 || piece.length > total) throw wrongPiece(piece.length, total);
    if (piece.length === total) return piece;
    if (this.#open.has(id))
      throw new DecodeError("frame_bad_value", `fragment series ${id} began twice`);
    if (this.#open.size >= SERIES_MAX) {
      throw new DecodeError("frame_bad_value", `more than ${SERIES_MAX} signals in fragments`);
    }
    if (total > GIANT_BYTES && ++this.#giants > 1) {
      throw new DecodeError(
        "frame_bad_value",
        `two signals over ${GIANT_BYTES} bytes in fragments`,
      );
    }
    const bytes = new Uint8Array(Math.min(total, Math.max(CAPACITY_FIRST, piece.length * 2)));
    bytes.set(piece);
    this.#open.set(id, { total, bytes, length: piece.length });
    return undefined;
  }

  /**
   * A further piece. Gives the signal's bytes once they are complete.
   * @throws {DecodeError} frame_bad_value
   */
  next(id: number, piece: Uint8Array): Uint8Array | undefined {
    const series = this.#open.get(id);
    if (series === undefined)
      throw new DecodeError("frame_bad_value", `fragment series ${id} never began`);
    const length = series.length + piece.length;
    if (piece.length === 0 || length > series.total)
      throw wrongPiece(piece.length, series.total - series.length);
    if (length > series.bytes.length) {
      const grown = new Uint8Array(
        Math.min(series.total, Math.max(length, series.bytes.length * GROWTH)),
      );
      grown.set(series.bytes.subarray(0, series.length));
      series.bytes = grown;
    }
    series.bytes.set(piece, series.length);
    series.length = length;
    if (length < series.total) return undefined;
    this.#open.delete(id);
    if (series.total > GIANT_BYTES) this.#giants--;
    return series.bytes;
  }
}

function wrongPiece(length: number, left: number): DecodeError {
  return new DecodeError(
    "frame_bad_value",
    `fragment of ${length} bytes, expected 1 to ${left} bytes`,
  );
}
