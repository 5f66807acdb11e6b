/**
 * What two nodes say of a replicated table (`cluster/replica-set.ts`): inside the body of a service's control message.
 * Integers are little-endian.
 *
 * | kind | message | fields |
 * | --- | --- | --- |
 * | 0x80 | have | state: what the sender holds of the receiver's table; version 0 for nothing |
 * | 0x81 | same | the receiver has it all |
 * | 0x82 | full | flags u8 (bit 0 first, bit 1 last), place u32 among the parts, state (of the whole), changes to the end |
 * | 0x83 | delta | version u48 of the first change, changes to the end |
 * | 0x84 | digest | state of the sender's table |
 *
 * A state is version u48, count u32, digest u32, u32. A change is flags u8 (bit 0: a bucket follows, else it is the one
 * before; bit 1: the entry is gone; bit 2: a value follows), the bucket as text, the member u48, the value as u16 and bytes.
 */
import { unreachable } from "../base/assert.ts";
import { DecodeError } from "../base/error.ts";
import { NAME_CHARS_MAX } from "../base/limits.ts";
import { FieldReader, FieldWriter } from "./fields.ts";

/** Bytes of the longest bucket: two names, every character of three bytes, and what parts them. */
const BUCKET_BYTES_MAX = 2 * NAME_CHARS_MAX * 3 + 1;

const NOTHING = new Uint8Array(0);

/** What one table holds, in little. Two tables with equal states hold the same, but for chance. */
export interface TableState {
  /** Changes so far. */
  readonly version: number;
  /** Entries. */
  readonly count: number;
  /** Sums over all entries, 32 bits each. */
  readonly low: number;
  readonly high: number;
}

/** One entry as it is now; without `value` it is gone. */
export interface Change {
  readonly bucket: string;
  /** 48 bits. */
  readonly member: number;
  readonly value: Uint8Array | undefined;
}

export type ReplicaMessage =
  | { readonly kind: "have"; readonly state: TableState }
  | { readonly kind: "same" }
  | {
      readonly kind: "full";
      readonly first: boolean;
      readonly last: boolean;
      readonly place: number;
      readonly state: TableState;
      readonly changes: readonly Change[];
    }
  /** `version` is that of the table after the first change. */
  | { readonly kind: "delta"; readonly version: number; readonly changes: readonly Change[] }
  | { readonly kind: "digest"; readonly state: TableState };

const Kind = {
  have: 0x80,
  same: 0x81,
  full: 0x82,
  delta: 0x83,
  digest: 0x84,
} as const satisfies { readonly [K in ReplicaMessage["kind"]]: number };

/** Whether the body of a service's message is one of a table: services use the kinds below for themselves. */
export const isReplicaMessage = (body: Uint8Array): boolean => (body[0] ?? 0) >= Kind.have;

/** The bytes of a message, kind first. */
export function encodeReplicaMessage(message: ReplicaMessage): Uint8Array {
  const writer = new FieldWriter().u8(Kind[message.kind]);
  switch (message.kind) {
    case "have":
    case "digest":
      writeState(writer, message.state);
      break;
    case "same":
      break;
    case "full":
      writer.u8((message.first ? 1 : 0) | (message.last ? 2 : 0)).u32(message.place);
      writeState(writer, message.state);
      writeChanges(writer, message.changes);
      break;
    case "delta":
      writer.u48(message.version);
      writeChanges(writer, message.changes);
      break;
    default:
      unreachable(message);
  }
  return writer.finish();
}

/** @throws {DecodeError} frame_unknown, frame_truncated, frame_bad_value */
export function decodeReplicaMessage(body: Uint8Array): ReplicaMessage {
  const reader = new FieldReader(body);
  const kind = reader.u8();
  switch (kind) {
    case Kind.have:
      return { kind: "have", state: readState(reader) };
    case Kind.same:
      return { kind: "same" };
    case Kind.full: {
      const flags = reader.u8();
      const place = reader.u32();
      const state = readState(reader);
      const changes = readChanges(reader);
      return {
        kind: "full",
        first: (flags & 1) !== 0,
        last: (flags & 2) !== 0,
        place,
        state,
        changes,
      };
    }
    case Kind.delta: {
      const version = reader.u48();
      return { kind: "delta", version, changes: readChanges(reader) };
    }
    case Kind.digest:
      return { kind: "digest", state: readState(reader) };
    default:
      throw new DecodeError("frame_unknown", `unknown message of a table: kind ${kind}`, 0);
  }
}

function writeState(writer: FieldWriter, { version, count, low, high }: TableState): void {
  writer.u48(version).u32(count).u32(low).u32(high);
}

function readState(reader: FieldReader): TableState {
  const version = reader.u48();
  return { version, count: reader.u32(), low: reader.u32(), high: reader.u32() };
}

function writeChanges(writer: FieldWriter, changes: readonly Change[]): void {
  let last: string | undefined;
  for (const { bucket, member, value } of changes) {
    const isNew = bucket !== last;
    const carries = value !== undefined && value.length > 0;
    writer.u8((isNew ? 1 : 0) | (value === undefined ? 2 : 0) | (carries ? 4 : 0));
    if (isNew) writer.text(bucket);
    last = bucket;
    writer.u48(member);
    if (carries) writer.u16(value.length).bytes(value);
  }
}

function readChanges(reader: FieldReader): Change[] {
  const changes: Change[] = [];
  let bucket: string | undefined;
  while (reader.remaining > 0) {
    const flags = reader.u8();
    if (flags > 7 || (flags & 6) === 6) reader.fail(`flags of a change are ${flags}`);
    if ((flags & 1) !== 0) bucket = reader.text(BUCKET_BYTES_MAX);
    if (bucket === undefined) return reader.fail("a change before the first bucket");
    const member = reader.u48();
    let value: Uint8Array | undefined = NOTHING;
    if ((flags & 2) !== 0) value = undefined;
    else if ((flags & 4) !== 0) value = reader.bytes(reader.u16());
    changes.push({ bucket, member, value });
  }
  return changes;
}
