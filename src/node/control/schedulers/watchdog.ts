/**
 * Sees schedulers whose event loop stopped turning, by the pulse that each leaves in shared memory (D6). A core: it gets
 * what can be seen and when, and says what follows; `watchdog-driver.ts` does it.
 *
 *   starting ──first beat──► well ──no beat for stuckMs──► stuck ──no beat for killAfterMs──► killed
 *       ▲                     ▲                              │                                  │
 *       │                     └────────────beat──────────────┘                                  │
 *       └─────────────────────────────────restarted──────────────────────────────────────────────┘
 *
 * Silence is counted on the watcher's own clock, and only while the watcher itself ran: a machine that slept, or a control
 * thread that was not scheduled, makes nobody look stuck.
 */
import type { Millis } from "../../../base/millis.ts";

/** Milliseconds between two beats of a scheduler: how soon one that stopped can be told. */
export const BEAT_MS = 100;

/** What a scheduler shows: `Pulse`, read from another thread. */
export interface VitalSigns {
  /** When its event loop last turned, on a clock of its own; 0 before the first time. */
  readonly beat: Millis;
  /** Local id of the process whose code was last seen running; 0: none. */
  readonly running: number;
  /** The function of that process; "" when it is not known. */
  readonly functionName: string;
  /** False: the scheduler did not resume that code itself, so it is the best guess. */
  readonly certain: boolean;
  /** The scheduler that this one's lanes wait for; 0: none. */
  readonly waitsFor: number;
}

/** Who was running when a scheduler stopped turning. */
export interface StuckProcess {
  readonly local: number;
  readonly functionName: string;
  readonly certain: boolean;
}

/** `process` is undefined when none of them was running: a module, or what a program does on its own thread. */
export interface WatchdogEvent {
  /** `stuck` once per stall, `recovered` when the loop turns again, `kill` once when it has lasted too long. */
  readonly kind: "stuck" | "recovered" | "kill";
  /** From 1. */
  readonly scheduler: number;
  /** Milliseconds since its event loop last turned, as far as can be seen from here. */
  readonly forMs: Millis;
  readonly process: StuckProcess | undefined;
}

export interface WatchdogTimes {
  /** Milliseconds between two beats of a scheduler that is well. */
  readonly beatMs: Millis;
  /** Milliseconds between two looks. */
  readonly lookMs: Millis;
  /** Milliseconds of silence that are reported. */
  readonly stuckMs: Millis;
  /** Milliseconds of silence that end a scheduler; undefined: it is never ended. */
  killAfterMs(scheduler: number): Millis | undefined;
}

type State =
  | { readonly kind: "starting" }
  | { readonly kind: "well" }
  | { readonly kind: "stuck"; readonly process: StuckProcess | undefined }
  | { readonly kind: "killed" };

interface Watched {
  state: State;
  beat: Millis;
  /** When `beat` was first seen, moved on by what this thread itself missed. */
  since: Millis;
}

export class Watchdog {
  readonly #times: WatchdogTimes;
  readonly #watched: readonly Watched[];
  #lookedAt: Millis;

  constructor(schedulers: number, times: WatchdogTimes, now: Millis) {
    this.#times = times;
    this.#lookedAt = now;
    this.#watched = Array.from({ length: schedulers }, () => ({
      state: { kind: "starting" },
      beat: 0,
      since: now,
    }));
  }

  /** One look at all schedulers, index 0 for scheduler 1; every `lookMs`, as far as the caller is able to. */
  look(signs: readonly VitalSigns[], now: Millis): WatchdogEvent[] {
    const { lookMs } = this.#times;
    // A timer that is a little late is no stall; one that is later than a whole look is.
    const missedMs = now - this.#lookedAt - lookMs;
    if (missedMs > lookMs) for (const watched of this.#watched) watched.since += missedMs;
    this.#lookedAt = now;
    return this.#watched.flatMap((watched, place) => {
      const seen = signs[place];
      return seen === undefined ? [] : this.#lookAt(watched, place + 1, seen, now);
    });
  }

  /**
   * For each scheduler, milliseconds by which its next beat is late. One whose lanes wait for another is as late as that
   * one: a peer must not take its lanes for dead.
   */
  lagMs(signs: readonly VitalSigns[], now: Millis): readonly Millis[] {
    const own = this.#ownLagMs(signs, now);
    return own.map((lag, place) => Math.max(lag, own[(signs[place]?.waitsFor ?? 0) - 1] ?? 0));
  }

  #ownLagMs(signs: readonly VitalSigns[], now: Millis): readonly Millis[] {
    return this.#watched.map(({ beat, since, state }, place) =>
      state.kind === "starting" || signs[place]?.beat !== beat
        ? 0
        : Math.max(0, now - since - this.#times.beatMs),
    );
  }

  /** Who keeps a scheduler from turning now; undefined: it turns, or nobody knows. */
  stuckProcess(scheduler: number): StuckProcess | undefined {
    const state = this.#watched[scheduler - 1]?.state;
    return state?.kind === "stuck" ? state.process : undefined;
  }

  /** The scheduler was ended and is being started again: its next beat is its first. */
  restarted(scheduler: number): void {
    const watched = this.#watched[scheduler - 1];
    if (watched === undefined) return;
    watched.state = { kind: "starting" };
    watched.beat = 0;
  }

  #lookAt(watched: Watched, scheduler: number, seen: VitalSigns, now: Millis): WatchdogEvent[] {
    const { state } = watched;
    const forMs = now - watched.since;
    if (state.kind === "killed" || seen.beat === 0) return [];
    if (seen.beat !== watched.beat) {
      watched.beat = seen.beat;
      watched.since = now;
      watched.state = { kind: "well" };
      if (state.kind !== "stuck") return [];
      return [{ kind: "recovered", scheduler, forMs, process: state.process }];
    }
    const events: WatchdogEvent[] = [];
    const { stuckMs } = this.#times;
    const killAfterMs = this.#times.killAfterMs(scheduler);
    const isTooLong = killAfterMs !== undefined && forMs >= killAfterMs;
    let process = state.kind === "stuck" ? state.process : undefined;
    if (state.kind === "well" && (forMs >= stuckMs || isTooLong)) {
      process = processOf(seen);
      watched.state = { kind: "stuck", process };
      events.push({ kind: "stuck", scheduler, forMs, process });
    }
    if (isTooLong && watched.state.kind === "stuck") {
      watched.state = { kind: "killed" };
      events.push({ kind: "kill", scheduler, forMs, process });
    }
    return events;
  }
}

function processOf({ running, functionName, certain }: VitalSigns): StuckProcess | undefined {
  return running === 0 ? undefined : { local: running, functionName, certain };
}
