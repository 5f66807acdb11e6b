/** The numbered frames that arrive on a lane: cut, counted, acknowledged, and their entries decoded into a sink. */
import { ByteReader } from "../../base/bytes.ts";
import { DecodeError, ProtocolError } from "../../base/error.ts";
import type { Millis } from "../../base/millis.ts";
import { TermDecoder } from "../../term/decode/decode.ts";
import type { Identities } from "../../term/identities.ts";
import type { Pid } from "../../term/pid.ts";
import { FrameKind, FrameReader } from "../../wire/frame.ts";
import { decodeSignal, decodeSignalOf, SignalKind } from "../../wire/signals/message.ts";
import {
  readUint32,
  readUint48,
  readUint8,
  type SignalIn,
} from "../../wire/signals/signal-field.ts";
import type { Undecodable, WireSignal } from "../../wire/signals/wire-signal.ts";
import { Assembly } from "./assembly.ts";
import { GIANT_BYTES } from "./backlog.ts";
import { NO_PID_SLOT, PidSlots } from "./pid-slots.ts";

/** Milliseconds until a frame is acknowledged when nothing else calls for it. */
const ACK_DELAY_MS = 20;

/** Bytes received after which an acknowledgement is sent at once: a fraction of what the sender may have in flight. */
const ACK_BYTES = 64 * 1024;

/** Frames received after which an acknowledgement is sent at once, so that the sender's table of frames stays short. */
const ACK_FRAMES = 256;

/** Where decoded signals go, by direct calls, in the order of the lane. What it throws ends the thread. */
export interface LaneSink {
  /** The hot path: a message to a pid. */
  message(from: Pid | undefined, to: Pid, message: unknown): void;
  /** Every other signal. */
  signal(signal: WireSignal): void;
  /** A dead letter: well formed, but a struct in it cannot be built here. A spawn request is to be answered `badarg`. */
  undecodable(undecodable: Undecodable): void;
}

export class Incoming {
  readonly #frames = new FrameReader();
  /** The peer's name. */
  readonly #peer: string;
  readonly #input: SignalIn;
  readonly #identities: Identities;
  /** For signals that came in fragments; made when the first one does. */
  #standalone: SignalIn | undefined;
  readonly #assembly: Assembly;
  readonly #fromSlots = new PidSlots();
  readonly #toSlots = new PidSlots();
  #lastFrom: Pid | undefined;
  #lastTo: Pid | undefined;
  /** Number of the last complete frame. */
  received = 0;
  #unackedBytes = 0;
  #unackedFrames = 0;
  /** When the frames since the last acknowledgement are to be acknowledged; undefined when there are none. */
  ackDue: Millis | undefined;
  /** An acknowledgement is to be sent now. */
  ackWanted = false;

  constructor(peer: string, identities: Identities, signalBytesMax: number) {
    this.#peer = peer;
    this.#identities = identities;
    this.#input = { reader: new ByteReader(), decoder: new TermDecoder(identities) };
    this.#assembly = new Assembly(signalBytesMax);
    this.#frames.authenticated();
  }

  /** @throws {DecodeError | ProtocolError} what the peer does wrong; the lane is broken then */
  receive(
    bytes: Uint8Array,
    now: Millis,
    sink: LaneSink,
    acknowledged: (ack: number) => void,
  ): void {
    const frames = this.#frames;
    const { reader } = this.#input;
    frames.push(bytes);
    while (frames.next()) {
      reader.reset(frames.bytes, frames.start, frames.end);
      const kind = readUint8(reader);
      if (kind === FrameKind.DATA) {
        this.#number(readUint48(reader));
        acknowledged(readUint48(reader));
        this.#entries(sink);
        this.#count(frames.end - frames.start, now);
      } else if (kind === FrameKind.ACK) {
        acknowledged(readUint48(reader));
      } else {
        throw new DecodeError("frame_unknown", `unexpected frame kind ${kind} on a lane`, 0);
      }
    }
  }

  /** Every frame so far is acknowledged by what is being sent. */
  ackSent(): void {
    this.ackWanted = false;
    this.ackDue = undefined;
    this.#unackedBytes = this.#unackedFrames = 0;
  }

  detach(): void {
    this.#frames.reset();
    // The next handshake says which frame was the last.
    this.ackSent();
  }

  handleTimeout(now: Millis): void {
    if (this.ackDue !== undefined && now >= this.ackDue) this.ackWanted = true;
  }

