/**
 * What two nodes say on an established control connection (lane 0). Four kinds of frame have no number and die with
 * their socket: CONTROL_READY, TICK, SUSPECT, SESSION_END. All else is a `ControlMessage` inside numbered DATA frames
 * and survives a resume: PEERS, FUNCTIONS, QUERY, ANSWER, GOODBYE, STOP, and what the services of two nodes say to each
 * other (names, groups, rooms: kinds 0x20 to 0x2f), whose bodies they read themselves.
 */
import { DecodeError } from "../base/error.ts";
import { unreachable } from "../base/assert.ts";
import { NAME_CHARS_MAX, NODE_NAME_CHARS_MAX, SCHEDULERS_MAX } from "../base/limits.ts";
import type { Millis } from "../base/millis.ts";
import type { Identities } from "../term/identities.ts";
import { decode, encode } from "../term/stf.ts";
import { FieldReader, FieldWriter } from "./fields.ts";
import { FrameKind } from "./frame.ts";
import {
  frameOf,
  frameWriter,
  readAddress,
  REFUSE_TEXT_BYTES_MAX,
  type AnnouncedAddress,
} from "./handshake-message.ts";
import { isNodeName } from "./node-name.ts";
import { codeNumber, codeOfNumber, type SessionEndReason } from "./protocol-code.ts";

/** A sign of life and what a peer needs to tell busy from dead. */
export interface Tick {
  /** The peer is to answer with a tick at once. */
  readonly probe: boolean;
  /** The sender's clock in whole milliseconds; only good to be echoed. */
  readonly stamp: Millis;
  /** The last stamp that the sender got, 0 for none. */
  readonly echo: Millis;
  /** The highest fence that the sender has seen. */
  readonly fence: number;
  /** For each scheduler of the sender, milliseconds since it last ran its own tick. */
  readonly lagMs: readonly Millis[];
}

export interface PeerEntry {
  readonly name: string;
  readonly address: AnnouncedAddress;
}

export interface FunctionEntry {
  readonly name: string;
  /** As its author wrote it; empty for none. */
  readonly version: string;
}

export type ControlMessage =
  /** Nodes that this one is connected to, for the mesh; hidden ones are not among them. */
  | { readonly kind: "peers"; readonly peers: readonly PeerEntry[] }
  /** All functions that can be spawned here by name. */
  | { readonly kind: "functions"; readonly functions: readonly FunctionEntry[] }
  /** A question of a command line tool; `id` is the asker's. */
  | { readonly kind: "query"; readonly id: number; readonly verb: string; readonly term: unknown }
  | { readonly kind: "answer"; readonly id: number; readonly ok: boolean; readonly term: unknown }
  /** An orderly end: index k - 1 holds the number of the last frame on lane k. */
  | {
      readonly kind: "goodbye";
      readonly reason: SessionEndReason;
      readonly lastFrames: readonly number[];
    }
  /** A tool asks the node to stop in order. */
  | { readonly kind: "stop" }
  /** From a service to the same one of the peer, by number. A number that the receiver does not know is passed over. */
  | { readonly kind: "service"; readonly service: number; readonly body: Uint8Array };

const MessageKind = {
  peers: 0x01,
  functions: 0x02,
  query: 0x03,
  answer: 0x04,
  goodbye: 0x05,
  stop: 0x06,
  /** The first of sixteen: the service's number is added. */
  service: 0x20,
} as const satisfies { readonly [K in ControlMessage["kind"]]: number };

/** Numbers of services: 0 to this one less. */
export const SERVICE_NUMBERS = 16;

/** Entries of PEERS or FUNCTIONS: what a list may hold at most. */
const ENTRIES_MAX = 65_535;
const VERB_BYTES_MAX = 64;
const VERSION_BYTES_MAX = 255;

/** CONTROL_READY as a whole frame. Shape: kind, received u48. */
export function encodeControlReady(received: number): Uint8Array {
  return frameOf(frameWriter(FrameKind.CONTROL_READY).u48(received));
}

export function decodeControlReady(body: Uint8Array): number {
  return new FieldReader(body, 1).u48();
}

/** TICK as a whole frame. Shape: kind, probe u8, stamp u48, echo u48, fence u53, schedulers u8, lag u32 of each. */
export function encodeTick(tick: Tick): Uint8Array {
  const writer = frameWriter(FrameKind.TICK)
    .u8(tick.probe ? 1 : 0)
    .u48(Math.max(0, Math.floor(tick.stamp)))
    .u48(tick.echo)
    .u53(tick.fence)
    .u8(tick.lagMs.length);
  for (const lagMs of tick.lagMs) writer.u32(Math.min(0xffff_ffff, Math.max(0, Math.round(lagMs))));
  return frameOf(writer);
}

/** @throws {DecodeError} frame_truncated, frame_bad_value */
export function decodeTick(body: Uint8Array): Tick {
  const reader = new FieldReader(body, 1);
  const probe = reader.flag();
  const stamp = reader.u48();
  const echo = reader.u48();
  const fence = reader.u53();
  const schedulers = reader.u8();
  if (schedulers > SCHEDULERS_MAX)
    reader.fail(`${schedulers} schedulers, the limit is ${SCHEDULERS_MAX}`);
  const lagMs: Millis[] = [];
  for (let index = 0; index < schedulers; index++) lagMs.push(reader.u32());
  return { probe, stamp, echo, fence, lagMs };
}

/** SUSPECT as a whole frame: the sender believes this lane's socket dead. Shape: kind, lane u8. */
export function encodeSuspect(lane: number): Uint8Array {
  return frameOf(frameWriter(FrameKind.SUSPECT).u8(lane));
}

