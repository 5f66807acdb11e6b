/**
 * Drives the watchdog (D6): looks at the pulses, says in the log who keeps a scheduler from turning, and replaces a
 * scheduler that was stuck for too long. A replacement goes in this order, so that nothing of the dead scheduler comes
 * after the news of its death: the sessions end, the thread ends, its names are free, the other schedulers work off what
 * it had sent and fire `killed` for its processes, and only then does the new thread start.
 */
import type { Millis } from "../../../base/millis.ts";
import type { Clock, Timer } from "../../../port/clock.ts";
import type { LogSink } from "../../../port/log.ts";
import type { PortEnd } from "../../../port/threads.ts";
import { Pulse } from "../../../scheduler/run/pulse.ts";
import { SharedNames } from "../../../scheduler/shared-names.ts";
import type { Identities } from "../../../term/identities.ts";
import type { SchedulerGroup } from "./scheduler-group.ts";
import type { SchedulerKeeper } from "./scheduler-keeper.ts";
import { BEAT_MS, Watchdog, type StuckProcess, type WatchdogEvent } from "./watchdog.ts";

/** Half of a second: the name of a stuck process is in the log within one, looks and timers being late included. */
const STUCK_MS = 500;

/** Milliseconds that the other schedulers have to work off what the dead one sent: one of them may be stuck as well. */
const DRAIN_MS = 500;

/** Milliseconds that a new thread has to load its modules. */
const START_MS = 20_000;

/** A process that keeps its scheduler from turning, as `status` and the log show it. */
export interface StuckReport {
  readonly pid: string;
  readonly function: string;
  /** False: the best guess. */
  readonly certain: boolean;
}

export interface WatchdogDriverEvents {
  /** A scheduler is about to be ended: no session of the node may go on. */
  ending(scheduler: number, text: string): void;
  /** The new scheduler is ready; `culprit`: the process that the old one was ended for. */
  restarted(scheduler: number, culprit: string | undefined): void;
  /** It could not be started again: the node has to stop. */
  failed(scheduler: number, error: Error): void;
}

export class WatchdogDriver {
  readonly #clock: Clock;
  readonly #log: LogSink;
  readonly #identities: Identities;
  readonly #schedulers: SchedulerGroup;
  readonly #keeper: SchedulerKeeper | undefined;
  readonly #events: WatchdogDriverEvents;
  readonly #pulses: readonly Pulse[];
  readonly #core: Watchdog;
  /** One replacement at a time. */
  #replacing: Promise<void> = Promise.resolve();
  #undrained = new Set<number>();
  #drained: (() => void) | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: {
    readonly clock: Clock;
    readonly log: LogSink;
    readonly identities: Identities;
    readonly schedulers: SchedulerGroup;
    readonly pulses: readonly SharedArrayBuffer[];
    readonly killAfterMs: Millis | undefined;
    /** Undefined: schedulers cannot be ended here. */
    readonly keeper: SchedulerKeeper | undefined;
    readonly events: WatchdogDriverEvents;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#identities = options.identities;
    this.#schedulers = options.schedulers;
    this.#keeper = options.keeper;
    this.#events = options.events;
    this.#pulses = options.pulses.map((shared) => new Pulse(shared));
    const times = {
      beatMs: BEAT_MS,
      lookMs: BEAT_MS,
      stuckMs: STUCK_MS,
      killAfterMs: (scheduler: number) =>
        options.keeper?.canEnd(scheduler) === true ? options.killAfterMs : undefined,
    };
    this.#core = new Watchdog(options.pulses.length, times, options.clock.now());
  }

  /** Looks from now on. */
  start(): void {
    this.#timer = this.#clock.setTimer(BEAT_MS, () => {
      this.start();
      for (const event of this.#core.look(this.#pulses, this.#clock.now())) this.#handle(event);
    });
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** For each scheduler, milliseconds by which its event loop is late. */
  lagMs(): readonly Millis[] {
    return this.#core.lagMs(this.#pulses, this.#clock.now());
  }

  /** Who keeps a scheduler from turning, since the report of it. */
  stuck(scheduler: number): StuckReport | undefined {
    const process = this.#core.stuckProcess(scheduler);
    return process === undefined ? undefined : this.#reportOf(process);
  }

  /** A scheduler says that it has worked off what the dead one sent. */
  drained(by: number): void {
    this.#undrained.delete(by);
    if (this.#undrained.size === 0) this.#drained?.();
  }

  #reportOf({ local, functionName, certain }: StuckProcess): StuckReport {
    return { pid: this.#identities.localPid(local).toString(), function: functionName, certain };
  }

  #handle({ kind, scheduler, forMs, process }: WatchdogEvent): void {
    const report = process === undefined ? undefined : this.#reportOf(process);
    const fields = { event: "long_schedule", scheduler, ...report, forMs: Math.round(forMs) };
    switch (kind) {
      case "stuck":
        return this.#log.write("warn", "long_schedule", fields);
      case "recovered":
        return this.#log.write("info", "long_schedule is over", fields);
      case "kill":
        if (this.#keeper === undefined) return;
        this.#log.write("error", "scheduler killed", { ...fields, event: "scheduler_killed" });
        this.#replace(this.#keeper, scheduler, report);
    }
  }

  #replace(keeper: SchedulerKeeper, scheduler: number, culprit: StuckReport | undefined): void {
    const since = this.#clock.now();
    const name = culprit === undefined ? "unknown code" : `${culprit.function} ${culprit.pid}`;
    this.#events.ending(scheduler, `scheduler ${scheduler} was stuck in ${name}`);
    this.#replacing = this.#replacing.then(async () => {
      try {
        await this.#replaceNow(keeper, scheduler);
        if (this.#isStopped) return;
        const afterMs = Math.round(this.#clock.now() - since);
        this.#log.write("warn", "scheduler restarted", { scheduler, afterMs });
        this.#events.restarted(scheduler, culprit?.pid);
      } catch (error) {
        if (!this.#isStopped) this.#events.failed(scheduler, error as Error);
      }
    });
  }

  async #replaceNow(keeper: SchedulerKeeper, scheduler: number): Promise<void> {
    await keeper.end(scheduler);
    if (this.#isStopped) return;
    new SharedNames(keeper.names, 0).schedulerGone(scheduler);
    this.#pulses[scheduler - 1]?.reset();
    const ends = await this.#introduce(keeper, scheduler);
    if (this.#isStopped) return;
    this.#core.restarted(scheduler);
    await this.#schedulers.replace(scheduler, keeper.start(scheduler, ends), START_MS);
  }

  /** Hands every other scheduler the port to the one that will be started, and waits until the old ones are empty. */
  async #introduce(
    keeper: SchedulerKeeper,
    scheduler: number,
  ): Promise<readonly (PortEnd | undefined)[]> {
    const ends = new Array<PortEnd | undefined>(this.#schedulers.count + 1).fill(undefined);
    this.#undrained = new Set();
    for (let other = 1; other <= this.#schedulers.count; other++) {
      if (other === scheduler) continue;
      const [theirs, its] = keeper.channel();
      ends[other] = its;
      this.#undrained.add(other);
      this.#schedulers.tell(other, { kind: "scheduler_gone", scheduler, port: theirs }, [theirs]);
    }
    if (this.#undrained.size === 0) return ends;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(DRAIN_MS, resolve);
      this.#drained = () => {
        this.#clock.clearTimer(timer);
        resolve();
      };
    });
    this.#drained = undefined;
    return ends;
  }
}
