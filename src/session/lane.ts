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
import { ByteWriter } from "../base/bytes.ts";
import { DecodeError, LaneFullError, MessageTooLarge, ProtocolError } from "../base/error.ts";
import {
  FRAGMENT_BYTES,
  FRAME_BYTES_MAX,
  LANE_HARD_BYTES,
  LANE_HIGH_WATER_BYTES,
  LANE_OVERRUN_BYTES,
  LANE_UNACKED_BYTES_MAX,
  MESSAGE_BYTES_MAX,
} from "../base/limits.ts";
import type { Millis } from "../base/millis.ts";
import { TermEncoder } from "../term/encode.ts";
import type { Identities } from "../term/identities.ts";
import type { Pid } from "../term/pid.ts";
import { DATA_HEADER_BYTES, SIGNAL_HEAD_BYTES_MAX } from "../wire/frame.ts";
import { encodeSignal, obeysHardLimit, SignalKind } from "../wire/message.ts";
import type { WireSignal } from "../wire/wire-signal.ts";
import { Backlog, GIANT_BYTES } from "./backlog.ts";
import { Incoming, type LaneSink } from "./incoming.ts";
import { Outgoing, type Transmit } from "./outgoing.ts";
import { NO_PID_SLOT, PidSlots } from "./pid-slots.ts";

/** Bytes of a frame, its head included, above which the next signal goes to another one. */
const FRAME_FILL_BYTES = DATA_HEADER_BYTES + FRAME_BYTES_MAX;

/** Bytes in flight above which no further fragment starts: what a small message of another sender may wait behind. */
const FRAGMENT_WINDOW_BYTES = 2 * 1024 * 1024;

/** Bytes of a FRAGMENT_FIRST entry before its piece. */
const PIECE_HEAD_BYTES = 13;

/** Bytes that a term may be longer than a fragment, so that 64 KiB of bytes with their tag and length go whole. */
const TERM_HEAD_BYTES = 64;

/** Bytes of room in a frame below which a piece waits for the next one. */
const PIECE_BYTES_MIN = 8 * 1024;

const NO_BYTES = new Uint8Array(0);

/** Bytes of fragments that may be put behind other signals at once. */
const FRAGMENT_CREDIT_MAX = FRAGMENT_BYTES;

export interface LaneLimits {
  /** Also the length of a term above which it goes in fragments; a test knob. */
  readonly fragmentBytes: number;
  readonly messageBytesMax: number;
  readonly highWaterBytes: number;
  readonly hardBytes: number;
  readonly overrunBytes: number;
  readonly unackedBytesMax: number;
}

export const LANE_LIMITS: LaneLimits = {
  fragmentBytes: FRAGMENT_BYTES,
  messageBytesMax: MESSAGE_BYTES_MAX,
  highWaterBytes: LANE_HIGH_WATER_BYTES,
  hardBytes: LANE_HARD_BYTES,
  overrunBytes: LANE_OVERRUN_BYTES,
  unackedBytesMax: LANE_UNACKED_BYTES_MAX,
};

/** Bytes queued on several lanes together and their limit; shared by the lanes of a thread. */
export interface LaneBudget {
  bytes: number;
  readonly max: number;
}

export interface LaneOptions {
  /** Name of the peer, for errors. */
  readonly node: string;
  readonly identities: Identities;
  readonly limits?: Partial<LaneLimits>;
  readonly budget?: LaneBudget;
}

export class Lane {
  readonly #node: string;
  readonly #limits: LaneLimits;
  /** Bytes of a term that goes into a frame whole. */
  readonly #termBytesMax: number;
  readonly #budget: LaneBudget | undefined;
  readonly #out = new Outgoing();
  readonly #in: Incoming;
  readonly #encoder: TermEncoder;
  /** For signals that go in fragments; made when the first one does. */
  #standalone: TermEncoder | undefined;
  /** Where they are written first; kept, since new memory costs more than the copy. */
  #scratch: ByteWriter | undefined;
  readonly #backlog = new Backlog();
  readonly #fromSlots = new PidSlots();
  readonly #toSlots = new PidSlots();
  /** Sender and receiver of the last MESSAGE_SLOTS entry. */
  #lastFrom: Pid | undefined;
  #lastTo: Pid | undefined;
  #attached = false;
  /** Bytes that this lane has put into the budget. */
  #budgeted = 0;
  /** Bytes of fragments that may go into frames although other signals wait: as many as there were of those. */
  #fragmentCredit = 0;
  /** How much had been written when the credit was counted last. */
  #creditAt = 0;
  /** When the peer last acknowledged something new, or the first of what it has not was sent. */
  #unackedSince: Millis | undefined;
  #failure: ProtocolError | undefined;

