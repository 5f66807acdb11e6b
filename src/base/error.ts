import { REASON_CHARS_SHOWN } from "./limits.ts";

/**
 * The families of errors, one class each; `code` says which case. Whose fault it is decides the family:
 * see each class. Messages are built here and nowhere parsed.
 */
abstract class CodedError<C extends string> extends Error {
  readonly code: C;

  constructor(code: C, text: string, options?: ErrorOptions) {
    super(text, options);
    this.code = code;
  }
}

/** The peer's bytes, or bytes that a user hands to `decode`, are not what the format says. */
export type DecodeErrorCode =
  | "term_truncated"
  | "term_trailing_bytes"
  | "term_too_deep"
  | "term_too_large"
  | "term_version"
  | "term_unknown_tag"
  | "term_bad_index"
  | "term_bad_value"
  | "struct_undecodable"
  | "frame_too_large"
  | "frame_truncated"
  | "frame_unknown"
  | "frame_bad_value";

export class DecodeError extends CodedError<DecodeErrorCode> {
  override readonly name = "DecodeError";
  /** Offset in the input where decoding stopped, in bytes; -1 where it has no meaning. */
  readonly offset: number;

  constructor(code: DecodeErrorCode, text: string, offset = -1, options?: ErrorOptions) {
    super(code, offset < 0 ? text : `${text} at byte ${offset}`, options);
    this.offset = offset;
  }
}

/** A value that cannot be sent. `path` leads to the culprit: `message.user.onClick`. */
export type EncodeErrorCode =
  "not_encodable" | "cyclic" | "too_deep" | "too_large" | "struct_failed";

export class EncodeError extends CodedError<EncodeErrorCode> {
  override readonly name = "EncodeError";
  readonly path: string;

  constructor(code: EncodeErrorCode, path: string, text: string, options?: ErrorOptions) {
    super(code, `${path}: ${text}`, options);
    this.path = path;
  }
}

/** The peer behaves otherwise than the protocol says. Closes the connection with the code. */
export type ProtocolErrorCode =
  | "unexpected_message"
  | "bad_magic"
  | "bad_digest"
  | "bad_name"
  | "bad_lane"
  | "bad_sequence"
  | "version_unsupported"
  | "capability_missing"
  | "tls_mode_differs"
  | "handshake_timeout"
  | "peer_silent"
  | "name_taken"
  | "connected_to_self"
  | "already_connected"
  | "session_over"
  | "lane_overrun"
  | "not_allowed"
  | "malformed"
  | "certificate_other_host";

export class ProtocolError extends CodedError<ProtocolErrorCode> {
  override readonly name = "ProtocolError";
}

/** The path between two nodes. */
export type ConnectionErrorCode =
  | "connection_refused"
  | "connection_reset"
  | "connection_timeout"
  | "host_unreachable"
  | "tls_failed"
  | "closed_by_peer"
  | "closed_here"
  | "address_in_use"
  | "address_unavailable"
  | "name_unresolved"
  | "refused_by_peer";

export class ConnectionError extends CodedError<ConnectionErrorCode> {
  override readonly name = "ConnectionError";
}

/** A callee that is gone or late; the caller's promise rejects with it. */
export type CallErrorCode =
  "noproc" | "noconnection" | "timeout" | "exit" | "failed" | "calling_self" | "undecodable";

export class CallError extends CodedError<CallErrorCode> {
  override readonly name = "CallError";
  /** Who was called, as text: a pid, a name, or name and node. */
  readonly target: string;
  /** With `exit` the callee's exit reason; with `failed` `{ code, detail }` of `fail`. */
  readonly reason: unknown;

  constructor(code: CallErrorCode, target: string, reason?: unknown, options?: ErrorOptions) {
    const why = code === "failed" ? failureText(reason) : "";
    super(code, `call to ${target}: ${code}${why}`, options);
    this.target = target;
    this.reason = reason;
  }
}

