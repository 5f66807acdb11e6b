import { isOrderly, reasonText } from "../../process/exit-reason.ts";
import { LIFE_DEAD } from "../../process/life.ts";
import type { Process } from "../../process/process.ts";
import { listEntries, lookup } from "../../process/registry.ts";
import type { Scheduler } from "../../scheduler/scheduler.ts";
import type { ToControl } from "../thread-message.ts";

/** The functions of `[[start]]` that run on a scheduler: the control thread hears of their start, or why not, and of their end. */
export class StartedFunctions {
  readonly #scheduler: Scheduler;
  readonly #tell: (message: ToControl) => void;
  /** Processes that live. */
  readonly #started = new Set<Process>();

  constructor(scheduler: Scheduler, tell: (message: ToControl) => void) {
    this.#scheduler = scheduler;
    this.#tell = tell;
  }

  start(functionName: string, args: readonly unknown[]): void {
    const { definitions } = this.#scheduler;
    const entry = lookup(functionName, definitions);
    if (entry === undefined) {
      const known = listEntries(definitions).map(({ name }) => name);
      const text = `start: no function "${functionName}" is defined, expected one of ${known.join(", ") || "none"}`;
      return this.#tell({ kind: "start_refused", functionName, text });
    }
    const process = this.#scheduler.spawn(entry.run, args, {
      functionName,
      parent: undefined,
      name: undefined,
      mailboxMax: undefined,
    });
    this.#started.add(process);
    this.#tell({ kind: "started", functionName, pid: process.pid.toString() });
  }

  /** Says which have ended since it was called last. */
  check(): void {
    for (const process of this.#started) {
      if (process.life !== LIFE_DEAD) continue;
      this.#started.delete(process);
      const { exitReason } = process;
      const crash = isOrderly(exitReason) ? undefined : reasonText(exitReason);
      this.#tell({ kind: "start_ended", pid: process.pid.toString(), crash });
    }
  }
}
