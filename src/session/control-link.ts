/**
 * The control connection of a session after its handshake: lane 0. Control messages are numbered, acknowledged and
 * replayed as the frames of data lanes are; ticks, suspicions and the end of the session are not, and pass everything
 * that waits. A core; one object lives as long as its session.
 *
 *     detached ──attach()──► greeting ──CONTROL_READY of the peer──► attached ──detach()──► detached …
 *
 * Usage by a driver: on `established` of a handshake `detach()` whatever was, `attach()`, `receive(rest, …)`, flush as
 * for a lane. Messages may be sent in any state. `sink` methods are called from within `receive`.
 */
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { DecodeError, MessageTooLarge, ProtocolError } from "../base/error.ts";
import { FRAME_BYTES_MAX, LANE_HARD_BYTES, LANE_UNACKED_BYTES_MAX } from "../base/limits.ts";
import type { Millis } from "../base/millis.ts";
import type { Identities } from "../term/identities.ts";
import {
  decodeControlMessage,
  decodeControlReady,
  decodeSessionEnd,
  decodeSuspect,
  decodeTick,
  encodeControlMessage,
  encodeControlReady,
  encodeSessionEnd,
  encodeSuspect,
  encodeTick,
  type ControlMessage,
  type Tick,
} from "../wire/control-message.ts";
import { FrameKind, FrameReader } from "../wire/frame.ts";
import type { SessionEndReason } from "../wire/protocol-code.ts";
import { readUint48, readUint8 } from "../wire/signals/signal-field.ts";
import { Outgoing, type Transmit } from "./lane/outgoing.ts";

/** Bytes of one control message: an answer with a table of a hundred thousand processes fits. */
export const CONTROL_MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** Bytes that wait for a peer, after which messages are dropped and the peer has to be synchronised anew. */
const QUEUE_BYTES_MAX = LANE_HARD_BYTES;

/** Bytes of ticks and the like that may wait for a socket. */
const TICKS_BYTES_MAX = 4 * 1024;

const ACK_DELAY_MS = 20;
const ACK_FRAMES = 64;

/** Set in the first byte of a DATA frame's payload on lane 0: the message ends with this piece. */
const LAST_PIECE = 1;

export interface ControlSink {
  message(message: ControlMessage): void;
  tick(tick: Tick): void;
  /** The peer believes the socket of this lane dead. */
  suspect(lane: number): void;
  /** The session is over at the peer. */
  ended(reason: SessionEndReason, text: string): void;
}

export class ControlLink {
  readonly #identities: Identities;
  readonly #out = new Outgoing();
  readonly #frames = new FrameReader();
  #state: "detached" | "greeting" | "attached" = "detached";
  #received = 0;
  #unackedFrames = 0;
  #ackDue: Millis | undefined;
  /** Of a message whose last piece has not come: copied together, since a million small pieces are a million objects. */
  #pieces = new ByteWriter(0);
  #dropped = 0;
  #failure: ProtocolError | undefined;

  constructor(identities: Identities) {
    this.#identities = identities;
    this.#frames.authenticated();
  }

  get state(): "detached" | "greeting" | "attached" {
    return this.#state;
  }

  /** Why the session has to end; set once. */
  get failure(): ProtocolError | undefined {
    return this.#failure;
  }

  get queuedBytes(): number {
    return this.#out.queuedBytes;
  }

  /** Everything sent was acknowledged. */
  get drained(): boolean {
    return this.#out.queuedBytes === 0 && this.#out.unackedBytes === 0;
  }

  /** Messages dropped because too much waited: above 0 the peer's view of us has gaps. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Sends a message; it arrives once, in order, or the session ends. False: too much waits, it was dropped and counted.
   * @throws {EncodeError} a term cannot be sent
   * @throws {MessageTooLarge}
   */
  send(message: ControlMessage): boolean {
    const bytes = encodeControlMessage(message);
    if (bytes.length > CONTROL_MESSAGE_BYTES_MAX)
      throw new MessageTooLarge(bytes.length, CONTROL_MESSAGE_BYTES_MAX);
    if (this.#out.queuedBytes + bytes.length > QUEUE_BYTES_MAX) {
      this.#dropped++;
      return false;
    }
    let offset = 0;
    do {
      const end = Math.min(bytes.length, offset + FRAME_BYTES_MAX - 1);
      const writer = this.#out.open();
      writer.uint8(end === bytes.length ? LAST_PIECE : 0);
      writer.append(end - offset === bytes.length ? bytes : bytes.subarray(offset, end));
      this.#out.close(this.#received);
      offset = end;
    } while (offset < bytes.length);
    return true;
  }