/** `: code`, or `: code: detail` with a detail that is text, of what `fail` sent; cut, since a peer wrote it. */
function failureText(reason: unknown): string {
  if (typeof reason !== "object" || reason === null) return "";
  const { code, detail } = reason as { readonly code?: unknown; readonly detail?: unknown };
  if (typeof code !== "string") return "";
  const text = typeof detail === "string" ? `: ${code}: ${detail}` : `: ${code}`;
  return text.length > REASON_CHARS_SHOWN ? `${text.slice(0, REASON_CHARS_SHOWN)}…` : text;
}

/** A process that could not be spawned at another place. */
export type SpawnErrorCode = "noconnection" | "undef" | "badarg" | "timeout" | "name_taken";

export class SpawnError extends CodedError<SpawnErrorCode> {
  override readonly name = "SpawnError";
}

/** A server or supervisor whose init did not return. */
export type StartErrorCode =
  | "init_failed"
  | "timeout"
  | "already_started"
  | "already_present"
  | "noconnection"
  | "undef"
  | "badarg";

export class StartError extends CodedError<StartErrorCode> {
  override readonly name = "StartError";
  readonly reason: unknown;

  constructor(code: StartErrorCode, text: string, reason?: unknown, options?: ErrorOptions) {
    super(code, text, options);
    this.reason = reason;
  }
}

/** A global name that was not registered. */
export type NameErrorCode =
  "name_taken" | "already_named" | "timeout" | "noproc" | "noconnection" | "full";

export class NameError extends CodedError<NameErrorCode> {
  override readonly name = "NameError";
  /** The global name. */
  readonly globalName: string;
  /** With `name_taken`: the pid of the holder, where it is known. */
  readonly holder: unknown;

  constructor(code: NameErrorCode, globalName: string, text: string, holder?: unknown) {
    super(code, `global name ${globalName}: ${text}`);
    this.globalName = globalName;
    this.holder = holder;
  }
}

/** The lane to the target's node is at its hard limit: nothing was sent. */
export class LaneFullError extends CodedError<"lane_full"> {
  override readonly name = "LaneFullError";
  constructor(node: string, bytes: number, limit: number) {
    super("lane_full", `lane to ${node} is full: ${bytes} bytes wait, the limit is ${limit} bytes`);
  }
}

/** One message over the limit: nothing was sent. */
export class MessageTooLarge extends CodedError<"message_too_large"> {
  override readonly name = "MessageTooLarge";
  constructor(bytes: number, limit: number) {
    super("message_too_large", `message of at least ${bytes} bytes, the limit is ${limit} bytes`);
  }
}

/** The operator's configuration. One line on stderr, exit code 2. */
export type ConfigErrorCode =
  | "bad_usage"
  | "config_unreadable"
  | "config_syntax"
  | "config_unknown_key"
  | "config_wrong_type"
  | "config_out_of_range"
  | "config_conflict"
  | "module_failed"
  | "function_defined_twice"
  | "function_unknown"
  | "cookie_file"
  | "certificate_file"
  | "name_taken"
  | "address_in_use";

export class ConfigError extends CodedError<ConfigErrorCode> {
  override readonly name = "ConfigError";
}

/** The calling code, at once and at the call. */
export type MisuseErrorCode =
  | "already_receiving"
  | "already_registered"
  | "name_taken"
  | "not_running"
  | "not_an_owner"
  | "bad_argument"
  | "not_defined";

export class MisuseError extends CodedError<MisuseErrorCode> {
  override readonly name = "MisuseError";
}

/**
 * A simulated process reached for the real world (`real_io`), a run of a simulation failed (`seed_failed`), its scenario
 * never ended (`did_not_end`), or what was asked of the simulator makes no sense (`bad_scenario`).
 */
export type SimulationErrorCode = "real_io" | "seed_failed" | "did_not_end" | "bad_scenario";

export class SimulationError extends CodedError<SimulationErrorCode> {
  override readonly name = "SimulationError";
}

/** What something that was thrown says: it may be no error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
