/**
 * The four messages of a control connection's handshake (D9), one frame each: HELLO, PROOF, COMMIT, REFUSE. Every field
 * is checked here. Bytes behind the last field of a HELLO belong to later versions and are ignored; a proof covers
 * its frame up to the proof itself, so PROOF, COMMIT and REFUSE end where they end.
 */
import { NODE_NAME_CHARS_MAX, SCHEDULERS_MAX } from "../base/limits.ts";
import type { Millis } from "../base/millis.ts";
import { ProtocolError } from "../base/error.ts";
import type { Capabilities } from "./capabilities.ts";
import { FieldReader, FieldWriter } from "./fields.ts";
import { FRAME_PREFIX_BYTES, FrameKind } from "./frame.ts";
import { isNodeName } from "./node-name.ts";
import { codeNumber, codeOfNumber, type SessionEndReason } from "./protocol-code.ts";
import type { VersionRange } from "./version.ts";

/** `SNOW`: the first bytes of every HELLO. */
export const MAGIC = 0x574f4e53;
export const NONCE_BYTES = 32;
export const PROOF_BYTES = 32;
export const SESSION_ID_BYTES = 16;
/** Cookies that one PROOF may try: the old and the new one of a rotation. */
export const PROOFS_MAX = 2;
/** Bytes of a host name or address in a HELLO: DNS names have at most 253. */
export const HOST_BYTES_MAX = 255;
/** Bytes of the text in a REFUSE. */
export const REFUSE_TEXT_BYTES_MAX = 512;

export const TLS_MODES = ["off", "auto", "ca"] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** Where a peer dials a node: what it announces, not where a socket came from. */
export interface AnnouncedAddress {
  readonly host: string;
  readonly port: number;
}

/** What a node says about itself. */
export interface Hello {
  readonly versions: VersionRange;
  readonly capabilities: Capabilities;
  readonly tlsMode: TlsMode;
  /** `name@host`, without a port. */
  readonly name: string;
  /** Start of the node in milliseconds since 2020; 48 bits, above 0. */
  readonly creation: number;
  /** 32 random bytes, new for every connection. */
  readonly nonce: Uint8Array;
  /** Undefined: cannot be dialled. */
  readonly address: AnnouncedAddress | undefined;
  /** Number of schedulers, 1 to 63; 0 for a tool without processes. */
  readonly schedulers: number;
  /** Port of each scheduler's lane listener, index 0 for scheduler 1; empty when `address` is undefined. */
  readonly lanePorts: readonly number[];
  /** Seen by nobody: not in lists, not in the mesh. */
  readonly hidden: boolean;
  /** Milliseconds this node waits before it ticks a silent connection. */
  readonly tickIntervalMs: Millis;
  /** Milliseconds this node keeps a session without its sockets. */
  readonly graceMs: Millis;
}

/** One proof for each cookie tried, and the session this side still has with the peer, if any. */
export interface Proof {
  readonly resume: Uint8Array | undefined;
  /** One or two of 32 bytes. */
  readonly proofs: readonly Uint8Array[];
}

export interface Commit {
  readonly session: Uint8Array;
  readonly version: number;
  readonly proof: Uint8Array;
}

export interface Refuse {
  readonly code: SessionEndReason;
  readonly text: string;
  /** Undefined before both sides are known: then it is a hint for the log and no more. */
  readonly proof: Uint8Array | undefined;
}

/**
 * HELLO as a whole frame.
 *
 * | field | bytes |
 * | --- | --- |
 * | length, kind 0x01 | 4, 1 |
 * | magic `SNOW` | 4 |
 * | lowest and highest version | 2, 2 |
 * | capabilities offered, required | 4, 4 |
 * | TLS mode: 0 off, 1 auto, 2 ca | 1 |
 * | flags: bit 0 hidden, bit 1 an address follows | 1 |
 * | creation | 6 |
 * | nonce | 32 |
 * | tick interval, grace, in ms | 4, 4 |
 * | name | 2 + n |
 * | with bit 1: host, port | 2 + n, 2 |
 * | schedulers | 1 |
 * | with bit 1: lane port of each scheduler | 2 each |
 */
export function encodeHello(hello: Hello): Uint8Array {
  const { address } = hello;
  const writer = frameWriter(FrameKind.HELLO)
    .u32(MAGIC)
    .u16(hello.versions.min)
    .u16(hello.versions.max)
    .u32(hello.capabilities.offered)
    .u32(hello.capabilities.required)
    .u8(TLS_MODES.indexOf(hello.tlsMode))
    .u8((hello.hidden ? 1 : 0) | (address === undefined ? 0 : 2))
    .u48(hello.creation)
    .bytes(hello.nonce)
    .u32(hello.tickIntervalMs)
    .u32(hello.graceMs)
    .text(hello.name);
  if (address !== undefined) writer.text(address.host).u16(address.port);
  writer.u8(hello.schedulers);
  if (address !== undefined) for (const port of hello.lanePorts) writer.u16(port);
  return frameOf(writer);
}

/**
 * Decodes the body of a HELLO.
 * @throws {DecodeError} frame_truncated, frame_bad_value
 * @throws {ProtocolError} bad_magic, bad_name
 */
