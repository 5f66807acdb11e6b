/**
 * Drives one lane of a session on its scheduler's thread: gives it sockets for as long as the session lives, writes what
 * the lane has when the run slice ends, and hands what arrives to the sink.
 *
 *     waiting ──dial or accept, both proved──► attached ──socket lost──► waiting …      closed: the session is over
 *
 * The control thread says when to dial and when to give a socket up; here it is done and reported.
 */
import { ConnectionError, type ProtocolError } from "../../../base/error.ts";
import type { Millis } from "../../../base/millis.ts";
import type { Clock, Timer } from "../../../port/clock.ts";
import type { Digest } from "../../../port/digest.ts";
import type { Entropy } from "../../../port/entropy.ts";
import type { Address, Connection, ConnectionHandler, Transport } from "../../../port/transport.ts";
import type { LaneSink } from "../../../session/lane/incoming.ts";
import { Lane } from "../../../session/lane/lane.ts";
import type { LaneBudget, LaneLimits } from "../../../session/lane/lane-limits.ts";
import type { Identities } from "../../../term/identities.ts";
import type { Pid } from "../../../term/pid.ts";
import { NONCE_BYTES } from "../../../wire/handshake-message.ts";
import { LaneSocket } from "./lane-socket.ts";
import type { LaneEnd, SessionPlan } from "../../thread-message.ts";

/** Milliseconds that the peer may owe an acknowledgement before the control thread looks whether it is dead. */
const STALLED_MS = 5_000;

/** Bytes that do not wait for the end of the slice when nothing is on its way: the peer may as well begin. */
const EARLY_BYTES = 8 * 1024;

export interface LaneDriverEvents {
  attached(lane: LaneDriver): void;
  lost(lane: LaneDriver, error: ConnectionError | undefined): void;
  /** The dial that was asked for came to nothing. */
  dialFailed(lane: LaneDriver, error: ConnectionError | ProtocolError): void;
  /** The lane broke: the session has to end. */
  failed(lane: LaneDriver, error: ProtocolError): void;
  /** Something waits to be written: call `flush` when the slice ends. */
  pending(lane: LaneDriver): void;
  /** The lane has drained below its high-water mark. */
  ready(): void;
}

/** What lanes need of the thread they run on. */
export interface LaneWorld {
  readonly clock: Clock;
  readonly digest: Digest;
  readonly entropy: Entropy;
  readonly transport: Transport;
  readonly identities: Identities;
  readonly limits: Partial<LaneLimits>;
  readonly budget: LaneBudget;
  /** Milliseconds from dial or accept until a lane stands. */
  readonly handshakeMs: Millis;
}

export class LaneDriver {
  readonly session: SessionPlan;
  readonly plan: LaneEnd;
  readonly core: Lane;
  readonly #world: LaneWorld;
  readonly #sink: LaneSink;
  readonly #events: LaneDriverEvents;
  #connection: Connection | undefined;
  /** The dial under way. */
  #socket: LaneSocket | undefined;
  #ackTimer: Timer | undefined;
  #pending = false;
  #wasReady = true;
  #closed = false;
  /** What comes is left in the socket, whichever socket that is. */
  #unread = false;

  constructor(options: {
    readonly session: SessionPlan;
    readonly plan: LaneEnd;
    readonly world: LaneWorld;
    readonly sink: LaneSink;
    readonly events: LaneDriverEvents;
  }) {
    const { session, plan, world } = options;
    this.session = session;
    this.plan = plan;
    this.#world = world;
    this.#sink = options.sink;
    this.#events = options.events;
    this.core = new Lane({
      node: session.node,
      identities: world.identities,
      limits: world.limits,
      budget: world.budget,
    });
  }

  get ready(): boolean {
    return !this.core.room.aboveHighWater;
  }

  /** The same for one sender: what others have in fragments does not hold it up. */
  readyFor(from: Pid): boolean {
    return !this.core.room.aboveHighWaterFor(from);
  }

