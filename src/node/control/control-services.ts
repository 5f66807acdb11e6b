import type { Millis } from "../../base/millis.ts";
import type { ControlMessage } from "../../wire/control-message.ts";
import type { ControlWorld } from "./control-world.ts";
import { Knocks } from "./knocks.ts";
import type { PeerDriver } from "./peers/peer-driver.ts";
import type { SchedulerGroup } from "./schedulers/scheduler-group.ts";
import {
  type ControlService,
  type ControlServiceWorld,
  type ServiceName,
  type ServicePeer,
  SERVICES,
} from "../../service/service.ts";

/** How each service's part on the control thread is made; a service without one is missing here. */
export type ControlServiceMakers = {
  readonly [name in ServiceName]?: (world: ControlServiceWorld) => ControlService;
};

/** The services of the control thread: hands each what is its own. */
export class ControlServices {
  readonly #services: readonly (ControlService | undefined)[];
  readonly #peers = new Map<number, ServicePeer>();
  readonly #byName = new Map<string, PeerDriver>();
  readonly #knocks: Knocks;
  /** Set while services handle an event: to whom they have said something meanwhile. */
  #unsent: Set<PeerDriver> | undefined;

  constructor(
    makers: ControlServiceMakers,
    setup: {
      readonly node: string;
      readonly creation: number;
      readonly schedulers: number;
      readonly refusedIsDown: boolean;
      readonly globals: SharedArrayBuffer;
    },
    world: ControlWorld,
    schedulers: SchedulerGroup,
  ) {
    this.#knocks = new Knocks(world);
    this.#services = SERVICES.map((service, number) =>
      makers[service]?.({
        ...setup,
        clock: world.clock,
        entropy: world.entropy,
        log: world.log,
        identities: world.identities,
        fences: world.fences,
        tell: (scheduler, message) =>
          schedulers.tell(scheduler, { kind: "service", service, message }),
        tellAll: (message) => schedulers.tellAll({ kind: "service", service, message }),
        isRefused: async (address) =>
          setup.refusedIsDown && (await this.#knocks.isRefused(address)),
        probe: (peer) => this.#byName.get(peer)?.probe(),
        send: (peer, body) => this.#send(peer, { kind: "service", service: number, body }),
      }),
    );
  }

  /** A session stands; after the schedulers were told. */
  nodeUp(driver: PeerDriver, creation: number): void {
    if (driver.hidden) return;
    const address = driver.info?.peer.address;
    const peer = { name: driver.name, creation, number: driver.number, address };
    this.#peers.set(peer.number, peer);
    this.#byName.set(peer.name, driver);
    this.#each((service) => service.nodeUp(peer));
  }

  /** A session is over; before the schedulers are told. */
  nodeDown(driver: PeerDriver): void {
    const peer = this.#peers.get(driver.number);
    if (peer === undefined) return;
    this.#peers.delete(peer.number);
    this.#byName.delete(peer.name);
    this.#each((service) => service.nodeDown(peer));
  }

  suspected(driver: PeerDriver, isSuspect: boolean): void {
    const peer = this.#peers.get(driver.number);
    if (peer !== undefined) this.#each((service) => service.suspected?.(peer, isSuspect));
  }

  ticked(driver: PeerDriver, echo: Millis): void {
    const peer = this.#peers.get(driver.number);
    if (peer !== undefined) this.#each((service) => service.ticked?.(peer, echo));
  }

  /** @throws {DecodeError} */
  fromPeer(driver: PeerDriver, message: Extract<ControlMessage, { kind: "service" }>): void {
    const peer = this.#peers.get(driver.number);
    if (peer === undefined) return;
    this.#together(() => this.#services[message.service]?.fromPeer(peer, message.body));
  }

  fromScheduler(scheduler: number, name: ServiceName, message: unknown): void {
    const service = this.#services[SERVICES.indexOf(name)];
    this.#together(() => service?.fromScheduler(scheduler, message));
  }

  schedulerGone(scheduler: number): void {
    this.#each((service) => service.schedulerGone?.(scheduler));
  }

  schedulerStarted(scheduler: number): void {
    this.#each((service) => service.schedulerStarted?.(scheduler));
  }

  /** The answer of the service whose verb it is. @throws {Error} it is nobody's */
  query(verb: string, args: unknown): unknown {
    for (const service of this.#services) {
      const answer = service?.query?.(verb, args);
      if (answer !== undefined) return answer;
    }
    throw new Error(`this node does not know the question ${verb}`);
  }

  stop(): void {
    this.#knocks.close();
    this.#each((service) => service.stop());
  }

  #each(run: (service: ControlService) => void): void {
    this.#together(() => {
      for (const service of this.#services) if (service !== undefined) run(service);
    });
  }

  #send(peer: string, message: ControlMessage): boolean {
    const driver = this.#byName.get(peer);
    if (driver === undefined) return false;
    if (this.#unsent === undefined) return driver.send(message);
    this.#unsent.add(driver);
    return driver.enqueue(message);
  }

  /** What services say while they handle one event leaves together: a write costs more than all that is in it. */
  #together(handle: () => void): void {
    if (this.#unsent !== undefined) return handle();
    const unsent = (this.#unsent = new Set());
    try {
      handle();
    } finally {
      this.#unsent = undefined;
      for (const driver of unsent) driver.flush();
    }
  }
}
