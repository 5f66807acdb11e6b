/** The sockets of one running session, as `Session` keeps them, and what can be computed from them. */
import type { Millis } from "../base/millis.ts";
import type { ConnectionId, SessionInfo, SessionOptions } from "./session-io.ts";
import type { Established } from "./handshake/handshake-io.ts";
import { planLanes, type LanePlan } from "./lane/lane-plan.ts";
import type { TickState } from "./tick.ts";

/**
 * Milliseconds between dials of one socket: the first follows at once, the next soon, since two refusals say "gone". More
 * than one of them, because the first dial often still reaches the listener of a process that is just being killed.
 */
const RETRY_MS: readonly Millis[] = [0, 25, 25, 25, 50, 100, 200, 400];

/** Milliseconds that the side which did not open the session leaves the dialling of lanes to the other. */
const SECOND_DIALLER_MS = 500;

/** Milliseconds that a lane may take the first time. */
const FIRST_ATTACH_MS = 7_000;

/** Milliseconds since its own last tick after which a peer's scheduler is stuck rather than gone. */
export const SCHEDULER_STUCK_MS = 1_000;

export interface ControlSocket {
  readonly connection: ConnectionId;
  readonly since: Millis;
}

export interface LaneSocket {
  readonly plan: LanePlan;
  attached: boolean;
  /** Since when the lane has no socket; meaningless while attached. */
  lostAt: Millis;
  /** Whether it ever had one. */
  wasAttached: boolean;
  /** A dial of ours is out since then; undefined: none is. */
  dialSince: Millis | undefined;
  attempts: number;
  dialAt: Millis;
  /** When its scheduler said last that the peer owes an acknowledgement: the peer's ticks tell busy from dead. */
  stalledAt: Millis | undefined;
  /** Since when the peer's ticks show, meanwhile, that its scheduler runs. */
  ranSince: Millis | undefined;
}

export interface Live {
  readonly info: SessionInfo;
  readonly graceMs: Millis;
  readonly lanes: readonly LaneSocket[];
  control: ControlSocket | undefined;
  controlLostAt: Millis;
  controlAttempts: number;
  controlDialAt: Millis;
  /** The control connection was given up for its silence, so that is why the session ends if it does. */
  silent: boolean;
  /** When a dial of the control address was first refused since the connection was lost. */
  refusedAt: Millis | undefined;
  /** Both refusals are in. */
  refusedTwice: boolean;
  tick: TickState;
  /** The peer's schedulers by its last tick. */
  lagMs: readonly Millis[];
  /** Since when some socket is missing; undefined when none is. */
  suspectSince: Millis | undefined;
}

/** What is known of a session once its handshake has ended. */
export function describe(options: SessionOptions, result: Established): SessionInfo {
  const { hello, agreement } = result.peer;
  return {
    id: result.session,
    laneKey: result.laneKey,
    peer: hello,
    version: agreement.version,
    capabilities: agreement.capabilities,
    lanes: planLanes(options.self.schedulers, hello.schedulers),
    opener: result.role === "dialler",
  };
}

/** A session that has just been committed on a connection. */
export function startLive(
  options: SessionOptions,
  info: SessionInfo,
  control: ControlSocket,
  tick: TickState,
): Live {
  const now = control.since;
  const dialAt = info.opener ? now : now + SECOND_DIALLER_MS;
  const canResume = options.self.address !== undefined && info.peer.address !== undefined;
  return {
    info,
    graceMs: canResume ? Math.min(options.graceMs, info.peer.graceMs) : 0,
    lanes: info.lanes.map((plan) => ({
      plan,
      attached: false,
      lostAt: now,
      wasAttached: false,
      dialSince: undefined,
      attempts: 0,
      dialAt,
      stalledAt: undefined,
      ranSince: undefined,
    })),
    control,
    controlLostAt: now,
    controlAttempts: 0,
    controlDialAt: now,
    silent: false,
    refusedAt: undefined,
    refusedTwice: false,
    tick,
    lagMs: [],
    suspectSince: undefined,
  };
}

/** Milliseconds to wait before the dial after so many attempts. */
export function retryMs(attempts: number): Millis {
  return RETRY_MS[Math.min(attempts, RETRY_MS.length - 1)]!;
}

/** The lane's socket is gone: dial again, the side that opened the session first. */
export function loseLane(live: Live, lane: LaneSocket, now: Millis): void {
  lane.attached = false;
  lane.lostAt = now;
  lane.stalledAt = undefined;
  lane.ranSince = undefined;
  lane.attempts = 0;
  lane.dialAt = live.info.opener ? now : now + SECOND_DIALLER_MS;
}

/** When this lane ends the session unless it is repaired; undefined while it is attached. */
export function laneDeadline(live: Live, lane: LaneSocket): Millis | undefined {
  if (lane.attached) return undefined;
  return lane.lostAt + (lane.wasAttached ? live.graceMs : FIRST_ATTACH_MS);
}

/** When some socket has been missing for too long; undefined when none is missing. */
export function repairDeadline(live: Live): Millis | undefined {
  let deadline = live.control === undefined ? live.controlLostAt + live.graceMs : undefined;
  for (const lane of live.lanes) {
    const due = laneDeadline(live, lane);
    if (due !== undefined && (deadline === undefined || due < deadline)) deadline = due;
  }
  return deadline;
}

/** A socket that was there is missing. Lanes on their first way up do not make a session suspect. */
export function isSuspect(live: Live): boolean {
  return (
    live.control === undefined || live.lanes.some((lane) => !lane.attached && lane.wasAttached)
  );
}

export function hasNoSockets(live: Live): boolean {
  return live.control === undefined && live.lanes.every((lane) => !lane.attached);
}

/** The node has ended, not only the way to it: D3. `refusedIsDown`: whether refused dials say so. */
export function isGone(live: Live, refusedIsDown: boolean): boolean {
  return live.refusedTwice && refusedIsDown && hasNoSockets(live);
}

/** Whether the peer says that its end of this lane is held up by user code. */
export function isStuck(live: Live, lane: LaneSocket): boolean {
  return (
    live.control !== undefined &&
    (live.lagMs[lane.plan.peerScheduler - 1] ?? 0) >= SCHEDULER_STUCK_MS
  );
}
