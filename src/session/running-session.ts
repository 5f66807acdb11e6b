/**
 * One session from its first connection to its end, as the control thread sees it (D3): knows which sockets are attached,
 * has the missing ones dialled, keeps the tick, and says when it is over. What is said of lanes goes to its `LaneSockets`.
 * Its owner is the peer's `Session`.
 *
 *     up ◄──repaired── suspect
 *      └──socket lost───►│
 *      │ end, goodbye    │ grace over, gone, ended by either side
 *      ▼                 ▼
 *     ending ─────────► over
 */
import { unreachable } from "../base/assert.ts";
import type { ConnectionError, ProtocolError } from "../base/error.ts";
import { earliest, type Millis } from "../base/millis.ts";
import { codeSentence, type SessionEndReason } from "../wire/protocol-code.ts";
import type { ControlDial } from "./control-dial.ts";
import { LaneSockets } from "./lane-sockets.ts";
import { isGone, isStuck, isSuspect, repairDeadline, type Live } from "./live.ts";
import { controlFailed, dialDue, dialMissing, loseControl, overdue } from "./repair.ts";
import type {
  ConnectionId,
  OverHow,
  RunningInput,
  SessionOptions,
  SessionOutput,
} from "./session-io.ts";
import { startTick, stepTick, tickDue, type TickEvent } from "./tick.ts";

/** Milliseconds that an orderly end may take. */
const GOODBYE_MS = 1_000;

type Stage =
  | { readonly kind: "up" }
  | { readonly kind: "suspect" }
  /** GOODBYE was said (`said`) or heard: until the frames are there, the peer ends it, or the time is up. */
  | {
      readonly kind: "ending";
      readonly reason: SessionEndReason;
      readonly said: boolean;
      readonly until: Millis;
    }
  | { readonly kind: "over" };

/** What the owner is told at once, before whatever follows from it. */
export interface RunningSessionOwner {
  emit(output: SessionOutput): void;
  /** It has ended, for this reason; once, and nothing is emitted for it afterwards. `how`: as `RunningSession.over` had it. */
  over(reason: SessionEndReason, text: string, how: OverHow): void;
  /** The peer answered a tick that left here at `at`. */
  answered(at: Millis): void;
  /** The control connection is gone. */
  controlLost(now: Millis): void;
}

/** The machine of one session. */
export class RunningSession {
  readonly live: Live;
  readonly #options: SessionOptions;
  readonly #dial: ControlDial;
  readonly #owner: RunningSessionOwner;
  readonly #lanes: LaneSockets;
  #stage: Stage = { kind: "up" };

