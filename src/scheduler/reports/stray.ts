import type { LogSink } from "../../port/log.ts";
import { ProcessExit, reasonText } from "../../process/exit-reason.ts";
import { LIFE_RUNNING } from "../../process/life.ts";
import type { Process } from "../../process/process.ts";
import type { SchedulerEvents } from "../events.ts";

/**
 * Errors that nobody caught. A rejection of one of `ctx`'s promises ends the process that the promise was made for; any
 * other is logged and counted. Neither takes the scheduler down.
 */
export class Stray {
  readonly #events: SchedulerEvents;
  readonly #log: LogSink;
  readonly #blamed = new WeakMap<object, Process>();
  /** Errors that belonged to no process, since the start. */
  count = 0;

  constructor(events: SchedulerEvents, log: LogSink) {
    this.#events = events;
    this.#log = log;
  }

  /** Remembers whose promise rejects with this error. */
  blame(error: unknown, process: Process): void {
    if (typeof error === "object" && error !== null) this.#blamed.set(error, process);
  }

  handle(error: unknown, crashed: (process: Process) => void): void {
    if (this.take(error, crashed)) return;
    this.count++;
    // With its stack: there is no process to begin looking at.
    const shown = error instanceof Error ? error : reasonText(error);
    this.#log.write("error", "an error that nobody caught", { error: shown });
    this.#events.strayError?.(error);
  }

  /** Ends the process that the error belongs to; false if it belongs to none. */
  take(error: unknown, crashed: (process: Process) => void): boolean {
    if (error instanceof ProcessExit) return true;
    const process =
      typeof error === "object" && error !== null ? this.#blamed.get(error) : undefined;
    if (process !== undefined && process.life === LIFE_RUNNING) {
      process.terminate(error);
      // A caller that is no process lives on.
      if (process.life !== LIFE_RUNNING) {
        crashed(process);
        return true;
      }
    }
    return false;
  }
}