  /** A tick that would only queue behind others is not sent: a peer that asks for many and reads none costs nothing. */
  sendTick(tick: Tick): void {
    if (this.#out.urgentBytes < TICKS_BYTES_MAX) this.#urgent(encodeTick(tick));
  }

  sendSuspect(lane: number): void {
    if (this.#out.urgentBytes < TICKS_BYTES_MAX) this.#urgent(encodeSuspect(lane));
  }

  /** Says that the session is over here. Best effort: the peer's resume is refused with `session_over` anyway. */
  sendEnd(reason: SessionEndReason, text: string): void {
    this.#urgent(encodeSessionEnd(reason, text));
  }

  /** A new connection stands: greets on it. Numbered frames wait for the peer's greeting. */
  attach(): void {
    this.detach();
    this.#state = "greeting";
    this.#out.urgent(encodeControlReady(this.#received));
  }

  detach(): void {
    this.#state = "detached";
    this.#ackDue = undefined;
    this.#unackedFrames = 0;
    this.#frames.reset();
    this.#out.cut();
  }

  /** What to write next, as `Lane.pollTransmit`. */
  pollTransmit(): Transmit | undefined {
    if (this.#state === "detached") return undefined;
    if (this.#unackedFrames >= ACK_FRAMES) this.#acknowledge();
    return this.#out.poll(this.#state === "greeting" ? 0 : LANE_UNACKED_BYTES_MAX);
  }

  transmitted(count: number): void {
    this.#out.transmitted(count);
  }

  /** Takes what arrived; any byte of it is a sign of life. `sink` is called before this returns. */
  receive(bytes: Uint8Array, now: Millis, sink: ControlSink): void {
    if (this.#failure !== undefined || this.#state === "detached") return;
    this.#frames.push(bytes);
    try {
      while (this.#failure === undefined && this.#frames.next())
        this.#frame(this.#frames.body(), now, sink);
    } catch (error) {
      if (error instanceof ProtocolError) this.#failure = error;
      else if (error instanceof DecodeError)
        this.#failure = new ProtocolError("malformed", error.message, { cause: error });
      else throw error;
    }
  }

  /** When an acknowledgement is due. */
  pollTimeout(): Millis | undefined {
    return this.#state === "attached" ? this.#ackDue : undefined;
  }

  handleTimeout(now: Millis): void {
    if (this.#state === "attached" && this.#ackDue !== undefined && now >= this.#ackDue)
      this.#acknowledge();
  }

  /** @throws {DecodeError | ProtocolError} what the frame does wrong */
  #frame(body: Uint8Array, now: Millis, sink: ControlSink): void {
    const kind = body[0];
    if (kind === FrameKind.SESSION_END) {
      const { reason, text } = decodeSessionEnd(body);
      return sink.ended(reason, text);
    }
    if (this.#state === "greeting") {
      if (kind === FrameKind.CONTROL_READY) return this.#greeted(decodeControlReady(body));
      // It crossed our COMMIT: the peer gave this connection up and closes it now, which is a lost socket and no more.
      if (kind === FrameKind.REFUSE) return;
      throw new ProtocolError(
        "unexpected_message",
        `got frame kind ${kind}, expected CONTROL_READY`,
      );
    }
    switch (kind) {
      case FrameKind.DATA:
        return this.#data(body, now, sink);
      case FrameKind.ACK: {
        const reader = new ByteReader(body, 1);
        return this.#acknowledged(readUint48(reader));
      }
      case FrameKind.TICK:
        return sink.tick(decodeTick(body));
      case FrameKind.SUSPECT:
        return sink.suspect(decodeSuspect(body));
      default:
        throw new ProtocolError(
          "unexpected_message",
          `got frame kind ${kind} on the control connection`,
        );
    }
  }

  #greeted(received: number): void {
    // Said before the peer took a faster connection, on which it has acknowledged more: it closes this one.
    if (received < this.#out.ackedFrame) return;
    if (!this.#out.replayFrom(received)) {
      const expected = `${this.#out.ackedFrame} to ${this.#out.sentFrame}`;
      throw new ProtocolError(
        "bad_sequence",
        `the peer has control frame ${received}, expected ${expected}`,
      );
    }
    this.#state = "attached";
  }

  #data(body: Uint8Array, now: Millis, sink: ControlSink): void {
    const reader = new ByteReader(body, 1);
    const number = readUint48(reader);
    if (number !== this.#received + 1) {
      throw new ProtocolError(
        "bad_sequence",
        `got control frame ${number}, expected ${this.#received + 1}`,
      );
    }
    this.#acknowledged(readUint48(reader));
    const flags = readUint8(reader);
    const piece = body.subarray(reader.position);
    const isLast = (flags & LAST_PIECE) !== 0;
    const bytes = this.#joined(piece, isLast);
    this.#received = number;
    this.#unackedFrames++;
    this.#ackDue ??= now + ACK_DELAY_MS;
    if (isLast) sink.message(decodeControlMessage(bytes, this.#identities));
  }

  /** The pieces so far and this one. @throws {DecodeError} a piece of nothing, or too much in all */
  #joined(piece: Uint8Array, isLast: boolean): Uint8Array {
    if (piece.length === 0)
      throw new DecodeError("frame_bad_value", "a piece of 0 bytes, expected at least 1 byte");
    const pieces = this.#pieces;
    const length = pieces.length + piece.length;
    if (length > CONTROL_MESSAGE_BYTES_MAX) {
      throw new DecodeError(
        "frame_too_large",
        `control message over the limit of ${CONTROL_MESSAGE_BYTES_MAX} bytes`,
      );
    }
    if (isLast && pieces.length === 0) return piece;
    pieces.append(piece);
    if (!isLast) return piece;
    const whole = pieces.bytes.subarray(0, length);
    // Terms keep views of what they are read from, and long messages are rare.
    this.#pieces = new ByteWriter(0);
    return whole;
  }

  #acknowledged(ack: number): void {
    if (this.#out.acknowledge(ack)) return;
    throw new ProtocolError(
      "bad_sequence",
      `ack of control frame ${ack}, sent up to ${this.#out.sentFrame}`,
    );
  }

  #acknowledge(): void {
    this.#out.urgentAck(this.#received);
    this.#unackedFrames = 0;
    this.#ackDue = undefined;
  }

  #urgent(frame: Uint8Array): void {
    if (this.#state !== "detached") this.#out.urgent(frame);
  }
}
