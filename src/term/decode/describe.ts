import { DecodeError } from "../../base/error.ts";
import { TERM_DEPTH_MAX } from "../../base/limits.ts";
import {
  readCount,
  readNode,
  readStringTerm,
  readUint16,
  readUint48,
  readUint8,
  readVarint,
} from "./decode-leaf.ts";
import { DecodeState } from "./decode-state.ts";
import { readValue } from "./decode-value.ts";
import { Identities } from "../identities.ts";
import { readDefinition, type ShapeReader } from "./shape-readers.ts";
import {
  ARRAY,
  ARRAY_VARINT,
  ERROR,
  LATIN1,
  MAP,
  OBJECT,
  OBJECT_NULL,
  PID,
  PID_DEFINE,
  REF,
  REF_DEFINE,
  SET,
  SHAPE,
  SHAPE_DEFINE,
  SHAPE_DEFINE_NULL,
  SHAPE_REF16,
  SHAPE_REF8,
  STRING_DEFINE,
  STRING_REF,
  STRUCT,
} from "../tags.ts";
import { tagName } from "../tag-names.ts";

/** Bytes that a line shows; of more it shows the first and how many there are. */
const LINE_BYTES = 12;

/** Lines of a description: more is not looked at by hand. */
const LINES_MAX = 10_000;

/** Characters of a value that a line shows. */
const VALUE_CHARS = 60;

/**
 * The bytes of a standalone term for people: a line for each part with its offset, its bytes in hexadecimal and what they
 * mean, indented by nesting. Bytes that are no term end with a line that says why; nothing is thrown.
 *
 * ```text
 *    0  01                        version 1
 *    1  e5 05 84 74 79 70 65      shape 0 { type }
 *    8  83 61 64 64                 .type: LATIN1 "add"
 * ```
 */
export function describeTerm(bytes: Uint8Array): string {
  const state = new DecodeState(new Identities("nonode@nohost", 0), false);
  const dump = new Dump(state);
  try {
    state.openInput(bytes);
    state.readVersion();
    dump.line(0, 0, `version ${bytes[0]}`);
    dump.term(0, "");
    if (state.position < state.end)
      dump.rest(`${state.end - state.position} bytes behind the term`);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    dump.rest(`${error.code}: ${error.message}`);
  }
  return dump.text();
}

class Dump {
  readonly #lines: string[] = [];
  #linesLeftOut = 0;
  readonly #state: DecodeState;
  #shown = 0;

  constructor(state: DecodeState) {
    this.#state = state;
  }

  text(): string {
    const more = this.#linesLeftOut > 0 ? [`and ${this.#linesLeftOut} more lines`] : [];
    return [...this.#lines, ...more].join("\n");
  }

  /** A line for the bytes since `start`. */
  line(start: number, depth: number, text: string): void {
    const { bytes, position } = this.#state;
    this.#shown = position;
    if (this.#lines.length >= LINES_MAX) {
      this.#linesLeftOut++;
      return;
    }
    const shown = bytes.subarray(start, Math.min(position, start + LINE_BYTES)).toHex();
    const more = position - start > LINE_BYTES ? ` … ${position - start}` : "";
    const hex = `${shown.replaceAll(/..(?=.)/g, "$& ")}${more}`;
    this.#lines.push(
      `${String(start).padStart(6)}  ${hex.padEnd(LINE_BYTES * 3 + 6)}  ${"  ".repeat(depth)}${text}`,
    );
  }

