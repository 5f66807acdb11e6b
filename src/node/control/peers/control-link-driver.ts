/**
 * Drives the control link of one peer: gives it one control connection after the other for as long as a session lives,
 * writes what the link has, and hands on what arrives.
 *
 *     detached ──attach: a handshake stands──► attached ──connection lost, or detach──► detached …
 *
 * The peer's session says which connection to take and when to give it up; here it is done and reported. When to look
 * again is `pollTimeout`, for the one timer of the peer.
 */
import type { ProtocolError } from "../../../base/error.ts";
import type { Millis } from "../../../base/millis.ts";
import type { Connection, ConnectionHandler } from "../../../port/transport.ts";
import { ControlLink, type ControlSink } from "../../../session/control-link.ts";
import type { Established } from "../../../session/handshake/handshake-io.ts";
import type { ControlMessage } from "../../../wire/control-message.ts";
import type { SessionEndReason } from "../../../wire/protocol-code.ts";
import type { ControlWorld } from "../control-world.ts";
import type { HandshakeSocket } from "./handshake-socket.ts";

export interface ControlLinkEvents extends ControlSink {
  /** Bytes came; what they say follows. */
  heard(): void;
  /** All that came has been told. */
  taken(): void;
  /** The connection can take more: call `write`. */
  drained(): void;
  /** The connection is gone, by itself. */
  lost(connection: number): void;
  /** The link broke: the session has to end. */
  failed(error: ProtocolError): void;
}

export class ControlLinkDriver {
  readonly #world: ControlWorld;
  readonly #events: ControlLinkEvents;
  readonly #sink: ControlSink;
  #link: ControlLink | undefined;
  /** The session that the link is of. */
  #session: Uint8Array | undefined;
  #connection: Connection | undefined;
  /** The handshake socket that the connection came from. */
  #connectionId = 0;
  /** The stamp of the peer's last tick; 0: none yet. */
  #echo = 0;

  constructor(world: ControlWorld, events: ControlLinkEvents) {
    this.#world = world;
    this.#events = events;
    this.#sink = {
      message: (message) => events.message(message),
      tick: (tick) => {
        this.#echo = tick.stamp;
        this.#world.fences.see(tick.fence);
        events.tick(tick);
      },
      suspect: (lane) => events.suspect(lane),
      ended: (reason, text) => events.ended(reason, text),
    };
  }

  /** The connection of a handshake that stands takes the place of the one before; a new session has a new link. */
  attach(socket: HandshakeSocket, { session, rest }: Established): void {
    this.detach();
    const isSame = this.#session !== undefined && this.#world.digest.equal(this.#session, session);
    if (this.#link === undefined || !isSame) {
      this.#link = new ControlLink(this.#world.identities);
      this.#session = session;
      // A stamp of the peer's incarnation before would be nonsense to this one.
      this.#echo = 0;
    }
    this.#connectionId = socket.id;
    socket.handOver(this.#handler(socket.id), rest);
  }

  /** Lets what waits leave and closes the connection; nothing happens when it is not that one. */
  drop(connection: number): void {
    if (this.#connectionId !== connection) return;
    this.write();
    this.detach();
  }

  /** Closes the connection, if there is one, without a word. */
  detach(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#link?.detach();
    connection?.end();
  }

  /** Leaves with the next `write`. False: there is no session, or too much waits. @throws {EncodeError} @throws {MessageTooLarge} */
  send(message: ControlMessage): boolean {
    return this.#link?.send(message) ?? false;
  }

  /** `probe`: the peer is to answer at once. */
  sendTick(probe: boolean): void {
    const stamp = Math.floor(this.#world.clock.now());
    const lagMs = this.#world.lagMs();
    const fence = this.#world.fences.highest;
    this.#link?.sendTick({ probe, stamp, echo: this.#echo, fence, lagMs });
  }

  sendSuspect(lane: number): void {
    this.#link?.sendSuspect(lane);
  }

  /** Best effort, and at once: the connection may be closed next. */
  sendEnd(reason: SessionEndReason, text: string): void {
    this.#link?.sendEnd(reason, text);
    this.write();
  }

  /** Writes what waits. Whether anything left. */
  write(): boolean {
    const connection = this.#connection;
    const link = this.#link;
    if (connection === undefined || link === undefined) return false;
    let wrote = false;
    for (let next = link.pollTransmit(); next !== undefined; next = link.pollTransmit()) {
      const { length } = next;
      const taken = connection.write(next.bytes, next.offset, length);
      if (taken < 0) break;
      if (taken > 0) wrote = true;
      link.transmitted(taken);
      if (taken < length) break;
    }
    return wrote;
  }

  pollTimeout(): Millis | undefined {
    return this.#link?.pollTimeout();
  }

  handleTimeout(now: Millis): void {
    this.#link?.handleTimeout(now);
  }

  /** What the attached connection reports; one that was replaced reports nothing any more. */
  #handler(id: number): ConnectionHandler {
    const isAttached = (): boolean => this.#connectionId === id && this.#connection !== undefined;
    return {
      opened: (connection) => {
        this.#connection = connection;
        this.#link?.attach();
        this.write();
      },
      received: (bytes) => {
        if (isAttached()) this.#received(bytes);
      },
      drained: () => {
        if (isAttached()) this.#events.drained();
      },
      closed: () => {
        if (!isAttached()) return;
        this.#connection = undefined;
        this.#link?.detach();
        this.#events.lost(id);
      },
    };
  }

  #received(bytes: Uint8Array): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#events.heard();
    link.receive(bytes, this.#world.clock.now(), this.#sink);
    const { failure } = link;
    if (failure !== undefined && link === this.#link) {
      this.#link = undefined;
      this.#events.failed(failure);
    } else this.#events.taken();
  }
}
