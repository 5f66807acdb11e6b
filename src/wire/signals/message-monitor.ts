import {
  readName,
  readOptionalPid,
  readReason,
  readTarget,
  writeName,
  writeOptionalPid,
  writeReason,
  writeTarget,
  type SignalIn,
  type SignalOut,
} from "./signal-field.ts";
import type { WireSignalOf } from "./wire-signal.ts";

/** Shape: from, ref, to. */
export function encodeMonitor(
  { writer, encoder }: SignalOut,
  signal: WireSignalOf<"monitor">,
): void {
  encoder.writePid(writer, signal.from);
  encoder.writeRef(writer, signal.ref);
  encoder.writePid(writer, signal.to);
}

export function decodeMonitor({ reader, decoder }: SignalIn): WireSignalOf<"monitor"> {
  const from = decoder.readPid(reader);
  const ref = decoder.readRef(reader);
  return { kind: "monitor", from, ref, to: decoder.readPid(reader) };
}

/** Shape: from, ref, name, node. */
export function encodeMonitorNamed(out: SignalOut, signal: WireSignalOf<"monitor_named">): void {
  out.encoder.writePid(out.writer, signal.from);
  out.encoder.writeRef(out.writer, signal.ref);
  writeName(out, signal);
}

export function decodeMonitorNamed(input: SignalIn): WireSignalOf<"monitor_named"> {
  const from = input.decoder.readPid(input.reader);
  const ref = input.decoder.readRef(input.reader);
  return { kind: "monitor_named", from, ref, ...readName(input) };
}

/** Shape: from, ref, target. */
export function encodeDemonitor(out: SignalOut, signal: WireSignalOf<"demonitor">): void {
  out.encoder.writePid(out.writer, signal.from);
  out.encoder.writeRef(out.writer, signal.ref);
  writeTarget(out, signal.to);
}

export function decodeDemonitor(input: SignalIn): WireSignalOf<"demonitor"> {
  const from = input.decoder.readPid(input.reader);
  const ref = input.decoder.readRef(input.reader);
  return { kind: "demonitor", from, ref, to: readTarget(input) };
}

/** Shape: reason, from (optional pid), to, ref, target. */
export function encodeDown(out: SignalOut, signal: WireSignalOf<"down">): void {
  writeReason(out, signal.reason);
  writeOptionalPid(out, signal.from);
  out.encoder.writePid(out.writer, signal.to);
  out.encoder.writeRef(out.writer, signal.ref);
  writeTarget(out, signal.target);
}

export function decodeDown(input: SignalIn): WireSignalOf<"down"> {
  const reason = readReason(input);
  const from = readOptionalPid(input);
  const to = input.decoder.readPid(input.reader);
  const ref = input.decoder.readRef(input.reader);
  return { kind: "down", from, to, ref, target: readTarget(input), reason };
}
