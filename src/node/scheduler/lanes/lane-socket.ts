/**
 * Drives one lane connection from dial or accept until both ends have proved themselves and said what they have
 * received. The lane itself lives on across sockets; see `lane-driver.ts`.
 */
import { ConnectionError, type ProtocolError } from "../../../base/error.ts";
import type { Millis } from "../../../base/millis.ts";
import type { Clock, Timer } from "../../../port/clock.ts";
import type { Digest } from "../../../port/digest.ts";
import type { Connection, ConnectionHandler } from "../../../port/transport.ts";
import {
  LaneHandshake,
  type LaneHandshakeOutput,
  type LaneIdentity,
} from "../../../session/handshake/lane-handshake.ts";
import { Outbox } from "../../outbox.ts";

export type LaneEstablished = Extract<LaneHandshakeOutput, { kind: "established" }>;

export interface LaneSocketEvents {
  /** Acceptor: which session and lane the peer wants. Answer with `session` or `refuse`, at once or later. */
  needSession(socket: LaneSocket, session: Uint8Array, lane: number): void;
  /** The peer is who it says: detach the lane's old socket, say the last frame received; undefined: no such lane any more. */
  needReceived(socket: LaneSocket, session: Uint8Array, lane: number): number | undefined;
  /** The caller must call `handOver` or `close` before returning. */
  established(socket: LaneSocket, established: LaneEstablished): void;
  failed(socket: LaneSocket, error: ProtocolError | ConnectionError): void;
}

export class LaneSocket implements ConnectionHandler {
  readonly since: Millis;
  remoteHost: string;
  /** Gives up a connection that is not open yet. */
  cancel: () => void = () => {};
  /** What the peer was told on this connection that this end has received: its next frame follows that one. */
  stated = 0;
  readonly #options: LaneSocketOptions;
  readonly #outbox = new Outbox();
  #handshake: LaneHandshake | undefined;
  #connection: Connection | undefined;
  #successor: ConnectionHandler | undefined;
  #timer: Timer | undefined;
  #ended = false;

  constructor(options: LaneSocketOptions) {
    this.#options = options;
    this.remoteHost = options.remoteHost;
    this.since = options.clock.now();
    const afterMs = Math.max(0, options.deadline - this.since);
    this.#timer = options.clock.setTimer(afterMs, () => this.#timeout());
  }

  opened(connection: Connection): void {
    if (this.#ended) return connection.terminate();
    const { dial, digest, deadline, nonce } = this.#options;
    this.#connection = connection;
    this.remoteHost = connection.remoteHost;
    this.#handshake = new LaneHandshake({
      dial,
      nonce: nonce(),
      digest,
      exporter: connection.exporter(),
      deadline,
    });
    this.#drive();
  }

  received(bytes: Uint8Array): void {
    if (this.#successor !== undefined) return this.#successor.received(bytes);
    // What comes after `drop` must not ask for a lane any more.
    if (this.#ended) return;
    this.#handshake?.handle({ kind: "received", bytes }, this.#options.clock.now());
    this.#drive();
  }

  drained(): void {
    if (this.#successor !== undefined) return this.#successor.drained();
    if (this.#connection !== undefined) this.#outbox.flush(this.#connection);
  }

  closed(error: ConnectionError | undefined): void {
    if (this.#successor !== undefined) return this.#successor.closed(error);
    this.#fail(error ?? new ConnectionError("closed_by_peer", "lane connection closed"));
  }

  session(laneKey: Uint8Array): void {
    this.#handshake?.handle({ kind: "session", laneKey }, this.#options.clock.now());
    this.#drive();
  }

  refuse(code: ProtocolError["code"], text: string): void {
    this.#handshake?.handle({ kind: "refuse", code, text }, this.#options.clock.now());
    this.#drive();
  }

  handOver(successor: ConnectionHandler, rest: Uint8Array): void {
    this.#successor = successor;
    const connection = this.#connection;
    if (connection === undefined) return;
    // Less than 4 KiB on a fresh socket: it always fits; if it ever does not, the lane is dialled again.
    if (this.#outbox.bytes > 0) connection.terminate();
    successor.opened(connection);
    if (rest.length > 0) successor.received(rest);
  }

  /** Established, and nobody wants it any more. */
  close(): void {
    this.#connection?.end();
  }

  /** Closes without a word. */
  drop(error: ConnectionError): void {
    this.#fail(error);
  }

  #timeout(): void {
    this.#timer = undefined;
    if (this.#handshake === undefined) {
      return this.drop(new ConnectionError("connection_timeout", "no connection in time"));
    }
    this.#handshake.handleTimeout(this.#options.deadline);
    this.#drive();
  }

  #drive(): void {
    const { clock, events } = this.#options;
    for (;;) {
      const output = this.#handshake?.pollOutput();
      if (output === undefined) return;
      switch (output.kind) {
        case "send":
          this.#outbox.push(output.bytes);
          if (this.#connection !== undefined) this.#outbox.flush(this.#connection);
          break;
        case "need_session":
          events.needSession(this, output.session, output.lane);
          break;
        case "need_received": {
          const received = events.needReceived(this, output.session, output.lane);
          this.stated = received ?? 0;
          this.#handshake?.handle(
            received === undefined
              ? { kind: "refuse", code: "session_over", text: "the session has just ended" }
              : { kind: "ready", received },
            clock.now(),
          );
          break;
        }
        case "established":
          this.#finish();
          events.established(this, output);
          return;
        case "failed":
          this.#fail(output.error);
          return;
      }
    }
  }

  #finish(): void {
    this.#ended = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #fail(error: ProtocolError | ConnectionError): void {
    if (this.#ended) return;
    this.#finish();
    if (this.#connection === undefined) this.cancel();
    else this.#connection.end();
    this.#options.events.failed(this, error);
  }
}

export interface LaneSocketOptions {
  /** Undefined for an accepted connection. */
  readonly dial: LaneIdentity | undefined;
  readonly remoteHost: string;
  readonly clock: Clock;
  readonly digest: Digest;
  /** 32 random bytes. */
  readonly nonce: () => Uint8Array;
  readonly deadline: Millis;
  readonly events: LaneSocketEvents;
}
