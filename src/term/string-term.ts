import { LATIN1, LATIN1_8, UTF16, UTF8_8 } from "./tags.ts";

/** Adds a string in full to a list of bytes: for the few that are written once and kept, such as the keys of a shape. */
export function stringTermBytes(bytes: number[], text: string): void {
  const { length } = text;
  let latin1 = true;
  for (let i = 0; i < length; i++) latin1 &&= text.charCodeAt(i) <= 0xff;
  if (length <= 31 && latin1) bytes.push(LATIN1 + length);
  else if (!text.isWellFormed()) return utf16Bytes(bytes, text);
  else {
    const utf8 = Buffer.from(text, "utf8");
    const count = utf8.length;
    const tag = count === length ? LATIN1_8 : UTF8_8;
    if (count <= 0xff) bytes.push(tag, count);
    else if (count <= 0xffff) bytes.push(tag + 1, count & 0xff, count >>> 8);
    else
      bytes.push(tag + 2, count & 0xff, (count >>> 8) & 0xff, (count >>> 16) & 0xff, count >>> 24);
    for (const byte of utf8) bytes.push(byte);
    return;
  }
  for (let i = 0; i < length; i++) bytes.push(text.charCodeAt(i));
}

function utf16Bytes(bytes: number[], text: string): void {
  bytes.push(UTF16);
  let count = text.length;
  for (; count > 0x7f; count >>>= 7) bytes.push((count & 0x7f) | 0x80);
  bytes.push(count);
  for (let i = 0; i < text.length; i++)
    bytes.push(text.charCodeAt(i) & 0xff, text.charCodeAt(i) >>> 8);
}
