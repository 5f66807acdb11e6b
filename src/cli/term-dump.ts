/**
 * The bytes of a standalone term with a note beside each: what they say, indented as they nest. Only for bytes that
 * `decode` has accepted; `docs/stf.md` is what it follows.
 */
import { ByteReader } from "../base/bytes.ts";
import { DecodeError } from "../base/error.ts";
import * as tags from "../term/tags.ts";

/** Bytes that a line shows before it only tells how many follow. */
const BYTES_SHOWN_MAX = 16;
const TEXT_SHOWN_MAX = 40;
/** Lines of a dump: more is no longer looked at by hand. */
const LINES_MAX = 10_000;

const ELEMENT_BYTES = [0, 1, 1, 2, 2, 4, 4, 8];
const KIND_NAMES = [
  "",
  ...["Int8", "Uint8", "Int16", "Uint16", "Int32", "Uint32", "Float64", "Float32"],
  ...["Uint8Clamped", "BigInt64", "BigUint64", "Float16", "ArrayBuffer"],
];

/** One line for each tag: offset, bytes in hexadecimal, meaning. */
export function dumpTerm(bytes: Uint8Array): string {
  const dump = new Dump(bytes);
  dump.line(1, `version ${bytes[0]}`);
  dump.value("");
  return dump.text();
}

