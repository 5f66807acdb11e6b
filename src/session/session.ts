/**
 * All that joins this node to one peer, as the control thread sees it (D3, D9): one core per peer name, for one session
 * after the other. Knows which sockets are attached, has the missing ones dialled, and says when it is over.
 *
 *     idle ──connect──► connecting ──established──► up ◄──repaired──┐
 *       ▲ ▲                 │ failed                 └─socket lost─► suspect
 *       │ └─────────────────┘                        │ end, goodbye   │ grace over, gone, ended by either side
 *       │                                            ▼                │
 *       └──────────── session_over ◄───────────── ending ◄────────────┘
 *
 * A handshake is asked for an answer in any state; `decision.ts` says which. Usage: feed inputs, then `pollOutput` until
 * undefined, then arm one timer for `pollTimeout`. `established` may come in any state but the answers make it fit.
 */
import { ConnectionError, type ProtocolError } from "../base/error.ts";
import { unreachable } from "../base/assert.ts";
import type { Millis } from "../base/millis.ts";
import type { AnnouncedAddress } from "../wire/handshake-message.ts";
import { codeSentence, type SessionEndReason } from "../wire/protocol-code.ts";
import { decide, sameId } from "./decision.ts";
import type { Established } from "./handshake.ts";
import {
  describe,
  hasNoSockets,
  isStuck,
  isSuspect,
  loseLane,
  repairDeadline,
  startLive,
  type LaneSocket,
  type Live,
} from "./live.ts";
import {
  controlFailed,
  DIAL_AGAIN_MS,
  dialDue,
  dialLanes,
  laneAttached,
  laneFailed,
  loseControl,
  overdue,
  resetLane,
} from "./repair.ts";
import type {
  ConnectionId,
  DecisionRequest,
  SessionInput,
  SessionOptions,
  SessionOutput,
} from "./session-io.ts";
import { startTick, stepTick, tickDue, type TickEvent } from "./tick.ts";

/** Milliseconds that an older incarnation of a name has to show that it lives. */
const PING_MS = 1_000;

/** Milliseconds that an orderly end may take. */
const GOODBYE_MS = 1_000;

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting" }
  | { readonly kind: "up"; readonly live: Live }
  | { readonly kind: "suspect"; readonly live: Live }
  /** GOODBYE was said (`said`) or heard: until the frames are there, the peer ends it, or the time is up. */
  | {
      readonly kind: "ending";
      readonly live: Live;
      readonly reason: SessionEndReason;
      readonly said: boolean;
      readonly until: Millis;
    };

export class Session {
  readonly #options: SessionOptions;
  readonly #outputs: SessionOutput[] = [];
  #state: State = { kind: "idle" };
  /** The one dial of the control connection is out, or its handshake runs, since then; undefined: neither. */
  #dialSince: Millis | undefined;
  /** A newcomer under the name waits until the one before has shown that it lives, or has not. */
  #contest:
    | { readonly request: DecisionRequest; readonly since: Millis; readonly until: Millis }
    | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get state(): State["kind"] {
    return this.#state.kind;
  }

  /** The running session, for inspection. */
  get live(): Live | undefined {
    return "live" in this.#state ? this.#state.live : undefined;
  }

