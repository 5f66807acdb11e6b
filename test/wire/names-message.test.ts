import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { DecodeError } from "../../src/base/error.ts";
import { Prng } from "../../src/base/prng.ts";
import { decodeNameEntry, encodeNameEntry } from "../../src/wire/name-entry.ts";
import { decodeNames, encodeNames } from "../../src/wire/names-message.ts";
import { NAME_ENTRIES, NAMES_MESSAGES } from "../support/frame-vectors.ts";

/** Fails unless it returns, or throws a `DecodeError`. */
function decodes(decode: () => unknown): boolean {
  try {
    decode();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return false;
  }
}

test("records come back as they went, one by one and all behind each other", () => {
  for (const message of NAMES_MESSAGES)
    expect(decodeNames(encodeNames([message]))).toEqual([message]);
  expect(decodeNames(encodeNames(NAMES_MESSAGES))).toEqual([...NAMES_MESSAGES]);
  for (const entry of NAME_ENTRIES) expect(decodeNameEntry(encodeNameEntry(entry))).toEqual(entry);
});

test("a record that is cut short anywhere is refused", () => {
  for (const message of NAMES_MESSAGES) {
    const bytes = encodeNames([message]);
    for (let length = 1; length < bytes.length; length++) {
      expect(decodes(() => decodeNames(bytes.subarray(0, length)))).toBe(false);
    }
  }
  for (const entry of NAME_ENTRIES) {
    const bytes = encodeNameEntry(entry);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodes(() => decodeNameEntry(bytes.subarray(0, length)))).toBe(false);
    }
  }
});

test("any bytes are read or refused with a DecodeError", () => {
  const random = new Prng(8);
  const good = encodeNames(NAMES_MESSAGES);
  for (let round = 0; round < 5_000; round++) {
    const bytes = good.slice();
    for (let flips = 1 + random.below(4); flips > 0; flips--) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    decodes(() => decodeNames(bytes));
    decodes(() => decodeNameEntry(bytes.subarray(random.below(bytes.length))));
  }
});

test("an unknown kind, rule, verdict or an empty name is refused", () => {
  expect(decodes(() => decodeNames(new Uint8Array([0x7f])))).toBe(false);
  const entry = encodeNameEntry(NAME_ENTRIES[0]!);
  entry[16] = 9;
  expect(decodes(() => decodeNameEntry(entry))).toBe(false);
  const claim = { kind: "claim", claim: 1, name: "", local: 1, fence: 1, replace: false } as const;
  expect(decodes(() => decodeNames(encodeNames([claim])))).toBe(false);
});

test("the page knows every record", () => {
  const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const section = page.slice(
    page.indexOf("**Names** (service 0)"),
    page.indexOf("### The life of a"),
  );
  for (const message of NAMES_MESSAGES) {
    const kind = encodeNames([message])[0]!.toString(16).padStart(2, "0");
    expect(section).toMatch(new RegExp(`\\| 0x${kind} \\| ${message.kind} `));
  }
});
