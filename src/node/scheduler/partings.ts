/**
 * The orderly end of sessions on a scheduler's side. Leaving: says which frame of each lane is the last. Left: says when
 * a lane has brought the peer's last frame and what it relayed has passed the ports to the other schedulers.
 */
import type { PortLink } from "./ports/port-link.ts";
import type { SchedulerSessions } from "./scheduler-sessions.ts";
import type { ToControl } from "../thread-message.ts";

export class Partings {
  readonly #sessions: SchedulerSessions;
  readonly #links: readonly (PortLink | undefined)[];
  readonly #tell: (message: ToControl) => void;
  /** Lanes of ours whose last frame is not known, because fragments wait for their turn. */
  readonly #leaving = new Set<{ readonly number: number; readonly lane: number }>();
  /** Lanes of the peer's that have not brought their last frame. */
  readonly #left = new Set<{
    readonly number: number;
    readonly lane: number;
    readonly frame: number;
  }>();

  constructor(
    sessions: SchedulerSessions,
    links: readonly (PortLink | undefined)[],
    tell: (message: ToControl) => void,
  ) {
    this.#sessions = sessions;
    this.#links = links;
    this.#tell = tell;
  }

  /** The node is about to leave: every lane of the session that ends here is asked for its last frame. */
  ending(number: number): void {
    for (const driver of this.#sessions.lanesOf(number)) {
      this.#leaving.add({ number, lane: driver.plan.lane });
    }
    this.check();
  }

  /** The peer leaves; `frame` is the last one on this lane. */
  last(number: number, lane: number, frame: number): void {
    this.#left.add({ number, lane, frame });
    this.check();
  }

  /** Looks again: called whenever something arrived or left, and with every beat. */
  check(): void {
    for (const entry of this.#leaving) {
      const driver = this.#sessions.laneOf(entry.number, entry.lane);
      const frame = driver === undefined ? 0 : driver.core.finish();
      driver?.flush();
      if (frame === undefined) continue;
      this.#leaving.delete(entry);
      this.#tell({ kind: "lane_end", ...entry, frame });
    }
    for (const entry of this.#left) {
      const driver = this.#sessions.laneOf(entry.number, entry.lane);
      if (driver !== undefined && driver.core.receivedFrame < entry.frame) continue;
      this.#left.delete(entry);
      this.#passPorts(() =>
        this.#tell({ kind: "lane_complete", number: entry.number, lane: entry.lane }),
      );
    }
  }

  /** Something may have been relayed: done when every other scheduler has handled it. */
  #passPorts(done: () => void): void {
    const links = this.#links.filter((link) => link !== undefined);
    let waiting = links.length;
    if (waiting === 0) return done();
    for (const link of links) {
      link.mark(() => {
        waiting -= 1;
        if (waiting === 0) done();
      });
    }
  }
}