class Dump {
  readonly #reader: ByteReader;
  readonly #lines: {
    readonly offset: number;
    readonly bytes: Uint8Array;
    readonly note: string;
  }[] = [];
  readonly #strings: string[] = [];
  readonly #shapes: (readonly string[])[] = [];
  readonly #nodes: string[] = [];
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new ByteReader(bytes);
  }

  text(): string {
    const hexChars = BYTES_SHOWN_MAX * 3;
    const rows = this.#lines.slice(0, LINES_MAX).map(({ offset, bytes, note }) => {
      const shown = Array.from(bytes.subarray(0, BYTES_SHOWN_MAX), (byte) =>
        byte.toString(16).padStart(2, "0"),
      );
      const hex = shown.join(" ") + (bytes.length > BYTES_SHOWN_MAX ? " …" : "");
      return `${offset.toString(16).padStart(6, "0")}  ${hex.padEnd(hexChars)}  ${note}\n`;
    });
    const rest = this.#lines.length - LINES_MAX;
    return rows.join("") + (rest > 0 ? `and ${rest} more lines\n` : "");
  }

  /** Takes `count` bytes and notes what they are; `start`: the line begins at an earlier byte. */
  line(count: number, note: string, start = this.#reader.position): void {
    const { bytes, end } = this.#reader;
    const next = this.#reader.position + count;
    if (next > end)
      throw new DecodeError("term_truncated", `term is truncated: ${count} bytes expected`, start);
    this.#reader.position = next;
    this.#lines.push({
      offset: start,
      bytes: bytes.subarray(start, next),
      note: "  ".repeat(this.#depth) + note,
    });
  }

  #number(size: number): number {
    const { bytes, position } = this.#reader;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[position + i] ?? 0);
    this.#reader.position += size;
    return value;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#number(1);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** One term; `role` says what it is to the one around it: a key, an element's index. */
  value(role: string): void {
    const start = this.#reader.position;
    const tag = this.#number(1);
    const label = role === "" ? "" : `${role}: `;
    const {
      INT_MAX,
      SHAPE,
      LATIN1,
      ARRAY,
      STRING_REF,
      UNDEFINED,
      LATIN1_8,
      STRING_REF16,
      INT_NEGATIVE,
    } = tags;
    if (tag <= INT_MAX) this.line(0, `${label}${tag}`, start);
    else if (tag < LATIN1) this.#shape(label, tag - SHAPE, start);
    else if (tag >= INT_NEGATIVE) this.line(0, `${label}${tag - 0x100}`, start);
    else if (tag >= ARRAY && tag < STRING_REF) this.#items(label, "array", tag - ARRAY, start);
    else if (tag < UNDEFINED || (tag >= LATIN1_8 && tag <= STRING_REF16))
      this.#string(label, tag, start);
    else if (tag < LATIN1_8) this.#simple(label, tag, start);
    else this.#compound(label, tag, start);
  }

  #simple(label: string, tag: number, start: number): void {
    const words = ["undefined", "null", "false", "true"];
    const sizes = [1, 2, 4, 6, 7];
    const negatives = [1, 2, 4, 7];
    if (tag <= tags.TRUE) return this.line(0, label + words[tag - tags.UNDEFINED], start);
    if (tag <= tags.UINT56) {
      return this.line(0, `${label}${this.#number(sizes[tag - tags.UINT8] as number)}`, start);
    }
    if (tag <= tags.NINT56) {
      return this.line(
        0,
        `${label}${-1 - this.#number(negatives[tag - tags.NINT8] as number)}`,
        start,
      );
    }
    if (tag === tags.FLOAT64) return this.line(0, `${label}float ${this.#float()}`, start);
    const count = this.#varint();
    this.line(
      count,
      `${label}${tag === tags.BIGINT ? "" : "negative "}bigint, ${count} bytes`,
      start,
    );
  }

  #float(): number {
    const { bytes, position } = this.#reader;
    this.#reader.position += 8;
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(
      position,
      true,
    );
  }

  #string(label: string, tag: number, start: number): string {
    if (tag >= tags.STRING_REF && tag < tags.UNDEFINED)
      return this.#known(label, tag - tags.STRING_REF, start);
    if (tag === tags.STRING_REF8) return this.#known(label, 16 + this.#number(1), start);
    if (tag === tags.STRING_REF16) return this.#known(label, this.#number(2), start);
    if (tag === tags.STRING_DEFINE) {
      const text = this.#string(
        `${label}new string ${this.#strings.length}: `,
        this.#number(1),
        start,
      );
      this.#strings.push(text);
      return text;
    }
    const { text, bytes } = this.#content(tag);
    this.line(bytes, label + JSON.stringify(cut(text)), start);
    return text;
  }

  /** Looks at the characters of a string whose tag is taken; the bytes of them are still to be taken. */
  #content(tag: number): { text: string; bytes: number } {
    const sizes = [1, 2, 4];
    let bytes: number;
    if (tag < tags.LATIN1_8) bytes = tag - tags.LATIN1;
    else if (tag <= tags.LATIN1_32) bytes = this.#number(sizes[tag - tags.LATIN1_8] as number);
    else if (tag <= tags.UTF8_32) bytes = this.#number(sizes[tag - tags.UTF8_8] as number);
    else bytes = this.#varint() * 2;
    const { bytes: all, position } = this.#reader;
    const raw = all.subarray(position, position + bytes);
    const encoding = tag <= tags.LATIN1_32 ? "latin1" : tag === tags.UTF16 ? "utf-16le" : "utf-8";
    const text =
      encoding === "latin1"
        ? Array.from(raw, (byte) => String.fromCharCode(byte)).join("")
        : new TextDecoder(encoding).decode(raw);
    return { text, bytes };
  }

  #known(label: string, index: number, start: number): string {
    const text = this.#strings[index] ?? "";
    this.line(0, `${label}string ${index}: ${JSON.stringify(cut(text))}`, start);
    return text;
  }

  #items(label: string, what: string, count: number, start: number): void {
    this.line(0, `${label}${what} of ${count}`, start);
    this.#nested(() => {
      for (let index = 0; index < count; index++) this.value(`[${index}]`);
    });
  }

  #nested(inside: () => void): void {
    this.#depth++;
    inside();
    this.#depth--;
  }

  #shape(label: string, index: number, start: number): void {
    this.line(0, `${label}object of shape ${index}`, start);
    this.#fields(this.#shapes[index] ?? []);
  }

  #fields(keys: readonly string[]): void {
    this.#nested(() => {
      for (const key of keys) this.value(cut(key));
    });
  }

  #compound(label: string, tag: number, start: number): void {
    switch (tag) {
      case tags.BYTES_8:
      case tags.BYTES_16:
      case tags.BYTES_32: {
        const count = this.#number(2 ** (tag - tags.BYTES_8));
        return this.line(count, `${label}${count} bytes`, start);
      }
      case tags.ARRAY_VARINT:
        return this.#items(label, "array", this.#varint(), start);
      case tags.SET:
        return this.#items(label, "set", this.#varint(), start);
      case tags.ARRAY_PACKED: {
        const kind = this.#number(1);
        const count = this.#varint();
        const bytes = count * (ELEMENT_BYTES[kind] ?? 0);
        return this.line(bytes, `${label}array of ${count} numbers as ${KIND_NAMES[kind]}`, start);
      }
      case tags.TYPED_ARRAY: {
        const kind = this.#number(1);
        const count = this.#varint();
        return this.line(count, `${label}${KIND_NAMES[kind]} of ${count} bytes`, start);
      }
      case tags.DATE:
        return this.#date(label, start);
      case tags.SHAPE_REF8:
        return this.#shape(label, 64 + this.#number(1), start);
      case tags.SHAPE_REF16:
        return this.#shape(label, this.#number(2), start);
      default:
        return this.#composed(label, tag, start);
    }
  }

  #date(label: string, start: number): void {
    const ms = this.#float();
    this.line(
      0,
      `${label}date ${Number.isNaN(ms) ? "invalid" : new Date(ms).toISOString()}`,
      start,
    );
  }

  #composed(label: string, tag: number, start: number): void {
    switch (tag) {
      case tags.MAP: {
        const count = this.#varint();
        this.line(0, `${label}map of ${count}`, start);
        return this.#pairs(count, "key", "value");
      }
      case tags.OBJECT:
      case tags.OBJECT_NULL: {
        const count = this.#varint();
        this.line(
          0,
          `${label}object of ${count} fields${tag === tags.OBJECT ? "" : ", no prototype"}`,
          start,
        );
        return this.#pairs(count, "key", "value");
      }
      case tags.SHAPE_DEFINE:
      case tags.SHAPE_DEFINE_NULL:
        return this.#newShape(label, start);
      case tags.PID:
      case tags.REF:
        return this.#identity(label, tag === tags.PID ? "pid" : "ref", this.#varint(), start);
      case tags.PID_DEFINE:
      case tags.REF_DEFINE:
        return this.#newNode(label, tag === tags.PID_DEFINE ? "pid" : "ref", start);
      case tags.ERROR:
        this.line(0, `${label}error`, start);
        return this.#fields(["name", "message", "stack", "fields", "cause"]);
      case tags.STRUCT:
        return this.#struct(label, start);
      default:
        throw new DecodeError("term_unknown_tag", `unknown tag ${tag}`, start);
    }
  }

  #pairs(count: number, first: string, second: string): void {
    this.#nested(() => {
      for (let index = 0; index < count; index++) {
        this.value(first);
        this.value(second);
      }
    });
  }

  #newShape(label: string, start: number): void {
    const end = this.#varint() + this.#reader.position;
    const index = this.#shapes.length;
    this.line(0, `${label}object of new shape ${index}`, start);
    const keys: string[] = [];
    this.#nested(() => {
      while (this.#reader.position < end) {
        const at = this.#reader.position;
        keys.push(this.#string("field ", this.#number(1), at));
      }
    });
    this.#shapes.push(keys);
    this.#fields(keys);
  }

  #identity(label: string, what: string, node: number, start: number): void {
    const local = this.#number(6);
    const scheduler = Math.floor(local / 2 ** 42);
    this.line(
      0,
      `${label}${what} ${this.#nodes[node] ?? ""}/${scheduler}.${local % 2 ** 42}`,
      start,
    );
  }

  #newNode(label: string, what: string, start: number): void {
    this.line(0, `${label}${what} of new node ${this.#nodes.length}`, start);
    this.#nested(() => {
      const at = this.#reader.position;
      const name = this.#string("node ", this.#number(1), at);
      const creationAt = this.#reader.position;
      const creation = this.#number(6);
      this.line(0, `creation ${creation.toString(36)}`, creationAt);
      this.#nodes.push(`${name}#${creation.toString(36)}`);
      this.#identity("", what, this.#nodes.length - 1, this.#reader.position);
    });
  }

  #struct(label: string, start: number): void {
    this.line(0, `${label}struct`, start);
    this.#nested(() => {
      const at = this.#reader.position;
      this.#string("name ", this.#number(1), at);
      const versionAt = this.#reader.position;
      const version = this.#varint();
      this.line(0, `version ${version}`, versionAt);
      this.value("payload");
    });
  }
}

function cut(text: string): string {
  return text.length > TEXT_SHOWN_MAX ? `${text.slice(0, TEXT_SHOWN_MAX)}…` : text;
}
