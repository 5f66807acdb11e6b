/**
 * Drives one control connection from dial or accept to COMMIT: feeds a `Handshake` from a `Connection` and carries out
 * what it says. What stands then is handed over with the connection; what fails is closed and reported once.
 */
import { ConnectionError, type ProtocolError } from "../../../base/error.ts";
import type { Millis } from "../../../base/millis.ts";
import type { Clock, Timer } from "../../../port/clock.ts";
import type { Connection, ConnectionHandler } from "../../../port/transport.ts";
import { Handshake } from "../../../session/handshake/handshake.ts";
import type {
  Established,
  HandshakeOptions,
  HandshakeOutput,
  HandshakePeer,
} from "../../../session/handshake/handshake-io.ts";
import { parseNodeName } from "../../../config/node-name.ts";
import { Outbox } from "../../outbox.ts";

/** What the handshake asks its node. */
export type Decision = Extract<HandshakeOutput, { kind: "need_decision" }>;

export interface HandshakeFailure {
  readonly error: ProtocolError | ConnectionError;
  readonly by: "peer" | "here";
  readonly authenticated: boolean;
  readonly peer: HandshakePeer | undefined;
  /** `host:port` of the other end, as far as it is known. */
  readonly remote: string;
}

export interface HandshakeSocketEvents {
  /** Answer with `admit`, `commit` or `refuse` of the socket, at once or later. */
  decide(socket: HandshakeSocket, decision: Decision): void;
  /** The connection is the caller's, who must call `handOver` with its new handler before returning. */
  established(socket: HandshakeSocket, established: Established): void;
  failed(socket: HandshakeSocket, failure: HandshakeFailure): void;
  /** It was ended by `close`: nobody wants the outcome, but who keeps the socket is to forget it. */
  closed?(socket: HandshakeSocket): void;
}

export class HandshakeSocket implements ConnectionHandler {
  /** Tells connections of this node apart. */
  readonly id: number;
  /** When it was accepted or dialled. */
  readonly since: Millis;
  readonly role: "dialler" | "acceptor";
  /** Dialler: what was dialled; the acceptor's is undefined. */
  readonly dialKey: string | undefined;
  /** The peer's IP address; the dialled host until the connection is open. */
  remoteHost: string;
  /** Who is on the other side, once it has said so. */
  peer: HandshakePeer | undefined;
  readonly #options: (exporter: Uint8Array) => HandshakeOptions;
  readonly #clock: Clock;
  readonly #events: HandshakeSocketEvents;
  readonly #outbox = new Outbox();
  readonly #deadline: Millis;
  #handshake: Handshake | undefined;
  #connection: Connection | undefined;
  #successor: ConnectionHandler | undefined;
  #timer: Timer | undefined;
  #ended = false;
  /** Gives up a connection that is not open yet. */
  cancel: () => void = () => {};

