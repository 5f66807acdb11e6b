/**
 * One lane of a session: all signals of one scheduler to one peer, and back, in order, across as many sockets as it
 * takes. A core: bytes and time come in, and one lane object lives as long as its session.
 *
 *     detached ──attach(peerReceived)──► attached ──detach()──► detached …      either: failure is set, and stays
 *
 * Usage by a driver:
 *     lane.sendMessage(from, to, message) or lane.send(signal)      may throw; then ask the driver's slice to flush
 *     flush:    while ((t = lane.pollTransmit()) !== undefined) {
 *                 n = connection.write(t.bytes, t.offset, t.length); if (n < 0) stop; lane.transmitted(n, now);
 *                 if (n < t.length) wait for drained; }
 *     received: lane.receive(bytes, now, sink), then flush
 *     socket gone: lane.detach(). New socket proved: answer `lane.receivedFrame`, then lane.attach(peerReceived), flush
 *     after each call: if lane.failure is set the session is over with its code
 *     timer:    lane.pollTimeout() → lane.handleTimeout(now), then flush; a timer that fires early does no harm
 */
import { DecodeError, ProtocolError } from "../../base/error.ts";
import { FRAME_BYTES_MAX } from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";
import { TermEncoder } from "../../term/encode/encode.ts";
import type { Identities } from "../../term/identities.ts";
import type { Pid } from "../../term/pid.ts";
import { DATA_HEADER_BYTES, SIGNAL_HEAD_BYTES_MAX } from "../../wire/frame.ts";
import { encodeSignal, obeysHardLimit } from "../../wire/signals/message.ts";
import type { WireSignal } from "../../wire/signals/wire-signal.ts";
import { Backlog } from "./backlog.ts";
import { FRAME_FILL_BYTES, Fragmenting } from "./fragmenting.ts";
import { Incoming, type LaneSink } from "./incoming.ts";
import { LANE_LIMITS, type LaneBudget, type LaneLimits } from "./lane-limits.ts";
import { LaneRoom, senderOf } from "./lane-room.ts";
import { MessageHeads } from "./message-heads.ts";
import { Outgoing, type Transmit } from "./outgoing.ts";
import { SendWindow } from "./send-window.ts";
import { StandaloneSignals } from "./standalone-signals.ts";

/** Bytes that a term may be longer than a fragment, so that 64 KiB of bytes with their tag and length go whole. */
const TERM_HEAD_BYTES = 64;

export interface LaneOptions {
  /** Name of the peer, for errors. */
  readonly node: string;
  readonly identities: Identities;
  readonly limits?: Partial<LaneLimits>;
  readonly budget?: LaneBudget;
}

/** One lane of a session, on whatever socket it has just now. */
export class Lane {
  /** Bytes of a term that goes into a frame whole. */
  readonly #termBytesMax: number;
  readonly #out = new Outgoing();
  readonly #window: SendWindow;
  readonly #in: Incoming;
  readonly #encoder: TermEncoder;
  readonly #heads: MessageHeads;
  readonly #backlog = new Backlog();
  readonly #fragmenting: Fragmenting;
  readonly #standalone: StandaloneSignals;
  /** How much waits here and how much may. */
  readonly room: LaneRoom;
  #attached = false;
  /** When the peer last acknowledged something new, or the first of what it has not was sent. */
  #unackedSince: Millis | undefined;
  #failure: ProtocolError | undefined;

