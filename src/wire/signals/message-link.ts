import {
  readReason,
  readUint48,
  writeReason,
  type SignalIn,
  type SignalOut,
} from "./signal-field.ts";
import type { WireSignalOf } from "./wire-signal.ts";

/** `exit` and `link_exit`. Shape: reason, from, to. */
export function encodeExit(out: SignalOut, signal: WireSignalOf<"exit" | "link_exit">): void {
  writeReason(out, signal.reason);
  encodeLink(out, signal);
}

export function decodeExit<K extends "exit" | "link_exit">(input: SignalIn, kind: K) {
  const reason = readReason(input);
  return { kind, ...readEnds(input), reason };
}

/** Shape: from, to. */
export function encodeLink(
  { writer, encoder }: SignalOut,
  signal: Pick<WireSignalOf<"link">, "from" | "to">,
): void {
  encoder.writePid(writer, signal.from);
  encoder.writePid(writer, signal.to);
}

export function decodeLink(input: SignalIn): WireSignalOf<"link"> {
  return { kind: "link", ...readEnds(input) };
}

/** `unlink` and `unlink_ack`. Shape: id u48, from, to. */
export function encodeUnlink(out: SignalOut, signal: WireSignalOf<"unlink" | "unlink_ack">): void {
  out.writer.uint48(signal.id);
  encodeLink(out, signal);
}

export function decodeUnlink<K extends "unlink" | "unlink_ack">(input: SignalIn, kind: K) {
  const id = readUint48(input.reader);
  return { kind, ...readEnds(input), id };
}

function readEnds({ reader, decoder }: SignalIn) {
  const from = decoder.readPid(reader);
  return { from, to: decoder.readPid(reader) };
}
