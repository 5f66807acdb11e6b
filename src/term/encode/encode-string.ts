import { writeVarint } from "./encode-leaf.ts";
import { SLACK, type EncodeState } from "./encode-state.ts";
import { SITE_LOOK_AT, SITE_MISSES_MAX } from "../sites.ts";
import {
  LATIN1,
  LATIN1_8,
  STRING_DEFINE,
  STRING_REF,
  STRING_REF16,
  STRING_REF8,
  UTF16,
  UTF8_8,
} from "../tags.ts";

/** Characters of the short form, up to which a loop beats a call into the runtime. Longer strings rarely come back. */
export const SHORT_CHARS_MAX = 31;

/** For a slot: both that the string could have are taken. */
const TAKEN = 0x8000;

/** What `findString` says of strings that are never in the dictionary. */
const NOWHERE = ~TAKEN;

/**
 * A string: by its index if the dictionary has it, else in full; one that comes a second time enters the dictionary.
 * Of a string that came once only a hash is kept.
 */
export function writeString(state: EncodeState, position: number, value: string): number {
  const chars = value.length;
  if (chars < 2 || chars > SHORT_CHARS_MAX) return writeInlineString(state, position, value);
  const slot = findString(state, value);
  return slot >= 0
    ? writeStringRef(state, position, state.slotIndexes[slot]!)
    : writeMissed(state, position, value, ~slot);
}

/** `writeString` at a site: where strings never come again the dictionary is left alone. */
export function writeSiteString(
  state: EncodeState,
  position: number,
  value: string,
  site: number,
): number {
  const { sites, siteBase } = state;
  // Below 0: a counter of an earlier epoch.
  const misses = sites[site]! - siteBase;
  if (misses >= SITE_MISSES_MAX && misses < SITE_LOOK_AT) {
    sites[site] = siteBase + misses + 1;
    return writeInlineString(state, position, value);
  }
  const slot = findString(state, value);
  if (slot < 0) return writeSiteMiss(state, position, value, site, slot);
  sites[site] = siteBase;
  return writeStringRef(state, position, state.slotIndexes[slot]!);
}

/** A string that `findString` did not find, at a site. */
export function writeSiteMiss(
  state: EncodeState,
  position: number,
  value: string,
  site: number,
  slot: number,
): number {
  const chars = value.length;
  if (chars < 2 || chars > SHORT_CHARS_MAX) return writeInlineString(state, position, value);
  const { sites, siteBase, stringCount } = state;
  const misses = sites[site]! - siteBase;
  position = writeMissed(state, position, value, ~slot);
  if (misses < 0) sites[site] = siteBase + 1;
  else if (state.stringCount !== stringCount) sites[site] = siteBase;
  else sites[site] = siteBase + (misses + 1 < state.siteMissesMax ? misses + 1 : SITE_MISSES_MAX);
  return position;
}

/** The slot where the dictionary has the string; if it has not, the complement of the one where it would go, or of TAKEN. */
export function findString(state: EncodeState, value: string): number {
  const chars = value.length;
  if (chars < 2 || chars > SHORT_CHARS_MAX) return NOWHERE;
  const { slotEpochs, slotStrings, epoch } = state;
  let slot = slotHash(value, chars) & (slotEpochs.length - 1);
  if (slotEpochs[slot] !== epoch) return ~slot;
  if (slotStrings[slot] === value) return slot;
  slot ^= 1;
  if (slotEpochs[slot] !== epoch) return ~slot;
  return slotStrings[slot] === value ? slot : NOWHERE;
}

function writeMissed(state: EncodeState, position: number, value: string, slot: number): number {
  if (slot !== TAKEN) return writeCandidate(state, position, value, slot);
  state.misses++;
  return writeInlineString(state, position, value);
}

/** Writes a short string in full; if its hash is the one that the free slot remembers, it enters the dictionary. */
function writeCandidate(state: EncodeState, position: number, value: string, slot: number): number {
  const chars = value.length;
  if (position + chars + SLACK > state.end) state.grow(position, chars + SLACK);
  const { bytes, slotPrints, slotPrintEpochs, epoch } = state;
  const start = position + 1;
  let print = chars;
  for (let i = 0; i < chars; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff) return writeLongString(state, position, value);
    bytes[start + i] = code;
    print = (Math.imul(print, 31) + code) | 0;
  }
  bytes[position] = LATIN1 + chars;
  if (slotPrints[slot] !== print || slotPrintEpochs[slot] !== epoch) {
    slotPrints[slot] = print;
    slotPrintEpochs[slot] = epoch;
    return start + chars;
  }
  if (!state.defineString(slot, value)) return start + chars;
  bytes.copyWithin(start, position, start + chars);
  bytes[position] = STRING_DEFINE;
  return start + 1 + chars;
}

/** A name that is sure to come back: it enters the dictionary at first sight. */
export function writeNameString(state: EncodeState, position: number, value: string): number {
  const chars = value.length;
  if (chars < 2) return writeInlineString(state, position, value);
  const { slotEpochs, slotStrings, epoch } = state;
  let slot = slotHash(value, chars) & (slotEpochs.length - 1);
  for (let way = 0; way < 2; way++, slot ^= 1) {
    if (slotEpochs[slot] !== epoch) return defineName(state, position, value, slot);
    if (slotStrings[slot] === value)
      return writeStringRef(state, position, state.slotIndexes[slot]!);
  }
  return writeInlineString(state, position, value);
}

