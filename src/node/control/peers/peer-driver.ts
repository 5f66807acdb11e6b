/**
 * Drives all that joins this node to one peer: feeds the session core and carries out what it says. The handshakes that
 * lead to a session are the `PeerHandshakes`, its control connection is the `ControlLinkDriver`'s. Lanes live on the
 * schedulers; here they are asked for and heard of.
 */
import { earliest, type Millis } from "../../../base/millis.ts";
import { ConnectionError, type ProtocolError } from "../../../base/error.ts";
import type { Timer } from "../../../port/clock.ts";
import type { Address } from "../../../port/transport.ts";
import type { Established } from "../../../session/handshake/handshake-io.ts";
import type { LanePlan } from "../../../session/lane/lane-plan.ts";
import { Session } from "../../../session/session.ts";
import type {
  SessionInfo,
  SessionInput,
  SessionOptions,
  SessionOutput,
} from "../../../session/session-io.ts";
import type { ControlMessage } from "../../../wire/control-message.ts";
import { ControlLinkDriver } from "./control-link-driver.ts";
import type { ControlWorld } from "../control-world.ts";
import type { Decision, HandshakeFailure, HandshakeSocket } from "./handshake-socket.ts";
import { PeerHandshakes } from "./peer-handshakes.ts";

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
  readonly #handshakes = new PeerHandshakes();
  readonly #link: ControlLinkDriver;
  #timer: Timer | undefined;
  /** When the timer is up. */
  #timerAt = 0;
  #driving = false;

  constructor(options: {
    readonly world: ControlWorld;
    readonly session: SessionOptions;
    readonly events: PeerEvents;
  }) {
    this.name = options.session.peer;
    this.#world = options.world;
    this.#events = options.events;
    this.#session = new Session(options.session);
    this.#link = this.#openLink();
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
    const fresh = this.#world.entropy.bytes(SESSION_ID_BYTES);
    this.#feed(this.#handshakes.asks(socket, decision, fresh));
  }

  established(socket: HandshakeSocket, result: Established): void {
    this.dialKey = socket.dialKey;
    this.#feed(this.#handshakes.established(socket, result));
  }

  failed(socket: HandshakeSocket, failure: HandshakeFailure): void {
    this.#feed(this.#handshakes.failed(socket, failure));
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
    return this.#link.send(message);
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#link.write()) this.#feed({ kind: "said" });
  }

  /** Asks the peer for a tick at once. */
  probe(): void {
    this.#link.sendTick(true);
    this.flush();
  }

  /** Ends without a word: the node is closing. */
  close(): void {
    this.#handshakes.drop(new ConnectionError("closed_here", "the node stops"));
    this.#link.detach();
    // Last: what was dropped may have set it.
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
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
    this.#handshakes.closeStanding();
    this.flush();
    this.#arm();
    if (this.#session.state === "idle" && this.#handshakes.size === 0) this.#events.idle(this);
  }

  #carryOut(output: SessionOutput): void {
    switch (output.kind) {
      case "dial_control":
        return this.#handshakes.dialled(this.#events.dial(this, output.address));
      case "cancel_dial":
        return this.#handshakes.cancelDial();
      case "answer":
        return this.#handshakes.answer(output.connection, output.input);
      case "attach_control":
        return this.#attach(output.connection);
      case "drop_control":
        return this.#link.drop(output.connection);
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
        return this.#link.sendTick(output.probe);
      case "send_suspect":
        return this.#link.sendSuspect(output.lane);
      case "send_goodbye": {
        const { reason, lastFrames } = output;
        this.#link.send({ kind: "goodbye", reason, lastFrames });
        return;
      }
      case "send_end":
        return this.#link.sendEnd(output.reason, output.text);
      case "await_frames":
        return this.#events.awaitFrames(this, output.lastFrames);
      case "suspected":
        return this.#events.suspected(this, output.lane, output.untilMs - this.#world.clock.now());
      case "recovered":
        return this.#events.recovered(this, output.afterMs);
    }
  }

  #attach(connection: number): void {
    const standing = this.#handshakes.take(connection);
    if (standing !== undefined) this.#link.attach(standing.socket, standing.result);
  }

  #openLink(): ControlLinkDriver {
    return new ControlLinkDriver(this.#world, {
      heard: () => this.#feed({ kind: "heard" }),
      message: (message) => this.#message(message),
      tick: (tick) => {
        this.#feed({ kind: "tick", tick });
        if (tick.echo > 0 && tick.echo <= this.#world.clock.now())
          this.#events.ticked(this, tick.echo);
      },
      suspect: (lane) => this.#feed({ kind: "peer_suspects", lane }),
      ended: (reason, text) => this.#feed({ kind: "peer_ended", reason, text }),
      taken: () => this.#drive(),
      drained: () => this.flush(),
      lost: (connection) => this.#feed({ kind: "control_lost", connection }),
      failed: ({ code: reason, message: text }) => this.#feed({ kind: "abort", reason, text }),
    });
  }

  #message(message: ControlMessage): void {
    if (message.kind === "goodbye") {
      const { reason, lastFrames } = message;
      return this.#feed({ kind: "peer_goodbye", reason, lastFrames });
    }
    this.#events.message(this, message);
  }

  #arm(): void {
    const { clock } = this.#world;
    const due = earliest(this.#session.pollTimeout(), this.#link.pollTimeout());
    // One that is set for too early only looks and sets itself anew: bytes come and go faster than timers should.
    if (this.#timer !== undefined && due !== undefined && due >= this.#timerAt) return;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timer = undefined;
    if (due === undefined) return;
    this.#timerAt = due;
    this.#timer = clock.setTimer(Math.max(0, due - clock.now()), () => {
      this.#timer = undefined;
      const now = clock.now();
      this.#link.handleTimeout(now);
      this.#session.handleTimeout(now);
      this.#drive();
    });
  }
}