  constructor({ node, identities, limits: changed, budget }: LaneOptions) {
    const limits = { ...LANE_LIMITS, ...changed };
    this.#window = new SendWindow(limits.unackedBytesMax);
    this.#termBytesMax = limits.fragmentBytes + TERM_HEAD_BYTES;
    this.#encoder = new TermEncoder(this.#out.writer);
    this.#heads = new MessageHeads(this.#encoder);
    this.#in = new Incoming(node, identities, limits.messageBytesMax + SIGNAL_HEAD_BYTES_MAX);
    this.#fragmenting = new Fragmenting(this.#backlog, this.#out, limits.fragmentBytes);
    this.#standalone = new StandaloneSignals(limits);
    this.room = new LaneRoom({ node, limits, budget, out: this.#out, backlog: this.#backlog });
  }

  /** Why the session has to end; set once. */
  get failure(): ProtocolError | undefined {
    return this.#failure;
  }

  get attached(): boolean {
    return this.#attached;
  }

  /** Number of the last frame that the peer has acknowledged; what it states in LANE_READY is older if it is less. */
  get ackedFrame(): number {
    return this.#out.ackedFrame;
  }

  /** Number of the last complete frame received: what this side states in LANE_READY, after `detach`. */
  get receivedFrame(): number {
    return this.#in.received;
  }

  get unackedBytes(): number {
    return this.#out.unackedBytes;
  }

  /** Everything accepted was sent and acknowledged. */
  get drained(): boolean {
    return this.room.queuedBytes === 0 && this.#out.unackedBytes === 0;
  }

  /** Since when the peer owes an acknowledgement; undefined when it owes none or the lane is detached. */
  get unackedSince(): Millis | undefined {
    return this.#unackedSince;
  }

  /**
   * Sends a message from one pid to another: the hot path.
   * @throws {EncodeError} with the path to what cannot be sent
   * @throws {LaneFullError | MessageTooLarge} nothing was added
   */
  sendMessage(from: Pid | undefined, to: Pid, message: unknown): void {
    if (!this.#backlog.isEmpty && this.#backlog.holds(senderOf(from))) {
      return this.#sendStandalone({ kind: "message", from, to, message });
    }
    this.room.check();
    const writer = this.#out.open();
    const start = this.#heads.write(writer, from, to);
    let written = false;
    try {
      written = this.#encoder.tryWrite(writer, message, this.#termBytesMax);
    } finally {
      if (!written) {
        writer.length = start;
        this.#out.takeBackEmpty();
        // What slots mean stays said; a thousand messages that cannot be sent must not fill a frame beyond its end.
        if (this.#out.openBytes > FRAME_FILL_BYTES) this.#out.close(this.#in.received);
      }
    }
    if (!written) return this.#sendStandalone({ kind: "message", from, to, message });
    this.#heads.written(from, to);
    if (this.#out.openBytes > FRAME_FILL_BYTES) this.#split(start);
  }

  /**
   * Sends any signal. Messages and spawn requests throw as `sendMessage` does; system signals never throw.
   * @throws {EncodeError | LaneFullError | MessageTooLarge}
   */
  send(signal: WireSignal): void {
    if (signal.kind === "message") return this.sendMessage(signal.from, signal.to, signal.message);
    if (!this.#backlog.isEmpty && this.#backlog.holds(senderOf(signal.from)))
      return this.#sendStandalone(signal);
    if (obeysHardLimit(signal.kind)) this.room.check();
    const writer = this.#out.open();
    const encoder = this.#encoder;
    const start = writer.length;
    let written = false;
    encoder.checkpoint(writer);
    try {
      // Names are no longer than a frame has room for, unless nobody has looked at them.
      written =
        encodeSignal({ writer, encoder, termBytesMax: this.#termBytesMax }, signal) &&
        writer.length - start <= FRAME_BYTES_MAX + SIGNAL_HEAD_BYTES_MAX / 2;
    } finally {
      if (!written) {
        encoder.rollback(writer);
        this.#out.takeBackEmpty();
      }
    }
    if (!written) return this.#sendStandalone(signal);
    if (this.#out.openBytes > FRAME_FILL_BYTES) this.#split(start);
    this.#checkOverrun();
  }

  /** What to write to the socket next; undefined: nothing now. The object is good until the next call on the lane. */
  pollTransmit(): Transmit | undefined {
    if (!this.#attached) return undefined;
    if (this.#in.ackWanted) {
      this.#out.urgentAck(this.#in.received);
      this.#in.ackSent();
    }
    if (!this.#backlog.isEmpty) this.#fragmenting.pull(this.#in.received);
    const closes = this.#out.caughtUp && this.#out.openBytes > DATA_HEADER_BYTES;
    if (closes) this.#out.close(this.#in.received);
    const transmit = this.#out.poll(this.#window.bytes);
    if (transmit === undefined && !this.#out.caughtUp) this.#window.full();
    // At the bound of what is in flight the frame stays here, and its acknowledgement has to go alone.
    if (closes && transmit !== undefined) this.#in.ackSent();
    return transmit;
  }

  /**
   * Completes the open frame: the number of the last frame that this lane will send if nothing more is said, for
   * GOODBYE; undefined while fragments wait for their turn.
   */
  finish(): number | undefined {
    this.#out.close(this.#in.received);
    return this.#backlog.isEmpty ? this.#out.closedFrame : undefined;
  }

  /** The socket took `count` bytes of what `pollTransmit` gave last. */
  transmitted(count: number, now: Millis): void {
    this.#out.transmitted(count);
    const { sentFrame, unackedBytes } = this.#out;
    if (this.#unackedSince === undefined && unackedBytes > 0) this.#unackedSince = now;
    this.#window.sent(sentFrame, unackedBytes, now);
    this.room.settle();
  }

  /**
   * Puts the lane on a new, proved socket. `peerReceived` is the last frame that the peer has; one that it cannot have
   * sets `failure`. The peer must have been told `receivedFrame` after `detach`.
   */
  attach(peerReceived: number): void {
    if (this.#failure !== undefined) return;
    if (!this.#out.replayFrom(peerReceived)) {
      this.#fail(
        new ProtocolError(
          "bad_sequence",
          `the peer has frame ${peerReceived}, expected ${this.#out.ackedFrame} to ${this.#out.sentFrame}`,
        ),
      );
      return;
    }
    this.#attached = true;
    this.room.settle();
  }

  /** The socket is gone or given up: forgets the partial frame. Bytes of the old socket must not come any more. */
  detach(): void {
    this.#attached = false;
    this.#unackedSince = undefined;
    this.#in.detach();
    this.#out.cut();
    this.#window.reset();
  }

  /** Takes what arrived on the socket; `bytes` belong to the lane. Signals go to `sink` in order, before this returns. */
  receive(bytes: Uint8Array, now: Millis, sink: LaneSink): void {
    if (this.#failure !== undefined || !this.#attached) return;
    try {
      this.#in.receive(bytes, now, sink, (ack) => this.#acknowledged(ack, now));
    } catch (error) {
      if (error instanceof ProtocolError) this.#fail(error);
      else if (error instanceof DecodeError)
        this.#fail(new ProtocolError("malformed", error.message, { cause: error }));
      else throw error;
    }
  }

  /** When an acknowledgement is due, if nothing is sent before. */
  pollTimeout(): Millis | undefined {
    return this.#attached && this.#failure === undefined ? this.#in.ackDue : undefined;
  }

  handleTimeout(now: Millis): void {
    this.#in.handleTimeout(now);
  }

  /** The session is over: gives its share of the budget back. */
  close(): void {
    this.detach();
    this.room.release();
  }

  /** The frame is full: what was written from `start` on begins the next one, which is full too if that is long. */
  #split(start: number): void {
    const ack = this.#in.received;
    if (start > this.#out.frameStart + DATA_HEADER_BYTES) this.#out.split(start, ack);
    if (this.#out.openBytes > FRAME_FILL_BYTES) this.#out.close(ack);
    this.room.settle();
  }

  /** Sends a signal that is too long for one frame, or whose sender has one on its way. */
  #sendStandalone(signal: WireSignal): void {
    const limited = obeysHardLimit(signal.kind);
    if (limited) this.room.check();
    const bytes = this.#standalone.encode(signal, (size) => {
      if (limited) this.room.checkLarge(size);
    });
    this.#backlog.add(senderOf(signal.from), bytes);
    this.room.settle();
    if (!limited) this.#checkOverrun();
  }

  #checkOverrun(): void {
    const overrun = this.room.overrun();
    if (overrun !== undefined) this.#fail(overrun);
  }

  #acknowledged(ack: number, now: Millis): void {
    const before = this.#out.ackedFrame;
    if (!this.#out.acknowledge(ack)) {
      throw new ProtocolError(
        "bad_sequence",
        `ack of frame ${ack}, sent up to ${this.#out.sentFrame}`,
      );
    }
    if (this.#out.ackedFrame === before) return;
    this.#unackedSince = this.#out.unackedBytes > 0 ? now : undefined;
    this.#window.acknowledged(ack, now);
  }

  #fail(error: ProtocolError): void {
    this.#failure ??= error;
  }
}
