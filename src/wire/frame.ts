/**
 * Frames: what travels on every connection between two nodes. A frame is a 32-bit little-endian length and that many
 * bytes of body; the first byte of the body is the frame's kind. `FrameReader` cuts a byte stream, however it is
 * split, into bodies; what a body means is in `handshake-message.ts`, `lane-message.ts`, `control-message.ts` and
 * `message.ts`.
 *
 * Usage: `reader.push(bytes)`, then `while (reader.next()) …` reads `reader.bytes` from `reader.start` to `reader.end`.
 */
import { copyOf } from "../base/bytes.ts";
import { DecodeError } from "../base/error.ts";
import { FRAME_BYTES_BEFORE_AUTH_MAX, FRAME_BYTES_MAX } from "../base/limits.ts";

/** First byte of a frame's body. Kinds below 0x10 are the handshakes'; they never appear in a session. */
export const FrameKind = {
  HELLO: 0x01,
  PROOF: 0x02,
  COMMIT: 0x03,
  REFUSE: 0x04,
  LANE_HELLO: 0x05,
  LANE_PROOF: 0x06,
  LANE_READY: 0x07,
  /** Numbered: `number u48, ack u48, payload`. On lane 0 a piece of a control message, on others signals. */
  DATA: 0x10,
  /** `ack u48`: the last complete DATA frame received. */
  ACK: 0x11,
  /** Lane 0 only, not numbered. */
  CONTROL_READY: 0x12,
  TICK: 0x13,
  SUSPECT: 0x14,
  SESSION_END: 0x15,
} as const;

/** Bytes before the body: its length. */
export const FRAME_PREFIX_BYTES = 4;

/** Bytes of a DATA frame before its payload: length, kind, number, ack. */
export const DATA_HEADER_BYTES = FRAME_PREFIX_BYTES + 1 + 6 + 6;

/** Bytes of a whole ACK frame. */
export const ACK_FRAME_BYTES = FRAME_PREFIX_BYTES + 1 + 6;

/** Bytes that the head of a signal may add to a payload of `FRAME_BYTES_MAX`, so that 64 KiB of bytes fit in one frame. */
export const SIGNAL_HEAD_BYTES_MAX = 4 * 1024;

/** Bytes of a body after authentication. */
export const FRAME_BODY_BYTES_MAX =
  DATA_HEADER_BYTES - FRAME_PREFIX_BYTES + FRAME_BYTES_MAX + SIGNAL_HEAD_BYTES_MAX;

const NOTHING = new Uint8Array(0);

/**
 * Cuts a byte stream into frames, in place where a frame lies within one chunk. The limit is that of an
 * unauthenticated peer until `authenticated()` is called; a length over it is refused before its bytes are waited for.
 */
export class FrameReader {
  /** Where the current frame's body lies, from `start` to `end`; good until the next call. */
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  #bytesMax = FRAME_BYTES_BEFORE_AUTH_MAX;
  /** The chunk being cut, and how far it is cut. */
  #chunk: Uint8Array = NOTHING;
  #offset = 0;
  /** A frame that began in an earlier chunk, with its length; grows with what arrives, never with what is announced. */
  #partial: Uint8Array = NOTHING;
  #partialLength = 0;

  /** From now on frames may be as long as a session's. */
  authenticated(): void {
    this.#bytesMax = FRAME_BODY_BYTES_MAX;
  }

  /** Adds what arrived. The chunk before must have been read until `next()` said false. */
  push(chunk: Uint8Array): void {
    if (this.#offset < this.#chunk.length) {
      const joined = new Uint8Array(this.#chunk.length - this.#offset + chunk.length);
      joined.set(this.#chunk.subarray(this.#offset));
      joined.set(chunk, this.#chunk.length - this.#offset);
      this.#chunk = joined;
    } else {
      this.#chunk = chunk;
    }
    this.#offset = 0;
  }

  /**
   * Steps to the next complete frame; false when there is none yet.
   * @throws {DecodeError} frame_too_large; frame_bad_value for an empty frame
   */
  next(): boolean {
    if (this.#partialLength > 0) return this.#nextOfPartial();
    const chunk = this.#chunk;
    const at = this.#offset;
    const available = chunk.length - at;
    if (available === 0) return false;
    if (available >= FRAME_PREFIX_BYTES) {
      const length = this.#length(chunk, at);
      if (available >= FRAME_PREFIX_BYTES + length) {
        this.bytes = chunk;
        this.start = at + FRAME_PREFIX_BYTES;
        this.end = this.start + length;
        this.#offset = this.end;
        return true;
      }
    }
    this.#keep(available);
    return false;
  }

  /** The body of the current frame, as a copy. */
  body(): Uint8Array {
    return copyOf(this.bytes, this.start, this.end);
  }

  /** Takes out what was pushed and not read, for the next reader of this connection. */
  takeRest(): Uint8Array {
    const rest = new Uint8Array(this.#partialLength + this.#chunk.length - this.#offset);
    rest.set(this.#partial.subarray(0, this.#partialLength));
    rest.set(this.#chunk.subarray(this.#offset), this.#partialLength);
    this.reset();
    return rest;
  }

  /** Drops a partial frame: its socket is gone. */
  reset(): void {
    this.bytes = this.#chunk = NOTHING;
    this.start = this.end = this.#offset = this.#partialLength = 0;
  }

  #nextOfPartial(): boolean {
    if (this.#partialLength < FRAME_PREFIX_BYTES) {
      this.#keep(FRAME_PREFIX_BYTES - this.#partialLength);
      if (this.#partialLength < FRAME_PREFIX_BYTES) return false;
    }
    const total = FRAME_PREFIX_BYTES + this.#length(this.#partial, 0);
    this.#keep(total - this.#partialLength);
    if (this.#partialLength < total) return false;
    this.bytes = this.#partial;
    this.start = FRAME_PREFIX_BYTES;
    this.end = total;
    this.#partialLength = 0;
    return true;
  }

  #length(bytes: Uint8Array, at: number): number {
    const length =
      (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
    if (length > this.#bytesMax) {
      throw new DecodeError(
        "frame_too_large",
        `frame of ${length} bytes, the limit is ${this.#bytesMax} bytes`,
      );
    }
    if (length === 0)
      throw new DecodeError("frame_bad_value", "frame of 0 bytes, expected at least 1 byte");
    return length;
  }

  /** Moves up to `wanted` bytes from the chunk to the partial frame. */
  #keep(wanted: number): void {
    const count = Math.min(wanted, this.#chunk.length - this.#offset);
    const needed = this.#partialLength + count;
    if (needed > this.#partial.length) {
      const grown = new Uint8Array(Math.max(256, needed, this.#partial.length * 2));
      grown.set(this.#partial.subarray(0, this.#partialLength));
      this.#partial = grown;
    }
    this.#partial.set(
      this.#chunk.subarray(this.#offset, this.#offset + count),
      this.#partialLength,
    );
    this.#partialLength = needed;
    this.#offset += count;
  }
}

/** A whole frame of a body that is known. */
export function encodeFrame(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_PREFIX_BYTES + body.length);
  new DataView(frame.buffer).setUint32(0, body.length, true);
  frame.set(body, FRAME_PREFIX_BYTES);
  return frame;
}
