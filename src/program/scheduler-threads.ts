/** The workers that schedulers run on, joined to each other by ports, and how one of them is replaced. */
import { createThreads } from "../bun/worker-threads.ts";
import type { NodePlan } from "../node/node-plan.ts";
import type { SchedulerKeeper } from "../node/control/schedulers/scheduler-keeper.ts";
import type { TlsSetup } from "../node/thread-message.ts";
import type { PortEnd, Thread, ThreadPort } from "../port/threads.ts";
import type { TlsKeys } from "../port/transport.ts";
import type { Begin, LogSetup, SchedulerThreadData } from "./thread.ts";

export interface SchedulerThreadsOptions {
  readonly plan: NodePlan;
  /** Absolute paths. */
  readonly modules: readonly string[];
  readonly logSetup: LogSetup;
}

export class SchedulerThreads implements SchedulerKeeper {
  readonly names: SharedArrayBuffer;
  /** The node stops: a thread that ends is no news. */
  isTerminating = false;
  readonly #options: SchedulerThreadsOptions;
  readonly #exited: (index: number, error: Error | undefined) => void;
  readonly #threads = createThreads();
  /** Index 0 for scheduler 1. */
  readonly #schedulers: Thread[];
  /** Who waits for the end of a thread that is being replaced, by scheduler. */
  readonly #ending = new Map<number, () => void>();
  #tls: TlsSetup | undefined;

  /** Starts all of them. `exited`: one ended that was not told to. */
  constructor(
    options: SchedulerThreadsOptions,
    exited: (index: number, error: Error | undefined) => void,
  ) {
    this.#options = options;
    this.#exited = exited;
    this.names = options.plan.shared.names;
    const count = options.plan.schedulers.length;
    const ends = joinAll(count, () => this.channel());
    this.#schedulers = ends.map((others, place) => this.#startThread(place + 1, others));
  }

  /** To each scheduler, index 0 for scheduler 1. */
  get ports(): readonly ThreadPort[] {
    return this.#schedulers.map((thread) => thread.port);
  }

  /** The certificate is there: they may become schedulers. */
  begin(tls: TlsSetup): void {
    this.#tls = tls;
    for (const thread of this.#schedulers) thread.port.post({ kind: "begin", tls } satisfies Begin);
  }

  /** For schedulers that are started from now on; those that run are told by the control thread. */
  renewTls(keys: TlsKeys): void {
    this.#tls = { mode: "ca", ...keys };
  }

  canEnd(scheduler: number): boolean {
    return scheduler >= 1 && scheduler <= this.#schedulers.length;
  }

  end(scheduler: number): Promise<void> {
    return new Promise((resolve) => {
      this.#ending.set(scheduler, resolve);
      this.#schedulers[scheduler - 1]?.terminate();
    });
  }

  channel(): readonly [PortEnd, PortEnd] {
    return this.#threads.channel();
  }

  start(scheduler: number, others: readonly (PortEnd | undefined)[]): ThreadPort {
    const thread = this.#startThread(scheduler, others);
    this.#schedulers[scheduler - 1] = thread;
    if (this.#tls !== undefined) {
      thread.port.post({ kind: "begin", tls: this.#tls } satisfies Begin);
    }
    return thread.port;
  }

  /** Ends all threads at once. */
  terminate(): void {
    this.isTerminating = true;
    for (const thread of this.#schedulers) thread.terminate();
  }

  #startThread(scheduler: number, others: readonly (PortEnd | undefined)[]): Thread {
    const { plan, modules, logSetup } = this.#options;
    const setup = plan.schedulers[scheduler - 1]!;
    const data: SchedulerThreadData = { setup, control: undefined, others, modules, log: logSetup };
    const transfer = others.filter((end) => end !== undefined);
    return this.#threads.start(
      "scheduler",
      data,
      (error) => {
        const ended = this.#ending.get(scheduler);
        this.#ending.delete(scheduler);
        if (ended !== undefined) ended();
        else if (!this.isTerminating) this.#exited(scheduler, error);
      },
      transfer,
    );
  }
}

/** The ends that each of so many schedulers holds, by the number of the other one, from 1. */
export function joinAll(
  count: number,
  channel: () => readonly [PortEnd, PortEnd],
): (PortEnd | undefined)[][] {
  const ends = Array.from({ length: count }, () =>
    new Array<PortEnd | undefined>(count + 1).fill(undefined),
  );
  for (let left = 1; left <= count; left++) {
    for (let right = left + 1; right <= count; right++) {
      const [a, b] = channel();
      ends[left - 1]![right] = a;
      ends[right - 1]![left] = b;
    }
  }
  return ends;
}