function defineName(state: EncodeState, position: number, value: string, slot: number): number {
  if (!state.defineString(slot, value)) return writeInlineString(state, position, value);
  if (position + SLACK > state.end) state.grow(position, SLACK);
  state.bytes[position] = STRING_DEFINE;
  return writeInlineString(state, position + 1, value);
}

/** Where a string of two or more characters sits in the table: four of its characters tell most apart. */
function slotHash(value: string, chars: number): number {
  return (
    value.charCodeAt(0) * 0x9e5 +
    value.charCodeAt(chars - 1) * 0x1f1 +
    value.charCodeAt(chars >> 1) * 0x35 +
    value.charCodeAt(chars - 2) * 0x7 +
    chars
  );
}

/** The string with that index of the dictionary. */
export function writeStringRef(state: EncodeState, position: number, index: number): number {
  if (position + SLACK > state.end) state.grow(position, SLACK);
  const bytes = state.bytes;
  if (index < 16) {
    bytes[position] = STRING_REF + index;
    return position + 1;
  }
  if (index < 272) {
    bytes[position] = STRING_REF8;
    bytes[position + 1] = index - 16;
    return position + 2;
  }
  bytes[position] = STRING_REF16;
  bytes[position + 1] = index;
  bytes[position + 2] = index >>> 8;
  return position + 3;
}

/** A string in full. */
export function writeInlineString(state: EncodeState, position: number, value: string): number {
  const chars = value.length;
  if (chars > SHORT_CHARS_MAX) return writeLongString(state, position, value);
  if (position + chars + SLACK > state.end) state.grow(position, chars + SLACK);
  const bytes = state.bytes;
  const start = position + 1;
  for (let i = 0; i < chars; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff) return writeLongString(state, position, value);
    bytes[start + i] = code;
  }
  bytes[position] = LATIN1 + chars;
  return start + chars;
}

/**
 * UTF-8, marked as Latin-1 if it turns out to be ASCII: one call writes and measures. The header's length is
 * guessed from the count of characters.
 */
function writeLongString(state: EncodeState, position: number, value: string): number {
  const chars = value.length;
  // With less room than this the call would measure first and write then.
  let room = chars * 3 + MEASURED_BYTES;
  if (position + room + SLACK > state.end) {
    // Three bytes a character are not there: ask for what it takes.
    if (!value.isWellFormed()) return writeUtf16(state, position, value);
    room = Buffer.byteLength(value, "utf8");
    if (position + room + SLACK > state.end) state.grow(position, room + SLACK);
  }
  const { bytes } = state;
  let guess = lengthBytes(chars);
  const start = position + 1 + guess;
  const count = bytes.utf8Write(value, start, room);
  if (count === chars) {
    writeHeader(state, position, LATIN1_8, guess, chars);
    return start + chars;
  }
  // A lone surrogate was written as U+FFFD, ef bf bd. To look for that byte takes a fifth of what `isWellFormed` does.
  bytes[start + count] = REPLACEMENT_BYTE;
  if (indexOfByte.call(bytes, REPLACEMENT_BYTE, start) < start + count && !value.isWellFormed())
    return writeUtf16(state, position, value);
  const needed = lengthBytes(count);
  if (needed !== guess) {
    bytes.copyWithin(position + 1 + needed, start, start + count);
    guess = needed;
  }
  writeHeader(state, position, UTF8_8, guess, count);
  return position + 1 + guess + count;
}

/** Room that `utf8Write` must have besides three bytes a character so that it does not measure. */
const MEASURED_BYTES = 3;

const REPLACEMENT_BYTE = 0xef;

/** That of plain arrays: `Buffer` has one of its own, which takes its time to find out what it was given. */
// oxlint-disable-next-line typescript/unbound-method -- called with `call`
const indexOfByte = Uint8Array.prototype.indexOf;

function writeUtf16(state: EncodeState, position: number, value: string): number {
  const room = value.length * 2;
  if (position + room + SLACK > state.end) state.grow(position, room + SLACK);
  state.bytes[position] = UTF16;
  position = writeVarint(state, position + 1, value.length);
  state.bytes.ucs2Write(value, position, room);
  return position + room;
}

/** Bytes that a length takes in a header: 1, 2 or 4. */
export function lengthBytes(count: number): number {
  return count <= 0xff ? 1 : count <= 0xffff ? 2 : 4;
}

/** Tag and length; `tag` is that of the form with one byte of length. */
export function writeHeader(
  state: EncodeState,
  position: number,
  tag: number,
  width: number,
  count: number,
): void {
  const { bytes } = state;
  bytes[position] = tag + (width >> 1);
  bytes[position + 1] = count;
  if (width === 1) return;
  bytes[position + 2] = count >>> 8;
  if (width === 2) return;
  bytes[position + 3] = count >>> 16;
  bytes[position + 4] = count >>> 24;
}
