import { compile } from "../codegen.ts";
import { readLatin1 } from "./decode-leaf.ts";
import type { DecodeState } from "./decode-state.ts";
import {
  ARRAY,
  FALSE,
  FLOAT64,
  INT_MAX,
  LATIN1,
  NULL,
  STRING_REF,
  STRING_REF8,
  TRUE,
  UINT16,
  UINT32,
  UINT48,
  UINT8,
  UNDEFINED,
} from "../tags.ts";

/** Reads one value; the decoder of values, handed in because it in turn reads shapes. */
export type ReadValue = (state: DecodeState) => unknown;

/** Reads the values of one shape in order and makes the object. */
export type ReadFields = (state: DecodeState, readValue: ReadValue) => object;

/** What each field has held so far: one bit per index of `branches`. */
export type TagClasses = Int32Array;

/** Fields up to which a reader has branches of its own for each of them; code for more would not pay. */
const OWN_BRANCHES_MAX = 24;

/**
 * Kinds of values that compiled code reads without a call to `readValue`. `test` and `code` are JavaScript over `tag`,
 * `at` (the tag's position), `bytes`, `end`, `strings`, `state`; V is the field's variable.
 */
const branches: readonly {
  readonly has: (tag: number) => boolean;
  readonly test: string;
  readonly code: string;
}[] = [
  { has: (tag) => tag <= INT_MAX, test: `tag <= ${INT_MAX}`, code: "V = tag; at++;" },
  {
    has: (tag) => tag >= STRING_REF && tag < UNDEFINED,
    test: `tag >= ${STRING_REF} && tag < ${UNDEFINED} && tag - ${STRING_REF} < state.stringCount`,
    code: `V = strings[tag - ${STRING_REF}]; at++;`,
  },
  {
    has: (tag) => tag >= LATIN1 && tag < ARRAY,
    test: `tag >= ${LATIN1} && tag < ${ARRAY}`,
    code: `state.position = at; V = readLatin1(state, at + 1, tag - ${LATIN1}); at = state.position;`,
  },
  {
    has: (tag) => tag === UINT8,
    test: `tag === ${UINT8} && at + 1 < end`,
    code: "V = bytes[at + 1]; at += 2;",
  },
  {
    has: (tag) => tag === UINT16,
    test: `tag === ${UINT16} && at + 2 < end`,
    code: "V = bytes[at + 1] | (bytes[at + 2] << 8); at += 3;",
  },
  {
    has: (tag) => tag === UINT32,
    test: `tag === ${UINT32} && at + 4 < end`,
    code: `V = (bytes[at + 1] | (bytes[at + 2] << 8) | (bytes[at + 3] << 16) | (bytes[at + 4] << 24)) >>> 0; at += 5;`,
  },
  {
    has: (tag) => tag === UINT48,
    test: `tag === ${UINT48} && at + 6 < end`,
    code: `V = (bytes[at + 5] | (bytes[at + 6] << 8)) * 0x100000000
      + ((bytes[at + 1] | (bytes[at + 2] << 8) | (bytes[at + 3] << 16) | (bytes[at + 4] << 24)) >>> 0); at += 7;`,
  },
  {
    has: (tag) => tag === FLOAT64,
    test: `tag === ${FLOAT64} && at + 8 < end`,
    code: "V = state.viewBytes === bytes ? state.view.getFloat64(at + 1, true) : state.float64At(at + 1); at += 9;",
  },
  {
    has: (tag) => tag === TRUE || tag === FALSE,
    test: `tag === ${TRUE} || tag === ${FALSE}`,
    code: `V = tag === ${TRUE}; at++;`,
  },
  {
    has: (tag) => tag === STRING_REF8,
    test: `tag === ${STRING_REF8} && at + 1 < end && 16 + bytes[at + 1] < state.stringCount`,
    code: "V = strings[16 + bytes[at + 1]]; at += 2;",
  },
  { has: (tag) => tag === NULL, test: `tag === ${NULL}`, code: "V = null; at++;" },
];

