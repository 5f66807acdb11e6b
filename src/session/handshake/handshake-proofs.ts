/**
 * What one side of a handshake proves to the other, and how it checks what the other proves: both know a cookie, and both
 * saw every frame alike. Makes the frames that carry proofs and takes them apart; when which of them is due is the
 * `Handshake`'s business.
 *
 *     no common cookie ──the peer's PROOF fits one of ours──► common cookie: all that is proved from now on is with it
 */
import { assert } from "../../base/assert.ts";
import { ProtocolError } from "../../base/error.ts";
import { encodeFrame } from "../../wire/frame.ts";
import {
  decodeCommit,
  decodeProof,
  decodeRefuse,
  encodeCommitHead,
  encodeProofHead,
  encodeRefuseHead,
  PROOF_BYTES,
  sealFrame,
  type Commit,
  type Proof,
  type Refuse,
} from "../../wire/handshake-message.ts";
import { codeSentence } from "../../wire/protocol-code.ts";
import type { HandshakeOptions } from "./handshake-io.ts";
import { otherRole, Transcript } from "./transcript.ts";

export class HandshakeProofs {
  readonly #options: Pick<HandshakeOptions, "role" | "cookies" | "digest" | "exporter">;
  readonly #transcript: Transcript;
  /** The cookie that both sides know; set when the peer's proof fits. */
  #cookie: Uint8Array | undefined;

  constructor(options: Pick<HandshakeOptions, "role" | "cookies" | "digest" | "exporter">) {
    this.#options = options;
    this.#transcript = new Transcript(options.digest, options.exporter);
  }

  /** Whether the peer has proved that it knows a cookie of ours. */
  get isPeerKnown(): boolean {
    return this.#cookie !== undefined;
  }

  /** This frame leaves: whatever is proved later stands on it. */
  sent(frame: Uint8Array): void {
    this.#transcript.add(frame);
  }

  /** This frame came and says nothing wrong. */
  received(body: Uint8Array): void {
    this.#transcript.add(encodeFrame(body));
  }

  /** PROOF of this side; with every cookie as long as it is not known which of them the peer has. */
  proof(resume: Uint8Array | undefined): Uint8Array {
    const { cookies, role } = this.#options;
    const tried = this.#cookie === undefined ? cookies : [this.#cookie];
    const head = encodeProofHead(tried.length, resume);
    const prove = (cookie: Uint8Array) => this.#transcript.prove(cookie, role, "control", head);
    return sealFrame(head, tried.map(prove));
  }

  commit(session: Uint8Array, version: number): Uint8Array {
    const head = encodeCommitHead(session, version);
    const proof = this.#transcript.prove(this.#common(), this.#options.role, "commit", head);
    return sealFrame(head, [proof]);
  }

  /** REFUSE with the reason, proved if the peer is known. */
  refusal(error: ProtocolError): Uint8Array {
    const cookie = this.#cookie;
    const head = encodeRefuseHead(error.code, error.message, cookie !== undefined);
    if (cookie === undefined) return sealFrame(head, []);
    return sealFrame(head, [this.#transcript.prove(cookie, this.#options.role, "refuse", head)]);
  }

  /**
   * The PROOF of the peer of that name; from now on it is known.
   * @throws {DecodeError} @throws {ProtocolError} bad_digest
   */
  takeProof(body: Uint8Array, name: string): Proof {
    const { cookies, digest, role } = this.#options;
    const proof = decodeProof(body);
    const head = headOf(body, proof.proofs.length);
    this.#cookie = cookies.find((cookie) => {
      const expected = this.#transcript.prove(cookie, otherRole(role), "control", head);
      return proof.proofs.some((given) => digest.equal(given, expected));
    });
    if (this.#cookie === undefined) {
      throw new ProtocolError(
        "bad_digest",
        `the proof of ${name} does not fit; ${codeSentence("bad_digest")}`,
      );
    }
    return proof;
  }

  /** @throws {DecodeError} @throws {ProtocolError} bad_digest */
  takeCommit(body: Uint8Array, name: string): Commit {
    const commit = decodeCommit(body);
    if (!this.#fits(commit.proof, this.#common(), "commit", headOf(body, 1)))
      throw new ProtocolError("bad_digest", `the COMMIT of ${name} does not fit`);
    return commit;
  }

  /**
   * A REFUSE of the peer. One that has a proof is authenticated by it; one without may be anybody's.
   * @throws {DecodeError} @throws {ProtocolError} bad_digest
   */
  takeRefuse(body: Uint8Array): Refuse {
    const refuse = decodeRefuse(body);
    const { proof } = refuse;
    if (proof === undefined) return refuse;
    const head = headOf(body, 1);
    if (!this.#options.cookies.some((cookie) => this.#fits(proof, cookie, "refuse", head)))
      throw new ProtocolError("bad_digest", "the proof of a REFUSE does not fit");
    return refuse;
  }

  /** What lanes of the session prove themselves with. */
  laneKey(): Uint8Array {
    return this.#transcript.laneKey(this.#common());
  }

  /** Whether the peer made this proof with that cookie. */
  #fits(
    proof: Uint8Array,
    cookie: Uint8Array,
    purpose: "commit" | "refuse",
    head: Uint8Array,
  ): boolean {
    const from = otherRole(this.#options.role);
    return this.#transcript.verify(proof, cookie, from, purpose, head);
  }

  #common(): Uint8Array {
    assert(this.#cookie !== undefined, "no common cookie yet");
    return this.#cookie;
  }
}

/** What a frame's proofs, the last of it, stand for: its length included, as it was sent. */
function headOf(body: Uint8Array, proofs: number): Uint8Array {
  const frame = encodeFrame(body);
  return frame.subarray(0, frame.length - proofs * PROOF_BYTES);
}
