/**
 * The numbered frames of one direction of a lane or control link: written at the end, sent from the middle, dropped at the
 * front when the peer has acknowledged them, sent again from any point in between after a resume. Frames lie behind
 * each other in slabs, so that what waits is one stretch of bytes and goes out in one write.
 *
 *     acknowledged │ sent, kept for a replay │ complete, to be sent │ open frame, still growing
 *                  ackedFrame                sent (cursor)          writer.length
 */
import { assert } from "../../base/assert.ts";
import { ByteWriter } from "../../base/bytes.ts";
import { FRAME_BYTES_MAX } from "../../base/limits.ts";
import {
  ACK_FRAME_BYTES,
  DATA_HEADER_BYTES,
  FRAME_PREFIX_BYTES,
  FrameKind,
} from "../../wire/frame.ts";

/** Bytes after which the next frame goes to a new slab; one is dropped only as a whole. */
const SLAB_BYTES = 256 * 1024;

/** Capacity of the first slab: a lane with little traffic keeps no more. */
const SLAB_BYTES_FIRST = 4 * 1024;

/** Capacity of the others: a frame that begins at the end of a slab, and what proves to be too long for it, fit without a copy. */
const SLAB_CAPACITY = SLAB_BYTES + 2 * FRAME_BYTES_MAX + 1024;

/** Empty slabs kept for the next frames: what is thrown away at full speed waits for the collector, which comes late for such memory. */
const SLABS_FREE_MAX = 32;

class Slab {
  readonly writer: ByteWriter;
  /** Position in the stream of frames of this slab's first byte. */
  base = 0;
  /** Number of the frame that begins at offset 0. */
  first = 1;
  /** Offset behind each complete frame. */
  readonly ends: number[] = [];

  constructor(capacity: number) {
    this.writer = new ByteWriter(capacity);
  }

  /** Offset behind the last complete frame. */
  get end(): number {
    return this.ends.length === 0 ? 0 : this.ends[this.ends.length - 1]!;
  }

  startAt(base: number, first: number): this {
    this.base = base;
    this.first = first;
    this.ends.length = 0;
    this.writer.length = 0;
    return this;
  }
}

/** A stretch of bytes to be written to the socket; one object, filled anew by every `poll`. */
export interface Transmit {
  bytes: Uint8Array;
  offset: number;
  length: number;
}

export class Outgoing {
  /** Slabs with frames that are not acknowledged; the last one is written to. */
  readonly #slabs: Slab[] = [new Slab(SLAB_BYTES_FIRST)];
  readonly #free: Slab[] = [];
  #tail: Slab = this.#slabs[0]!;
  /** The tail's writer: entries are appended to it while a frame is open. */
  writer: ByteWriter = this.#tail.writer;
  /** Offset in the tail where the open frame begins; -1: none is open. */
  frameStart = -1;
  /** Number of the last complete frame. */
  #closedFrame = 0;
  #ackedFrame = 0;
  #ackedPosition = 0;
  /**
   * Highest frame that was offered to a socket: the peer cannot have a later one. Offered and not counted as sent, because
   * a write in which the connection breaks reports nothing of what it did send.
   */
  #sentFrame = 0;
  /** The cursor: slab, offset in it, index in its `ends` of the frame that is being sent or is next. */
  #cursorSlab: Slab = this.#tail;
  #cursorOffset = 0;
  #cursorFrame = 0;
  /** Frames without a number, sent before the next numbered one and forgotten with the socket. */
  readonly #urgent = new ByteWriter(64);
  #urgentSent = 0;
  #polledUrgent = false;
  readonly #transmit: Transmit = { bytes: this.writer.bytes, offset: 0, length: 0 };

  get ackedFrame(): number {
    return this.#ackedFrame;
  }

  get closedFrame(): number {
    return this.#closedFrame;
  }

  get sentFrame(): number {
    return this.#sentFrame;
  }

  /** Bytes written and not sent, the open frame included. */
  get queuedBytes(): number {
    return this.writtenBytes - this.#cursorSlab.base - this.#cursorOffset;
  }

  /** Bytes written since the beginning. */
  get writtenBytes(): number {
    return this.#tail.base + this.writer.length;
  }

  /** Bytes sent and not acknowledged. */
  get unackedBytes(): number {
    return this.#cursorSlab.base + this.#cursorOffset - this.#ackedPosition;
  }

