import { DecodeError } from "../../base/error.ts";
import { describeTerm } from "../../term/decode/describe.ts";
import { decode, encode } from "../../term/stf.ts";
import { isOn, parseTerm, usage, valueOf } from "../arguments.ts";
import { jsonLine, showTerm } from "../show.ts";
import { JSON_OPTION } from "../talk.ts";
import type { Verb } from "../verb.ts";
import type { World } from "../world.ts";

/** The bytes of a term by hand. */
export const term: Verb = {
  name: "term",
  summary: "Show the bytes of a term, or the term that bytes are, in the Snow Term Format.",
  about:
    "encode takes a term as JSON, or any text, and shows its bytes with what each says.\n" +
    "decode takes bytes in hexadecimal, or those of a file or of standard input, and shows the term and the same notes.",
  operands: ["encode|decode", "[term|hex]"],
  options: [
    { name: "--hex", value: undefined, doc: "Only the bytes, in hexadecimal, on one line." },
    { name: "--file", value: "FILE", doc: "decode: read the bytes from this file." },
    { ...JSON_OPTION, doc: "decode: only the term, as one line of JSON." },
  ],
  examples: [`snow-node term encode '{"type":"add","by":5}'`, "snow-node term decode 01a3010203"],
  async run(args, world) {
    const [action, text] = args.operands;
    if (action === "encode") {
      if (text === undefined) throw usage("expected a term to encode, got nothing");
      const bytes = encode(parseTerm(text));
      world.terminal.write(isOn(args, "--hex") ? `${bytes.toHex()}\n` : `${describeTerm(bytes)}\n`);
      return 0;
    }
    if (action !== "decode")
      throw usage(`expected encode or decode, got ${JSON.stringify(action)}`);
    const bytes = await bytesOf(text, valueOf(args, "--file"), world);
    const isDump = !isOn(args, "--json") && !isOn(args, "--hex");
    const value = decodeOrDump(bytes, isDump, world);
    if (isOn(args, "--json")) world.terminal.write(jsonLine(value));
    else if (isOn(args, "--hex")) world.terminal.write(`${bytes.toHex()}\n`);
    else world.terminal.write(`${describeTerm(bytes)}\n\n${showTerm(value)}\n`);
    return 0;
  },
};

/** Bytes that are no term are those that somebody wants to look at: they are shown as far as they go. */
function decodeOrDump(bytes: Uint8Array, isDump: boolean, world: World): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof DecodeError && isDump) world.terminal.write(`${describeTerm(bytes)}\n`);
    throw error;
  }
}

async function bytesOf(
  text: string | undefined,
  file: string | undefined,
  world: World,
): Promise<Uint8Array> {
  if (file !== undefined) {
    if (text !== undefined) throw usage("expected bytes or --file, got both");
    return readFile(file, world);
  }
  const input = text === undefined || text === "-" ? await world.terminal.readInput() : undefined;
  if (input !== undefined) return input;
  const hex = (text ?? "").replaceAll(/\s/g, "");
  if (hex === "" || hex.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(hex)) {
    throw usage(
      `expected bytes in hexadecimal, got ${text === undefined ? "nothing" : JSON.stringify(text)}`,
    );
  }
  return Uint8Array.fromHex(hex);
}

function readFile(file: string, world: World): Uint8Array {
  try {
    return world.folders.readBytes(file.startsWith("/") ? file : `${world.directory}/${file}`);
  } catch {
    throw usage(`--file: expected a file that can be read, got ${JSON.stringify(file)}`);
  }
}
