import type { Digest } from "../../port/digest.ts";

/** Who opened the connection. Part of every proof, so that a proof cannot be reflected to its maker. */
export type Role = "dialler" | "acceptor";

export function otherRole(role: Role): Role {
  return role === "dialler" ? "acceptor" : "dialler";
}

/** What a proof is for. Part of every proof, so that one cannot stand for another. */
export type Purpose = "control" | "commit" | "refuse" | "lane" | "lane_ready";

/**
 * Every byte of every handshake frame of one connection so far, both ways, in the order sent; makes and checks the
 * proofs over it. A proof is
 *
 *     HMAC-SHA256(key, "snow-node 1 " ‖ role ‖ " " ‖ purpose ‖ 0x00 ‖ exporter ‖ SHA-256(transcript ‖ head))
 *
 * with the exporter of this very TLS connection (empty when TLS is off) and the head of the frame that carries it,
 * which is everything before the proof.
 */
export class Transcript {
  readonly #digest: Digest;
  readonly #exporter: Uint8Array;
  readonly #frames: Uint8Array[] = [];

  constructor(digest: Digest, exporter: Uint8Array) {
    this.#digest = digest;
    this.#exporter = exporter;
  }

  /** Adds a whole frame, its length included. */
  add(frame: Uint8Array): void {
    this.#frames.push(frame);
  }

  hash(head: Uint8Array = new Uint8Array(0)): Uint8Array {
    return this.#digest.sha256(...this.#frames, head);
  }

  prove(key: Uint8Array, role: Role, purpose: Purpose, head: Uint8Array): Uint8Array {
    const label = new TextEncoder().encode(`snow-node 1 ${role} ${purpose}\0`);
    return this.#digest.hmac(key, label, this.#exporter, this.hash(head));
  }

  verify(
    proof: Uint8Array,
    key: Uint8Array,
    role: Role,
    purpose: Purpose,
    head: Uint8Array,
  ): boolean {
    return this.#digest.equal(proof, this.prove(key, role, purpose, head));
  }

  /**
   * The key of the lanes of the session that this handshake made. Only the two ends of the TLS connection know the
   * exporter; without TLS only those who know the cookie can make the key.
   */
  laneKey(cookie: Uint8Array): Uint8Array {
    if (this.#exporter.length === 0) return this.#digest.hmac(cookie, this.hash());
    return this.#digest.hkdf(
      this.#exporter,
      this.hash(),
      new TextEncoder().encode("snow-node 1 lane key"),
      32,
    );
  }
}
