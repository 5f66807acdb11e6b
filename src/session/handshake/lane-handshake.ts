/**
 * The handshake of a lane (D2), both roles, the first time and for every resume. A core: bytes, time, nonce and digest
 * come in.
 *
 *     dialler                                    acceptor
 *     LANE_HELLO (session, lane, nonce) ───────►  which session? driver
 *           ◄─────────────────────────────────── LANE_HELLO (the same, its nonce)
 *     LANE_PROOF ──────────────────────────────► checked; the driver detaches the lane's old socket
 *           ◄────────────── LANE_PROOF, LANE_READY (last complete frame received)
 *     checked; the driver detaches the lane's old socket
 *     LANE_READY ──────────────────────────────►
 *
 * Usage: as `Handshake`. Answer `need_session` with `session` or `refuse`, at once or when the control thread has told;
 * on `need_received` detach the lane and answer `ready` with its `receivedFrame`; on `established` attach the lane with
 * `peerReceived` and feed it `rest` first.
 */
import {
  ConnectionError,
  DecodeError,
  ProtocolError,
  type ProtocolErrorCode,
} from "../../base/error.ts";
import { assert, unreachable } from "../../base/assert.ts";
import type { Millis } from "../../base/millis.ts";
import type { Digest } from "../../port/digest.ts";
import { encodeFrame, FrameKind, FrameReader } from "../../wire/frame.ts";
import {
  decodeRefuse,
  encodeRefuseHead,
  PROOF_BYTES,
  sealFrame,
} from "../../wire/handshake-message.ts";
import {
  decodeLaneHello,
  decodeLaneProof,
  decodeLaneReady,
  encodeLaneHello,
  encodeLaneProofHead,
  encodeLaneReadyHead,
} from "../../wire/lane-message.ts";
import { protocolCode } from "../../wire/protocol-code.ts";
import { otherRole, Transcript, type Purpose, type Role } from "./transcript.ts";

/** Which session and lane, and the key that proves it. */
export interface LaneIdentity {
  readonly session: Uint8Array;
  readonly lane: number;
  readonly laneKey: Uint8Array;
}

export interface LaneHandshakeOptions {
  /** The dialler knows what it dials for; an acceptor is told by the peer. */
  readonly dial: LaneIdentity | undefined;
  /** 32 random bytes, new for this connection. */
  readonly nonce: Uint8Array;
  readonly digest: Digest;
  /** 32 bytes of this very TLS connection; empty exactly when TLS is off. */
  readonly exporter: Uint8Array;
  readonly deadline: Millis;
}

export type LaneHandshakeInput =
  | { readonly kind: "received"; readonly bytes: Uint8Array }
  | { readonly kind: "closed" }
  /** Answer to `need_session`. */
  | { readonly kind: "session"; readonly laneKey: Uint8Array }
  /** Answer to `need_received`. */
  | { readonly kind: "ready"; readonly received: number }
  | { readonly kind: "refuse"; readonly code: ProtocolErrorCode; readonly text: string };

export type LaneHandshakeOutput =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | { readonly kind: "need_session"; readonly session: Uint8Array; readonly lane: number }
  | { readonly kind: "need_received"; readonly session: Uint8Array; readonly lane: number }
  | {
      readonly kind: "established";
      readonly session: Uint8Array;
      readonly lane: number;
      /** The last complete frame that the peer has of us. */
      readonly peerReceived: number;
      readonly rest: Uint8Array;
    }
  | {
      readonly kind: "failed";
      readonly error: ProtocolError | ConnectionError;
      readonly by: "peer" | "here";
    };

type State =
  | { readonly kind: "awaiting_hello" }
  | { readonly kind: "awaiting_session"; readonly session: Uint8Array; readonly lane: number }
  | { readonly kind: "awaiting_proof"; readonly identity: LaneIdentity }
  /** Either of the two numbers is undefined until it is known; with both the lane stands. */
  | {
      readonly kind: "awaiting_ready";
      readonly identity: LaneIdentity;
      readonly received: number | undefined;
      readonly peerReceived: number | undefined;
    }
  | { readonly kind: "established" }
  | { readonly kind: "failed" };

