/**
 * All that joins this node to one peer, as the control thread sees it (D3, D9): one core per peer name, for one session
 * after the other. Has the control connection dialled, answers the handshakes of that name, and hands what concerns the
 * session there is to its `RunningSession`.
 *
 *     idle ──connect──► connecting ──established──► up, suspect, ending: running-session.ts
 *       ▲ ▲                 │ failed                  │
 *       │ └─────────────────┘                         │ over
 *       └──────────── session_over ◄──────────────────┘
 *
 * A handshake is asked for an answer in any state; `decision.ts` says which. Usage: feed inputs, then `pollOutput` until
 * undefined, then arm one timer for `pollTimeout`. `established` may come in any state but the answers make it fit.
 */
import { unreachable } from "../base/assert.ts";
import { ConnectionError, type ProtocolError } from "../base/error.ts";
import { earliest, type Millis } from "../base/millis.ts";
import type { AnnouncedAddress } from "../wire/handshake-message.ts";
import type { SessionEndReason } from "../wire/protocol-code.ts";
import { ControlDial } from "./control-dial.ts";
import { decide, sameId } from "./decision.ts";
import type { Established } from "./handshake/handshake-io.ts";
import { describe, isGone, startLive, type Live } from "./live.ts";
import { RunningSession } from "./running-session.ts";
import type {
  ConnectionId,
  DecisionRequest,
  OverHow,
  SessionInput,
  SessionOptions,
  SessionOutput,
} from "./session-io.ts";
import { startTick } from "./tick.ts";

/** Milliseconds that an older incarnation of a name has to show that it lives. */
const PING_MS = 1_000;

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting" }
  | { readonly kind: "running"; readonly session: RunningSession };

/** One peer: the session with it, the way to one, and who may have the next. */
export class Session {
  readonly #options: SessionOptions;
  readonly #outputs: SessionOutput[] = [];
  readonly #dial = new ControlDial((output) => this.#outputs.push(output));
  #state: State = { kind: "idle" };
  /** A newcomer under the name waits until the one before has shown that it lives, or has not. */
  #contest:
    | { readonly request: DecisionRequest; readonly since: Millis; readonly until: Millis }
    | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get state(): "idle" | "connecting" | Exclude<RunningSession["stage"], "over"> {
    const stage = this.#running?.stage ?? "over";
    if (stage !== "over") return stage;
    return this.#state.kind === "idle" ? "idle" : "connecting";
  }

  /** The running session, for inspection. */
  get live(): Live | undefined {
    return this.#running?.live;
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
        this.#dial.ended();
        return this.#attemptFailed(input.error, now);
      case "handshake_failed":
        if (this.#contest?.request.connection === input.connection) this.#contest = undefined;
        if (!input.dialled) return;
        this.#dial.ended();
        return this.#attemptFailed(input.error, now);
      default:
        if (this.#running !== undefined) return this.#running.handle(input, now);
        if ((input.kind === "end" || input.kind === "abort") && this.#state.kind === "connecting") {
          this.#dial.cancel();
          this.#state = { kind: "idle" };
        }
    }
  }

  pollOutput(): SessionOutput | undefined {
    return this.#outputs.shift();
  }

  pollTimeout(): Millis | undefined {
    return earliest(this.#contest?.until, this.#running?.pollTimeout());
  }

  handleTimeout(now: Millis): void {
    const contest = this.#contest;
    if (contest !== undefined && now >= contest.until) this.#contestOver(contest.request, now);
    this.#running?.handleTimeout(now);
  }

  get #running(): RunningSession | undefined {
    return this.#state.kind === "running" ? this.#state.session : undefined;
  }

  #connect(address: AnnouncedAddress, now: Millis): void {
    if (this.#state.kind !== "idle") return;
    this.#state = { kind: "connecting" };
    this.#dial.start(address, now);
  }

  #attemptFailed(error: ProtocolError | ConnectionError, now: Millis): void {
    if (this.#state.kind !== "connecting") return this.#running?.dialFailed(error, now);
    this.#state = { kind: "idle" };
    this.#outputs.push({ kind: "connect_failed", error });
  }

  #decide(request: DecisionRequest, now: Millis): void {
    const { connection } = request;
    const isEnding = this.#running?.stage === "ending";
    if (isEnding || (this.#contest !== undefined && this.#contest.request !== request)) {
      const text = isEnding
        ? "the session before is ending"
        : "another connection waits for its answer";
      return this.#answer(connection, { kind: "refuse", code: "already_connected", text });
    }
    const decision = decide(request, this.live);
    switch (decision.kind) {
      case "admit":
      case "refuse":
        return this.#answer(connection, decision);
      case "commit":
        if (decision.over) {
          const text = `${this.#options.peer} has given the session up`;
          this.#end("session_over", text, { keepDial: request.dialled });
        }
        return this.#answer(connection, { kind: "commit", session: decision.session });
      case "ping":
        this.#contest = { request, since: Math.floor(now), until: now + PING_MS };
        this.#outputs.push({ kind: "send_tick", probe: true });
        return;
      case "restarted":
        this.#restarted(request.dialled);
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
    this.#restarted(request.dialled);
    this.#decide(request, now);
  }

  /** Any other byte may have been on its way since before the peer died; an answer to the question has not. */
  #answered(at: Millis): void {
    const contest = this.#contest;
    if (contest === undefined || at < contest.since) return;
    this.#contest = undefined;
    const text = `${this.#options.peer} is connected and alive under another creation; choose another name`;
    this.#answer(contest.request.connection, { kind: "refuse", code: "name_taken", text });
  }

  #answer(
    connection: ConnectionId,
    input: Extract<SessionOutput, { kind: "answer" }>["input"],
  ): void {
    this.#outputs.push({ kind: "answer", connection, input });
  }