  constructor(options: LaneOptions) {
    this.#node = options.node;
    this.#limits = { ...LANE_LIMITS, ...options.limits };
    this.#termBytesMax = this.#limits.fragmentBytes + TERM_HEAD_BYTES;
    this.#budget = options.budget;
    this.#encoder = new TermEncoder(this.#out.writer);
    this.#in = new Incoming(
      options.identities,
      this.#limits.messageBytesMax + SIGNAL_HEAD_BYTES_MAX,
    );
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

  /** Bytes accepted and not yet taken by a socket. */
  get queuedBytes(): number {
    return this.#out.queuedBytes + this.#backlog.bytes;
  }

  get unackedBytes(): number {
    return this.#out.unackedBytes;
  }

  get aboveHighWater(): boolean {
    return this.queuedBytes > this.#limits.highWaterBytes;
  }

  /**
   * Whether this sender is to pause: much waits in frames, or much of its own behind a large message. What others have
   * in fragments does not hold it up.
   */
  aboveHighWaterFor(from: Pid | undefined): boolean {
    const own = this.#backlog.isEmpty ? 0 : this.#backlog.bytesOf(senderOf(from));
    return this.#out.queuedBytes + own > this.#limits.highWaterBytes;
  }

  /** Whether much waits in frames, which every sender's next signal waits behind. */
  get framesAboveHighWater(): boolean {
    return this.#out.queuedBytes > this.#limits.highWaterBytes;
  }

