/** Bringing back the sockets that a session lacks: who dials what, and when. Works on `Live`, decides nothing else. */
import type { Millis } from "../base/millis.ts";
import type { ControlDial } from "./control-dial.ts";
import {
  hasNoSockets,
  laneDeadline,
  loseLane,
  retryMs,
  type LaneSocket,
  type Live,
} from "./live.ts";
import type { SessionOutput } from "./session-io.ts";

/** Two refusals this far apart are two: a listener that is being replaced comes back within less. */
const REFUSALS_APART_MS = 20;

/**
 * A dial that is out for longer is given up for another: what was lost while the network was down comes again ever more
 * rarely. Long enough for a handshake of six round trips of 400 ms.
 */
const DIAL_AGAIN_MS = 2_500;

type Emit = (output: SessionOutput) => void;

/** Dials what is missing and due. `dial`: the control connection has one for all sessions with the peer, one after the other. */
export function dialMissing(live: Live, dial: ControlDial, now: Millis, emit: Emit): void {
  const { address } = live.info.peer;
  if (live.control === undefined && address !== undefined) {
    const { since } = dial;
    if (since !== undefined && now >= since + DIAL_AGAIN_MS) dial.cancel();
    if (dial.since === undefined && now >= live.controlDialAt) dial.start(address, now);
  }
  dialLanes(live, now, emit);
}

/** A lane's dial failed: the next one follows after a while, for as long as the session lives. */
export function laneFailed(lane: LaneSocket, now: Millis): void {
  lane.dialSince = undefined;
  lane.attempts++;
  lane.dialAt = now + retryMs(lane.attempts);
}

/**
 * A lane's socket is gone. Dials that were refused while one still stood say nothing of the node, which lived, and are forgotten with the
 * last of them; but for one of just now, since the ends of a killed node's sockets are not all heard of at once.
 */
export function laneLost(live: Live, lane: LaneSocket, now: Millis): void {
  loseLane(live, lane, now);
  if (!hasNoSockets(live)) return;
  live.refusedTwice = false;
  if (live.refusedAt !== undefined && now - live.refusedAt > REFUSALS_APART_MS)
    live.refusedAt = undefined;
  live.controlDialAt = Math.min(live.controlDialAt, now + REFUSALS_APART_MS);
}

/** The control connection is gone: dials begin at once, on both sides. */
export function loseControl(live: Live, now: Millis): void {
  live.control = undefined;
  live.controlLostAt = now;
  live.controlAttempts = 0;
  live.controlDialAt = now;
  live.refusedAt = undefined;
  live.refusedTwice = false;
}

/** A dial or handshake of the control connection failed. */
export function controlFailed(live: Live, refused: boolean, now: Millis): void {
  live.controlAttempts++;
  live.controlDialAt = now + retryMs(live.controlAttempts);
  if (!refused) return;
  if (live.refusedAt === undefined) {
    live.refusedAt = now;
    // As soon as it tells: until then a dead node counts as one that may come back.
    live.controlDialAt = now + REFUSALS_APART_MS;
  } else if (now - live.refusedAt >= REFUSALS_APART_MS) live.refusedTwice = true;
}

/** Dials the lanes whose time has come. */
function dialLanes(live: Live, now: Millis, emit: Emit): void {
  const { address, lanePorts } = live.info.peer;
  if (address === undefined) return;
  for (const lane of live.lanes) {
    const port = lanePorts[lane.plan.peerScheduler - 1];
    if (lane.attached || port === undefined || now < (laneDialAt(lane) ?? Infinity)) continue;
    lane.dialSince = now;
    emit({ kind: "dial_lane", plan: lane.plan, address: { host: address.host, port } });
  }
}

/** When this lane is to be dialled, or dialled again; undefined while it is attached. */
function laneDialAt(lane: LaneSocket): Millis | undefined {
  if (lane.attached) return undefined;
  return lane.dialSince === undefined ? lane.dialAt : lane.dialSince + DIAL_AGAIN_MS;
}

/** When something is to be dialled; `dialSince`: since when the one dial of the control connection is out, if it is. */
export function dialDue(live: Live, dialSince: Millis | undefined): Millis | undefined {
  const { address, lanePorts } = live.info.peer;
  if (address === undefined) return undefined;
  let due: Millis | undefined;
  if (live.control === undefined)
    due = dialSince === undefined ? live.controlDialAt : dialSince + DIAL_AGAIN_MS;
  for (const lane of live.lanes) {
    const at = lanePorts[lane.plan.peerScheduler - 1] === undefined ? undefined : laneDialAt(lane);
    if (at !== undefined && (due === undefined || at < due)) due = at;
  }
  return due;
}

/** The first lane whose time is up, the control connection as 0; undefined when none's is. */
export function overdue(live: Live, now: Millis): LaneSocket | 0 | undefined {
  if (live.control === undefined && now >= live.controlLostAt + live.graceMs) return 0;
  return live.lanes.find((lane) => {
    const deadline = laneDeadline(live, lane);
    return deadline !== undefined && now >= deadline;
  });
}
