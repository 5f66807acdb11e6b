import type { SchedulerKeeper } from "../node/control/schedulers/scheduler-keeper.ts";
import type { PortEnd, ThreadPort, Threads } from "../port/threads.ts";
import type { FromControl } from "./control-thread.ts";

/**
 * What a control thread can do to the schedulers of a node inside a program: their threads are the program's, so it is
 * asked. Scheduler 1 is the program's own thread and cannot be ended; while that one is stuck, nobody answers.
 */
export class RemoteKeeper implements SchedulerKeeper {
  readonly names: SharedArrayBuffer;
  readonly #threads: Threads;
  readonly #program: ThreadPort;
  readonly #ending = new Map<number, () => void>();

  constructor(names: SharedArrayBuffer, threads: Threads, program: ThreadPort) {
    this.names = names;
    this.#threads = threads;
    this.#program = program;
  }

  canEnd(scheduler: number): boolean {
    return scheduler > 1;
  }

  end(scheduler: number): Promise<void> {
    return new Promise((resolve) => {
      this.#ending.set(scheduler, resolve);
      this.#program.post({ kind: "end_scheduler", scheduler } satisfies FromControl);
    });
  }

  /** The program says that the thread is gone. */
  ended(scheduler: number): void {
    this.#ending.get(scheduler)?.();
    this.#ending.delete(scheduler);
  }

  channel(): readonly [PortEnd, PortEnd] {
    return this.#threads.channel();
  }

  start(scheduler: number, others: readonly (PortEnd | undefined)[]): ThreadPort {
    const [own, control] = this.#threads.channel();
    const message: FromControl = { kind: "start_scheduler", scheduler, control, others };
    this.#program.post(message, [control, ...others.filter((end) => end !== undefined)]);
    return this.#threads.port(own);
  }
}
