import type { ByteReader } from "../../base/bytes.ts";
import { SCHEDULERS_MAX } from "../../base/limits.ts";
import {
  badValue,
  readFlag,
  readOptionalPid,
  readTerm,
  readUint32,
  readUint48,
  readUint53,
  readUint8,
  writeOptionalPid,
  writeUint53,
  type SignalIn,
  type SignalOut,
} from "./signal-field.ts";
import type { Undecodable, WireChildTerms, WireSignalOf, WireSpawnFailure } from "./wire-signal.ts";

type SpawnRequest = WireSignalOf<"spawn_request">;
type SpawnReply = WireSignalOf<"spawn_reply">;

/** The failure's index is its number on the wire. */
const FAILURES: readonly WireSpawnFailure[] = ["undef", "badarg", "noconnection", "name_taken"];

const LINK = 1;
const MONITOR = 2;
const NAME = 4;
const MAILBOX_MAX = 8;
const CHILD = 16;

/**
 * Shape: args (an array), from, ref, node, function name, scheduler u8 (0 = spread), flags u8 (1 link, 2 monitor,
 * 4 name follows, 8 mailbox limit follows, 16 a supervisor's child), name, mailbox limit u48, fence u53, lease u32,
 * shutdown u32.
 */
export function encodeSpawnRequest(out: SignalOut, signal: SpawnRequest): boolean {
  const { writer, encoder } = out;
  const { child, link, monitor, name, mailboxMax } = signal.options;
  if (!encoder.tryWrite(writer, signal.args, out.termBytesMax)) return false;
  encoder.writePid(writer, signal.from);
  encoder.writeRef(writer, signal.ref);
  encoder.writeName(writer, signal.node);
  encoder.writeName(writer, signal.functionName);
  writer.uint8(signal.scheduler === "spread" ? 0 : signal.scheduler);
  writer.uint8(
    (link ? LINK : 0) |
      (monitor ? MONITOR : 0) |
      (name === undefined ? 0 : NAME) |
      (mailboxMax === undefined ? 0 : MAILBOX_MAX) |
      (child === undefined ? 0 : CHILD),
  );
  if (name !== undefined) encoder.writeName(writer, name);
  if (mailboxMax !== undefined) writer.uint48(mailboxMax);
  if (child !== undefined) {
    writeUint53(writer, child.fence);
    writer.uint32(child.leaseMs);
    writer.uint32(child.shutdownMs);
  }
  return true;
}

export function decodeSpawnRequest(input: SignalIn): SpawnRequest | Undecodable {
  const { reader, decoder } = input;
  const { value: args, error } = readTerm(input);
  if (error === undefined && !Array.isArray(args))
    throw badValue(reader, "spawn arguments are no array");
  const from = decoder.readPid(reader);
  const ref = decoder.readRef(reader);
  const node = decoder.readName(reader);
  const functionName = decoder.readName(reader);
  const scheduler = readUint8(reader);
  if (scheduler > SCHEDULERS_MAX)
    throw badValue(reader, `scheduler ${scheduler}, the limit is ${SCHEDULERS_MAX}`);
  const flags = readUint8(reader);
  const signal: SpawnRequest = {
    kind: "spawn_request",
    from,
    ref,
    node,
    scheduler: scheduler === 0 ? "spread" : scheduler,
    functionName,
    args: error === undefined ? (args as unknown[]) : [],
    options: {
      link: (flags & LINK) !== 0,
      monitor: (flags & MONITOR) !== 0,
      name: (flags & NAME) !== 0 ? decoder.readName(reader) : undefined,
      mailboxMax: (flags & MAILBOX_MAX) !== 0 ? readUint48(reader) : undefined,
      ...((flags & CHILD) !== 0 && { child: readChildTerms(reader) }),
    },
  };
  return error === undefined ? signal : { kind: "undecodable", signal, error };
}

function readChildTerms(reader: ByteReader): WireChildTerms {
  const fence = readUint53(reader);
  return { fence, leaseMs: readUint32(reader), shutdownMs: readUint32(reader) };
}

/** Shape: from (optional pid), to, ref, ok flag, then the pid or the failure u8. */
export function encodeSpawnReply(out: SignalOut, signal: SpawnReply): void {
  const { writer, encoder } = out;
  writeOptionalPid(out, signal.from);
  encoder.writePid(writer, signal.to);
  encoder.writeRef(writer, signal.ref);
  writer.uint8(signal.result.ok ? 1 : 0);
  if (signal.result.ok) encoder.writePid(writer, signal.result.pid);
  else writer.uint8(FAILURES.indexOf(signal.result.code));
}

export function decodeSpawnReply(input: SignalIn): SpawnReply {
  const { reader, decoder } = input;
  const from = readOptionalPid(input);
  const to = decoder.readPid(reader);
  const ref = decoder.readRef(reader);
  if (readFlag(reader)) {
    return {
      kind: "spawn_reply",
      from,
      to,
      ref,
      result: { ok: true, pid: decoder.readPid(reader) },
    };
  }
  const code = FAILURES[readUint8(reader)];
  if (code === undefined) throw badValue(reader, "unknown spawn failure");
  return { kind: "spawn_reply", from, to, ref, result: { ok: false, code } };
}