export function decodeHello(body: Uint8Array): Hello {
  const reader = new FieldReader(body, 1);
  const magic = reader.u32();
  if (magic !== MAGIC) {
    throw new ProtocolError(
      "bad_magic",
      `got magic ${magic.toString(16)}, expected ${MAGIC.toString(16)}`,
    );
  }
  const versions = { min: reader.u16(), max: reader.u16() };
  if (versions.min < 1 || versions.min > versions.max) {
    reader.fail(`versions ${versions.min} to ${versions.max} are no range`);
  }
  const capabilities = { offered: reader.u32(), required: reader.u32() };
  const tlsMode = TLS_MODES[reader.u8()] ?? reader.fail("unknown TLS mode");
  const flags = reader.u8();
  const creation = reader.u48();
  if (creation === 0) reader.fail("creation is 0");
  const nonce = reader.bytes(NONCE_BYTES);
  const tickIntervalMs = reader.u32();
  if (tickIntervalMs === 0) reader.fail("tick interval is 0");
  const graceMs = reader.u32();
  const name = reader.text(NODE_NAME_CHARS_MAX);
  if (!isNodeName(name)) {
    throw new ProtocolError("bad_name", `got ${JSON.stringify(name)}, expected name@host`);
  }
  const announced = (flags & 2) !== 0;
  const address = announced ? readAddress(reader) : undefined;
  const schedulers = reader.u8();
  if (schedulers > SCHEDULERS_MAX)
    reader.fail(`${schedulers} schedulers, the limit is ${SCHEDULERS_MAX}`);
  const lanePorts: number[] = [];
  for (let index = 0; announced && index < schedulers; index++) lanePorts.push(readPort(reader));
  const hidden = (flags & 1) !== 0;
  return {
    versions,
    capabilities,
    tlsMode,
    name,
    creation,
    nonce,
    address,
    schedulers,
    lanePorts,
    hidden,
    tickIntervalMs,
    graceMs,
  };
}

/**
 * PROOF up to its proofs; `sealFrame` adds them. Shape: kind, count u8, resume flag u8, session 16 if so, then `count`
 * proofs of 32 bytes. What a proof covers includes everything before the first of them, the length too.
 */
export function encodeProofHead(count: number, resume: Uint8Array | undefined): Uint8Array {
  const writer = frameWriter(FrameKind.PROOF)
    .u8(count)
    .u8(resume === undefined ? 0 : 1);
  if (resume !== undefined) writer.bytes(resume);
  return headOf(writer, count * PROOF_BYTES);
}

/** @throws {DecodeError} frame_truncated, frame_bad_value */
export function decodeProof(body: Uint8Array): Proof {
  const reader = new FieldReader(body, 1);
  const count = reader.u8();
  if (count < 1 || count > PROOFS_MAX) reader.fail(`${count} proofs, expected 1 to ${PROOFS_MAX}`);
  const resume = reader.flag() ? reader.bytes(SESSION_ID_BYTES) : undefined;
  const proofs: Uint8Array[] = [];
  for (let index = 0; index < count; index++) proofs.push(reader.bytes(PROOF_BYTES));
  reader.end();
  return { resume, proofs };
}

/** COMMIT up to its proof. Shape: kind, session 16, version u16, proof 32. */
export function encodeCommitHead(session: Uint8Array, version: number): Uint8Array {
  return headOf(frameWriter(FrameKind.COMMIT).bytes(session).u16(version), PROOF_BYTES);
}

/** @throws {DecodeError} frame_truncated, frame_bad_value */
export function decodeCommit(body: Uint8Array): Commit {
  const reader = new FieldReader(body, 1);
  const commit = {
    session: reader.bytes(SESSION_ID_BYTES),
    version: reader.u16(),
    proof: reader.bytes(PROOF_BYTES),
  };
  reader.end();
  return commit;
}

/** REFUSE up to its proof, if it has one. Shape: kind, code u8, text 2 + n, proved flag u8, proof 32 if so. */
export function encodeRefuseHead(
  code: SessionEndReason,
  text: string,
  proved: boolean,
): Uint8Array {
  const writer = frameWriter(FrameKind.REFUSE)
    .u8(codeNumber(code))
    .text(text, REFUSE_TEXT_BYTES_MAX)
    .u8(proved ? 1 : 0);
  return headOf(writer, proved ? PROOF_BYTES : 0);
}

/** @throws {DecodeError} frame_truncated, frame_bad_value */
export function decodeRefuse(body: Uint8Array): Refuse {
  const reader = new FieldReader(body, 1);
  const code = codeOfNumber(reader.u8());
  // Control characters of a stranger must not reach a terminal through our log.
  const text = reader.text(REFUSE_TEXT_BYTES_MAX).replace(/[\p{Cc}\p{Cf}]/gu, "?");
  const proof = reader.flag() ? reader.bytes(PROOF_BYTES) : undefined;
  reader.end();
  return { code, text, proof };
}

/** A frame of a head and the proofs that belong behind it. */
export function sealFrame(head: Uint8Array, proofs: readonly Uint8Array[]): Uint8Array {
  const writer = new FieldWriter(head.length + proofs.length * PROOF_BYTES).bytes(head);
  for (const proof of proofs) writer.bytes(proof);
  return writer.finish();
}

/** Starts a frame whose length is set by `frameOf` or `headOf`. */
export function frameWriter(kind: number): FieldWriter {
  return new FieldWriter().u32(0).u8(kind);
}

/** The whole frame of what was written. */
export function frameOf(writer: FieldWriter): Uint8Array {
  return headOf(writer, 0);
}

/** The beginning of a frame that is `more` bytes longer than what was written. */
export function headOf(writer: FieldWriter, more: number): Uint8Array {
  writer.setU32(0, writer.length - FRAME_PREFIX_BYTES + more);
  return writer.finish();
}

/** Where a node can be dialled: host 2 + n, port u16, neither of them empty. */
export function readAddress(reader: FieldReader): AnnouncedAddress {
  const host = reader.text(HOST_BYTES_MAX);
  if (!/^[A-Za-z0-9._:%-]+$/.test(host)) reader.fail(`host is ${JSON.stringify(host)}`);
  return { host, port: readPort(reader) };
}

function readPort(reader: FieldReader): number {
  const port = reader.u16();
  return port === 0 ? reader.fail("port is 0") : port;
}