export function decodeSuspect(body: Uint8Array): number {
  const reader = new FieldReader(body, 1);
  const lane = reader.u8();
  return lane > SCHEDULERS_MAX ? reader.fail(`lane ${lane}, the limit is ${SCHEDULERS_MAX}`) : lane;
}

/** SESSION_END as a whole frame: the session is over on this side, at once. Shape: kind, code u8, text 2 + n. */
export function encodeSessionEnd(reason: SessionEndReason, text: string): Uint8Array {
  return frameOf(
    frameWriter(FrameKind.SESSION_END).u8(codeNumber(reason)).text(text, REFUSE_TEXT_BYTES_MAX),
  );
}

export function decodeSessionEnd(body: Uint8Array): {
  readonly reason: SessionEndReason;
  readonly text: string;
} {
  const reader = new FieldReader(body, 1);
  return { reason: codeOfNumber(reader.u8()), text: reader.text(REFUSE_TEXT_BYTES_MAX) };
}

/**
 * A message, kind byte first.
 *
 * | kind | fields |
 * | --- | --- |
 * | 0x01 peers | count u32, each: name 2 + n, host 2 + n, port u16 |
 * | 0x02 functions | count u32, each: name 2 + n, version 2 + n |
 * | 0x03 query | id u32, verb 2 + n, term to the end |
 * | 0x04 answer | id u32, ok u8, term to the end |
 * | 0x05 goodbye | reason u8, lanes u8, last frame u48 of each |
 * | 0x06 stop | |
 * | 0x20 + service | what the service says, to the end |
 *
 * @throws {EncodeError} a term cannot be sent
 */
export function encodeControlMessage(message: ControlMessage): Uint8Array {
  if (message.kind === "service") {
    const { service, body } = message;
    const bytes = new Uint8Array(1 + body.length);
    bytes[0] = MessageKind.service + service;
    bytes.set(body, 1);
    return bytes;
  }
  const writer = new FieldWriter().u8(MessageKind[message.kind]);
  switch (message.kind) {
    case "peers":
      writer.u32(message.peers.length);
      for (const { name, address } of message.peers)
        writer.text(name).text(address.host).u16(address.port);
      break;
    case "functions":
      writer.u32(message.functions.length);
      for (const { name, version } of message.functions) writer.text(name).text(version);
      break;
    case "query":
      writer
        .u32(message.id)
        .text(message.verb)
        .bytes(encode(message.term ?? null));
      break;
    case "answer":
      writer
        .u32(message.id)
        .u8(message.ok ? 1 : 0)
        .bytes(encode(message.term ?? null));
      break;
    case "goodbye":
      writer.u8(codeNumber(message.reason)).u8(message.lastFrames.length);
      for (const number of message.lastFrames) writer.u48(number);
      break;
    case "stop":
      break;
    default:
      unreachable(message);
  }
  return writer.finish();
}

/**
 * Decodes a message; pids in terms belong to `identities`.
 * @throws {DecodeError} frame_unknown, frame_truncated, frame_bad_value, and those of terms
 */
export function decodeControlMessage(bytes: Uint8Array, identities: Identities): ControlMessage {
  const reader = new FieldReader(bytes);
  const kind = reader.u8();
  switch (kind) {
    case MessageKind.peers:
      return { kind: "peers", peers: readEntries(reader, readPeer) };
    case MessageKind.functions:
      return { kind: "functions", functions: readEntries(reader, readFunction) };
    case MessageKind.query: {
      const id = reader.u32();
      const verb = reader.text(VERB_BYTES_MAX);
      return { kind: "query", id, verb, term: readTerm(reader, identities) };
    }
    case MessageKind.answer: {
      const id = reader.u32();
      const ok = reader.flag();
      return { kind: "answer", id, ok, term: readTerm(reader, identities) };
    }
    case MessageKind.goodbye: {
      const reason = codeOfNumber(reader.u8());
      const lanes = reader.u8();
      if (lanes > SCHEDULERS_MAX) reader.fail(`${lanes} lanes, the limit is ${SCHEDULERS_MAX}`);
      const lastFrames: number[] = [];
      for (let index = 0; index < lanes; index++) lastFrames.push(reader.u48());
      return { kind: "goodbye", reason, lastFrames };
    }
    case MessageKind.stop:
      return { kind: "stop" };
    default:
      if (kind < MessageKind.service || kind >= MessageKind.service + SERVICE_NUMBERS)
        throw new DecodeError("frame_unknown", `unknown control message kind ${kind}`, 0);
      return { kind: "service", service: kind - MessageKind.service, body: bytes.subarray(1) };
  }
}

function readEntries<T>(reader: FieldReader, read: (reader: FieldReader) => T): T[] {
  const count = reader.u32();
  if (count > ENTRIES_MAX) reader.fail(`${count} entries, the limit is ${ENTRIES_MAX}`);
  const entries: T[] = [];
  for (let index = 0; index < count; index++) entries.push(read(reader));
  return entries;
}

function readPeer(reader: FieldReader): PeerEntry {
  const name = reader.text(NODE_NAME_CHARS_MAX);
  if (!isNodeName(name)) reader.fail(`${JSON.stringify(name)} is no node name`);
  return { name, address: readAddress(reader) };
}

function readFunction(reader: FieldReader): FunctionEntry {
  const name = reader.text(NAME_CHARS_MAX * 4);
  return { name, version: reader.text(VERSION_BYTES_MAX) };
}

function readTerm(reader: FieldReader, identities: Identities): unknown {
  try {
    return decode(reader.bytes(reader.remaining), { identities });
  } catch (error) {
    // A struct that only the other side knows must not end a session over an answer for a human.
    if (error instanceof DecodeError && error.code === "struct_undecodable")
      return { not_decodable: error.message };
    throw error;
  }
}