  /** Bytes of the open frame, its header included; 0 when none is open. */
  get openBytes(): number {
    return this.frameStart < 0 ? 0 : this.writer.length - this.frameStart;
  }

  /** Begins a frame unless one is open. */
  open(): ByteWriter {
    if (this.frameStart >= 0) return this.writer;
    if (this.writer.length >= SLAB_BYTES) this.#nextSlab();
    const { writer } = this;
    writer.ensure(DATA_HEADER_BYTES);
    this.frameStart = writer.length;
    writer.length += DATA_HEADER_BYTES;
    return writer;
  }

  /** Completes the open frame with the number of the last frame received; an empty one is taken back. */
  close(ack: number): void {
    if (this.frameStart < 0) return;
    if (this.openBytes === DATA_HEADER_BYTES) this.writer.length = this.frameStart;
    else this.#closeAt(this.writer.length, ack);
    this.frameStart = -1;
  }

  /** Takes the open frame back if nothing is in it: what it was begun for was not written after all. */
  takeBackEmpty(): void {
    if (this.openBytes !== DATA_HEADER_BYTES) return;
    this.writer.length = this.frameStart;
    this.frameStart = -1;
  }

  /** Completes the open frame before `offset`; what was written behind it begins the next frame, which may begin a slab. */
  split(offset: number, ack: number): void {
    const { writer } = this;
    this.#closeAt(offset, ack);
    const length = writer.length - offset;
    if (offset >= SLAB_BYTES) {
      writer.length = offset;
      this.frameStart = -1;
      this.open().append(writer.bytes.subarray(offset, offset + length));
      return;
    }
    writer.ensure(DATA_HEADER_BYTES);
    writer.bytes.copyWithin(offset + DATA_HEADER_BYTES, offset, offset + length);
    writer.length += DATA_HEADER_BYTES;
    this.frameStart = offset;
  }

  /** Bytes of frames without a number that wait. */
  get urgentBytes(): number {
    return this.#urgent.length - this.#urgentSent;
  }

  /** Adds a whole frame without a number; gone when the socket goes. */
  urgent(frame: Uint8Array): void {
    this.#urgent.append(frame);
  }

  /** Adds an ACK frame. */
  urgentAck(received: number): void {
    this.#urgent.uint32(ACK_FRAME_BYTES - FRAME_PREFIX_BYTES);
    this.#urgent.uint8(FrameKind.ACK);
    this.#urgent.uint48(received);
  }

  /** Whether nothing is left to send but the open frame, which may have begun a slab of its own. */
  get caughtUp(): boolean {
    const sent = this.#cursorSlab.base + this.#cursorOffset;
    return sent === this.#tail.base + this.#tail.end;
  }

