/**
 * The sockets of a session's lanes as the control thread knows them: what schedulers and the peer say of each, and which one
 * is dead though it looks whole. Its owner is the `RunningSession`, which has the missing ones dialled.
 *
 *     missing ──attached──► attached ──lost, suspected by the peer, or an acknowledgement owed by one who runs──► missing …
 */
import { unreachable } from "../base/assert.ts";
import type { Millis } from "../base/millis.ts";
import { isStuck, type LaneSocket, type Live } from "./live.ts";
import { laneFailed, laneLost } from "./repair.ts";
import type { RunningInput, SessionOutput } from "./session-io.ts";

/** A scheduler says with every beat that a lane stands still; after so many milliseconds without a word it does not any more. */
const STALL_SAID_MS = 1_000;

/** Milliseconds that the peer's scheduler has to be seen running: one that was stuck reads first what waits for it. */
const STALL_RAN_MS = 1_000;

/** What is said of a lane. */
export type LaneInput = Extract<RunningInput, { lane: number }>;

/** What the owner is told at once. */
export interface LaneSocketsOwner {
  emit(output: SessionOutput): void;
  /** A socket came or went. */
  changed(now: Millis): void;
  /** A dial came to nothing, and the time of the next is set. */
  dialFailed(now: Millis): void;
}

export class LaneSockets {
  readonly #live: Live;
  readonly #owner: LaneSocketsOwner;

  constructor(live: Live, owner: LaneSocketsOwner) {
    this.#live = live;
    this.#owner = owner;
  }

  handle({ kind, lane: number }: LaneInput, now: Millis): void {
    const live = this.#live;
    const lane = live.lanes[number - 1];
    if (lane === undefined) return;
    switch (kind) {
      case "lane_attached":
        attach(lane);
        return this.#owner.changed(now);
      case "lane_lost":
        if (lane.attached) laneLost(live, lane, now);
        return this.#owner.changed(now);
      case "lane_failed":
        laneFailed(lane, now);
        return this.#owner.dialFailed(now);
      case "lane_stalled":
        if (lane.attached) lane.stalledAt = now;
        if (live.control !== undefined) this.#owner.emit({ kind: "send_tick", probe: true });
        return;
      case "peer_suspects":
        // The peer has given the lane up; if our end still looks whole it is not. It is not told: it knows.
        if (lane.attached) this.#reset(lane, now);
        return;
      default:
        return unreachable(kind);
    }
  }

  /** A tick of the peer came, and `live` has what it says of the schedulers: gives up what is dead by it. */
  ticked(now: Millis): void {
    for (const lane of this.#live.lanes) {
      if (!hasDied(this.#live, lane, now)) continue;
      this.#owner.emit({ kind: "send_suspect", lane: lane.plan.lane });
      this.#reset(lane, now);
    }
  }

  /** Takes a lane's socket for dead and has it dialled again. */
  #reset(lane: LaneSocket, now: Millis): void {
    laneLost(this.#live, lane, now);
    this.#owner.emit({ kind: "reset_lane", plan: lane.plan });
    this.#owner.changed(now);
  }
}

function attach(lane: LaneSocket): void {
  lane.attached = true;
  lane.wasAttached = true;
  lane.dialSince = undefined;
  lane.attempts = 0;
  lane.stalledAt = undefined;
  lane.ranSince = undefined;
}

/** A tick of the peer came. Whether the lane's socket is dead: the acknowledgement is still owed, and who owes it runs. */
function hasDied(live: Live, lane: LaneSocket, now: Millis): boolean {
  const { stalledAt } = lane;
  const isOwed = lane.attached && stalledAt !== undefined && now - stalledAt < STALL_SAID_MS;
  if (!isOwed || isStuck(live, lane)) {
    lane.ranSince = undefined;
    return false;
  }
  lane.ranSince ??= now;
  return now - lane.ranSince >= STALL_RAN_MS;
}
