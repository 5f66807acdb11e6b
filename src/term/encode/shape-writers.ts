import { compile } from "../codegen.ts";
import { writeNumber } from "./encode-leaf.ts";
import { SLACK, type EncodeState } from "./encode-state.ts";
import {
  findString,
  SHORT_CHARS_MAX,
  writeInlineString,
  writeSiteMiss,
  writeSiteString,
  writeStringRef,
} from "./encode-string.ts";
import { NO_SITE, SITE_LOOK_AT, SITE_MISSES_MAX } from "../sites.ts";
import {
  FALSE,
  FLOAT64,
  INT_MAX,
  LATIN1,
  STRING_REF,
  TRUE,
  UINT16,
  UINT32,
  UINT48,
  UINT8,
} from "../tags.ts";

/** Appends a value; the encoder of values, handed in because it in turn writes shapes. */
export type WriteValue = (state: EncodeState, position: number, value: unknown) => number;

/**
 * Appends the values of an object of one shape, or of an array of one length, and returns the position behind them.
 * `site` is that of the first one, or NO_SITE.
 */
export type WriteFields = (
  state: EncodeState,
  position: number,
  object: object,
  writeValue: WriteValue,
  site: number,
) => number;

/** Fields up to which a writer has branches of its own for each of them; code for more would not pay. */
const OWN_BRANCHES_MAX = 24;

/**
 * Every 7th string that the dictionary had and its field had not is remembered: of many words in turn none is worth it, and a
 * reference that is stored is work for the collector.
 */
const REMEMBER_EACH = 7;

/** The same for every shape: a loop over its keys. */
export function loopWriter(keys: readonly string[]): WriteFields {
  return (state, position, object, writeValue, site) => {
    for (let i = 0; i < keys.length; i++) {
      const value = (object as Record<string, unknown>)[keys[i]!];
      position =
        typeof value === "string"
          ? writeFieldString(state, position, value, site, i)
          : writeValue(state, position, value);
    }
    return position;
  };
}

/**
 * A writer made for one shape: each field has its own property access and its own branches, which the engine compiles
 * for what that field usually holds. It writes what `loopWriter` writes: what it remembers about strings is only where
 * they were found. Undefined where code generation is refused.
 */
export function compiledWriter(keys: readonly string[]): WriteFields | undefined {
  if (compile === undefined) return undefined;
  const own = keys.length <= OWN_BRANCHES_MAX;
  const memory = own
    ? keys.map((_, i) => `let text${i}, slot${i} = 0, other${i}, otherSlot${i} = 0;`)
    : [];
  const body = `"use strict"; let turn = 0; ${memory.join(" ")}
    return (state, at, object, writeValue, site) => {
      let bytes = state.bytes, last = state.end - ${SLACK}, small = 0, slot = 0, value;
      let { sites } = state;
      const { siteBase, slotEpochs, slotStrings, slotIndexes, epoch } = state;
      ${keys.map((key, i) => (own ? ownField(key, i) : sharedField(key, i))).join("\n")}
      return at;
    };`;
  const names = Object.keys(CALLED);
  return compile(names, body)(...Object.values(CALLED)) as WriteFields;
}

/** What the text of writers calls. */
const CALLED = {
  findString,
  writeFieldString,
  writeInlineString,
  writeNumber,
  writeSiteMiss,
  writeStringRef,
};

const RELOAD = `bytes = state.bytes; last = state.end - ${SLACK};`;

/** A field that holds one of two strings again (a message's type, say) does not look for it in the dictionary's table. */
function ownField(key: string, i: number): string {
  const near = (text: string, known: string): string =>
    `value === ${text} && slotEpochs[${known}] === epoch && slotStrings[${known}] === value`;
  const reference = (known: string): string =>
    `sites[site + ${i}] = siteBase; small = slotIndexes[${known}];
      if (small < 16) bytes[at++] = ${STRING_REF} + small; else at = writeStringRef(state, at, small);`;
  return `value = object[${access(key)}];
    if (at > last) { state.grow(at, ${SLACK}); ${RELOAD} }
    if (typeof value === "number") {
      small = value | 0;
      if (small === value && (small > 0 || (small === 0 && 1 / value > 0))) {
        if (small <= ${INT_MAX}) bytes[at++] = small;
        else if (small <= 0xff) { bytes[at] = ${UINT8}; bytes[at + 1] = small; at += 2; }
        else if (small <= 0xffff) { bytes[at] = ${UINT16}; bytes[at + 1] = small; bytes[at + 2] = small >>> 8; at += 3; }
        else {
          bytes[at] = ${UINT32}; bytes[at + 1] = small; bytes[at + 2] = small >>> 8;
          bytes[at + 3] = small >>> 16; bytes[at + 4] = small >>> 24; at += 5;
        }
      } else if (Math.floor(value) !== value) {
        bytes[at] = ${FLOAT64}; state.view.setFloat64(at + 1, value, true); at += 9;
      } else if (value > 0xffffffff && value < 0x1000000000000) {
        slot = value / 0x100000000 | 0;
        state.view.setInt32(at + 1, value - slot * 0x100000000 | 0, true);
        bytes[at] = ${UINT48}; bytes[at + 5] = slot; bytes[at + 6] = slot >>> 8; at += 7;
      } else at = writeNumber(state, at, value);
    } else if (typeof value === "string") {
      if (site < 0) { at = writeInlineString(state, at, value); ${RELOAD} }
      else if ((small = sites[site + ${i}] - siteBase) >= ${SITE_MISSES_MAX} && small < ${SITE_LOOK_AT}) {
        sites[site + ${i}] = siteBase + small + 1;
        small = value.length;
        if (small <= ${SHORT_CHARS_MAX} && at + small <= last) {
          for (slot = 0; slot < small; slot++) {
            const code = value.charCodeAt(slot);
            if (code > 0xff) break;
            bytes[at + 1 + slot] = code;
          }
        } else slot = -1;
        if (slot === small) { bytes[at] = ${LATIN1} + small; at += small + 1; }
        else { at = writeInlineString(state, at, value); ${RELOAD} }
      } else if (${near(`text${i}`, `slot${i}`)}) { ${reference(`slot${i}`)} }
      else if (${near(`other${i}`, `otherSlot${i}`)}) { ${reference(`otherSlot${i}`)} }
      else if ((slot = findString(state, value)) >= 0) {
        if (++turn === ${REMEMBER_EACH}) {
          turn = 0;
          other${i} = text${i}; otherSlot${i} = slot${i}; text${i} = value; slot${i} = slot;
        }
        ${reference("slot")}
      } else { at = writeSiteMiss(state, at, value, site + ${i}, slot); ${RELOAD} }
    } else if (typeof value === "boolean") bytes[at++] = value ? ${TRUE} : ${FALSE};
    else { at = writeValue(state, at, value); ${RELOAD} sites = state.sites; }`;
}

function sharedField(key: string, i: number): string {
  return `value = object[${access(key)}];
    at = typeof value === "string" ? writeFieldString(state, at, value, site, ${i}) : writeValue(state, at, value);`;
}

function writeFieldString(
  state: EncodeState,
  position: number,
  value: string,
  site: number,
  field: number,
): number {
  return site === NO_SITE
    ? writeInlineString(state, position, value)
    : writeSiteString(state, position, value, site + field);
}

/** A number for the elements of arrays, quoted text for anything else. */
function access(key: string): string {
  return /^\d$/.test(key) ? key : JSON.stringify(key);
}