  #number(number: number): void {
    if (number !== this.received + 1) {
      throw new ProtocolError("bad_sequence", `got frame ${number}, expected ${this.received + 1}`);
    }
  }

  #count(bytes: number, now: Millis): void {
    this.received++;
    this.#unackedBytes += bytes;
    this.#unackedFrames++;
    this.ackDue ??= now + ACK_DELAY_MS;
    if (this.#unackedBytes >= ACK_BYTES || this.#unackedFrames >= ACK_FRAMES) this.ackWanted = true;
  }

  #entries(sink: LaneSink): void {
    const { reader } = this.#input;
    while (reader.position < reader.end) {
      const kind = reader.bytes[reader.position++]!;
      switch (kind) {
        case SignalKind.MESSAGE_AGAIN:
          this.#message(sink);
          break;
        case SignalKind.MESSAGE_SLOTS:
          this.#readSlots();
          this.#message(sink);
          break;
        case SignalKind.FROM_SLOT:
          this.#defineSlot(this.#fromSlots, this.#peer);
          break;
        case SignalKind.TO_SLOT:
          this.#defineSlot(this.#toSlots, this.#identities.local.name);
          break;
        case SignalKind.FRAGMENT_FIRST:
        case SignalKind.FRAGMENT_NEXT:
          this.#fragment(kind, sink);
          break;
        default:
          this.#deliver(decodeSignalOf(kind, this.#input), sink);
      }
    }
  }

  #message(sink: LaneSink): void {
    const to = this.#lastTo;
    if (to === undefined)
      throw new DecodeError(
        "frame_bad_value",
        "message before its slots",
        this.#input.reader.position,
      );
    const from = this.#lastFrom;
    let message: unknown;
    try {
      message = this.#input.decoder.read(this.#input.reader);
    } catch (error) {
      if (!(error instanceof DecodeError) || error.code !== "struct_undecodable") throw error;
      sink.undecodable({
        kind: "undecodable",
        signal: { kind: "message", from, to, message: undefined },
        error,
      });
      return;
    }
    sink.message(from, to, message);
  }

  #readSlots(): void {
    const { reader } = this.#input;
    const fromSlot = readUint8(reader);
    const toSlot = readUint8(reader);
    const from = fromSlot === NO_PID_SLOT ? undefined : this.#fromSlots.at(fromSlot);
    const to = this.#toSlots.at(toSlot);
    if (to === undefined || (from === undefined && fromSlot !== NO_PID_SLOT)) {
      throw new DecodeError(
        "frame_bad_value",
        `slots ${fromSlot} and ${toSlot} mean no pid yet`,
        reader.position,
      );
    }
    this.#lastFrom = from;
    this.#lastTo = to;
  }

  #defineSlot(slots: PidSlots, node: string): void {
    const { reader, decoder } = this.#input;
    const slot = readUint8(reader);
    if (slot === NO_PID_SLOT)
      throw new DecodeError("frame_bad_value", `slot ${slot} is reserved`, reader.position);
    const pid = decoder.readPid(reader);
    if (pid.node !== node) {
      const which = slots === this.#fromSlots ? "from" : "for";
      throw wrongEnd("message", which, pid.node, node);
    }
    slots.set(slot, pid);
  }

  #fragment(kind: number, sink: LaneSink): void {
    const { reader } = this.#input;
    const id = readUint32(reader);
    const total = kind === SignalKind.FRAGMENT_FIRST ? readUint32(reader) : 0;
    const length = readUint32(reader);
    if (length > reader.remaining)
      throw new DecodeError("frame_truncated", "fragment ends early", reader.position);
    const piece = reader.bytes.subarray(reader.position, reader.position + length);
    reader.position += length;
    const whole =
      kind === SignalKind.FRAGMENT_FIRST
        ? this.#assembly.first(id, total, piece)
        : this.#assembly.next(id, piece);
    if (whole !== undefined) this.#whole(whole, sink);
  }

  #whole(bytes: Uint8Array, sink: LaneSink): void {
    const input = (this.#standalone ??= {
      reader: new ByteReader(),
      decoder: new TermDecoder(this.#identities),
    });
    input.reader.reset(bytes);
    input.decoder.reset();
    const signal = decodeSignal(input);
    const { remaining } = input.reader;
    if (remaining > 0)
      throw new DecodeError(
        "frame_bad_value",
        `${remaining} bytes behind a signal`,
        input.reader.position,
      );
    // Nothing of a giant's size is kept when it is decoded.
    if (bytes.length > GIANT_BYTES) this.#standalone = undefined;
    this.#deliver(signal, sink);
  }

  #deliver(signal: WireSignal | Undecodable, sink: LaneSink): void {
    if (signal.kind === "undecodable") {
      this.#checkEnds(signal.signal);
      return sink.undecodable(signal);
    }
    this.#checkEnds(signal);
    if (signal.kind === "message") sink.message(signal.from, signal.to, signal.message);
    else sink.signal(signal);
  }

  /**
   * Everything on a lane is from a process of the peer and for this node: nobody speaks for others, nor through others.
   * @throws {ProtocolError} bad_name
   */
  #checkEnds(signal: WireSignal): void {
    const to = "to" in signal ? signal.to : signal;
    // What rooms say is for a scheduler and from nobody.
    if (typeof to === "number") return;
    const { kind, from } = signal;
    const { name: own } = this.#identities.local;
    if (from !== undefined && from.node !== this.#peer)
      throw wrongEnd(kind, "from", from.node, this.#peer);
    if (to.node !== own) throw wrongEnd(kind, "for", to.node, own);
  }
}

function wrongEnd(
  kind: string,
  which: "from" | "for",
  got: string,
  expected: string,
): ProtocolError {
  return new ProtocolError("bad_name", `got a ${kind} ${which} ${got}, expected ${expected}`);
}
