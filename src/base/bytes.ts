/**
 * Growable output and a cursor over input. Numbers are little-endian throughout. The bytes are a `Buffer`, because its
 * string methods are the fastest that Bun has.
 */

declare global {
  /** Methods of `Buffer` that Bun and Node have and their types leave out. Offsets and counts are in bytes. */
  interface Buffer {
    latin1Slice(start: number, end: number): string;
    utf8Slice(start: number, end: number): string;
    ucs2Slice(start: number, end: number): string;
    hexSlice(start: number, end: number): string;
    utf8Write(text: string, offset: number, count: number): number;
    ucs2Write(text: string, offset: number, count: number): number;
    hexWrite(text: string, offset: number, count: number): number;
  }
}

/** Bytes up to which a loop beats a call into the runtime. */
const LOOP_BYTES_MAX = 40;

// The methods of `Buffer` for any bytes: to make a Buffer of a Uint8Array costs more than most strings do.
const { latin1Slice, utf8Slice, ucs2Slice, hexSlice } = Buffer.prototype;

/** A copy with memory of its own: what sockets bring are Buffers, whose `slice` is a view that keeps the whole alive. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const length = end - start;
  if (length > LOOP_BYTES_MAX) return new Uint8Array(bytes.subarray(start, end));
  const copy = new Uint8Array(length);
  for (let at = 0; at < length; at++) copy[at] = bytes[start + at]!;
  return copy;
}

/** `bytes[start .. end)`, one character a byte. */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes as Buffer, start, end);
}

/** `bytes[start .. end)` if all of it is ASCII and it is short: much faster than a decoder. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > LOOP_BYTES_MAX) return undefined;
  for (let at = start; at < end; at++) if (bytes[at]! > 0x7f) return undefined;
  return latin1Text(bytes, start, end);
}

/** What `latin1Text` was made of. */
export const latin1Bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** `bytes[start .. end)` as UTF-8; what is malformed becomes U+FFFD. */
export function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  return utf8Slice.call(bytes as Buffer, start, end);
}

/** `bytes[start .. end)` as UTF-16, little-endian. */
export function utf16Text(bytes: Uint8Array, start: number, end: number): string {
  return ucs2Slice.call(bytes as Buffer, start, end);
}

/** `bytes[start .. end)` in hexadecimal. */
export function hexText(bytes: Uint8Array, start: number, end: number): string {
  return hexSlice.call(bytes as Buffer, start, end);
}

/** Smallest capacity of a writer, in bytes: a few small signals. */
const CAPACITY_MIN = 256;

/** Appends to a buffer that it owns and that doubles when it is full. Reuse one; `length = 0` empties it. */
export class ByteWriter {
  /** What was written is `bytes[0 .. length)`; replaced by a longer buffer when it grows, so do not keep it. */
  bytes: Buffer;
  /** The same memory as `bytes`. */
  view: DataView;
  /** The same memory as `bytes`: copying from a plain array is faster than from a `Buffer`. */
  #plain: Uint8Array;
  /** Bytes written. May be set to a smaller number to take something back. */
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(capacity, CAPACITY_MIN));
    const memory = this.bytes.buffer;
    this.view = new DataView(memory);
    this.#plain = new Uint8Array(memory);
  }

  /** Makes room for `count` bytes after `length`. */
  ensure(count: number): void {
    if (this.length + count > this.bytes.length) this.grow(this.length, count);
  }

  /** Moves to a buffer with room for `count` bytes after `used`, keeping the first `used` bytes. */
  grow(used: number, count: number): void {
    const next = Buffer.allocUnsafeSlow(Math.max(used + count, this.bytes.length * 2));
    next.set(used === this.bytes.length ? this.bytes : this.bytes.subarray(0, used));
    const memory = next.buffer;
    this.bytes = next;
    this.view = new DataView(memory);
    this.#plain = new Uint8Array(memory);
  }

  uint8(value: number): void {
    this.ensure(1);
    this.bytes[this.length++] = value;
  }

  uint16(value: number): void {
    this.ensure(2);
    this.view.setUint16(this.length, value, true);
    this.length += 2;
  }

  uint32(value: number): void {
    this.ensure(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** @param value 0 … 2^48 − 1 */
  uint48(value: number): void {
    this.ensure(6);
    const high = Math.floor(value / 0x1_0000_0000);
    this.view.setUint32(this.length, value - high * 0x1_0000_0000, true);
    this.view.setUint16(this.length + 4, high, true);
    this.length += 6;
  }

  float64(value: number): void {
    this.ensure(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  append(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** What was written, as a view that the next write may change. */
  written(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** What was written, as a copy with memory of its own. */
  copy(): Uint8Array {
    if (this.length > LOOP_BYTES_MAX) return this.#plain.slice(0, this.length);
    const copy = new Uint8Array(this.length);
    for (let i = 0; i < copy.length; i++) copy[i] = this.bytes[i]!;
    return copy;
  }
}

/** A place in bytes that somebody else owns: `bytes[position .. end)` is still to be read. */
export class ByteReader {
  readonly bytes: Buffer;
  position: number;
  end: number;
  /** Another number after every `reset`: whoever remembers something about the bytes compares it. */
  readonly generation: number;

  constructor(bytes: Uint8Array = EMPTY, position = 0, end: number = bytes.length) {
    this.bytes = asBuffer(bytes);
    this.position = position;
    this.end = end;
    this.generation = generationNext++;
  }

  /** Points at other bytes, or at the same memory with other content. */
  reset(bytes: Uint8Array, position = 0, end: number = bytes.length): void {
    const self = this as { bytes: Buffer; generation: number };
    self.bytes = asBuffer(bytes);
    this.position = position;
    this.end = end;
    self.generation = generationNext++;
  }

  get remaining(): number {
    return this.end - this.position;
  }
}

let generationNext = 1;

const EMPTY = Buffer.alloc(0);

/** The same memory as a `Buffer`: costs nothing if it is one already. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The int32 at `position`, for memory that has no DataView. */
export function int32At(bytes: Uint8Array, position: number): number {
  return (
    bytes[position]! |
    (bytes[position + 1]! << 8) |
    (bytes[position + 2]! << 16) |
    (bytes[position + 3]! << 24)
  );
}

/** Copies `count` bytes of `from`, from `start` on, to `to` at `position`; there must be room. */
export function putBytes(
  to: Uint8Array,
  position: number,
  from: Uint8Array,
  start = 0,
  count: number = from.length,
): void {
  if (count <= LOOP_BYTES_MAX) for (let i = 0; i < count; i++) to[position + i] = from[start + i]!;
  else to.set(count === from.length ? from : from.subarray(start, start + count), position);
}
