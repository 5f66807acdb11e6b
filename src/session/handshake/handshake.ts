/**
 * The handshake of a control connection (D9), both roles. A core: bytes, time, nonce and digest come in.
 *
 *     dialler                                    acceptor
 *     HELLO ───────────────────────────────────►
 *           ◄─────────────────────────────────── HELLO
 *     admit?                                                  driver decides: do we still want this one
 *     PROOF ───────────────────────────────────► checked
 *                                                admit?/commit?   driver decides
 *           ◄─────────────────────────────────── PROOF
 *     checked
 *     then the arbiter, the node with the greater name, whoever opened:
 *           COMMIT (session id) or REFUSE (reason)
 *
 * Usage: make one when the connection is open and TLS stands, feed `received` and `closed`, call `pollOutput` until
 * undefined after every call, arm one timer for `pollTimeout`. On `need_decision` answer with `admit`, `commit` or
 * `refuse`, at once or later. After `established` the connection belongs to the control link, which gets `rest`
 * first; after `failed` send what was asked for before it and close.
 */
import { ConnectionError, DecodeError, ProtocolError } from "../../base/error.ts";
import { assert, unreachable } from "../../base/assert.ts";
import type { Millis } from "../../base/millis.ts";
import { FrameKind, FrameReader } from "../../wire/frame.ts";
import { decodeHello, encodeHello } from "../../wire/handshake-message.ts";
import { isArbiter } from "../../wire/node-name.ts";
import { codeSentence, protocolCode } from "../../wire/protocol-code.ts";
import { checkHello } from "./agreement.ts";
import type {
  HandshakeInput,
  HandshakeOptions,
  HandshakeOutput,
  HandshakePeer,
} from "./handshake-io.ts";
import { HandshakeProofs } from "./handshake-proofs.ts";
import { strangerError } from "./stranger.ts";

type State =
  | { readonly kind: "awaiting_hello" }
  /** Dialler: the driver looks at the peer's HELLO. */
  | { readonly kind: "awaiting_admission"; readonly peer: HandshakePeer }
  | {
      readonly kind: "awaiting_proof";
      readonly peer: HandshakePeer;
      readonly resume: Uint8Array | undefined;
    }
  /** Acceptor, peer proved: the driver admits or, as arbiter, commits. Dialler and arbiter: the driver commits. */
  | {
      readonly kind: "awaiting_decision";
      readonly peer: HandshakePeer;
      readonly resume: Uint8Array | undefined;
    }
  | {
      readonly kind: "awaiting_commit";
      readonly peer: HandshakePeer;
      readonly resume: Uint8Array | undefined;
    }
  | { readonly kind: "established" }
  | { readonly kind: "failed" };