  constructor(options: {
    readonly id: number;
    readonly role: "dialler" | "acceptor";
    readonly dialKey: string | undefined;
    readonly remoteHost: string;
    readonly clock: Clock;
    readonly deadline: Millis;
    readonly handshake: (exporter: Uint8Array) => HandshakeOptions;
    readonly events: HandshakeSocketEvents;
  }) {
    this.id = options.id;
    this.role = options.role;
    this.dialKey = options.dialKey;
    this.remoteHost = options.remoteHost;
    this.since = options.clock.now();
    this.#options = options.handshake;
    this.#clock = options.clock;
    this.#events = options.events;
    this.#deadline = options.deadline;
    // Counts from here, so that a client that never speaks TLS is gone in time as well.
    this.#timer = this.#clock.setTimer(Math.max(0, options.deadline - this.since), () =>
      this.#timeout(),
    );
  }

  opened(connection: Connection): void {
    if (this.#ended) return connection.terminate();
    this.#connection = connection;
    this.remoteHost = connection.remoteHost;
    this.#handshake = new Handshake(this.#options(connection.exporter()));
    this.#drive();
  }

  received(bytes: Uint8Array): void {
    if (this.#successor !== undefined) return this.#successor.received(bytes);
    // What comes after `close` must not ask for decisions any more.
    if (this.#ended) return;
    this.#handshake?.handle({ kind: "received", bytes }, this.#clock.now());
    this.#drive();
  }

  drained(): void {
    if (this.#successor !== undefined) return this.#successor.drained();
    if (this.#connection !== undefined) this.#outbox.flush(this.#connection);
  }

  closed(error: ConnectionError | undefined): void {
    if (this.#successor !== undefined) return this.#successor.closed(error);
    if (this.#ended) return;
    if (this.#handshake !== undefined && error === undefined) {
      this.#handshake.handle({ kind: "closed" }, this.#clock.now());
      return this.#drive();
    }
    this.#fail({
      error:
        error ?? new ConnectionError("closed_by_peer", "connection closed before the handshake"),
      by: "peer",
      authenticated: false,
      peer: this.peer,
      remote: this.remote,
    });
  }

  /** `host:port` of the other end, or the host alone before the connection is open. */
  get remote(): string {
    return this.#connection?.remote ?? this.remoteHost;
  }

  admit(resume: Uint8Array | undefined): void {
    this.#handshake?.handle({ kind: "admit", resume }, this.#clock.now());
    this.#drive();
  }

  commit(session: Uint8Array): void {
    this.#handshake?.handle({ kind: "commit", session }, this.#clock.now());
    this.#drive();
  }

  refuse(code: ProtocolError["code"], text: string): void {
    this.#handshake?.handle({ kind: "refuse", code, text }, this.#clock.now());
    this.#drive();
  }

  /** From now on the connection's events go to `successor`, beginning with `rest`. */
  handOver(successor: ConnectionHandler, rest: Uint8Array): void {
    this.#successor = successor;
    const connection = this.#connection;
    if (connection === undefined) return;
    // Less than 4 KiB on a fresh socket: it always fits; if it ever does not, the peer dials again.
    if (this.#outbox.bytes > 0) connection.terminate();
    successor.opened(connection);
    if (rest.length > 0) successor.received(rest);
  }

  /** Closes without a word: over a limit, or the node stops. */
  drop(error: ConnectionError): void {
    this.#fail({ error, by: "here", authenticated: false, peer: this.peer, remote: this.remote });
  }

  /** Ends it and reports nothing: nobody wants the outcome any more. */
  close(): void {
    const wasEnded = this.#ended;
    this.#finish();
    if (this.#connection === undefined) this.cancel();
    else {
      this.#excuse(this.#connection);
      this.#connection.end();
    }
    if (!wasEnded) this.#events.closed?.(this);
  }

  /** The other side is to know that nothing is wrong: two dials crossed. */
  #excuse(connection: Connection): void {
    const text = "connected in the meantime";
    this.#handshake?.handle({ kind: "refuse", code: "already_connected", text }, this.#clock.now());
    for (
      let output = this.#handshake?.pollOutput();
      output;
      output = this.#handshake?.pollOutput()
    ) {
      if (output.kind === "send") this.#outbox.push(output.bytes);
    }
    this.#outbox.flush(connection);
  }

  #timeout(): void {
    this.#timer = undefined;
    if (this.#handshake !== undefined) {
      this.#handshake.handleTimeout(this.#deadline);
      return this.#drive();
    }
    this.drop(new ConnectionError("connection_timeout", "no connection and no TLS in time"));
  }

  #drive(): void {
    for (;;) {
      const output = this.#handshake?.pollOutput();
      if (output === undefined) return;
      switch (output.kind) {
        case "send":
          this.#outbox.push(output.bytes);
          if (this.#connection !== undefined) this.#outbox.flush(this.#connection);
          break;
        case "need_decision":
          this.peer = output.peer;
          if (this.#isCertified(output.peer)) this.#events.decide(this, output);
          break;
        case "established":
          this.peer = output.peer;
          this.#finish();
          this.#events.established(this, output);
          return;
        case "failed":
          this.#fail({
            error: output.error,
            by: output.by,
            authenticated: output.authenticated,
            peer: output.peer,
            remote: this.remote,
          });
          return;
      }
    }
  }

  /** Refuses a peer whose certificate stands for other hosts than that of its name. */
  #isCertified({ hello: { name } }: HandshakePeer): boolean {
    const host = parseNodeName(name)?.host;
    if (host !== undefined && this.#connection?.certifies(host) === true) return true;
    const text = `the certificate of ${name} does not stand for its host; make one with snow-node cert`;
    this.refuse("certificate_other_host", text);
    return false;
  }

  #finish(): void {
    this.#ended = true;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #fail(failure: HandshakeFailure): void {
    if (this.#ended) return;
    this.#finish();
    if (this.#connection === undefined) this.cancel();
    // `end` lets a REFUSE leave; what does not fit into the kernel's buffer is not worth waiting for.
    else this.#connection.end();
    this.#events.failed(this, failure);
  }
}