  /** The last line: everything that is left. */
  rest(text: string): void {
    this.#state.position = this.#state.end;
    this.line(this.#shown, 0, text);
  }

  /** One term and what is in it; `label` says what it is to the term around it. */
  term(depth: number, label: string): void {
    const state = this.#state;
    const start = state.position;
    if (depth > TERM_DEPTH_MAX) state.fail("term_too_deep", "term is nested too deeply");
    const tag = readUint8(state);
    const head = (text: string): void => this.line(start, depth, `${label}${text}`);
    if (tag >= ARRAY && tag < STRING_REF) return this.#items(tag - ARRAY, 1, depth, head, "array");
    if (tag >= SHAPE && tag < LATIN1) return this.#shape(tag - SHAPE, depth, head);
    switch (tag) {
      case ARRAY_VARINT:
        return this.#items(readCount(state, 1), 1, depth, head, "array");
      case SET:
        return this.#items(readCount(state, 1), 1, depth, head, "set");
      case MAP:
        return this.#items(readCount(state, 2), 2, depth, head, "map");
      case OBJECT:
      case OBJECT_NULL:
        return this.#pairs(readCount(state, 2), depth, head, tag === OBJECT_NULL);
      case SHAPE_REF8:
        return this.#shape(64 + readUint8(state), depth, head);
      case SHAPE_REF16:
        return this.#shape(readUint16(state), depth, head);
      case SHAPE_DEFINE:
      case SHAPE_DEFINE_NULL:
        return this.#definition(depth, head, tag === SHAPE_DEFINE_NULL);
      case PID:
      case PID_DEFINE:
      case REF:
      case REF_DEFINE:
        return this.#identity(tag, head);
      case ERROR:
        head("error");
        for (const part of ["name", "message", "stack", "fields", "cause"])
          this.term(depth + 1, `${part}: `);
        return;
      case STRUCT: {
        const name = readStringTerm(state);
        head(`struct ${name}, version ${readVarint(state)}`);
        return this.term(depth + 1, "payload: ");
      }
      default:
        state.position = start;
        head(`${tagName(tag)} ${shown(readValue(state))}${definedAs(state, tag)}`);
    }
  }

  #items(
    count: number,
    each: 1 | 2,
    depth: number,
    head: (text: string) => void,
    kind: string,
  ): void {
    head(`${kind} of ${count}`);
    for (let i = 0; i < count; i++) {
      this.term(depth + 1, each === 1 ? `[${i}]: ` : `key ${i}: `);
      if (each === 2) this.term(depth + 1, `value ${i}: `);
    }
  }

  #pairs(count: number, depth: number, head: (text: string) => void, nullPrototype: boolean): void {
    head(`object of ${count}${nullPrototype ? ", null prototype" : ""}`);
    for (let i = 0; i < count; i++) {
      const start = this.#state.position;
      const key = readStringTerm(this.#state);
      this.line(start, depth + 1, `key ${shown(key)}`);
      this.term(depth + 1, `.${key}: `);
    }
  }

  #definition(depth: number, head: (text: string) => void, nullPrototype: boolean): void {
    const state = this.#state;
    const count = readVarint(state);
    const shape = readDefinition(state, count, nullPrototype);
    state.defineShape(shape, count);
    head(
      `shape ${state.shapeCount - 1} { ${shape.keys.join(", ")} }${nullPrototype ? ", null prototype" : ""}`,
    );
    this.#fields(shape, depth);
  }

  #shape(index: number, depth: number, head: (text: string) => void): void {
    const state = this.#state;
    if (index >= state.shapeCount) state.fail("term_bad_index", `dictionary has no shape ${index}`);
    head(`object of shape ${index}`);
    this.#fields(state.shapes[index]!, depth);
  }

  #fields(shape: ShapeReader, depth: number): void {
    for (const key of shape.keys) this.term(depth + 1, `.${key}: `);
  }

  #identity(tag: number, head: (text: string) => void): void {
    const state = this.#state;
    const define = tag === PID_DEFINE || tag === REF_DEFINE;
    const nodeRef = readNode(state, define);
    const id = readUint48(state);
    const text =
      tag <= PID_DEFINE ? state.identities.pid(nodeRef, id) : state.identities.ref(nodeRef, id);
    head(`${tagName(tag)} ${text.toString()}${define ? `, node ${state.nodeCount - 1}` : ""}`);
  }
}

/** Where a string that was just defined can be found from now on. */
function definedAs(state: DecodeState, tag: number): string {
  return tag === STRING_DEFINE ? `, string ${state.stringCount - 1}` : "";
}

function shown(value: unknown): string {
  const text = valueText(value);
  return text.length > VALUE_CHARS
    ? `${text.slice(0, VALUE_CHARS)}… (${text.length} characters)`
    : text;
}

function valueText(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid" : value.toISOString();
  if (value instanceof ArrayBuffer) return `${value.byteLength} bytes`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}