/** The same for every shape: a loop over its keys. Notes in `seen`, if given, what the fields hold. */
export function readLoop(
  state: DecodeState,
  readValue: ReadValue,
  keys: readonly string[],
  nullPrototype: boolean,
  seen: TagClasses | undefined,
): object {
  const object = emptyObject(nullPrototype);
  for (let i = 0; i < keys.length; i++) {
    if (seen !== undefined) seen[i] = seen[i]! | classOf(state.bytes[state.position] ?? UNDEFINED);
    setField(object, keys[i]!, readValue(state));
  }
  return object;
}

function classOf(tag: number): number {
  const branch = branches.findIndex((candidate) => candidate.has(tag));
  return branch < 0 ? 0 : 1 << branch;
}

/**
 * A reader made for one shape: an object literal, whose hidden class is made once, and for each field the branches that
 * it has needed so far. Undefined where code generation is refused.
 */
export function compiledReader(
  keys: readonly string[],
  nullPrototype: boolean,
  seen: TagClasses,
): ReadFields | undefined {
  if (compile === undefined) return undefined;
  // All values first: a literal of ready values is one allocation with its final hidden class.
  const reads = keys.map((_, i) =>
    fieldCode(`v${i}`, keys.length <= OWN_BRANCHES_MAX ? seen[i]! : 0),
  );
  // A computed key defines an own field even where it is `__proto__`.
  const fields = keys.map(
    (key, i) => `${key === "__proto__" ? '["__proto__"]' : JSON.stringify(key)}: v${i}`,
  );
  if (nullPrototype) fields.unshift("__proto__: null");
  return readerOf(reads, `{ ${fields.join(", ")} }`);
}

/** The same for arrays of one length, whose elements may be anything. Undefined where code generation is refused. */
export function compiledTupleReader(length: number): ReadFields | undefined {
  if (compile === undefined) return undefined;
  const variables = Array.from({ length }, (_, i) => `v${i}`);
  return readerOf(
    variables.map((variable) => fieldCode(variable, EVERYTHING)),
    `[${variables.join(", ")}]`,
  );
}

function readerOf(reads: readonly string[], result: string): ReadFields {
  const body = `"use strict"; return (state, readValue) => {
    const { bytes, end, strings } = state;
    let at = state.position, tag = 0;
    ${reads.join("\n")}
    state.position = at;
    return ${result};
  };`;
  return compile!(["readLatin1"], body)(readLatin1) as ReadFields;
}

const EVERYTHING = (1 << branches.length) - 1;

/** A field that held one of these is likely to hold the others. */
const INTEGERS = groupOf([0, UINT8, UINT16, UINT32]);
const STRINGS = groupOf([STRING_REF, LATIN1, STRING_REF8]);

function groupOf(tags: readonly number[]): number {
  return tags.reduce(
    (bits, tag) => bits | (1 << branches.findIndex((branch) => branch.has(tag))),
    0,
  );
}

function fieldCode(variable: string, seen: number): string {
  if ((seen & INTEGERS) !== 0) seen |= INTEGERS;
  if ((seen & STRINGS) !== 0) seen |= STRINGS;
  const own = branches.filter((_, i) => (seen & (1 << i)) !== 0);
  const any = `state.position = at; ${variable} = readValue(state); at = state.position;`;
  if (own.length === 0) return `let ${variable}; ${any}`;
  const chain = own.map(
    (branch) => `if (${branch.test}) { ${branch.code.replaceAll("V =", `${variable} =`)} } else `,
  );
  return `let ${variable}; tag = at < end ? bytes[at] : ${UNDEFINED}; ${chain.join("")}{ ${any} }`;
}

/** A new object of either kind. */
export function emptyObject(nullPrototype: boolean): object {
  return nullPrototype ? (Object.create(null) as object) : {};
}

/**
 * Sets an own field, whatever its name. Assigning one that `Object.prototype` has could meet a setter (`__proto__`) or, where
 * that is frozen, fail.
 */
export function setField(object: object, key: string, value: unknown): void {
  if (key in Object.prototype) {
    Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else (object as Record<string, unknown>)[key] = value;
}
