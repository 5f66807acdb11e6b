/**
 * The threads of a node inside a user's program besides the calling one, which is scheduler 1: the control thread, and a
 * worker for every further scheduler. The control thread cannot end its siblings, so it asks for that here.
 */
import { createThreads } from "../bun/worker-threads.ts";
import type { NodePlan } from "../node/node-plan.ts";
import type { SchedulerPorts } from "../node/scheduler/scheduler-world.ts";
import type { TlsSetup } from "../node/thread-message.ts";
import type { LogSink } from "../port/log.ts";
import type { TlsKeys } from "../port/transport.ts";
import type { PortEnd, Thread } from "../port/threads.ts";
import type { ControlThreadData, FromControl, ToControlThread } from "./control-thread.ts";
import { joinAll } from "./scheduler-threads.ts";
import type { Begin, LogSetup, SchedulerThreadData } from "./thread.ts";

export interface ProgramThreadsOptions {
  readonly plan: NodePlan;
  /** Absolute paths. */
  readonly modules: readonly string[];
  readonly registryPort: number;
  readonly logSetup: LogSetup;
  readonly log: LogSink;
}

export class ProgramThreads {
  readonly #options: ProgramThreadsOptions;
  readonly #threads = createThreads();
  readonly #control: Thread;
  /** By scheduler, from 2. */
  readonly #workers = new Map<number, Thread>();
  /** Schedulers that the control thread has asked to be ended. */
  readonly #ending = new Set<number>();
  readonly #firstControl: PortEnd;
  readonly #firstOthers: readonly (PortEnd | undefined)[];
  #tls: TlsSetup | undefined;
  #isTerminating = false;

  /** Starts all of them. `controlEnded`: the control thread is no more. */
  constructor(options: ProgramThreadsOptions, controlEnded: () => void) {
    this.#options = options;
    const { plan, registryPort, logSetup } = options;
    const toControl = plan.schedulers.map(() => this.#threads.channel());
    const between = joinAll(plan.schedulers.length, () => this.#threads.channel());
    const schedulers = toControl.map(([end]) => end);
    const data: ControlThreadData = {
      setup: plan.control,
      schedulers,
      pulses: plan.shared.pulses,
      names: plan.shared.names,
      registryPort,
      log: logSetup,
    };
    const ended = (error: Error | undefined): void => {
      this.#logEnd("control thread", error);
      controlEnded();
    };
    this.#control = this.#threads.start("control", data, ended, schedulers);
    this.#firstControl = toControl[0]![1];
    this.#firstOthers = between[0]!;
    for (const { index } of plan.schedulers.slice(1)) {
      this.#startScheduler(index, toControl[index - 1]![1], between[index - 1]!);
    }
  }

  /** The certificate is there. */
  begin(tls: TlsSetup): void {
    this.#tls = tls;
    const begin: Begin = { kind: "begin", tls };
    for (const thread of this.#all()) thread.port.post(begin);
  }

  /** The operator's certificates were replaced: for every thread that runs, and for those started from now on. */
  renewTls(keys: TlsKeys): void {
    this.#tls = { mode: "ca", ...keys };
    this.tellControl({ kind: "tls_keys", keys });
  }

  /** What scheduler 1 on the calling thread is joined to. */
  ports(): SchedulerPorts {
    return {
      control: this.#threads.port(this.#firstControl),
      others: this.#firstOthers.map((end) =>
        end === undefined ? undefined : this.#threads.port(end),
      ),
    };
  }

  tellControl(message: ToControlThread): void {
    this.#control.port.post(message);
  }

  /** What the control thread says; what it wants done to schedulers is done here. */
  receive(handler: (message: FromControl) => void): void {
    this.#control.port.receive((raw) => {
      const message = raw as FromControl;
      if (message.kind === "end_scheduler") this.#end(message.scheduler);
      else if (message.kind === "start_scheduler") {
        this.#startScheduler(message.scheduler, message.control, message.others);
      } else handler(message);
    });
  }

  /** Ends all of them at once. */
  terminate(): void {
    this.#isTerminating = true;
    for (const thread of this.#all()) thread.terminate();
  }

  #all(): readonly Thread[] {
    return [this.#control, ...this.#workers.values()];
  }

  #end(scheduler: number): void {
    this.#ending.add(scheduler);
    this.#workers.get(scheduler)?.terminate();
  }

  #startScheduler(
    scheduler: number,
    control: PortEnd,
    others: readonly (PortEnd | undefined)[],
  ): void {
    const { plan, modules, logSetup: log } = this.#options;
    const data: SchedulerThreadData = {
      setup: plan.schedulers[scheduler - 1]!,
      control,
      others,
      modules,
      log,
    };
    const transfer = [control, ...others.filter((end) => end !== undefined)];
    const ended = (error: Error | undefined): void => {
      if (this.#ending.delete(scheduler)) this.tellControl({ kind: "scheduler_ended", scheduler });
      else this.#logEnd(`scheduler ${scheduler}`, error);
    };
    const thread = this.#threads.start("scheduler", data, ended, transfer);
    this.#workers.set(scheduler, thread);
    if (this.#tls !== undefined)
      thread.port.post({ kind: "begin", tls: this.#tls } satisfies Begin);
  }

  #logEnd(what: string, error: Error | undefined): void {
    if (this.#isTerminating) return;
    const reason = error?.message ?? "for no known reason";
    this.#options.log.write("error", `${what} ended`, { error: reason });
  }
}