export class LaneHandshake {
  readonly #options: LaneHandshakeOptions;
  readonly #role: Role;
  readonly #transcript: Transcript;
  readonly #reader = new FrameReader();
  readonly #outputs: LaneHandshakeOutput[] = [];
  #state: State = { kind: "awaiting_hello" };

  constructor(options: LaneHandshakeOptions) {
    this.#options = options;
    this.#role = options.dial === undefined ? "acceptor" : "dialler";
    this.#transcript = new Transcript(options.digest, options.exporter);
    if (options.dial !== undefined) this.#sendHello(options.dial);
  }

  get state(): State["kind"] {
    return this.#state.kind;
  }

  handle(input: LaneHandshakeInput, _now: Millis): void {
    const state = this.#state;
    if (state.kind === "failed" || state.kind === "established") return;
    switch (input.kind) {
      case "received":
        return this.#received(input.bytes);
      case "closed":
        return this.#fail(
          new ConnectionError(
            "closed_by_peer",
            `connection closed in the lane handshake, ${state.kind}`,
          ),
          "peer",
        );
      case "session":
        assert(state.kind === "awaiting_session", `session while ${state.kind}`);
        this.#state = {
          kind: "awaiting_proof",
          identity: { session: state.session, lane: state.lane, laneKey: input.laneKey },
        };
        return this.#sendHello(state);
      case "ready":
        return this.#ready(input.received);
      case "refuse":
        return this.#refuse(new ProtocolError(input.code, input.text));
      default:
        return unreachable(input);
    }
  }

  pollOutput(): LaneHandshakeOutput | undefined {
    return this.#outputs.shift();
  }

  pollTimeout(): Millis | undefined {
    return this.#open() ? this.#options.deadline : undefined;
  }

  handleTimeout(now: Millis): void {
    const due = this.pollTimeout();
    if (due === undefined || now < due) return;
    this.#refuse(
      new ProtocolError(
        "handshake_timeout",
        `lane handshake did not end in time, ${this.#state.kind}`,
      ),
    );
  }

  #open(): boolean {
    return this.#state.kind !== "failed" && this.#state.kind !== "established";
  }

  #received(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    try {
      while (this.#open() && this.#reader.next()) this.#frame(this.#reader.body());
    } catch (error) {
      if (error instanceof ProtocolError) return this.#refuse(error);
      if (!(error instanceof DecodeError)) throw error;
      this.#refuse(new ProtocolError("malformed", error.message, { cause: error }));
    }
  }

  /** @throws {DecodeError | ProtocolError} what the frame does wrong */
  #frame(body: Uint8Array): void {
    const kind = body[0];
    if (kind === FrameKind.REFUSE) {
      const refuse = decodeRefuse(body);
      return this.#fail(
        new ProtocolError(protocolCode(refuse.code), `lane refused by the peer: ${refuse.text}`),
        "peer",
      );
    }
    const state = this.#state;
    switch (state.kind) {
      case "awaiting_hello":
        if (kind === FrameKind.LANE_HELLO) return this.#handleHello(body);
        break;
      case "awaiting_proof":
        if (kind === FrameKind.LANE_PROOF) return this.#handleProof(body, state.identity);
        break;
      case "awaiting_ready":
        if (kind === FrameKind.LANE_READY && state.peerReceived === undefined)
          return this.#handleReady(body, state);
        break;
      case "awaiting_session":
        break;
      case "established":
      case "failed":
        return;
      default:
        unreachable(state);
    }
    throw new ProtocolError("unexpected_message", `got frame kind ${kind}, ${state.kind}`);
  }

  #handleHello(body: Uint8Array): void {
    const hello = decodeLaneHello(body);
    this.#transcript.add(encodeFrame(body));
    const { dial, digest, nonce } = this.#options;
    if (dial === undefined) {
      this.#state = { kind: "awaiting_session", session: hello.session, lane: hello.lane };
      this.#outputs.push({ kind: "need_session", session: hello.session, lane: hello.lane });
      return;
    }
    if (hello.lane !== dial.lane || !digest.equal(hello.session, dial.session)) {
      throw new ProtocolError(
        "bad_lane",
        `got lane ${hello.lane} of some session, expected lane ${dial.lane} of ours`,
      );
    }
    if (digest.equal(hello.nonce, nonce))
      throw new ProtocolError("bad_digest", "the peer sends our own nonce back");
    this.#state = { kind: "awaiting_proof", identity: dial };
    this.#sendProved(encodeLaneProofHead(), dial, "lane");
  }

  #handleProof(body: Uint8Array, identity: LaneIdentity): void {
    const proof = decodeLaneProof(body);
    this.#check(body, proof, identity, "lane");
    this.#state = {
      kind: "awaiting_ready",
      identity,
      received: undefined,
      peerReceived: undefined,
    };
    if (this.#role === "acceptor") this.#needReceived(identity);
  }

  #handleReady(body: Uint8Array, state: Extract<State, { kind: "awaiting_ready" }>): void {
    const ready = decodeLaneReady(body);
    this.#check(body, ready.proof, state.identity, "lane_ready");
    this.#state = { ...state, peerReceived: ready.received };
    // The dialler speaks after the acceptor, so that both have the frames in one order.
    if (this.#role === "dialler") this.#needReceived(state.identity);
    else this.#establish();
  }

  #needReceived({ session, lane }: LaneIdentity): void {
    this.#outputs.push({ kind: "need_received", session, lane });
  }

  #ready(received: number): void {
    const state = this.#state;
    assert(
      state.kind === "awaiting_ready" && state.received === undefined,
      `ready while ${state.kind}`,
    );
    if (this.#role === "acceptor") this.#sendProved(encodeLaneProofHead(), state.identity, "lane");
    this.#sendProved(encodeLaneReadyHead(received), state.identity, "lane_ready");
    this.#state = { ...state, received };
    this.#establish();
  }

  /** Stands as soon as both numbers are known. */
  #establish(): void {
    const state = this.#state;
    if (
      state.kind !== "awaiting_ready" ||
      state.received === undefined ||
      state.peerReceived === undefined
    )
      return;
    const { session, lane } = state.identity;
    const { peerReceived } = state;
    this.#state = { kind: "established" };
    this.#outputs.push({
      kind: "established",
      session,
      lane,
      peerReceived,
      rest: this.#reader.takeRest(),
    });
  }

  #check(body: Uint8Array, proof: Uint8Array, identity: LaneIdentity, purpose: Purpose): void {
    const frame = encodeFrame(body);
    const head = frame.subarray(0, frame.length - PROOF_BYTES);
    if (!this.#transcript.verify(proof, identity.laneKey, otherRole(this.#role), purpose, head)) {
      throw new ProtocolError("bad_digest", `the proof of lane ${identity.lane} does not fit`);
    }
    this.#transcript.add(frame);
  }

  #sendHello({ session, lane }: { readonly session: Uint8Array; readonly lane: number }): void {
    this.#send(encodeLaneHello({ session, lane, nonce: this.#options.nonce }));
  }

  #sendProved(head: Uint8Array, identity: LaneIdentity, purpose: Purpose): void {
    this.#send(
      sealFrame(head, [this.#transcript.prove(identity.laneKey, this.#role, purpose, head)]),
    );
  }

  #refuse(error: ProtocolError): void {
    this.#outputs.push({
      kind: "send",
      bytes: sealFrame(encodeRefuseHead(error.code, error.message, false), []),
    });
    this.#fail(error, "here");
  }

  #fail(error: ProtocolError | ConnectionError, by: "peer" | "here"): void {
    this.#state = { kind: "failed" };
    this.#outputs.push({ kind: "failed", error, by });
  }

  #send(frame: Uint8Array): void {
    this.#transcript.add(frame);
    this.#outputs.push({ kind: "send", bytes: frame });
  }
}
