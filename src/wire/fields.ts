import { asciiText, copyOf, int32At } from "../base/bytes.ts";
import { DecodeError } from "../base/error.ts";

/** Bytes of a writer's memory at first: most bodies fit. */
const CAPACITY_MIN = 256;

/** Bytes of a writer's memory that are kept for the next one at most. */
const SPARE_BYTES_MAX = 64 * 1024;

const encoder = new TextEncoder();

interface Memory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

function memory(capacity: number): Memory {
  const bytes = new Uint8Array(capacity);
  return { bytes, view: new DataView(bytes.buffer) };
}

const NO_MEMORY = memory(0);

/** What a writer has finished with: to get memory costs more than to write a few fields. */
let spare = NO_MEMORY;

/**
 * Writes the fixed fields of handshake and control frames, little-endian. Grows as needed; not for the message path,
 * which writes through `ByteWriter`.
 */
export class FieldWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = CAPACITY_MIN) {
    const has = spare.bytes.length >= capacity ? spare : memory(Math.max(capacity, CAPACITY_MIN));
    if (has === spare) spare = NO_MEMORY;
    this.#bytes = has.bytes;
    this.#view = has.view;
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#ensure(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  u16(value: number): this {
    this.#ensure(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
    return this;
  }

  u32(value: number): this {
    this.#ensure(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  /** Integers from 0 to 2^48 - 1. */
  u48(value: number): this {
    return this.u32(value % 0x1_0000_0000).u16(Math.floor(value / 0x1_0000_0000));
  }

  /** Integers from 0 to 2^53 - 1. */
  u53(value: number): this {
    return this.u32(value % 0x1_0000_0000).u32(Math.floor(value / 0x1_0000_0000));
  }

  bytes(bytes: Uint8Array): this {
    this.#ensure(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Text of at most 65,535 bytes as UTF-8 behind a 16-bit length; what is over `bytesMax` is left out. */
  text(text: string, bytesMax = Infinity): this {
    let bytes = encoder.encode(text);
    if (bytes.length > bytesMax) {
      const cut = new Uint8Array(bytesMax);
      bytes = cut.subarray(0, encoder.encodeInto(text, cut).written);
    }
    return this.u16(bytes.length).bytes(bytes);
  }

  /** Overwrites four bytes that were written before. */
  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  /** A copy of what was written, and the end of this writer. */
  finish(): Uint8Array {
    const copy = this.#bytes.slice(0, this.#length);
    if (this.#bytes.length <= SPARE_BYTES_MAX) spare = { bytes: this.#bytes, view: this.#view };
    ({ bytes: this.#bytes, view: this.#view } = NO_MEMORY);
    this.#length = 0;
    return copy;
  }

  #ensure(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = memory(Math.max(needed, this.#bytes.length * 2));
    grown.bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown.bytes;
    this.#view = grown.view;
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads the fixed fields of one frame. Every method throws `DecodeError` `frame_truncated` when the frame ends too
 * early and `frame_bad_value` when a value is outside what the protocol allows; nothing else is thrown.
 */
export class FieldReader {
  // Without a DataView: to make one costs more than to read the few fields that most frames have.
  readonly #bytes: Uint8Array;
  #offset: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#end = end;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u16(): number {
    return this.#uint16(this.#take(2));
  }

  u32(): number {
    return int32At(this.#bytes, this.#take(4)) >>> 0;
  }

  u48(): number {
    const at = this.#take(6);
    return (int32At(this.#bytes, at) >>> 0) + this.#uint16(at + 4) * 0x1_0000_0000;
  }

  /** An integer of at most 2^53 - 1 in eight bytes. */
  u53(): number {
    const at = this.#take(8);
    const high = int32At(this.#bytes, at + 4) >>> 0;
    if (high >= 2 ** 21) this.fail("number over 2^53 - 1");
    return (int32At(this.#bytes, at) >>> 0) + high * 0x1_0000_0000;
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return copyOf(this.#bytes, at, at + length);
  }

  /** Steps over the next `length` bytes. */
  skip(length: number): void {
    this.#take(length);
  }

  /** Text behind a 16-bit length. `bytesMax` is checked before anything is allocated. */
  text(bytesMax: number): string {
    const length = this.u16();
    if (length > bytesMax) this.fail(`text of ${length} bytes, the limit is ${bytesMax}`);
    const at = this.#take(length);
    const ascii = asciiText(this.#bytes, at, at + length);
    if (ascii !== undefined) return ascii;
    try {
      return strictUtf8.decode(this.#bytes.subarray(at, at + length));
    } catch {
      return this.fail("text is not UTF-8");
    }
  }

  /** An 8-bit truth value: 0 or 1. */
  flag(): boolean {
    const value = this.u8();
    if (value > 1) this.fail(`flag is ${value}, expected 0 or 1`);
    return value === 1;
  }

  /** Refuses bytes behind the last field, where the protocol leaves no room for later versions. */
  end(): void {
    if (this.remaining !== 0) this.fail(`${this.remaining} bytes too many`);
  }

  fail(text: string): never {
    throw new DecodeError("frame_bad_value", text, this.#offset);
  }

  #uint16(at: number): number {
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }

  #take(length: number): number {
    const at = this.#offset;
    if (at + length > this.#end) {
      throw new DecodeError(
        "frame_truncated",
        `frame ends ${at + length - this.#end} bytes early`,
        at,
      );
    }
    this.#offset = at + length;
    return at;
  }
}
