/**
 * Orderly ends of sessions on the control thread's side. Leaving: gathers the last frame of every lane from the
 * schedulers. Left: waits until the schedulers have brought what the peer sent before it left.
 */
import type { SessionEndReason } from "../../../wire/protocol-code.ts";
import type { PeerDriver } from "./peer-driver.ts";
import type { SchedulerGroup } from "../schedulers/scheduler-group.ts";

interface Leaving {
  readonly reason: SessionEndReason;
  /** Index k - 1 for lane k; undefined until its scheduler has said it. */
  readonly lastFrames: (number | undefined)[];
}

export class Farewells {
  readonly #schedulers: SchedulerGroup;
  readonly #leaving = new Map<number, Leaving>();
  /** How many lanes of a session the peer left have not brought their last frame. */
  readonly #left = new Map<number, number>();

  constructor(schedulers: SchedulerGroup) {
    this.#schedulers = schedulers;
  }

  /** Ends the session from this side. */
  leave(peer: PeerDriver, reason: SessionEndReason): void {
    const { number } = peer;
    const lanes = peer.info?.lanes.length ?? 0;
    if (lanes === 0) return peer.input({ kind: "end", reason, lastFrames: [] });
    if (this.#leaving.has(number)) return;
    const lastFrames = new Array<number | undefined>(lanes).fill(undefined);
    this.#leaving.set(number, { reason, lastFrames });
    this.#schedulers.tellAll({ kind: "session_ending", number });
  }

  /** A scheduler said which frame is the last on a lane of its own. */
  laneEnd(peer: PeerDriver, lane: number, frame: number): void {
    const leaving = this.#leaving.get(peer.number);
    if (leaving === undefined) return;
    const { reason, lastFrames } = leaving;
    lastFrames[lane - 1] = frame;
    if (lastFrames.includes(undefined)) return;
    this.#leaving.delete(peer.number);
    peer.input({ kind: "end", reason, lastFrames: lastFrames as number[] });
  }

  /** The peer has said which frames are its last. */
  awaitFrames(peer: PeerDriver, lastFrames: readonly number[]): void {
    const { number } = peer;
    const lanes = peer.info?.lanes ?? [];
    this.#left.set(number, lanes.length);
    if (lanes.length === 0) return peer.input({ kind: "frames_reached" });
    for (const { lane, scheduler } of lanes) {
      const frame = lastFrames[lane - 1] ?? 0;
      this.#schedulers.tell(scheduler, { kind: "lane_last", number, lane, frame });
    }
  }

  /** A lane has brought its last frame, and what it relayed has passed. */
  laneComplete(peer: PeerDriver): void {
    const left = (this.#left.get(peer.number) ?? 0) - 1;
    this.#left.set(peer.number, left);
    if (left === 0) peer.input({ kind: "frames_reached" });
  }

  /** The session is over. */
  forget(number: number): void {
    this.#leaving.delete(number);
    this.#left.delete(number);
  }
}
