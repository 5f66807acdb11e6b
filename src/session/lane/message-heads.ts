/** What stands before a message in a frame: who sent it to whom, in one byte for the pair of the message before. */
import type { ByteWriter } from "../../base/bytes.ts";
import type { TermEncoder } from "../../term/encode/encode.ts";
import type { Pid } from "../../term/pid.ts";
import { SignalKind } from "../../wire/signals/message.ts";
import { NO_PID_SLOT, PidSlots } from "./pid-slots.ts";

/** Writes the heads of one direction of a lane, which the other end has to see every one of, in order. */
export class MessageHeads {
  readonly #encoder: TermEncoder;
  readonly #fromSlots = new PidSlots();
  readonly #toSlots = new PidSlots();
  /** Sender and receiver of the last MESSAGE_SLOTS entry. */
  #lastFrom: Pid | undefined;
  #lastTo: Pid | undefined;

  constructor(encoder: TermEncoder) {
    this.#encoder = encoder;
  }

  /**
   * Writes a head. @returns where its message's entry begins: what lies before it stays said, also when the entry is taken
   * back; if it is not, `written` follows
   */
  write(writer: ByteWriter, from: Pid | undefined, to: Pid): number {
    if (from === this.#lastFrom && to === this.#lastTo) {
      writer.ensure(1);
      writer.bytes[writer.length] = SignalKind.MESSAGE_AGAIN;
      return writer.length++;
    }
    const fromSlot =
      from === undefined
        ? NO_PID_SLOT
        : this.#define(writer, SignalKind.FROM_SLOT, this.#fromSlots, from);
    const toSlot = this.#define(writer, SignalKind.TO_SLOT, this.#toSlots, to);
    const start = writer.length;
    writer.ensure(3);
    writer.bytes[start] = SignalKind.MESSAGE_SLOTS;
    writer.bytes[start + 1] = fromSlot;
    writer.bytes[start + 2] = toSlot;
    writer.length = start + 3;
    return start;
  }

  /** The message behind the head is complete: the next one of the pair needs no more than a byte. */
  written(from: Pid | undefined, to: Pid): void {
    this.#lastFrom = from;
    this.#lastTo = to;
  }

  /** The slot that stands for the pid, made to mean it if it does not yet. */
  #define(writer: ByteWriter, kind: number, slots: PidSlots, pid: Pid): number {
    const slot = slots.slotOf(pid);
    if (slots.at(slot) === pid) return slot;
    writer.uint8(kind);
    writer.uint8(slot);
    this.#encoder.writePid(writer, pid);
    slots.set(slot, pid);
    return slot;
  }
}