  /** Everything accepted was sent and acknowledged. */
  get drained(): boolean {
    return this.queuedBytes === 0 && this.#out.unackedBytes === 0;
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
    this.#checkRoom();
    const writer = this.#out.open();
    let start = writer.length;
    if (from === this.#lastFrom && to === this.#lastTo) {
      writer.ensure(1);
      writer.bytes[writer.length++] = SignalKind.MESSAGE_AGAIN;
    } else {
      const fromSlot =
        from === undefined
          ? NO_PID_SLOT
          : this.#defineSlot(SignalKind.FROM_SLOT, this.#fromSlots, from);
      const toSlot = this.#defineSlot(SignalKind.TO_SLOT, this.#toSlots, to);
      start = writer.length;
      writer.ensure(3);
      writer.bytes[start] = SignalKind.MESSAGE_SLOTS;
      writer.bytes[start + 1] = fromSlot;
      writer.bytes[start + 2] = toSlot;
      writer.length = start + 3;
    }
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
    this.#lastFrom = from;
    this.#lastTo = to;
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
    if (obeysHardLimit(signal.kind)) this.#checkRoom();
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
    if (!this.#backlog.isEmpty) this.#pullFragments();
    const closes = this.#out.caughtUp && this.#out.openBytes > DATA_HEADER_BYTES;
    if (closes) this.#out.close(this.#in.received);
    const transmit = this.#out.poll(this.#limits.unackedBytesMax);
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
    if (this.#unackedSince === undefined && this.#out.unackedBytes > 0) this.#unackedSince = now;
    this.#settleBudget();
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
    this.#settleBudget();
  }

  /** The socket is gone or given up: forgets the partial frame. Bytes of the old socket must not come any more. */
  detach(): void {
    this.#attached = false;
    this.#unackedSince = undefined;
    this.#in.detach();
    this.#out.cut();
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
    if (this.#budget !== undefined) this.#budget.bytes -= this.#budgeted;
    this.#budgeted = 0;
  }

  /** The slot that stands for the pid, made to mean it if it does not yet. */
  #defineSlot(kind: number, slots: PidSlots, pid: Pid): number {
    const slot = slots.slotOf(pid);
    if (slots.at(slot) === pid) return slot;
    const { writer } = this.#out;
    writer.uint8(kind);
    writer.uint8(slot);
    this.#encoder.writePid(writer, pid);
    slots.set(slot, pid);
    return slot;
  }

  /** The frame is full: what was written from `start` on begins the next one, which is full too if that is long. */
  #split(start: number): void {
    const ack = this.#in.received;
    if (start > this.#out.frameStart + DATA_HEADER_BYTES) this.#out.split(start, ack);
    if (this.#out.openBytes > FRAME_FILL_BYTES) this.#out.close(ack);
    this.#settleBudget();
  }

  /** @throws {LaneFullError} */
  #checkRoom(): void {
    const bytes = this.#out.queuedBytes + this.#backlog.countedBytes;
    if (bytes >= this.#limits.hardBytes)
      throw new LaneFullError(this.#node, bytes, this.#limits.hardBytes);
    const budget = this.#budget;
    if (budget !== undefined && budget.bytes >= budget.max)
      throw new LaneFullError(this.#node, budget.bytes, budget.max);
  }

  #checkOverrun(): void {
    const bytes = this.#out.queuedBytes + this.#backlog.countedBytes;
    const limit = this.#limits.hardBytes + this.#limits.overrunBytes;
    if (bytes <= limit) return;
    this.#fail(
      new ProtocolError(
        "lane_overrun",
        `${bytes} bytes wait for ${this.#node}, the limit is ${limit} bytes`,
      ),
    );
  }

  /** Sends a signal that is too long for one frame, or whose sender has one on its way. */
  #sendStandalone(signal: WireSignal): void {
    const limited = obeysHardLimit(signal.kind);
    if (limited) this.#checkRoom();
    try {
      this.#backlog.add(senderOf(signal.from), this.#encodeStandalone(signal, limited));
    } finally {
      // Nothing of a giant's size is kept when it is gone.
      if (this.#scratch !== undefined && this.#scratch.bytes.length > 2 * GIANT_BYTES) {
        this.#scratch = this.#standalone = undefined;
      }
    }
    this.#settleBudget();
    if (!limited) this.#checkOverrun();
  }

  /** The bytes of a signal with a dictionary of its own. @throws {EncodeError | LaneFullError | MessageTooLarge} */
  #encodeStandalone(signal: WireSignal, limited: boolean): Uint8Array {
    const writer = (this.#scratch ??= new ByteWriter(2 * this.#limits.fragmentBytes));
    const encoder = (this.#standalone ??= new TermEncoder(writer));
    writer.length = 0;
    encoder.reset();
    const { messageBytesMax, hardBytes } = this.#limits;
    if (!encodeSignal({ writer, encoder, termBytesMax: messageBytesMax }, signal)) {
      throw new MessageTooLarge(messageBytesMax, messageBytesMax);
    }
    if (writer.length > messageBytesMax + SIGNAL_HEAD_BYTES_MAX)
      throw new MessageTooLarge(writer.length, messageBytesMax);
    // One giant may be on its way beside all else that waits; a second one has to fit under the limit.
    const size = writer.length;
    const bytes = this.#out.queuedBytes + this.#backlog.countedBytes + size;
    if (limited && bytes > hardBytes && (size <= GIANT_BYTES || this.#backlog.hasGiant)) {
      throw new LaneFullError(this.#node, bytes, hardBytes);
    }
    if (size <= GIANT_BYTES) return writer.copy();
    // A giant takes the memory that it was written to; copying it would cost more than new memory does.
    this.#scratch = this.#standalone = undefined;
    return writer.written();
  }

  /** Puts fragments into the open frame: when little else waits, and else as many bytes as there came of other signals. */
  #pullFragments(): void {
    const { fragmentBytes } = this.#limits;
    const others = this.#out.writtenBytes - this.#creditAt;
    this.#fragmentCredit = Math.min(this.#fragmentCredit + others, FRAGMENT_CREDIT_MAX);
    while (!this.#backlog.isEmpty) {
      const idle = this.#out.queuedBytes < fragmentBytes;
      if (idle ? this.#out.unackedBytes > FRAGMENT_WINDOW_BYTES : this.#fragmentCredit <= 0) break;
      const writer = this.#out.open();
      const room = FRAME_FILL_BYTES - this.#out.openBytes - PIECE_HEAD_BYTES;
      if (room < Math.min(PIECE_BYTES_MIN, fragmentBytes)) {
        this.#out.close(this.#in.received);
        continue;
      }
      const piece = this.#backlog.next(Math.min(room, fragmentBytes));
      if (piece === undefined) break;
      const isFirst = piece.offset === 0;
      writer.uint8(isFirst ? SignalKind.FRAGMENT_FIRST : SignalKind.FRAGMENT_NEXT);
      writer.uint32(piece.series);
      if (isFirst) writer.uint32(piece.total);
      writer.uint32(piece.length);
      writer.append(piece.bytes.subarray(piece.offset, piece.offset + piece.length));
      piece.bytes = NO_BYTES;
      if (!idle) this.#fragmentCredit -= piece.length;
    }
    this.#creditAt = this.#out.writtenBytes;
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
  }

  #settleBudget(): void {
    if (this.#budget === undefined) return;
    const bytes = this.queuedBytes;
    this.#budget.bytes += bytes - this.#budgeted;
    this.#budgeted = bytes;
  }

  #fail(error: ProtocolError): void {
    this.#failure ??= error;
  }
}

/** What keeps a sender's signals in order: its own number on this node, 0 for the node's own program. */
function senderOf(from: Pid | undefined): number {
  return from === undefined ? 0 : from.local;
}
