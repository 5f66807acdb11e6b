import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { FRAME_BYTES_BEFORE_AUTH_MAX } from "../../src/base/limits.ts";
import { Capability } from "../../src/wire/capabilities.ts";
import { FRAME_BODY_BYTES_MAX, FrameKind } from "../../src/wire/frame.ts";
import { SignalKind } from "../../src/wire/signals/message.ts";
import { codeNumber, codeOfNumber } from "../../src/wire/protocol-code.ts";

const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");

/** The rows of all tables whose first cell fits. */
function rows(first: RegExp): string[][] {
  return page
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([cell]) => first.test(cell!));
}

test("the page knows every code by its number", () => {
  const documented = rows(/^`[a-z_]+`$/).filter((row) => /^\d+$/.test(row[1]!));
  for (const [, number] of documented)
    expect(codeNumber(codeOfNumber(Number(number)))).toBe(Number(number));
  const names = documented.map(([code, number]) => [code!.slice(1, -1), Number(number)]);
  const known = Array.from({ length: 256 }, (_, number) => number)
    .filter((number) => codeNumber(codeOfNumber(number)) === number)
    .map((number) => [codeOfNumber(number), number]);
  expect(names).toEqual(known as (string | number)[][]);
});

test("the page knows every kind of frame", () => {
  const documented = rows(/^0x[01][0-9]$/)
    .filter((row) => row.length === 4)
    .map(([kind, name]) => [name, Number(kind)]);
  expect(documented).toEqual(Object.entries(FrameKind));
});

test("the page knows every kind of signal", () => {
  const section = page.slice(page.indexOf("## 6. Signals"), page.indexOf("## 7."));
  for (const kind of Object.values(SignalKind)) {
    expect(section).toContain(`| 0x${kind.toString(16).padStart(2, "0")} |`);
  }
  expect(section.match(/^\| 0x/gm)).toHaveLength(Object.keys(SignalKind).length);
});

test("the page knows the limits of frames and every capability", () => {
  expect(page).toContain(`1 to ${FRAME_BYTES_BEFORE_AUTH_MAX.toLocaleString("en")} bytes`);
  expect(page).toContain(`1 to ${FRAME_BODY_BYTES_MAX.toLocaleString("en")} bytes`);
  for (const name of Object.keys(Capability)) expect(page).toContain(name);
});
