/** Signals that go in fragments, or behind one that does: each is written with a dictionary of its own. */
import { ByteWriter } from "../../base/bytes.ts";
import { MessageTooLarge } from "../../base/error.ts";
import { TermEncoder } from "../../term/encode/encode.ts";
import { SIGNAL_HEAD_BYTES_MAX } from "../../wire/frame.ts";
import { encodeSignal } from "../../wire/signals/message.ts";
import type { WireSignal } from "../../wire/signals/wire-signal.ts";
import { GIANT_BYTES } from "./backlog.ts";
import type { LaneLimits } from "./lane-limits.ts";

/** Writes them, and keeps the memory it writes to: new memory costs more than a copy. */
export class StandaloneSignals {
  readonly #limits: LaneLimits;
  /** Both are made when the first signal comes. */
  #encoder: TermEncoder | undefined;
  #scratch: ByteWriter | undefined;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  /**
   * The bytes of a signal, the caller's to keep. `checkSize` may refuse their number by throwing.
   * @throws {EncodeError | MessageTooLarge} and what `checkSize` throws
   */
  encode(signal: WireSignal, checkSize: (bytes: number) => void): Uint8Array {
    try {
      return this.#written(signal, checkSize);
    } finally {
      // Nothing of a giant's size is kept when it is gone.
      if (this.#scratch !== undefined && this.#scratch.bytes.length > 2 * GIANT_BYTES)
        this.#forget();
    }
  }

  #written(signal: WireSignal, checkSize: (bytes: number) => void): Uint8Array {
    const writer = (this.#scratch ??= new ByteWriter(2 * this.#limits.fragmentBytes));
    const encoder = (this.#encoder ??= new TermEncoder(writer));
    writer.length = 0;
    encoder.reset();
    const { messageBytesMax } = this.#limits;
    if (!encodeSignal({ writer, encoder, termBytesMax: messageBytesMax }, signal)) {
      throw new MessageTooLarge(messageBytesMax, messageBytesMax);
    }
    if (writer.length > messageBytesMax + SIGNAL_HEAD_BYTES_MAX)
      throw new MessageTooLarge(writer.length, messageBytesMax);
    checkSize(writer.length);
    if (writer.length <= GIANT_BYTES) return writer.copy();
    // A giant takes the memory that it was written to; copying it would cost more than new memory does.
    this.#forget();
    return writer.written();
  }

  #forget(): void {
    this.#scratch = this.#encoder = undefined;
  }
}
