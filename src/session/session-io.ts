/** What goes into a `Session` core and what comes out of it. */
import type { ConnectionError, ProtocolError } from "../base/error.ts";
import type { Millis } from "../base/millis.ts";
import type { Tick } from "../wire/control-message.ts";
import type { AnnouncedAddress, Hello } from "../wire/handshake-message.ts";
import type { SessionEndReason } from "../wire/protocol-code.ts";
import type { Established, HandshakeInput, HandshakePeer } from "./handshake/handshake-io.ts";
import type { LanePlan } from "./lane/lane-plan.ts";
import type { TickTimes } from "./tick.ts";

export interface SessionOptions {
  /** This node as it introduces itself; the nonce does not matter here. */
  readonly self: Pick<Hello, "name" | "address" | "schedulers">;
  /** Name of the peer. */
  readonly peer: string;
  /** How long this side keeps a session without a socket; the shorter one of the two sides counts. */
  readonly graceMs: Millis;
  readonly tick: TickTimes;
  /** Whether two refused dials say that a node without sockets is gone; false for nodes behind proxies. */
  readonly refusedIsDown: boolean;
}

/** A number that the driver gives to each control connection, dialled or accepted. */
export type ConnectionId = number;

/** A handshake of a control connection asks for a decision; `fresh` is a random session id for the case that one is made. */
export interface DecisionRequest {
  readonly kind: "decision";
  readonly connection: ConnectionId;
  /** It is the one that `dial_control` asked for. */
  readonly dialled: boolean;
  readonly stage: "admit" | "commit";
  readonly authenticated: boolean;
  readonly peer: HandshakePeer;
  /** When this handshake's connection opened here. */
  readonly startedAt: Millis;
  readonly fresh: Uint8Array;
}

export type SessionInput =
  /** Somebody wants to be connected; ignored unless idle. */
  | { readonly kind: "connect"; readonly address: AnnouncedAddress }
  /** The dial that `dial_control` asked for ended without an open connection. */
  | { readonly kind: "dial_failed"; readonly error: ConnectionError }
  | DecisionRequest
  | {
      readonly kind: "established";
      readonly connection: ConnectionId;
      readonly result: Established;
    }
  /** A handshake ended otherwise; `dialled`: it was the one that `dial_control` asked for. */
  | {
      readonly kind: "handshake_failed";
      readonly connection: ConnectionId;
      readonly dialled: boolean;
      readonly error: ProtocolError | ConnectionError;
    }
  /** Any byte came in on the attached control connection, or went out on it. */
  | { readonly kind: "heard" }
  | { readonly kind: "said" }
  | { readonly kind: "tick"; readonly tick: Tick }
  | { readonly kind: "control_lost"; readonly connection: ConnectionId }
  | { readonly kind: "lane_attached"; readonly lane: number }
  /** The socket of an attached lane is gone. */
  | { readonly kind: "lane_lost"; readonly lane: number }
  /** A dial or handshake that `dial_lane` asked for failed. */
  | { readonly kind: "lane_failed"; readonly lane: number }
  /** The peer owes an acknowledgement on this lane for `LANE_STALLED_MS`. */
  | { readonly kind: "lane_stalled"; readonly lane: number }
  | { readonly kind: "peer_suspects"; readonly lane: number }
  | { readonly kind: "peer_ended"; readonly reason: SessionEndReason; readonly text: string }
  | {
      readonly kind: "peer_goodbye";
      readonly reason: SessionEndReason;
      readonly lastFrames: readonly number[];
    }
  /** Every lane got to the frame that `await_frames` named, and what was relayed from them arrived. */
  | { readonly kind: "frames_reached" }
  /** Orderly end: `lastFrames[k - 1]` is the last frame on lane k. */
  | {
      readonly kind: "end";
      readonly reason: SessionEndReason;
      readonly lastFrames: readonly number[];
    }
  /** End at once: a lane or the control link has a failure, or a scheduler was killed. */
  | { readonly kind: "abort"; readonly reason: SessionEndReason; readonly text: string };

/** What concerns the session there is, and nobody when there is none. */
export type RunningInput = Exclude<
  SessionInput,
  { kind: "connect" | "decision" | "established" | "dial_failed" | "handshake_failed" }
>;

/** What schedulers and the application are told of a new session. */
export interface SessionInfo {
  readonly id: Uint8Array;
  readonly laneKey: Uint8Array;
  readonly peer: Hello;
  readonly version: number;
  readonly capabilities: number;
  readonly lanes: readonly LanePlan[];
  /** Whether this side opened the committed connection, and so dials the lanes first. */
  readonly opener: boolean;
}

export type SessionOutput =
  /** Dial and run a handshake as dialler that expects the peer's name. At most one is out. */
  | { readonly kind: "dial_control"; readonly address: AnnouncedAddress }
  /** The dial or handshake that `dial_control` asked for is not needed any more: end it, report nothing. */
  | { readonly kind: "cancel_dial" }
  /** Hand this to the handshake of that connection. */
  | { readonly kind: "answer"; readonly connection: ConnectionId; readonly input: HandshakeInput }
  /** From now on the control link lives on this connection; the one before, if any, is to be closed. */
  | { readonly kind: "attach_control"; readonly connection: ConnectionId }
  /** The connection is dead or not wanted: detach the control link and close it. */
  | { readonly kind: "drop_control"; readonly connection: ConnectionId }
  | { readonly kind: "session_up"; readonly info: SessionInfo }
  | {
      readonly kind: "session_over";
      readonly id: Uint8Array;
      readonly reason: SessionEndReason;
      /** For the log: what happened, in words. */
      readonly text: string;
      /** When the last byte came on the control connection. */
      readonly heardAt: Millis;
      /** The peer has ended, not only the way to it. */
      readonly isGone: boolean;
      /** Everything that it had sent has arrived. */
      readonly isWhole: boolean;
    }
  /** A connect that never became a session. */
  | { readonly kind: "connect_failed"; readonly error: ProtocolError | ConnectionError }
  /** Dial and run a lane handshake; takes the place of a dial of the same lane that is still out. */
  | { readonly kind: "dial_lane"; readonly plan: LanePlan; readonly address: AnnouncedAddress }
  /** Take this lane's socket for dead: detach and close it. No `lane_lost` is to follow. */
  | { readonly kind: "reset_lane"; readonly plan: LanePlan }
  | { readonly kind: "send_tick"; readonly probe: boolean }
  | { readonly kind: "send_suspect"; readonly lane: number }
  | {
      readonly kind: "send_goodbye";
      readonly reason: SessionEndReason;
      readonly lastFrames: readonly number[];
    }
  /** Best effort, before `session_over`: the connection is closed after it left. */
  | { readonly kind: "send_end"; readonly reason: SessionEndReason; readonly text: string }
  | { readonly kind: "await_frames"; readonly lastFrames: readonly number[] }
  /** For the log. `lane` 0 is the control connection. */
  | { readonly kind: "suspected"; readonly lane: number; readonly untilMs: Millis }
  | { readonly kind: "recovered"; readonly afterMs: Millis };

/** What else is to be known of the end of a session. */
export interface OverHow {
  /** The dial of this side is what brought the next session, or asks for it. */
  readonly keepDial?: boolean;
  /** Everything that the peer had sent has arrived. */
  readonly isWhole?: boolean;
}
