/** What goes into a `Handshake` core and what comes out of it. */
import type { ConnectionError, ProtocolError, ProtocolErrorCode } from "../../base/error.ts";
import type { Millis } from "../../base/millis.ts";
import type { Digest } from "../../port/digest.ts";
import type { Hello } from "../../wire/handshake-message.ts";
import type { Agreement } from "./agreement.ts";
import type { Role } from "./transcript.ts";

export interface HandshakeOptions {
  readonly role: Role;
  /** What this node says about itself; the nonce is new for this connection. */
  readonly hello: Hello;
  /** One or two; proofs are tried with all of them. */
  readonly cookies: readonly Uint8Array[];
  readonly digest: Digest;
  /** 32 bytes of this very TLS connection; empty exactly when the TLS mode is `off`. */
  readonly exporter: Uint8Array;
  /** Dialler: the name that must answer; undefined when only an address is known. */
  readonly expectedName?: string | undefined;
  /** When the handshake must have ended, counted from accept or dial. */
  readonly deadline: Millis;
}

export type HandshakeInput =
  | { readonly kind: "received"; readonly bytes: Uint8Array }
  /** The connection is gone. */
  | { readonly kind: "closed" }
  /** Answer to stage `admit`: go on. `resume`: the session this node still has with the peer, if any. */
  | { readonly kind: "admit"; readonly resume: Uint8Array | undefined }
  /** Answer to stage `commit`: the session is `session`, the peer's `resume` or a new random id. */
  | { readonly kind: "commit"; readonly session: Uint8Array }
  /** Answer to either. */
  | { readonly kind: "refuse"; readonly code: ProtocolErrorCode; readonly text: string };

/** Who the other side is. `hello` is only proved once `authenticated` is said beside it. */
export interface HandshakePeer {
  readonly hello: Hello;
  readonly agreement: Agreement;
  /** The session the peer still has with us; known once it has proved itself. */
  readonly resume: Uint8Array | undefined;
}

export interface Established {
  readonly kind: "established";
  readonly role: Role;
  readonly peer: HandshakePeer;
  readonly session: Uint8Array;
  /** Whether `session` is the one that this node offered to resume. */
  readonly resumed: boolean;
  /** 32 bytes; what lanes of a new session prove themselves with. A resumed session keeps its first key. */
  readonly laneKey: Uint8Array;
  /** Bytes that came behind the last message: they belong to the control link. */
  readonly rest: Uint8Array;
}

export type HandshakeOutput =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /**
   * Stage `admit`: this node is not the arbiter, or not yet sure who answers (`authenticated` false). Stage `commit`:
   * this node is the arbiter and both sides are known.
   */
  | {
      readonly kind: "need_decision";
      readonly stage: "admit" | "commit";
      readonly authenticated: boolean;
      readonly peer: HandshakePeer;
    }
  | Established
  | {
      readonly kind: "failed";
      readonly error: ProtocolError | ConnectionError;
      /** The peer refused, or this side did. */
      readonly by: "peer" | "here";
      /** Whether `error` comes from a peer that proved itself; if not it must change nothing but this attempt. */
      readonly authenticated: boolean;
      readonly peer: HandshakePeer | undefined;
    };
