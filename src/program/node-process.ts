/**
 * A node as a process of its own: the control thread is the main thread, every scheduler is a worker. What
 * `snow-node run` starts.
 */
import { clock } from "../bun/clock.ts";
import { ConfigError } from "../base/error.ts";
import { ControlDriver } from "../node/control/control-driver.ts";
import type { ControlEvents, NodeUpInfo } from "../node/control/control-events.ts";
import type { NodePlan } from "../node/node-plan.ts";
import type { TlsSetup } from "../node/thread-message.ts";
import type { LogSink } from "../port/log.ts";
import type { TlsKeys } from "../port/transport.ts";
import { SchedulerThreads } from "./scheduler-threads.ts";
import { makeControlWorld, type LogSetup } from "./thread.ts";

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
  readonly #threads: SchedulerThreads;

  /** Called by `start`. */
  constructor(control: ControlDriver, threads: SchedulerThreads) {
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
    let isUp = false;
    const threads = new SchedulerThreads(options, (index, error) => {
      const text = `scheduler ${index} ended: ${error?.message ?? "for no known reason"}`;
      died.reject(new ConfigError("module_failed", text));
      log.write("error", text, {});
      if (isUp) events.stopRequested();
    });
    try {
      const tls = await options.tls;
      threads.begin(tls);
      const { node: name, creation } = plan.control;
      const control = new ControlDriver({
        setup: plan.control,
        world: makeControlWorld(name, creation, tls, log),
        ports: threads.ports,
        pulses: plan.shared.pulses,
        keeper: threads,
        events,
      });
      const info = await Promise.race([control.start(), died.promise]);
      isUp = true;
      return { node: new NodeProcess(control, threads), info };
    } catch (error) {
      threads.terminate();
      throw error;
    }
  }

  /** New connections are protected with these keys. */
  renewTls(keys: TlsKeys): void {
    this.#threads.renewTls(keys);
    this.control.renewTls(keys);
  }

  /** Ends processes, sessions and threads, in this order. */
  async stop(): Promise<void> {
    if (this.#threads.isTerminating) return;
    this.#threads.isTerminating = true;
    await this.control.stop();
    await new Promise<void>((resolve) => clock.afterIo(resolve));
    this.#threads.terminate();
  }
}