  /** Tells that signals were added. */
  added(): void {
    if (this.core.room.aboveHighWater) this.#wasReady = false;
    if (this.core.failure !== undefined) return this.#fail(this.core.failure);
    if (this.#connection === undefined) return;
    if (!this.#pending) {
      this.#pending = true;
      this.#events.pending(this);
    } else if (this.core.unackedBytes === 0 && this.core.room.queuedBytes >= EARLY_BYTES) {
      this.#write(this.#connection);
    }
  }

  flush(): void {
    this.#pending = false;
    if (this.#connection === undefined) return;
    this.#write(this.#connection);
    // While fragments wait some senders may go on and others not: each asks for itself.
    if (!this.#wasReady && !this.core.room.framesAboveHighWater) {
      this.#wasReady = this.ready;
      this.#events.ready();
    }
    this.#armAck();
  }

  #write(connection: Connection): void {
    for (let next = this.core.pollTransmit(); next !== undefined; next = this.core.pollTransmit()) {
      const { length } = next;
      const taken = connection.write(next.bytes, next.offset, length);
      if (taken < 0) break;
      this.core.transmitted(taken, this.#world.clock.now());
      if (taken < length) break;
    }
  }

  /** Reads nothing from now on: nobody has room for it. The peer's sender waits in its turn. */
  pause(): void {
    this.#unread = true;
    this.#connection?.pause();
  }

  resume(): void {
    this.#unread = false;
    this.#connection?.resume();
  }

  /** Detaches the old socket and says what was received on it: a proved new one is about to take over. */
  yieldSocket(): number {
    this.#dropConnection();
    return this.core.receivedFrame;
  }

  /**
   * A proved socket: its connection is this lane's from now on, beginning with `rest`. One on which either side stated less
   * than has arrived since, on another one that was faster, is closed: it would begin with a frame that is there already.
   */
  takeSocket(socket: LaneSocket, peerReceived: number, rest: Uint8Array): void {
    const { ackedFrame, receivedFrame } = this.core;
    if (socket.stated !== receivedFrame) {
      const text = `frame ${receivedFrame} is here, the peer was told ${socket.stated}`;
      return this.#refuseStale(socket, text);
    }
    if (peerReceived < ackedFrame) {
      const text = `the peer has said that it has frame ${ackedFrame}, and says ${peerReceived} here`;
      return this.#refuseStale(socket, text);
    }
    // One handler for each socket: what an old one still reports must not be taken for the new one's.
    let own: Connection | undefined;
    socket.handOver(
      {
        opened: (connection) => {
          own = connection;
          this.#opened(connection, peerReceived);
        },
        received: (bytes) => {
          if (own === this.#connection) this.#received(bytes);
        },
        drained: () => {
          if (own === this.#connection) this.flush();
        },
        closed: (error) => {
          if (own === this.#connection && own !== undefined) this.#lost(error);
        },
      } satisfies ConnectionHandler,
      rest,
    );
  }

  #refuseStale(socket: LaneSocket, text: string): void {
    socket.close();
    this.#dialFailed(new ConnectionError("closed_here", text));
  }

  #opened(connection: Connection, peerReceived: number): void {
    if (this.#closed) return connection.terminate();
    this.#dropConnection();
    this.#connection = connection;
    if (this.#unread) connection.pause();
    this.core.attach(peerReceived);
    if (this.core.failure !== undefined) return this.#fail(this.core.failure);
    this.#events.attached(this);
    this.flush();
  }

  #received(bytes: Uint8Array): void {
    this.core.receive(bytes, this.#world.clock.now(), this.#sink);
    if (this.core.failure !== undefined) return this.#fail(this.core.failure);
    this.#armAck();
    // An acknowledgement may be due, or have made room for what waited.
    if (!this.#pending && this.#connection !== undefined) {
      this.#pending = true;
      this.#events.pending(this);
    }
  }

  /** Dials the peer's end; one dial at a time. */
  dial(address: Address): void {
    if (this.#closed || this.#socket !== undefined) return;
    const { lane } = this.plan;
    const { clock, digest, entropy, handshakeMs, transport } = this.#world;
    const socket = new LaneSocket({
      dial: { session: this.session.sessionId, lane, laneKey: this.session.laneKey },
      remoteHost: address.host,
      clock,
      digest,
      nonce: () => entropy.bytes(NONCE_BYTES),
      deadline: clock.now() + handshakeMs,
      events: {
        needSession: (accepted) => accepted.refuse("unexpected_message", "this side dialled"),
        needReceived: () => this.yieldSocket(),
        established: (_socket, { peerReceived, rest }) => {
          this.#socket = undefined;
          this.takeSocket(socket, peerReceived, rest);
        },
        failed: (_socket, error) => {
          this.#socket = undefined;
          this.#dialFailed(error);
        },
      },
    });
    this.#socket = socket;
    socket.cancel = transport.dial(address, socket).cancel;
  }

  /** The control thread takes the socket for dead. */
  reset(): void {
    this.#dropConnection();
  }

  /** Whether the peer has owed an acknowledgement for too long. Called with every beat. */
  isStalled(now: Millis): boolean {
    const since = this.core.unackedSince;
    return since !== undefined && now - since >= STALLED_MS;
  }

  /** The session is over. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { clock } = this.#world;
    if (this.#ackTimer !== undefined) clock.clearTimer(this.#ackTimer);
    this.#socket?.drop(new ConnectionError("closed_here", "the session is over"));
    this.#connection?.end();
    this.#connection = undefined;
    this.core.close();
  }

  #dialFailed(error: ConnectionError | ProtocolError): void {
    if (this.#closed) return;
    // Also `session_over`: nobody has proved himself on that connection. If it is true, control hears of it.
    this.#events.dialFailed(this, error);
  }

  #lost(error: ConnectionError | undefined): void {
    this.#dropConnection();
    this.#events.lost(this, error);
  }

  #dropConnection(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.core.detach();
    connection?.terminate();
  }

  #fail(error: ProtocolError): void {
    if (this.#closed) return;
    this.close();
    this.#events.failed(this, error);
  }

  #armAck(): void {
    const due = this.core.pollTimeout();
    if (due === undefined || this.#ackTimer !== undefined) return;
    const { clock } = this.#world;
    this.#ackTimer = clock.setTimer(Math.max(0, due - clock.now()), () => {
      this.#ackTimer = undefined;
      this.core.handleTimeout(clock.now());
      this.flush();
    });
  }
}
