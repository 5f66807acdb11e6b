/**
 * Drives all that joins this node to one peer: the session core, its control link, and the handshakes that lead to it.
 * Lanes live on the schedulers; here they are asked for and heard of.
 */
import { earliest, type Millis } from "../../base/millis.ts";
import { ConnectionError, type ProtocolError } from "../../base/error.ts";
import type { Timer } from "../../port/clock.ts";
import type { Address, Connection, ConnectionHandler } from "../../port/transport.ts";
import { ControlLink } from "../../session/control-link.ts";
import type { Established } from "../../session/handshake-io.ts";
import type { LanePlan } from "../../session/lane-plan.ts";
import { Session } from "../../session/session.ts";
import type {
  SessionInfo,
  SessionInput,
  SessionOptions,
  SessionOutput,
} from "../../session/session-io.ts";
import type { ControlMessage } from "../../wire/control-message.ts";
import type { ControlWorld } from "./control-world.ts";
import type { Decision, HandshakeFailure, HandshakeSocket } from "./handshake-socket.ts";

/** Bytes of a session's id. */
const SESSION_ID_BYTES = 16;

/** How a session ended. */
export type SessionOver = Extract<SessionOutput, { kind: "session_over" }>;

export interface PeerEvents {
  /** Dial the peer's control address and run a handshake that expects its name. */
  dial(peer: PeerDriver, address: Address): HandshakeSocket;
  up(peer: PeerDriver, info: SessionInfo): void;
  over(peer: PeerDriver, end: SessionOver): void;
  connectFailed(peer: PeerDriver, error: ConnectionError | ProtocolError): void;
  dialLane(peer: PeerDriver, plan: LanePlan, address: Address): void;
  resetLane(peer: PeerDriver, plan: LanePlan): void;
  /** Wait until every lane brought this frame and what it relayed has passed. */
  awaitFrames(peer: PeerDriver, lastFrames: readonly number[]): void;
  message(peer: PeerDriver, message: ControlMessage): void;
  suspected(peer: PeerDriver, lane: number, forMs: number): void;
  recovered(peer: PeerDriver, afterMs: number): void;
  /** A tick came; the peer had got our tick of `echo`, on this thread's clock, by then; 0: none yet. */
  ticked(peer: PeerDriver, echo: Millis): void;
  /** Nothing joins the nodes any more. */
  idle(peer: PeerDriver): void;
}

export class PeerDriver {
  readonly name: string;
  /** The number of the session that is up or suspect; 0 when there is none. */
  number = 0;
  /** When the session came up. */
  upSince = 0;
  /** Whether the peer is seen by nobody; known with its first session. */
  hidden = false;
  /** The dial without a name that led to the session, if one did. */
  dialKey: string | undefined;
  readonly #world: ControlWorld;
  readonly #events: PeerEvents;
  readonly #session: Session;
  readonly #handshakes = new Map<number, HandshakeSocket>();
  #dialled: HandshakeSocket | undefined;
  #link: ControlLink | undefined;
  #linkSession: Uint8Array | undefined;
  #connection: Connection | undefined;
  #connectionId = 0;
  #established: { readonly socket: HandshakeSocket; readonly result: Established } | undefined;
  #timer: Timer | undefined;
  /** When the timer is up. */
  #timerAt = 0;
  #driving = false;
  #echo = 0;

  constructor(options: {
    readonly world: ControlWorld;
    readonly session: SessionOptions;
    readonly events: PeerEvents;
  }) {
    this.name = options.session.peer;
    this.#world = options.world;
    this.#events = options.events;
    this.#session = new Session(options.session);
  }

  get state(): Session["state"] {
    return this.#session.state;
  }

  /** What is known of the peer while a session is up. */
  get info(): SessionInfo | undefined {
    return this.#session.live?.info;
  }

  /** Lanes that have a socket. */
  get lanes(): number {
    return this.#session.live?.lanes.filter((lane) => lane.attached).length ?? 0;
  }

  connect(address: Address): void {
    this.#feed({ kind: "connect", address });
  }

