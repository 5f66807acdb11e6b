/** A node that lives wholly on the calling thread: for tests, and for tools that join a cluster for a moment. */
import { createLocalPorts } from "../bun/local-ports.ts";
import { ControlDriver } from "../node/control/control-driver.ts";
import type { ControlEvents, NodeUpInfo } from "../node/control/control-events.ts";
import type { NodePlan } from "../node/node-plan.ts";
import type { SchedulerDriver } from "../node/scheduler/scheduler-driver.ts";
import type { TlsSetup } from "../node/thread-message.ts";
import type { Clock } from "../port/clock.ts";
import type { LogSink } from "../port/log.ts";
import type { Dns } from "../port/dns.ts";
import type { TlsKeys, Transport } from "../port/transport.ts";
import { makeControlWorld, makeSchedulerDriver } from "./thread.ts";

export interface InlineNodeOptions {
  /** For exactly one scheduler. */
  readonly plan: NodePlan;
  readonly tls: TlsSetup;
  readonly log: LogSink;
  readonly events: ControlEvents;
  /** In place of the sockets that `tls` says: a test's, which can break them. */
  readonly transport?: Transport;
  /** In place of this machine's resolver. */
  readonly dns?: Dns;
  /** In place of this machine's: a test's, which stands still. */
  readonly clock?: Clock;
}

export class InlineNode {
  readonly control: ControlDriver;
  readonly driver: SchedulerDriver;

  /** Called by `start`. */
  constructor(control: ControlDriver, driver: SchedulerDriver) {
    this.control = control;
    this.driver = driver;
  }

  /** Modules must have been loaded before. @throws {ConnectionError} address_in_use */
  static async start(
    options: InlineNodeOptions,
  ): Promise<{ readonly node: InlineNode; readonly info: NodeUpInfo }> {
    const { plan, tls, log, events, transport, dns, clock } = options;
    const world = makeControlWorld(plan.control.node, plan.control.creation, tls, log, transport);
    const [near, far] = createLocalPorts();
    const control = new ControlDriver({
      setup: plan.control,
      world: { ...world, ...(dns && { dns }), ...(clock && { clock }) },
      ports: [near],
      pulses: plan.shared.pulses,
      events,
    });
    const ports = { control: far, others: [undefined, undefined] };
    const driver = makeSchedulerDriver(plan.schedulers[0]!, ports, tls, log, transport, clock);
    try {
      driver.start();
      const info = await control.start();
      return { node: new InlineNode(control, driver), info };
    } catch (error) {
      driver.close();
      throw error;
    }
  }

  /** New connections are protected with these keys. */
  renewTls(keys: TlsKeys): void {
    this.control.renewTls(keys);
  }

  async stop(): Promise<void> {
    await this.control.stop();
  }
}
