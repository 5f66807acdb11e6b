/**
 * The bytes of a port between two schedulers: signals as on a lane, messages in their short form with pids by slot. Writer
 * and reader live as long as the port, and everything written is read in order: dictionary and slots never part.
 */
import { ByteReader, ByteWriter, latin1Text } from "../../../base/bytes.ts";
import { assert } from "../../../base/assert.ts";
import { NO_PID_SLOT, PidSlots } from "../../../session/lane/pid-slots.ts";
import { TermDecoder } from "../../../term/decode/decode.ts";
import { TermEncoder } from "../../../term/encode/encode.ts";
import type { Identities } from "../../../term/identities.ts";
import type { Pid } from "../../../term/pid.ts";
import { decodeSignalOf, encodeSignal, SignalKind } from "../../../wire/signals/message.ts";
import {
  readTerm,
  readUint8,
  type SignalIn,
  type SignalOut,
} from "../../../wire/signals/signal-field.ts";
import type { Undecodable, WireSignal } from "../../../wire/signals/wire-signal.ts";

const BYTES_MIN = 4096;

/**
 * How much larger than `termBytesMax` a message from another node may become here: its lane knew strings and shapes that
 * this port has to spell out.
 */
const RELAYED_GROWTH = 4;

/** Signals on their way into a batch. */
export class PortWriter {
  readonly #writer = new ByteWriter(BYTES_MIN);
  readonly #out: SignalOut;
  /** The same for what another node sent. */
  readonly #relayed: SignalOut;
  readonly #fromSlots = new PidSlots();
  readonly #toSlots = new PidSlots();
  #lastFrom: Pid | undefined = undefined;
  #lastTo: Pid | undefined = undefined;

  constructor(termBytesMax: number) {
    this.#out = { writer: this.#writer, encoder: new TermEncoder(this.#writer), termBytesMax };
    this.#relayed = { ...this.#out, termBytesMax: RELAYED_GROWTH * termBytesMax };
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#writer.length;
  }

  /** @returns false when the message is too large; then nothing was written @throws {EncodeError} */
  message(from: Pid | undefined, to: Pid, message: unknown, relayed = false): boolean {
    const again = to === this.#lastTo && from === this.#lastFrom;
    const writer = this.#writer;
    const fromSlot = again || from === undefined ? NO_PID_SLOT : this.#slot(from, true);
    const toSlot = again ? 0 : this.#slot(to, false);
    const start = writer.length;
    writer.uint8(again ? SignalKind.MESSAGE_AGAIN : SignalKind.MESSAGE_SLOTS);
    if (!again) {
      writer.uint8(fromSlot);
      writer.uint8(toSlot);
    }
    const { encoder, termBytesMax } = relayed ? this.#relayed : this.#out;
    let written = false;
    try {
      written = encoder.tryWrite(writer, message, termBytesMax);
    } finally {
      if (!written) writer.length = start;
    }
    if (written && !again) {
      this.#lastFrom = from;
      this.#lastTo = to;
    }
    return written;
  }

  /** As `message`, for every other kind. */
  signal(signal: WireSignal, relayed = false): boolean {
    const start = this.#writer.length;
    let written = false;
    try {
      written = encodeSignal(relayed ? this.#relayed : this.#out, signal);
    } finally {
      if (!written) this.#writer.length = start;
    }
    return written;
  }

  /** What was written since the last time, with memory of its own. */
  take(): Uint8Array {
    const copy = this.#writer.copy();
    this.#writer.length = 0;
    return copy;
  }

  /** The same as a string, one character a byte. */
  takeText(): string {
    const writer = this.#writer;
    const text = latin1Text(writer.bytes, 0, writer.length);
    writer.length = 0;
    return text;
  }

  #slot(pid: Pid, isSender: boolean): number {
    const slots = isSender ? this.#fromSlots : this.#toSlots;
    const slot = slots.slotOf(pid);
    if (slots.at(slot) === pid) return slot;
    this.#writer.uint8(isSender ? SignalKind.FROM_SLOT : SignalKind.TO_SLOT);
    this.#writer.uint8(slot);
    this.#out.encoder.writePid(this.#writer, pid);
    slots.set(slot, pid);
    return slot;
  }
}

/** The same, read. Its input is ours: a mistake in it is a failed assertion. */
export class PortReader {
  readonly #input: SignalIn;
  readonly #fromSlots = new PidSlots();
  readonly #toSlots = new PidSlots();
  #lastFrom: Pid | undefined = undefined;
  #lastTo: Pid | undefined = undefined;

  constructor(identities: Identities) {
    this.#input = { reader: new ByteReader(), decoder: new TermDecoder(identities) };
  }

  /** Hands over each signal of a batch. */
  read(batch: Uint8Array, take: (signal: WireSignal | Undecodable) => void): void {
    const { reader } = this.#input;
    reader.reset(batch);
    while (reader.remaining > 0) {
      const kind = readUint8(reader);
      switch (kind) {
        case SignalKind.FROM_SLOT:
          this.#define(this.#fromSlots);
          break;
        case SignalKind.TO_SLOT:
          this.#define(this.#toSlots);
          break;
        case SignalKind.MESSAGE_SLOTS:
          this.#lastFrom = this.#fromSlots.at(readUint8(reader));
          this.#lastTo = this.#toSlots.at(readUint8(reader));
          take(this.#message());
          break;
        case SignalKind.MESSAGE_AGAIN:
          take(this.#message());
          break;
        default:
          take(decodeSignalOf(kind, this.#input));
      }
    }
  }

  #message(): WireSignal | Undecodable {
    const to = this.#lastTo;
    assert(to !== undefined, "a message names a pid that was defined");
    const { value: message, error } = readTerm(this.#input);
    const signal = { kind: "message", from: this.#lastFrom, to, message } as const;
    return error === undefined ? signal : { kind: "undecodable", signal, error };
  }

  #define(slots: PidSlots): void {
    const { reader, decoder } = this.#input;
    const slot = readUint8(reader);
    slots.set(slot, decoder.readPid(reader));
  }
}