  #established(connection: ConnectionId, result: Established, now: Millis): void {
    const running = this.#running;
    if (running?.stage === "ending") {
      this.#outputs.push({ kind: "drop_control", connection });
      return;
    }
    const isSame = running !== undefined && sameId(running.live.info.id, result.session);
    if (result.resumed && !isSame) return this.#refuseLate(connection, result, now);
    this.#contest = undefined;
    if (result.role === "acceptor") this.#dial.cancel();
    this.#dial.ended();
    if (isSame) return running.resume(connection, now);
    if (running !== undefined) {
      const { creation } = running.live.info.peer;
      if (creation !== result.peer.hello.creation) this.#restarted(false);
      else this.#end("session_over", `${this.#options.peer} made a new session`);
    }
    this.#start(connection, result, now);
  }

  #start(connection: ConnectionId, result: Established, now: Millis): void {
    this.#outputs.push({ kind: "attach_control", connection });
    const info = describe(this.#options, result);
    const live = startLive(this.#options, info, { connection, since: now }, startTick(now));
    const session = new RunningSession(live, this.#options, this.#dial, {
      emit: (output) => this.#outputs.push(output),
      over: (reason, text, how) => this.#over(live, reason, text, how),
      answered: (at) => this.#answered(at),
      controlLost: (at) => {
        if (this.#contest !== undefined) this.#contestOver(this.#contest.request, at);
      },
    });
    this.#state = { kind: "running", session };
    this.#outputs.push({ kind: "session_up", info });
    session.repair(now);
  }

  /** The peer takes a session up again that ended here while they agreed on it: it hears so when it offers it once more. */
  #refuseLate(connection: ConnectionId, result: Established, now: Millis): void {
    this.#outputs.push({ kind: "drop_control", connection });
    if (result.role === "acceptor") return;
    this.#dial.ended();
    const text = `the session with ${this.#options.peer} ended while it was taken up again`;
    this.#attemptFailed(new ConnectionError("closed_here", text), now);
  }

  #restarted(keepDial: boolean): void {
    this.#end("node_restarted", `${this.#options.peer} answers with another creation`, {
      keepDial,
    });
  }

  /** Ends the session there is, if any. */
  #end(reason: SessionEndReason, text: string, how?: OverHow): void {
    this.#running?.over(reason, text, how);
  }

  #over(
    live: Live,
    reason: SessionEndReason,
    text: string,
    { keepDial = false, isWhole = false }: OverHow,
  ): void {
    const contest = this.#contest;
    this.#contest = undefined;
    if (!keepDial && contest?.request.dialled !== true) this.#dial.cancel();
    this.#state = { kind: this.#dial.since !== undefined ? "connecting" : "idle" };
    if (live.control !== undefined)
      this.#outputs.push({ kind: "drop_control", connection: live.control.connection });
    const { id } = live.info;
    const { heardAt } = live.tick;
    const ended =
      reason === "node_restarted" ||
      reason === "shutdown" ||
      isGone(live, this.#options.refusedIsDown);
    this.#outputs.push({ kind: "session_over", id, reason, text, heardAt, isGone: ended, isWhole });
    // The newcomer need not wait any longer: whom it waited for is gone.
    if (contest !== undefined) this.#decide(contest.request, 0);
  }
}
