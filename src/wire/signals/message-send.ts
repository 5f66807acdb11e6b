import {
  readName,
  readOptionalPid,
  readTerm,
  readUint8,
  writeName,
  writeOptionalPid,
  type SignalIn,
  type SignalOut,
} from "./signal-field.ts";
import type { Undecodable, WireSignalOf } from "./wire-signal.ts";

type Message = WireSignalOf<"message">;
type MessageNamed = WireSignalOf<"message_named">;
type Multicast = WireSignalOf<"multicast">;

/** A message with its pids spelled out. Shape: term, from (optional pid), to. The hot path is in `session/lane.ts`. */
export function encodeMessage(out: SignalOut, signal: Message): boolean {
  if (!out.encoder.tryWrite(out.writer, signal.message, out.termBytesMax)) return false;
  writeOptionalPid(out, signal.from);
  out.encoder.writePid(out.writer, signal.to);
  return true;
}

export function decodeMessage(input: SignalIn): Message | Undecodable {
  const { value: message, error } = readTerm(input);
  const from = readOptionalPid(input);
  const signal: Message = {
    kind: "message",
    from,
    to: input.decoder.readPid(input.reader),
    message,
  };
  return error === undefined ? signal : { kind: "undecodable", signal, error };
}

/** Shape: term, from (optional pid), name, node. */
export function encodeMessageNamed(out: SignalOut, signal: MessageNamed): boolean {
  if (!out.encoder.tryWrite(out.writer, signal.message, out.termBytesMax)) return false;
  writeOptionalPid(out, signal.from);
  writeName(out, signal);
  return true;
}

export function decodeMessageNamed(input: SignalIn): MessageNamed | Undecodable {
  const { value: message, error } = readTerm(input);
  const from = readOptionalPid(input);
  const { name, node } = readName(input);
  const signal: MessageNamed = { kind: "message_named", from, name, node, message };
  return error === undefined ? signal : { kind: "undecodable", signal, error };
}

/** Shape: term, from (optional pid), service u8, topic (name), node. */
export function encodeMulticast(out: SignalOut, signal: Multicast): boolean {
  const { message, from, service, topic, node } = signal;
  if (!out.encoder.tryWrite(out.writer, message, out.termBytesMax)) return false;
  writeOptionalPid(out, from);
  out.writer.uint8(service);
  writeName(out, { name: topic, node });
  return true;
}

export function decodeMulticast(input: SignalIn): Multicast | Undecodable {
  const { value: message, error } = readTerm(input);
  const from = readOptionalPid(input);
  const service = readUint8(input.reader);
  const { name: topic, node } = readName(input);
  const signal: Multicast = { kind: "multicast", from, node, service, topic, message };
  return error === undefined ? signal : { kind: "undecodable", signal, error };
}