  handle(input: SessionInput, now: Millis): void {
    switch (input.kind) {
      case "connect":
        return this.#connect(input.address, now);
      case "decision":
        return this.#decide(input, now);
      case "established":
        return this.#established(input.connection, input.result, now);
      case "dial_failed":
        this.#dialSince = undefined;
        return this.#attemptFailed(input.error, now);
      case "handshake_failed":
        if (this.#contest?.request.connection === input.connection) this.#contest = undefined;
        if (!input.dialled) return;
        this.#dialSince = undefined;
        return this.#attemptFailed(input.error, now);
      default:
        if (this.live !== undefined) return this.#handleLive(input, this.live, now);
        if ((input.kind === "end" || input.kind === "abort") && this.#state.kind === "connecting") {
          this.#cancelDial();
          this.#state = { kind: "idle" };
        }
    }
  }

  pollOutput(): SessionOutput | undefined {
    return this.#outputs.shift();
  }

  pollTimeout(): Millis | undefined {
    const state = this.#state;
    const due: (Millis | undefined)[] = [this.#contest?.until];
    if ("live" in state) {
      if (state.live.control !== undefined) due.push(tickDue(state.live.tick, this.#options.tick));
      if (state.kind === "ending") due.push(state.until);
      else due.push(repairDeadline(state.live), dialDue(state.live, this.#dialSince));
    }
    const known = due.filter((one) => one !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  handleTimeout(now: Millis): void {
    const contest = this.#contest;
    if (contest !== undefined && now >= contest.until) this.#contestOver(contest.request, now);
    const state = this.#state;
    if (!("live" in state)) return;
    if (state.live.control !== undefined) this.#tick(state.live, "timer", now);
    if (state.kind === "ending") {
      if (now >= state.until)
        this.#over(state.live, state.reason, "the time for an orderly end is up");
      return;
    }
    this.#checkDeadlines(state.live, now);
    this.#repair(now);
  }

  #connect(address: AnnouncedAddress, now: Millis): void {
    if (this.#state.kind !== "idle") return;
    this.#state = { kind: "connecting" };
    this.#dial(address, now);
  }

  #dial(address: AnnouncedAddress, now: Millis): void {
    this.#dialSince = now;
    this.#outputs.push({ kind: "dial_control", address });
  }

  #attemptFailed(error: ProtocolError | ConnectionError, now: Millis): void {
    const state = this.#state;
    if (state.kind === "connecting") {
      this.#state = { kind: "idle" };
      this.#outputs.push({ kind: "connect_failed", error });
      return;
    }
    if (!("live" in state) || state.live.control !== undefined) return;
    if (error.code === "session_over") return this.#over(state.live, "session_over", error.message);
    controlFailed(state.live, error.code === "connection_refused", now);
    this.#checkGone(state.live);
    this.#repair(now);
  }

  #decide(request: DecisionRequest, now: Millis): void {
    const { connection } = request;
    const state = this.#state;
    if (
      state.kind === "ending" ||
      (this.#contest !== undefined && this.#contest.request !== request)
    ) {
      const what =
        state.kind === "ending"
          ? "the session before is ending"
          : "another connection waits for its answer";
      return this.#answer(connection, { kind: "refuse", code: "already_connected", text: what });
    }
    const decision = decide(request, this.live);
    switch (decision.kind) {
      case "admit":
      case "refuse":
        return this.#answer(connection, decision);
      case "commit":
        if (decision.over && this.live !== undefined) {
          const text = `${this.#options.peer} has given the session up`;
          this.#over(this.live, "session_over", text, request.dialled);
        }
        return this.#answer(connection, { kind: "commit", session: decision.session });
      case "ping":
        this.#contest = { request, since: Math.floor(now), until: now + PING_MS };
        this.#outputs.push({ kind: "send_tick", probe: true });
        return;
      case "restarted":
        if (this.live !== undefined) this.#restarted(this.live, request.dialled);
        return this.#decide(request, now);
      default:
        return unreachable(decision);
    }
  }

  /** The older incarnation kept silent. */
  #contestOver(request: DecisionRequest, now: Millis): void {
    this.#contest = undefined;
    if (!request.authenticated)
      return this.#answer(request.connection, { kind: "admit", resume: undefined });
    if (this.live !== undefined) this.#restarted(this.live, request.dialled);
    this.#decide(request, now);
  }

  #restarted(live: Live, keepDial: boolean): void {
    const text = `${this.#options.peer} answers with another creation`;
    this.#over(live, "node_restarted", text, keepDial);
  }

  #established(connection: ConnectionId, result: Established, now: Millis): void {
    const { live } = this;
    if (this.#state.kind === "ending") {
      this.#outputs.push({ kind: "drop_control", connection });
      return;
    }
    if (result.resumed && (live === undefined || !sameId(live.info.id, result.session))) {
      return this.#refuseLate(connection, result, now);
    }
    this.#contest = undefined;
    if (result.role === "acceptor") this.#cancelDial();
    this.#dialSince = undefined;
    const control = { connection, since: now };
    if (live !== undefined && sameId(live.info.id, result.session)) {
      this.#outputs.push({ kind: "attach_control", connection });
      live.control = control;
      live.tick = startTick(now);
      live.silent = false;
      live.refusedAt = undefined;
      live.refusedTwice = false;
      return this.#settle(live, now);
    }
    if (live !== undefined) {
      if (live.info.peer.creation !== result.peer.hello.creation) this.#restarted(live, false);
      else this.#over(live, "session_over", `${this.#options.peer} made a new session`);
    }
    this.#outputs.push({ kind: "attach_control", connection });
    const info = describe(this.#options, result);
    this.#state = { kind: "up", live: startLive(this.#options, info, control, startTick(now)) };
    this.#outputs.push({ kind: "session_up", info });
    this.#repair(now);
  }

  /** The peer takes a session up again that ended here while they agreed on it: it hears so when it offers it once more. */
  #refuseLate(connection: ConnectionId, result: Established, now: Millis): void {
    this.#outputs.push({ kind: "drop_control", connection });
    if (result.role === "acceptor") return;
    this.#dialSince = undefined;
    const text = `the session with ${this.#options.peer} ended while it was taken up again`;
    this.#attemptFailed(new ConnectionError("closed_here", text), now);
  }

  #handleLive(
    input: Exclude<
      SessionInput,
      { kind: "connect" | "decision" | "established" | "dial_failed" | "handshake_failed" }
    >,
    live: Live,
    now: Millis,
  ): void {
    switch (input.kind) {
      case "heard":
        return this.#tick(live, "heard", now);
      case "said":
        return this.#tick(live, "said", now);
      case "tick":
        this.#echoed(live, input.tick.echo);
        return this.#ticked(live, input.tick.lagMs, input.tick.probe, now);
      case "control_lost":
        if (live.control?.connection === input.connection) this.#controlLost(live, now);
        return;
      case "lane_attached":
        return this.#withLane(live, input.lane, (lane) => {
          laneAttached(lane);
          this.#settle(live, now);
        });
      case "lane_lost":
        return this.#withLane(live, input.lane, (lane) => {
          if (lane.attached) loseLane(live, lane, now);
          this.#settle(live, now);
        });
      case "lane_failed":
        return this.#withLane(live, input.lane, (lane) => {
          laneFailed(lane, now);
          this.#repair(now);
        });
      case "lane_stalled":
        return this.#withLane(live, input.lane, (lane) => {
          if (lane.attached) lane.stalled = true;
          if (live.control !== undefined) this.#outputs.push({ kind: "send_tick", probe: true });
        });
      case "peer_suspects":
        // The peer has given the lane up; if our end still looks whole it is not. It is not told: it knows.
        return this.#withLane(live, input.lane, (lane) => {
          if (lane.attached) this.#resetLane(live, lane, now);
        });
      case "peer_ended":
        return this.#over(
          live,
          input.reason,
          `ended by the peer: ${input.text || codeSentence(input.reason)}`,
        );
      case "peer_goodbye":
        this.#state = {
          kind: "ending",
          live,
          reason: input.reason,
          said: false,
          until: now + GOODBYE_MS,
        };
        this.#outputs.push({ kind: "await_frames", lastFrames: input.lastFrames });
        return;
      case "frames_reached":
        if (this.#state.kind === "ending" && !this.#state.said)
          this.#end(live, this.#state.reason, "ended in order");
        return;
      case "end":
        return this.#goodbye(live, input.reason, input.lastFrames, now);
      case "abort":
        return this.#end(live, input.reason, input.text);
      default:
        return unreachable(input);
    }
  }

  /** Any other byte may have been on its way since before the peer died; an echo of the question has not. */
  #echoed(live: Live, echo: Millis): void {
    const contest = this.#contest;
    if (contest === undefined || live.control === undefined || echo < contest.since) return;
    this.#contest = undefined;
    const text = `${this.#options.peer} is connected and alive under another creation; choose another name`;
    this.#answer(contest.request.connection, { kind: "refuse", code: "name_taken", text });
  }

  #tick(live: Live, event: TickEvent, now: Millis): void {
    const { state, directives } = stepTick(live.tick, event, now, this.#options.tick);
    live.tick = state;
    for (const directive of directives) {
      if (directive !== "silent") {
        this.#outputs.push({ kind: "send_tick", probe: directive === "send_probe" });
        continue;
      }
      if (live.control === undefined) return;
      this.#outputs.push({ kind: "drop_control", connection: live.control.connection });
      live.silent = true;
      this.#controlLost(live, now);
    }
  }

  #ticked(live: Live, lagMs: readonly Millis[], probe: boolean, now: Millis): void {
    live.lagMs = lagMs;
    if (probe) this.#outputs.push({ kind: "send_tick", probe: false });
    for (const lane of live.lanes) {
      // A stuck scheduler is busy, not dead: its socket stays.
      if (!lane.attached || !lane.stalled || isStuck(live, lane)) continue;
      this.#outputs.push({ kind: "send_suspect", lane: lane.plan.lane });
      this.#resetLane(live, lane, now);
    }
  }

  #resetLane(live: Live, lane: LaneSocket, now: Millis): void {
    resetLane(live, lane, now, (output) => this.#outputs.push(output));
    this.#settle(live, now);
  }

  #controlLost(live: Live, now: Millis): void {
    loseControl(live, now);
    const contest = this.#contest;
    if (this.#state.kind === "ending")
      return this.#over(live, this.#state.reason, "the connection closed");
    if (contest !== undefined) this.#contestOver(contest.request, now);
    if (this.live === live) this.#settle(live, now);
  }

  /** A socket came or went: the state follows, and what is missing is dialled. */
  #settle(live: Live, now: Millis): void {
    if (this.#state.kind !== "up" && this.#state.kind !== "suspect") return;
    const suspect = isSuspect(live);
    if (suspect && live.suspectSince === undefined) {
      live.suspectSince = now;
      this.#state = { kind: "suspect", live };
      const lane =
        live.control === undefined
          ? 0
          : live.lanes.find((one) => !one.attached && one.wasAttached)!.plan.lane;
      this.#outputs.push({ kind: "suspected", lane, untilMs: now + live.graceMs });
    } else if (!suspect && live.suspectSince !== undefined) {
      this.#outputs.push({ kind: "recovered", afterMs: now - live.suspectSince });
      live.suspectSince = undefined;
      this.#state = { kind: "up", live };
    }
    this.#checkDeadlines(live, now);
    this.#checkGone(live);
    this.#repair(now);
  }

  #checkDeadlines(live: Live, now: Millis): void {
    for (let late = overdue(live, now); late !== undefined; late = overdue(live, now)) {
      if (late !== 0 && live.graceMs > 0 && isStuck(live, late)) {
        late.lostAt = now;
        continue;
      }
      const reason = live.silent ? "net_tick_timeout" : "connection_closed";
      const what = late === 0 ? "the control connection" : `lane ${late.plan.lane}`;
      return this.#end(live, reason, `${what} was lost and not repaired within ${live.graceMs} ms`);
    }
  }

  #checkGone(live: Live): void {
    if (this.live !== live || !this.#isGone(live)) return;
    this.#over(
      live,
      "connection_closed",
      "all sockets are dead and two dials were refused: the node is gone",
    );
  }

  #isGone(live: Live): boolean {
    return live.refusedTwice && this.#options.refusedIsDown && hasNoSockets(live);
  }

  #repair(now: Millis): void {
    const state = this.#state;
    if (state.kind !== "up" && state.kind !== "suspect") return;
    const { live } = state;
    const { address } = live.info.peer;
    if (live.control === undefined && address !== undefined) {
      if (this.#dialSince !== undefined && now >= this.#dialSince + DIAL_AGAIN_MS)
        this.#cancelDial();
      if (this.#dialSince === undefined && now >= live.controlDialAt) this.#dial(address, now);
    }
    dialLanes(live, now, (output) => this.#outputs.push(output));
  }

  #goodbye(live: Live, reason: SessionEndReason, lastFrames: readonly number[], now: Millis): void {
    if (this.#state.kind === "ending") return;
    if (live.control === undefined)
      return this.#over(live, reason, "ended without a connection to say so");
    this.#state = { kind: "ending", live, reason, said: true, until: now + GOODBYE_MS };
    this.#outputs.push({ kind: "send_goodbye", reason, lastFrames });
  }

  /** Ends the session on this side and tells the peer if there is a way. */
  #end(live: Live, reason: SessionEndReason, text: string): void {
    if (live.control !== undefined) this.#outputs.push({ kind: "send_end", reason, text });
    this.#over(live, reason, text);
  }

  /** `keepDial`: the dial of this side is what brought the next session, or asks for it. */
  #over(live: Live, reason: SessionEndReason, text: string, keepDial = false): void {
    const contest = this.#contest;
    this.#contest = undefined;
    if (!keepDial && contest?.request.dialled !== true) this.#cancelDial();
    this.#state = this.#dialSince !== undefined ? { kind: "connecting" } : { kind: "idle" };
    if (live.control !== undefined)
      this.#outputs.push({ kind: "drop_control", connection: live.control.connection });
    const { id } = live.info;
    const { heardAt } = live.tick;
    const isGone = reason === "node_restarted" || reason === "shutdown" || this.#isGone(live);
    this.#outputs.push({ kind: "session_over", id, reason, text, heardAt, isGone });
    // The newcomer need not wait any longer: whom it waited for is gone.
    if (contest !== undefined) this.#decide(contest.request, 0);
  }

  #cancelDial(): void {
    if (this.#dialSince !== undefined) this.#outputs.push({ kind: "cancel_dial" });
    this.#dialSince = undefined;
  }

  #answer(
    connection: ConnectionId,
    input: Extract<SessionOutput, { kind: "answer" }>["input"],
  ): void {
    this.#outputs.push({ kind: "answer", connection, input });
  }

  #withLane(live: Live, lane: number, run: (lane: LaneSocket) => void): void {
    const socket = live.lanes[lane - 1];
    if (socket !== undefined) run(socket);
  }
}
