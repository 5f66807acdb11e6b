import type { ProtocolErrorCode } from "../base/error.ts";

/**
 * Why a session ended, as it appears in `NodeDown`, in logs and in SESSION_END. The codes of `ProtocolError` say that a
 * peer broke the protocol; the others are OTP's `nodedown` reasons and ours beside them.
 */
export type SessionEndReason =
  | ProtocolErrorCode
  | "disconnect"
  | "shutdown"
  | "connection_closed"
  | "net_tick_timeout"
  | "node_restarted"
  | "scheduler_killed";

/** The number on the wire and the sentence for the operator of each code; numbers are never used twice. */
const CODES: { readonly [C in SessionEndReason]: readonly [number: number, sentence: string] } = {
  unexpected_message: [
    1,
    "the peer sent a message that this state does not expect; are both nodes the same release?",
  ],
  bad_magic: [2, "the peer does not speak this protocol; check the address and port"],
  bad_digest: [
    3,
    "the cookies differ, or someone sits between the nodes; compare the cookie files of both",
  ],
  bad_name: [4, "the node name is not what was expected; names are name@host"],
  bad_lane: [5, "there is no such lane"],
  bad_sequence: [6, "frames are missing or doubled"],
  version_unsupported: [7, "the protocol versions do not overlap; upgrade the older node"],
  capability_missing: [
    8,
    "a capability that one side requires is missing at the other; upgrade the older node",
  ],
  tls_mode_differs: [9, "the TLS modes differ; set the same tls.mode on both nodes"],
  handshake_timeout: [10, "the handshake took too long"],
  peer_silent: [11, "the peer is silent"],
  name_taken: [12, "another living node has this name; stop it or choose another name"],
  connected_to_self: [13, "this is the node itself; remove it from the seeds"],
  already_connected: [14, "the nodes are already connected, or about to be on another connection"],
  session_over: [15, "the session is over; a new one has to be made"],
  lane_overrun: [16, "system signals waited beyond the hard limit of a lane"],
  not_allowed: [17, "this node is not allowed to connect"],
  malformed: [18, "the peer sent bytes that cannot be decoded"],
  certificate_other_host: [
    19,
    "the certificate does not stand for the host in the node's name; make one for it with snow-node cert",
  ],
  disconnect: [64, "an operator or a process asked for it"],
  shutdown: [65, "the node stopped"],
  connection_closed: [66, "the connection was lost for longer than the grace"],
  net_tick_timeout: [67, "the node was silent for longer than the tick time-out"],
  node_restarted: [68, "the node started anew"],
  scheduler_killed: [69, "a scheduler of the node was killed"],
};

const byNumber = new Map<number, SessionEndReason>(
  Object.entries(CODES).map(([code, [number]]) => [number, code as SessionEndReason]),
);

/** The code's number on the wire, 1 to 255. */
export function codeNumber(code: SessionEndReason): number {
  return CODES[code][0];
}

/** What the code means for the operator and what to do, without a full stop. */
export function codeSentence(code: SessionEndReason): string {
  return CODES[code][1];
}

/** The code of a number from the wire; a number of a later version reads as `unexpected_message`. */
export function codeOfNumber(number: number): SessionEndReason {
  return byNumber.get(number) ?? "unexpected_message";
}

/** The same, narrowed to what a `ProtocolError` can carry; the rest reads as `session_over`. */
export function protocolCode(code: SessionEndReason): ProtocolErrorCode {
  switch (code) {
    case "disconnect":
    case "shutdown":
    case "connection_closed":
    case "net_tick_timeout":
    case "node_restarted":
    case "scheduler_killed":
      return "session_over";
    default:
      return code;
  }
}
