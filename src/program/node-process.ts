/**
 * A node as a process of its own: the control thread is the main thread, every scheduler is a worker. What
 * `snow-node run` starts.
 */
import { clock } from "../bun/clock.ts";
import { createThreads } from "../bun/worker-threads.ts";
import { ConfigError } from "../base/error.ts";
import { ControlDriver, type ControlEvents, type NodeUpInfo } from "../node/control-driver.ts";
import type { NodePlan } from "../node/node-plan.ts";
import type { TlsSetup } from "../node/thread-message.ts";
import type { LogSink } from "../port/log.ts";
import type { PortEnd, Thread } from "../port/threads.ts";
import { makeControlWorld, type Begin, type LogSetup, type SchedulerThreadData } from "./thread.ts";

export interface NodeProcessOptions {
  readonly plan: NodePlan;
  readonly tls: Promise<TlsSetup>;
  readonly modules: readonly string[];
  readonly logSetup: LogSetup;
  readonly log: LogSink;
  readonly events: ControlEvents;
}

export class NodeProcess {
  readonly control: ControlDriver;
  readonly #threads: readonly Thread[];
  #stopping = false;

  /** Called by `start`. */
  constructor(control: ControlDriver, threads: readonly Thread[]) {
    this.control = control;
    this.#threads = threads;
  }

  /**
   * Starts every thread and waits until the node is up.
   * @throws {ConfigError} a module failed @throws {ConnectionError} address_in_use
   */
  static async start(
    options: NodeProcessOptions,
  ): Promise<{ readonly node: NodeProcess; readonly info: NodeUpInfo }> {
    const { plan, log, events } = options;
    const died = Promise.withResolvers<never>();
    died.promise.catch(() => undefined);
    let node: NodeProcess | undefined;
    const threads = startSchedulers(options, (index, error) => {
      if (node?.isStopping === true) return;
      const text = `scheduler ${index} ended: ${error?.message ?? "for no known reason"}`;
      died.reject(new ConfigError("module_failed", text));
      log.write("error", text, {});
      if (node !== undefined) events.stopRequested();
    });
    try {
      const tls = await options.tls;
      for (const thread of threads) thread.port.post({ kind: "begin", tls } satisfies Begin);
      const { node: name, creation } = plan.control;
      const control = new ControlDriver({
        setup: plan.control,
        world: makeControlWorld(name, creation, tls, log),
        ports: threads.map((thread) => thread.port),
        pulses: plan.shared.pulses,
        events,
      });
      const info = await Promise.race([control.start(), died.promise]);
      node = new NodeProcess(control, threads);
      return { node, info };
    } catch (error) {
      for (const thread of threads) thread.terminate();
      throw error;
    }
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Ends processes, sessions and threads, in this order. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await this.control.stop();
    await new Promise<void>((resolve) => clock.afterIo(resolve));
    for (const thread of this.#threads) thread.terminate();
  }
}

/** Starts a worker for each scheduler, joined to each other by ports. */
export function startSchedulers(
  { plan, modules, logSetup }: Pick<NodeProcessOptions, "plan" | "modules" | "logSetup">,
  exited: (index: number, error: Error | undefined) => void,
): Thread[] {
  const threads = createThreads();
  const count = plan.schedulers.length;
  // ends[i][j]: what scheduler i + 1 holds towards scheduler j + 1.
  const ends: (PortEnd | undefined)[][] = plan.schedulers.map(() =>
    new Array<PortEnd | undefined>(count).fill(undefined),
  );
  for (let left = 0; left < count; left++) {
    for (let right = left + 1; right < count; right++) {
      const [a, b] = threads.channel();
      ends[left]![right] = a;
      ends[right]![left] = b;
    }
  }
  return plan.schedulers.map((setup, place) => {
    const others = [undefined, ...ends[place]!];
    const data: SchedulerThreadData = { setup, control: undefined, others, modules, log: logSetup };
    const transfer = others.filter((end) => end !== undefined);
    return threads.start("scheduler", data, (error) => exited(place + 1, error), transfer);
  });
}
