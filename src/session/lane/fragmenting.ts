/**
 * Large signals on their way into frames: pieces of a lane's backlog beside the signals of others, so that a message of
 * hundreds of megabytes holds up nobody else's small one by more than a few fragments.
 */
import { FRAGMENT_BYTES, FRAME_BYTES_MAX } from "../../base/limits.ts";
import { DATA_HEADER_BYTES } from "../../wire/frame.ts";
import { SignalKind } from "../../wire/signals/message.ts";
import type { Backlog } from "./backlog.ts";
import type { Outgoing } from "./outgoing.ts";

/** Bytes of a frame, its head included, above which the next signal goes to another one. */
export const FRAME_FILL_BYTES = DATA_HEADER_BYTES + FRAME_BYTES_MAX;

/** Bytes in flight above which no further fragment starts: what a small message of another sender may wait behind. */
const FRAGMENT_WINDOW_BYTES = 2 * 1024 * 1024;

/** Bytes of a FRAGMENT_FIRST entry before its piece. */
const PIECE_HEAD_BYTES = 13;

/** Bytes of room in a frame below which a piece waits for the next one. */
const PIECE_BYTES_MIN = 8 * 1024;

/** Bytes of fragments that may be put behind other signals at once. */
const FRAGMENT_CREDIT_MAX = FRAGMENT_BYTES;

const NO_BYTES = new Uint8Array(0);

/** Moves what waits in a backlog into the frames of one direction of a lane, a piece at a time. */
export class Fragmenting {
  readonly #backlog: Backlog;
  readonly #out: Outgoing;
  readonly #fragmentBytes: number;
  /** Bytes of fragments that may go into frames although other signals wait: as many as there were of those. */
  #credit = 0;
  /** How much had been written when the credit was counted last. */
  #creditAt = 0;

  constructor(backlog: Backlog, out: Outgoing, fragmentBytes: number) {
    this.#backlog = backlog;
    this.#out = out;
    this.#fragmentBytes = fragmentBytes;
  }

  /**
   * Puts fragments into the open frame: when little else waits, and else as many bytes as there came of other signals.
   * `ack`: the last frame received, for frames that get full.
   */
  pull(ack: number): void {
    const others = this.#out.writtenBytes - this.#creditAt;
    this.#credit = Math.min(this.#credit + others, FRAGMENT_CREDIT_MAX);
    while (!this.#backlog.isEmpty) {
      const idle = this.#out.queuedBytes < this.#fragmentBytes;
      if (idle ? this.#out.unackedBytes > FRAGMENT_WINDOW_BYTES : this.#credit <= 0) break;
      this.#out.open();
      const room = FRAME_FILL_BYTES - this.#out.openBytes - PIECE_HEAD_BYTES;
      if (room < Math.min(PIECE_BYTES_MIN, this.#fragmentBytes)) {
        this.#out.close(ack);
        continue;
      }
      const length = this.#writePiece(Math.min(room, this.#fragmentBytes));
      if (length === 0) break;
      if (!idle) this.#credit -= length;
    }
    this.#creditAt = this.#out.writtenBytes;
  }

  /** Writes the next piece to the open frame. @returns its bytes, without its head; 0 when nobody has a turn */
  #writePiece(lengthMax: number): number {
    const piece = this.#backlog.next(lengthMax);
    if (piece === undefined) return 0;
    const { writer } = this.#out;
    const isFirst = piece.offset === 0;
    writer.uint8(isFirst ? SignalKind.FRAGMENT_FIRST : SignalKind.FRAGMENT_NEXT);
    writer.uint32(piece.series);
    if (isFirst) writer.uint32(piece.total);
    writer.uint32(piece.length);
    writer.append(piece.bytes.subarray(piece.offset, piece.offset + piece.length));
    piece.bytes = NO_BYTES;
    return piece.length;
  }
}
