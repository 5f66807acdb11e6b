/**
 * The handshakes with one peer: those under way, whichever side dialled, and the one that stands until the peer's session
 * has said whether it takes the connection. The session knows them by number, here are the sockets; what becomes of them
 * is put into the session's words.
 */
import { ConnectionError } from "../../../base/error.ts";
import type { Established, HandshakeInput } from "../../../session/handshake/handshake-io.ts";
import type { DecisionRequest, SessionInput } from "../../../session/session-io.ts";
import type { Decision, HandshakeFailure, HandshakeSocket } from "./handshake-socket.ts";

/** A handshake that both sides agreed on. */
export interface StandingHandshake {
  readonly socket: HandshakeSocket;
  readonly result: Established;
}

export class PeerHandshakes {
  /** Those that have asked what to do and are neither through nor over. */
  readonly #underWay = new Map<number, HandshakeSocket>();
  /** The one dial that may be out. */
  #dialled: HandshakeSocket | undefined;
  #standing: StandingHandshake | undefined;

  /** How many are under way. */
  get size(): number {
    return this.#underWay.size;
  }

  /** The peer has been dialled. */
  dialled(socket: HandshakeSocket): void {
    this.#dialled = socket;
  }

  /** Gives the dial up, if one is out. */
  cancelDial(): void {
    const dialled = this.#dialled;
    this.#dialled = undefined;
    if (dialled !== undefined) this.#underWay.delete(dialled.id);
    dialled?.close();
  }

  /** It asks what to do: `answer` may follow. `fresh`: a random session id for the case that one is made. */
  asks(socket: HandshakeSocket, decision: Decision, fresh: Uint8Array): DecisionRequest {
    this.#underWay.set(socket.id, socket);
    const { stage, authenticated, peer } = decision;
    return {
      kind: "decision",
      connection: socket.id,
      stage,
      authenticated,
      peer,
      dialled: socket.role === "dialler",
      startedAt: socket.since,
      fresh,
    };
  }

  /** What the session says to the one that asked; one that ended meanwhile is past hearing it. */
  answer(connection: number, input: HandshakeInput): void {
    const socket = this.#underWay.get(connection);
    if (socket === undefined) return;
    if (input.kind === "admit") socket.admit(input.resume);
    else if (input.kind === "commit") socket.commit(input.session);
    else if (input.kind === "refuse") socket.refuse(input.code, input.text);
  }

  /** It stands: `take` it or `closeStanding`. */
  established(socket: HandshakeSocket, result: Established): SessionInput {
    this.#forget(socket);
    this.#standing = { socket, result };
    return { kind: "established", connection: socket.id, result };
  }

  failed(socket: HandshakeSocket, { error, peer }: HandshakeFailure): SessionInput {
    const dialled = this.#forget(socket);
    const isUnanswered = dialled && peer === undefined;
    if (isUnanswered && error instanceof ConnectionError) return { kind: "dial_failed", error };
    return { kind: "handshake_failed", connection: socket.id, dialled, error };
  }

  /** The one that stands, once, if it is that connection. */
  take(connection: number): StandingHandshake | undefined {
    const standing = this.#standing;
    if (standing?.socket.id !== connection) return undefined;
    this.#standing = undefined;
    return standing;
  }

  /** A connection that the session did not take is of no use. */
  closeStanding(): void {
    this.#standing?.socket.close();
    this.#standing = undefined;
  }

  /** Ends all that are under way: the node stops. */
  drop(error: ConnectionError): void {
    for (const socket of this.#underWay.values()) socket.drop(error);
  }

  /** It is not under way any more. Whether it was the dial. */
  #forget(socket: HandshakeSocket): boolean {
    this.#underWay.delete(socket.id);
    if (this.#dialled !== socket) return false;
    this.#dialled = undefined;
    return true;
  }
}
