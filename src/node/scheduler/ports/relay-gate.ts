/**
 * What comes over a lane for a process of another scheduler goes on over that scheduler's port. When one takes less from it
 * than lanes bring, those lanes are not read, and no others, until it has worked off half of what waits. Their senders
 * wait at their own high-water marks, so nothing is lost and nobody grows.
 */
import type { Millis } from "../../../base/millis.ts";
import type { Clock } from "../../../port/clock.ts";
import type { LogSink } from "../../../port/log.ts";
import type { Origin } from "./port-link.ts";

/** Milliseconds after which a scheduler that takes nothing is worth a line: less is a busy moment. */
const STALLED_MS = 1_000;

/** What the gate needs of a lane. */
interface Readable {
  pause(): void;
  resume(): void;
}

export interface RelayGateOptions {
  readonly clock: Pick<Clock, "now">;
  readonly log: LogSink;
  /** The lanes of a session that end on this scheduler; none once it is over. */
  readonly lanesOf: (session: number) => readonly Readable[];
  /** Shows whom this scheduler waits for: the one whose port is full, 0 for nobody. */
  readonly waitsFor: (scheduler: number) => void;
}

/** A port that is full. */
interface Stall {
  readonly since: Millis;
  /** Sessions whose lanes are not read. */
  readonly sessions: Set<number>;
  /** Whether the operator was told. */
  told: boolean;
}

export class RelayGate {
  readonly #options: RelayGateOptions;
  /** By the scheduler whose port it is. */
  readonly #stalls = new Map<number, Stall>();

  constructor(options: RelayGateOptions) {
    this.#options = options;
  }

  /** A signal of that session went to a port that is full. */
  full(scheduler: number, origin: Origin): void {
    let stall = this.#stalls.get(scheduler);
    if (stall?.sessions.has(origin.number) === true) return;
    if (stall === undefined) {
      stall = { since: this.#options.clock.now(), sessions: new Set(), told: false };
      this.#stalls.set(scheduler, stall);
      this.#options.waitsFor(scheduler);
    }
    stall.sessions.add(origin.number);
    for (const lane of this.#options.lanesOf(origin.number)) lane.pause();
  }

  /** That port has room again. */
  roomy(scheduler: number): void {
    const stall = this.#stalls.get(scheduler);
    if (stall === undefined) return;
    this.#stalls.delete(scheduler);
    const { lanesOf, waitsFor } = this.#options;
    if (stall.told) this.#tell("info", "relay_stalled is over", scheduler, stall);
    waitsFor(this.#stalls.keys().next().value ?? 0);
    for (const session of stall.sessions) {
      if ([...this.#stalls.values()].some(({ sessions }) => sessions.has(session))) continue;
      for (const lane of lanesOf(session)) lane.resume();
    }
  }

  /** From time to time: says which ports have been full for long. */
  beat(now: Millis): void {
    for (const [scheduler, stall] of this.#stalls) {
      if (stall.told || now - stall.since < STALLED_MS) continue;
      stall.told = true;
      this.#tell("warn", "relay_stalled", scheduler, stall);
    }
  }

  #tell(level: "info" | "warn", text: string, scheduler: number, { since, sessions }: Stall): void {
    const forMs = Math.round(this.#options.clock.now() - since);
    const fields = { event: "relay_stalled", scheduler, sessions: sessions.size, forMs };
    this.#options.log.write(level, text, fields);
  }
}