  constructor(live: Live, options: SessionOptions, dial: ControlDial, owner: RunningSessionOwner) {
    this.live = live;
    this.#options = options;
    this.#dial = dial;
    this.#owner = owner;
    this.#lanes = new LaneSockets(live, {
      emit: (output) => this.#emit(output),
      changed: (now) => this.#settle(now),
      dialFailed: (now) => this.repair(now),
    });
  }

  get stage(): Stage["kind"] {
    return this.#stage.kind;
  }

  handle(input: RunningInput, now: Millis): void {
    const { live } = this;
    switch (input.kind) {
      case "heard":
      case "said":
        return this.#tick(input.kind, now);
      case "tick":
        if (live.control !== undefined) this.#owner.answered(input.tick.echo);
        return this.#ticked(input.tick.lagMs, input.tick.probe, now);
      case "control_lost":
        if (live.control?.connection === input.connection) this.#controlLost(now);
        return;
      case "lane_attached":
      case "lane_lost":
      case "lane_failed":
      case "lane_stalled":
      case "peer_suspects":
        return this.#lanes.handle(input, now);
      case "peer_ended": {
        const text = `ended by the peer: ${input.text || codeSentence(input.reason)}`;
        return this.over(input.reason, text);
      }
      case "peer_goodbye":
        return this.#peerSaidGoodbye(input.reason, input.lastFrames, now);
      case "frames_reached":
        if (this.#stage.kind === "ending" && !this.#stage.said)
          this.#end(this.#stage.reason, "ended in order", { isWhole: true });
        return;
      case "end":
        return this.#goodbye(input.reason, input.lastFrames, now);
      case "abort":
        return this.#end(input.reason, input.text);
      default:
        return unreachable(input);
    }
  }

  pollTimeout(): Millis | undefined {
    const { live } = this;
    const tick = live.control === undefined ? undefined : tickDue(live.tick, this.#options.tick);
    if (this.#stage.kind === "ending") return earliest(tick, this.#stage.until);
    return earliest(tick, earliest(repairDeadline(live), dialDue(live, this.#dial.since)));
  }

  handleTimeout(now: Millis): void {
    if (this.live.control !== undefined) this.#tick("timer", now);
    if (this.#stage.kind === "ending") {
      if (now >= this.#stage.until)
        this.over(this.#stage.reason, "the time for an orderly end is up");
      return;
    }
    this.#checkDeadlines(now);
    this.repair(now);
  }

  /** A control connection on which both sides agreed to go on takes the place of the one before. */
  resume(connection: ConnectionId, now: Millis): void {
    const { live } = this;
    this.#emit({ kind: "attach_control", connection });
    live.control = { connection, since: now };
    live.tick = startTick(now);
    live.silent = false;
    live.refusedAt = undefined;
    live.refusedTwice = false;
    this.#settle(now);
  }

  /** The dial that was to bring the control connection back, or its handshake, failed. */
  dialFailed(error: ProtocolError | ConnectionError, now: Millis): void {
    if (this.live.control !== undefined) return;
    if (error.code === "session_over") return this.over("session_over", error.message);
    controlFailed(this.live, error.code === "connection_refused", now);
    this.#checkGone();
    this.repair(now);
  }

  /** Dials what is missing and due. */
  repair(now: Millis): void {
    if (!this.#isOn) return;
    dialMissing(this.live, this.#dial, now, (output) => this.#emit(output));
  }

  /** Ends it on this side, without a word to the peer. */
  over(reason: SessionEndReason, text: string, how: OverHow = {}): void {
    if (this.#stage.kind === "over") return;
    this.#stage = { kind: "over" };
    this.#owner.over(reason, text, how);
  }

  get #isOn(): boolean {
    return this.#stage.kind === "up" || this.#stage.kind === "suspect";
  }

  #tick(event: TickEvent, now: Millis): void {
    const { live } = this;
    const { state, directives } = stepTick(live.tick, event, now, this.#options.tick);
    live.tick = state;
    for (const directive of directives) {
      if (directive !== "silent") {
        this.#emit({ kind: "send_tick", probe: directive === "send_probe" });
        continue;
      }
      if (live.control === undefined) return;
      this.#emit({ kind: "drop_control", connection: live.control.connection });
      live.silent = true;
      this.#controlLost(now);
    }
  }

  #ticked(lagMs: readonly Millis[], probe: boolean, now: Millis): void {
    this.live.lagMs = lagMs;
    if (probe) this.#emit({ kind: "send_tick", probe: false });
    this.#lanes.ticked(now);
  }

  #controlLost(now: Millis): void {
    loseControl(this.live, now);
    if (this.#stage.kind === "ending")
      return this.over(this.#stage.reason, "the connection closed");
    this.#owner.controlLost(now);
    this.#settle(now);
  }

  /** A socket came or went: the stage follows, and what is missing is dialled. */
  #settle(now: Millis): void {
    if (!this.#isOn) return;
    const { live } = this;
    const suspect = isSuspect(live);
    if (suspect && live.suspectSince === undefined) {
      live.suspectSince = now;
      this.#stage = { kind: "suspect" };
      const lane =
        live.control === undefined
          ? 0
          : live.lanes.find((one) => !one.attached && one.wasAttached)!.plan.lane;
      this.#emit({ kind: "suspected", lane, untilMs: now + live.graceMs });
    } else if (!suspect && live.suspectSince !== undefined) {
      this.#emit({ kind: "recovered", afterMs: now - live.suspectSince });
      live.suspectSince = undefined;
      this.#stage = { kind: "up" };
    }
    this.#checkDeadlines(now);
    this.#checkGone();
    this.repair(now);
  }

  #checkDeadlines(now: Millis): void {
    const { live } = this;
    for (let late = overdue(live, now); late !== undefined; late = overdue(live, now)) {
      if (late !== 0 && live.graceMs > 0 && isStuck(live, late)) {
        late.lostAt = now;
        continue;
      }
      const reason = live.silent ? "net_tick_timeout" : "connection_closed";
      const what = late === 0 ? "the control connection" : `lane ${late.plan.lane}`;
      return this.#end(reason, `${what} was lost and not repaired within ${live.graceMs} ms`);
    }
  }

  #checkGone(): void {
    if (!isGone(this.live, this.#options.refusedIsDown)) return;
    const text = "all sockets are dead and two dials were refused: the node is gone";
    this.over("connection_closed", text);
  }

  /** Once: a peer that says it again and again gets no more time by that. */
  #peerSaidGoodbye(reason: SessionEndReason, lastFrames: readonly number[], now: Millis): void {
    if (this.#stage.kind === "ending" && !this.#stage.said) return;
    this.#stage = ending(reason, false, now);
    this.#emit({ kind: "await_frames", lastFrames });
  }

  #goodbye(reason: SessionEndReason, lastFrames: readonly number[], now: Millis): void {
    if (this.#stage.kind === "ending") return;
    if (this.live.control === undefined)
      return this.over(reason, "ended without a connection to say so");
    this.#stage = ending(reason, true, now);
    this.#emit({ kind: "send_goodbye", reason, lastFrames });
  }

  /** Ends the session on this side and tells the peer if there is a way. */
  #end(reason: SessionEndReason, text: string, how?: OverHow): void {
    if (this.#stage.kind === "over") return;
    if (this.live.control !== undefined) this.#emit({ kind: "send_end", reason, text });
    this.over(reason, text, how);
  }

  #emit(output: SessionOutput): void {
    if (this.#stage.kind !== "over") this.#owner.emit(output);
  }
}

function ending(reason: SessionEndReason, said: boolean, now: Millis): Stage {
  return { kind: "ending", reason, said, until: now + GOODBYE_MS };
}
