import type { NodeServices } from "../../process/host.ts";
import type { Process } from "../../process/process.ts";
import type { NodeRef } from "../../term/node-ref.ts";
import type { Pid } from "../../term/pid.ts";
import { HERE, type Origin } from "./ports/port-link.ts";
import {
  type Multicast,
  type Relay,
  type SchedulerService,
  type SchedulerServiceWorld,
  type ServiceName,
  SERVICES,
} from "../../service/service.ts";

/** A scheduler's part, and what of it processes see. */
export interface SchedulerServiceMade {
  readonly service: SchedulerService;
  readonly api: Partial<NodeServices>;
}

/** How each service's part on a scheduler is made. */
export type SchedulerServiceMakers = {
  readonly [name in ServiceName]?: (world: SchedulerServiceWorld) => SchedulerServiceMade;
};

/** What the services need of their scheduler's driver, besides what is handed on as it is. */
export interface SchedulerServicesOptions {
  readonly makers: SchedulerServiceMakers;
  /** Everything but what differs from service to service. */
  readonly world: Omit<SchedulerServiceWorld, "tell" | "multicast" | "multicastTo">;
  readonly tell: (service: ServiceName, message: unknown) => void;
  /** Sends on a lane. */
  readonly send: (signal: Multicast) => void;
  /** Sends to another scheduler of this node. */
  readonly post: (scheduler: number, signal: Multicast, origin: Origin) => void;
}

/** The services of one scheduler: hands each what is its own. */
export class SchedulerServices {
  /** What processes see. */
  readonly api: Partial<NodeServices>;
  readonly #services: readonly (SchedulerService | undefined)[];
  readonly #post: SchedulerServicesOptions["post"];

  constructor({ makers, world, tell, send, post }: SchedulerServicesOptions) {
    this.#post = post;
    const made = SERVICES.map((name, service) =>
      makers[name]?.({
        ...world,
        tell: (message: unknown) => tell(name, message),
        multicast: (from, node, topic, message) =>
          send({ kind: "multicast", from, node, service, topic, message }),
        multicastTo: (scheduler, from, topic, message) => {
          const { name: node } = world.identities.local;
          post(scheduler, { kind: "multicast", from, node, service, topic, message }, HERE);
        },
      }),
    );
    this.#services = made.map((one) => one?.service);
    this.api = Object.assign({}, ...made.map((one) => one?.api ?? {})) as Partial<NodeServices>;
  }

  /** Entries of all services, for leak checks. */
  get size(): number {
    return this.#services.reduce((sum, service) => sum + (service?.size ?? 0), 0);
  }

  receive(name: ServiceName, message: unknown): void {
    this.#services[SERVICES.indexOf(name)]?.receive(message);
  }

  nodeUp(node: NodeRef): void {
    for (const service of this.#services) service?.nodeUp?.(node);
  }

  nodeDown(node: NodeRef): void {
    for (const service of this.#services) service?.nodeDown?.(node);
  }

  /** False: there is no such service here. */
  multicast(signal: Multicast, origin: Origin): boolean {
    const service = this.#services[signal.service];
    if (service?.multicast === undefined) return false;
    const relay: Relay | undefined =
      origin === HERE ? undefined : (scheduler) => this.#post(scheduler, signal, origin);
    service.multicast(signal, relay);
    return true;
  }

  endedElsewhere(pid: Pid): void {
    for (const service of this.#services) service?.endedElsewhere?.(pid);
  }

  processEnded(process: Process): void {
    for (const service of this.#services) service?.processEnded?.(process);
  }

  close(): void {
    for (const service of this.#services) service?.close?.();
  }
}