  /** A handshake with this peer, dialled or accepted, asks what to do. */
  decide(socket: HandshakeSocket, decision: Decision): void {
    this.#handshakes.set(socket.id, socket);
    const { stage, authenticated, peer } = decision;
    const fresh = this.#world.entropy.bytes(SESSION_ID_BYTES);
    this.#feed({
      kind: "decision",
      connection: socket.id,
      stage,
      authenticated,
      peer,
      dialled: socket.role === "dialler",
      startedAt: socket.since,
      fresh,
    });
  }

  established(socket: HandshakeSocket, result: Established): void {
    this.#handshakes.delete(socket.id);
    if (this.#dialled === socket) this.#dialled = undefined;
    this.dialKey = socket.dialKey;
    this.#established = { socket, result };
    this.#feed({ kind: "established", connection: socket.id, result });
  }

  failed(socket: HandshakeSocket, failure: HandshakeFailure): void {
    this.#handshakes.delete(socket.id);
    const dialled = this.#dialled === socket;
    if (dialled) this.#dialled = undefined;
    const { error } = failure;
    if (dialled && error instanceof ConnectionError && failure.peer === undefined) {
      this.#feed({ kind: "dial_failed", error });
    } else {
      this.#feed({ kind: "handshake_failed", connection: socket.id, dialled, error });
    }
  }

  /** Anything that the schedulers report of lanes, and what ends the session. */
  input(
    input: Extract<
      SessionInput,
      {
        kind:
          | "lane_attached"
          | "lane_lost"
          | "lane_failed"
          | "lane_stalled"
          | "frames_reached"
          | "end"
          | "abort";
      }
    >,
  ): void {
    this.#feed(input);
  }

  /** False: there is no session, or too much waits. @throws {EncodeError} @throws {MessageTooLarge} */
  send(message: ControlMessage): boolean {
    const taken = this.enqueue(message);
    this.flush();
    return taken;
  }

  /** As `send`, but leaves with the next `flush`. @throws {EncodeError} @throws {MessageTooLarge} */
  enqueue(message: ControlMessage): boolean {
    return this.#link?.send(message) ?? false;
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#write()) this.#feed({ kind: "said" });
  }

  /** Asks the peer for a tick at once. */
  probe(): void {
    this.#sendTick(true);
    this.flush();
  }

  /** Ends without a word: the node is closing. */
  close(): void {
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    for (const socket of this.#handshakes.values()) {
      socket.drop(new ConnectionError("closed_here", "the node stops"));
    }
    this.#connection?.end();
    this.#connection = undefined;
  }

  #feed(input: SessionInput): void {
    this.#session.handle(input, this.#world.clock.now());
    this.#drive();
  }

  /** Carries out what the session says until it says nothing more, then arms its timer. */
  #drive(): void {
    if (this.#driving) return;
    this.#driving = true;
    for (let output = this.#session.pollOutput(); output; output = this.#session.pollOutput()) {
      this.#carryOut(output);
    }
    this.#driving = false;
    // A connection that the session did not take is of no use.
    this.#established?.socket.close();
    this.#established = undefined;
    this.flush();
    this.#arm();
    if (this.#session.state === "idle" && this.#handshakes.size === 0) this.#events.idle(this);
  }

  #carryOut(output: SessionOutput): void {
    switch (output.kind) {
      case "dial_control":
        this.#dialled = this.#events.dial(this, output.address);
        return;
      case "cancel_dial": {
        const dialled = this.#dialled;
        this.#dialled = undefined;
        if (dialled !== undefined) this.#handshakes.delete(dialled.id);
        return dialled?.close();
      }
      case "answer":
        return this.#answer(output.connection, output.input);
      case "attach_control":
        return this.#attach(output.connection);
      case "drop_control":
        return this.#drop(output.connection);
      case "session_up":
        return this.#events.up(this, output.info);
      case "session_over":
        return this.#events.over(this, output);
      case "connect_failed":
        return this.#events.connectFailed(this, output.error);
      case "dial_lane":
        return this.#events.dialLane(this, output.plan, output.address);
      case "reset_lane":
        return this.#events.resetLane(this, output.plan);
      case "send_tick":
        return this.#sendTick(output.probe);
      case "send_suspect":
        return this.#link?.sendSuspect(output.lane);
      case "send_goodbye": {
        const { reason, lastFrames } = output;
        this.#link?.send({ kind: "goodbye", reason, lastFrames });
        return;
      }
      case "send_end":
        this.#link?.sendEnd(output.reason, output.text);
        this.#write();
        return;
      case "await_frames":
        return this.#events.awaitFrames(this, output.lastFrames);
      case "suspected":
        return this.#events.suspected(this, output.lane, output.untilMs - this.#world.clock.now());
      case "recovered":
        return this.#events.recovered(this, output.afterMs);
    }
  }

  #answer(connection: number, input: Extract<SessionOutput, { kind: "answer" }>["input"]): void {
    const socket = this.#handshakes.get(connection);
    if (socket === undefined) return;
    if (input.kind === "admit") socket.admit(input.resume);
    else if (input.kind === "commit") socket.commit(input.session);
    else if (input.kind === "refuse") socket.refuse(input.code, input.text);
  }

  #attach(id: number): void {
    const established = this.#established;
    if (established === undefined || established.socket.id !== id) return;
    this.#established = undefined;
    const { socket, result } = established;
    this.#disconnect();
    const isSame =
      this.#linkSession !== undefined &&
      this.#world.digest.equal(this.#linkSession, result.session);
    if (this.#link === undefined || !isSame) {
      this.#link = new ControlLink(this.#world.identities);
      this.#linkSession = result.session;
      // A stamp of the peer's incarnation before would be nonsense to this one.
      this.#echo = 0;
    }
    this.#connectionId = id;
    socket.handOver(this.#handler(id), result.rest);
  }

  /** What the attached connection reports; one that was replaced reports nothing any more. */
  #handler(id: number): ConnectionHandler {
    const isAttached = (): boolean => this.#connectionId === id && this.#connection !== undefined;
    return {
      opened: (connection) => {
        this.#connection = connection;
        this.#link?.attach();
        this.#write();
      },
      received: (bytes) => {
        if (isAttached()) this.#received(bytes);
      },
      drained: () => {
        if (isAttached()) this.flush();
      },
      closed: () => {
        if (!isAttached()) return;
        this.#connection = undefined;
        this.#link?.detach();
        this.#feed({ kind: "control_lost", connection: id });
      },
    };
  }

  #received(bytes: Uint8Array): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#feed({ kind: "heard" });
    link.receive(bytes, this.#world.clock.now(), {
      message: (message) => this.#message(message),
      tick: (tick) => {
        this.#echo = tick.stamp;
        this.#world.fences.see(tick.fence);
        this.#feed({ kind: "tick", tick });
        if (tick.echo > 0 && tick.echo <= this.#world.clock.now())
          this.#events.ticked(this, tick.echo);
      },
      suspect: (lane) => this.#feed({ kind: "peer_suspects", lane }),
      ended: (reason, text) => this.#feed({ kind: "peer_ended", reason, text }),
    });
    const { failure } = link;
    if (failure !== undefined && link === this.#link) {
      this.#link = undefined;
      const { code: reason, message: text } = failure;
      this.#feed({ kind: "abort", reason, text });
    } else this.#drive();
  }

  #message(message: ControlMessage): void {
    if (message.kind === "goodbye") {
      const { reason, lastFrames } = message;
      return this.#feed({ kind: "peer_goodbye", reason, lastFrames });
    }
    this.#events.message(this, message);
  }

  #drop(id: number): void {
    if (this.#connectionId !== id) return;
    this.#write();
    this.#disconnect();
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#link?.detach();
    connection?.end();
  }

  #sendTick(probe: boolean): void {
    const stamp = Math.floor(this.#world.clock.now());
    const lagMs = this.#world.lagMs();
    const fence = this.#world.fences.highest;
    this.#link?.sendTick({ probe, stamp, echo: this.#echo, fence, lagMs });
  }

  /** Whether anything left. */
  #write(): boolean {
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

  #arm(): void {
    const { clock } = this.#world;
    const due = earliest(this.#session.pollTimeout(), this.#link?.pollTimeout());
    // One that is set for too early only looks and sets itself anew: bytes come and go faster than timers should.
    if (this.#timer !== undefined && due !== undefined && due >= this.#timerAt) return;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timer = undefined;
    if (due === undefined) return;
    this.#timerAt = due;
    this.#timer = clock.setTimer(Math.max(0, due - clock.now()), () => {
      this.#timer = undefined;
      const now = clock.now();
      this.#link?.handleTimeout(now);
      this.#session.handleTimeout(now);
      this.#drive();
    });
  }
}
