/**
 * The messages of a lane's handshake (D2): LANE_HELLO, LANE_PROOF, LANE_READY, and REFUSE as on the control
 * connection. Bytes behind the last field of a LANE_HELLO are ignored.
 */
import { ProtocolError } from "../base/error.ts";
import { SCHEDULERS_MAX } from "../base/limits.ts";
import { FieldReader } from "./fields.ts";
import { FrameKind } from "./frame.ts";
import {
  frameOf,
  frameWriter,
  headOf,
  MAGIC,
  NONCE_BYTES,
  PROOF_BYTES,
  SESSION_ID_BYTES,
} from "./handshake-message.ts";

/** Names the session and the lane that a connection is for; the acceptor answers with the same and its own nonce. */
export interface LaneHello {
  readonly session: Uint8Array;
  /** 1 to 63. */
  readonly lane: number;
  readonly nonce: Uint8Array;
}

/** What a side has of the other's frames: the number of the last complete one. */
export interface LaneReady {
  readonly received: number;
  readonly proof: Uint8Array;
}

/** LANE_HELLO as a whole frame. Shape: kind, magic u32, session 16, lane u8, nonce 32. */
export function encodeLaneHello(hello: LaneHello): Uint8Array {
  return frameOf(
    frameWriter(FrameKind.LANE_HELLO)
      .u32(MAGIC)
      .bytes(hello.session)
      .u8(hello.lane)
      .bytes(hello.nonce),
  );
}

/**
 * @throws {DecodeError} frame_truncated
 * @throws {ProtocolError} bad_magic, bad_lane
 */
export function decodeLaneHello(body: Uint8Array): LaneHello {
  const reader = new FieldReader(body, 1);
  const magic = reader.u32();
  if (magic !== MAGIC) {
    throw new ProtocolError(
      "bad_magic",
      `got magic ${magic.toString(16)}, expected ${MAGIC.toString(16)}`,
    );
  }
  const session = reader.bytes(SESSION_ID_BYTES);
  const lane = reader.u8();
  if (lane < 1 || lane > SCHEDULERS_MAX) {
    throw new ProtocolError("bad_lane", `got lane ${lane}, expected 1 to ${SCHEDULERS_MAX}`);
  }
  return { session, lane, nonce: reader.bytes(NONCE_BYTES) };
}

/** LANE_PROOF up to its proof. Shape: kind, proof 32. */
export function encodeLaneProofHead(): Uint8Array {
  return headOf(frameWriter(FrameKind.LANE_PROOF), PROOF_BYTES);
}

/** @throws {DecodeError} frame_truncated, frame_bad_value */
export function decodeLaneProof(body: Uint8Array): Uint8Array {
  const reader = new FieldReader(body, 1);
  const proof = reader.bytes(PROOF_BYTES);
  reader.end();
  return proof;
}

/** LANE_READY up to its proof. Shape: kind, received u48, proof 32. */
export function encodeLaneReadyHead(received: number): Uint8Array {
  return headOf(frameWriter(FrameKind.LANE_READY).u48(received), PROOF_BYTES);
}

/** @throws {DecodeError} frame_truncated, frame_bad_value */
export function decodeLaneReady(body: Uint8Array): LaneReady {
  const reader = new FieldReader(body, 1);
  const ready = { received: reader.u48(), proof: reader.bytes(PROOF_BYTES) };
  reader.end();
  return ready;
}