export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #proofs: HandshakeProofs;
  readonly #reader = new FrameReader();
  readonly #outputs: HandshakeOutput[] = [];
  #state: State = { kind: "awaiting_hello" };

  constructor(options: HandshakeOptions) {
    assert(options.cookies.length >= 1 && options.cookies.length <= 2, "one or two cookies");
    assert(
      (options.hello.tlsMode === "off") === (options.exporter.length === 0),
      "an exporter if and only if TLS",
    );
    this.#options = options;
    this.#proofs = new HandshakeProofs(options);
    if (options.role === "dialler") this.#send(encodeHello(options.hello));
  }

  /** What is waited for, for log lines. */
  get state(): State["kind"] {
    return this.#state.kind;
  }

  handle(input: HandshakeInput, _now: Millis): void {
    const state = this.#state;
    if (state.kind === "failed" || state.kind === "established") return;
    switch (input.kind) {
      case "received":
        return this.#received(input.bytes);
      case "closed":
        return this.#fail(
          new ConnectionError(
            "closed_by_peer",
            `connection closed in the handshake, ${state.kind}`,
          ),
          "peer",
          false,
        );
      case "admit":
        return this.#admitted(input.resume);
      case "commit":
        return this.#committed(input.session);
      case "refuse":
        return this.#refuse(new ProtocolError(input.code, input.text));
      default:
        return unreachable(input);
    }
  }

  pollOutput(): HandshakeOutput | undefined {
    return this.#outputs.shift();
  }

  pollTimeout(): Millis | undefined {
    const { kind } = this.#state;
    return kind === "failed" || kind === "established" ? undefined : this.#options.deadline;
  }

  handleTimeout(now: Millis): void {
    const due = this.pollTimeout();
    if (due === undefined || now < due) return;
    this.#refuse(
      new ProtocolError("handshake_timeout", `handshake did not end in time, ${this.#state.kind}`),
    );
  }

  #received(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    try {
      while (this.#open() && this.#reader.next()) this.#frame(this.#reader.body());
    } catch (error) {
      if (error instanceof ProtocolError) return this.#refuse(error);
      if (!(error instanceof DecodeError)) throw error;
      this.#refuse(
        this.#state.kind === "awaiting_hello"
          ? strangerError(bytes, error, this.#options.hello.tlsMode)
          : new ProtocolError("malformed", error.message, { cause: error }),
      );
    }
  }

  #open(): boolean {
    return this.#state.kind !== "failed" && this.#state.kind !== "established";
  }

  /** @throws {DecodeError | ProtocolError} what the frame does wrong */
  #frame(body: Uint8Array): void {
    const kind = body[0];
    if (kind === FrameKind.REFUSE) return this.#handleRefuse(body);
    const state = this.#state;
    switch (state.kind) {
      case "awaiting_hello":
        if (kind === FrameKind.HELLO) return this.#handleHello(body);
        break;
      case "awaiting_proof":
        if (kind === FrameKind.PROOF) return this.#handleProof(body, state.peer, state.resume);
        break;
      case "awaiting_commit":
        if (kind === FrameKind.COMMIT) return this.#handleCommit(body, state.peer, state.resume);
        break;
      case "awaiting_admission":
      case "awaiting_decision":
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
    const hello = decodeHello(body);
    this.#proofs.received(body);
    const { role, expectedName } = this.#options;
    const peer = {
      hello,
      agreement: checkHello(this.#options.hello, hello, expectedName),
      resume: undefined,
    };
    if (role === "dialler") {
      this.#state = { kind: "awaiting_admission", peer };
      this.#outputs.push({ kind: "need_decision", stage: "admit", authenticated: false, peer });
    } else {
      this.#state = { kind: "awaiting_proof", peer, resume: undefined };
      this.#send(encodeHello(this.#options.hello));
    }
  }

  #handleProof(body: Uint8Array, known: HandshakePeer, resume: Uint8Array | undefined): void {
    const proof = this.#proofs.takeProof(body, known.hello.name);
    this.#proofs.received(body);
    const peer = { ...known, resume: proof.resume };
    const arbiter = isArbiter(this.#options.hello.name, peer.hello.name);
    if (this.#options.role === "dialler" && !arbiter) {
      this.#state = { kind: "awaiting_commit", peer, resume };
      return;
    }
    this.#state = { kind: "awaiting_decision", peer, resume };
    const stage = arbiter ? "commit" : "admit";
    this.#outputs.push({ kind: "need_decision", stage, authenticated: true, peer });
  }

  #handleCommit(body: Uint8Array, peer: HandshakePeer, resume: Uint8Array | undefined): void {
    const commit = this.#proofs.takeCommit(body, peer.hello.name);
    if (commit.version !== peer.agreement.version) {
      const text = `COMMIT says version ${commit.version}, expected ${peer.agreement.version}`;
      throw new ProtocolError("version_unsupported", text);
    }
    this.#proofs.received(body);
    this.#establish(peer, commit.session, resume);
  }

  #handleRefuse(body: Uint8Array): void {
    const refuse = this.#proofs.takeRefuse(body);
    const state = this.#state;
    const peer = "peer" in state ? state.peer : undefined;
    const who = peer === undefined ? "the peer" : peer.hello.name;
    const text = `refused by ${who}: ${refuse.text === "" ? codeSentence(refuse.code) : refuse.text}`;
    const authenticated = refuse.proof !== undefined;
    this.#fail(new ProtocolError(protocolCode(refuse.code), text), "peer", authenticated);
  }

  #admitted(resume: Uint8Array | undefined): void {
    const state = this.#state;
    const { hello, role } = this.#options;
    if (state.kind === "awaiting_admission") {
      this.#send(this.#proofs.proof(resume));
      this.#state = { kind: "awaiting_proof", peer: state.peer, resume };
      return;
    }
    assert(state.kind === "awaiting_decision" && role === "acceptor", `admit while ${state.kind}`);
    assert(!isArbiter(hello.name, state.peer.hello.name), "the arbiter commits or refuses");
    this.#send(this.#proofs.proof(resume));
    this.#state = { kind: "awaiting_commit", peer: state.peer, resume };
  }

  #committed(session: Uint8Array): void {
    const state = this.#state;
    assert(state.kind === "awaiting_decision", `commit while ${state.kind}`);
    const { hello, role } = this.#options;
    assert(isArbiter(hello.name, state.peer.hello.name), "only the arbiter commits");
    const { resume } = state.peer;
    const resumed =
      resume !== undefined && this.#options.digest.equal(session, resume) ? resume : undefined;
    // An arbiter that accepted the connection has not proved itself yet.
    if (role === "acceptor") this.#send(this.#proofs.proof(resumed));
    this.#send(this.#proofs.commit(session, state.peer.agreement.version));
    this.#establish(state.peer, session, resumed);
  }

  #establish(peer: HandshakePeer, session: Uint8Array, resume: Uint8Array | undefined): void {
    this.#state = { kind: "established" };
    this.#outputs.push({
      kind: "established",
      role: this.#options.role,
      peer,
      session,
      resumed: resume !== undefined && this.#options.digest.equal(session, resume),
      laneKey: this.#proofs.laneKey(),
      rest: this.#reader.takeRest(),
    });
  }

  /** Tells the peer why, proved if both sides are known, and ends. */
  #refuse(error: ProtocolError): void {
    this.#outputs.push({ kind: "send", bytes: this.#proofs.refusal(error) });
    this.#fail(error, "here", this.#proofs.isPeerKnown);
  }

  #fail(error: ProtocolError | ConnectionError, by: "peer" | "here", authenticated: boolean): void {
    const peer = "peer" in this.#state ? this.#state.peer : undefined;
    this.#state = { kind: "failed" };
    this.#outputs.push({ kind: "failed", error, by, authenticated, peer });
  }

  #send(frame: Uint8Array): void {
    this.#proofs.sent(frame);
    this.#outputs.push({ kind: "send", bytes: frame });
  }
}