  /**
   * What to write next; undefined: nothing, or `unackedMax` bytes wait for an acknowledgement. It stops only between
   * frames, so that an ACK of ours always finds a gap.
   */
  poll(unackedMax: number): Transmit | undefined {
    const between = this.#cursorOffset === this.#frameOffset(this.#cursorSlab, this.#cursorFrame);
    if (this.#urgentSent > 0 || (between && this.#urgent.length > 0)) {
      this.#polledUrgent = true;
      return this.#fill(this.#urgent, this.#urgentSent, this.#urgent.length);
    }
    this.#polledUrgent = false;
    if (this.#cursorOffset === this.#cursorSlab.end && !this.#cursorToNextSlab()) return undefined;
    const slab = this.#cursorSlab;
    const room = unackedMax - this.unackedBytes;
    // Urgent frames go at the next gap.
    let last = this.#urgent.length > 0 ? this.#cursorFrame : slab.ends.length - 1;
    if (slab.ends[last]! - this.#cursorOffset > room) {
      if (between && room <= 0) return undefined;
      // Up to the end of the frame that crosses the bound.
      last = this.#cursorFrame;
      while (slab.ends[last]! - this.#cursorOffset < room) last++;
    }
    this.#sentFrame = Math.max(this.#sentFrame, slab.first + last);
    return this.#fill(slab.writer, this.#cursorOffset, slab.ends[last]!);
  }

  /** The socket took `count` bytes of what `poll` gave last. */
  transmitted(count: number): void {
    if (this.#polledUrgent) {
      this.#urgentSent += count;
      if (this.#urgentSent === this.#urgent.length) this.#urgent.length = this.#urgentSent = 0;
      return;
    }
    if (count === 0) return;
    const slab = this.#cursorSlab;
    this.#cursorOffset += count;
    let frame = this.#cursorFrame;
    while (frame < slab.ends.length && slab.ends[frame]! <= this.#cursorOffset) frame++;
    this.#cursorFrame = frame;
  }

  /** The peer has every frame up to `number`. False: it cannot have, since that one was not sent on this socket. */
  acknowledge(number: number): boolean {
    if (number > this.#cursorSlab.first + this.#cursorFrame - 1) return false;
    if (number > this.#ackedFrame) this.#drop(number);
    return true;
  }

  /** The socket is gone, and with it the frames without a number; the frame on its way starts again from its beginning. */
  cut(): void {
    this.#urgent.length = this.#urgentSent = 0;
    this.#moveCursor(this.#cursorSlab, this.#cursorFrame);
  }

  /**
   * Sends from the frame after `received` on a new socket. False: the peer cannot have that frame as its last. Nothing
   * but urgent frames was sent on that socket yet.
   */
  replayFrom(received: number): boolean {
    if (received < this.#ackedFrame || received > this.#sentFrame) return false;
    const slab =
      this.#slabs.find((one) => received + 1 < one.first + one.ends.length) ?? this.#tail;
    this.#moveCursor(slab, received + 1 - slab.first);
    this.#drop(received);
    return true;
  }

  /** The cursor stands behind `number`. */
  #drop(number: number): void {
    this.#ackedFrame = number;
    let slab = this.#slabs[0]!;
    while (slab !== this.#tail && slab.first + slab.ends.length - 1 <= number) {
      this.#slabs.shift();
      if (slab === this.#cursorSlab) this.#moveCursor(this.#slabs[0]!, 0);
      if (this.#free.length < SLABS_FREE_MAX) this.#free.push(slab);
      slab = this.#slabs[0]!;
    }
    this.#ackedPosition = slab.base + this.#frameOffset(slab, number + 1 - slab.first);
    if (number === this.#closedFrame) this.#rewind();
  }

  #closeAt(end: number, ack: number): void {
    const start = this.frameStart;
    const { view } = this.writer;
    const number = this.#closedFrame + 1;
    view.setUint32(start, end - start - FRAME_PREFIX_BYTES, true);
    view.setUint8(start + 4, FrameKind.DATA);
    view.setUint32(start + 5, number % 0x1_0000_0000, true);
    view.setUint16(start + 9, number / 0x1_0000_0000, true);
    view.setUint32(start + 11, ack % 0x1_0000_0000, true);
    view.setUint16(start + 15, ack / 0x1_0000_0000, true);
    this.#tail.ends.push(end);
    this.#closedFrame = number;
  }

  #fill(writer: ByteWriter, offset: number, end: number): Transmit {
    this.#transmit.bytes = writer.bytes;
    this.#transmit.offset = offset;
    this.#transmit.length = end - offset;
    return this.#transmit;
  }

  #frameOffset(slab: Slab, frame: number): number {
    return frame === 0 ? 0 : slab.ends[frame - 1]!;
  }

  #moveCursor(slab: Slab, frame: number): void {
    this.#cursorSlab = slab;
    this.#cursorFrame = frame;
    this.#cursorOffset = this.#frameOffset(slab, frame);
  }

  /** Steps over the end of a slab; false when the cursor is at the end of the last one. */
  #cursorToNextSlab(): boolean {
    if (this.#cursorSlab === this.#tail) return false;
    const next = this.#slabs[this.#slabs.indexOf(this.#cursorSlab) + 1];
    assert(next !== undefined, "a slab that is not the last has a next one");
    this.#moveCursor(next, 0);
    return next.end > 0;
  }

  #nextSlab(): void {
    const base = this.#tail.base + this.writer.length;
    const slab = (this.#free.pop() ?? new Slab(SLAB_CAPACITY)).startAt(base, this.#closedFrame + 1);
    this.#slabs.push(slab);
    this.#tail = slab;
    this.writer = slab.writer;
  }

  /** Everything is acknowledged: the tail starts at its beginning again, unless a frame is open in it. */
  #rewind(): void {
    const tail = this.#tail;
    if (this.frameStart >= 0 || this.#slabs.length > 1 || tail.ends.length === 0) return;
    tail.startAt(tail.base + tail.writer.length, this.#closedFrame + 1);
    this.#ackedPosition = tail.base;
    this.#moveCursor(tail, 0);
    // Less traffic needs fewer spare slabs.
    this.#free.pop();
  }
}
