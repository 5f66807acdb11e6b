/**
 * The ports from this scheduler to the others of its node: opened together at the start, replaced one by one when the
 * scheduler behind one of them is, closed together at the end. What a full one means for lanes is seen to here as well.
 */
import { RELAY_BYTES_MAX } from "../../../base/limits.ts";
import type { Millis } from "../../../base/millis.ts";
import type { Clock } from "../../../port/clock.ts";
import type { LogSink } from "../../../port/log.ts";
import type { PortEnd, ThreadPort } from "../../../port/threads.ts";
import type { Identities } from "../../../term/identities.ts";
import { PortLink, type PortLinkEvents, type PortLinkLimits } from "./port-link.ts";
import { RelayGate, type RelayGateOptions } from "./relay-gate.ts";
import type { SchedulerSetup } from "../../thread-message.ts";

/** What a port has to say besides that it is full. */
export type PortEvents = Omit<PortLinkEvents, "full" | "roomy">;

export interface PortLinksOptions extends Pick<RelayGateOptions, "lanesOf" | "waitsFor"> {
  /** By scheduler number, from 1; the own place is undefined. */
  readonly ports: readonly (ThreadPort | undefined)[];
  readonly world: {
    readonly clock: Clock;
    readonly log: LogSink;
    /** Makes a port of an end that was handed here; left out where no scheduler is ever replaced. */
    readonly port?: (end: PortEnd) => ThreadPort;
  };
  readonly identities: Identities;
  readonly limits: SchedulerSetup["limits"];
  /** For the port to that scheduler, whichever of its threads is behind it: called again for each. */
  readonly events: (scheduler: number) => PortEvents;
}

export class PortLinks {
  readonly #options: PortLinksOptions;
  readonly #limits: PortLinkLimits;
  readonly #relays: RelayGate;
  readonly #links: (PortLink | undefined)[];

  constructor(options: PortLinksOptions) {
    const { lanesOf, limits, ports, waitsFor, world } = options;
    this.#options = options;
    this.#relays = new RelayGate({ clock: world.clock, log: world.log, lanesOf, waitsFor });
    this.#limits = {
      messageBytesMax: limits.messageBytes,
      highWaterBytes: limits.laneHighWaterBytes,
      hardBytes: limits.laneHardBytes,
      relayBytes: RELAY_BYTES_MAX,
    };
    this.#links = ports.map((port, scheduler) =>
      port === undefined ? undefined : this.#link(scheduler, port),
    );
  }

  /**
   * By scheduler number, from 1; undefined: this scheduler itself, or one that is gone. Always the same array, so whoever
   * sends through it may keep it and has what is in it now.
   */
  get list(): readonly (PortLink | undefined)[] {
    return this.#links;
  }

  /** Takes what comes from now on. */
  open(): void {
    for (const link of this.#links) link?.open();
  }

  /** The whole node stops. */
  stopping(): void {
    for (const link of this.#links) if (link !== undefined) link.isStopping = true;
  }

  /**
   * Puts the port to a new thread of a scheduler in the place of that to a dead one, then calls `replaced`. What the dead
   * one had posted is on its way through the event loop: it is handled before the news of its death.
   */
  replace(scheduler: number, port: PortEnd, replaced: () => void): void {
    this.#drain(scheduler, -1, () => {
      this.#links[scheduler]?.abandon();
      const end = this.#options.world.port?.(port);
      const next = end === undefined ? undefined : this.#link(scheduler, end);
      this.#links[scheduler] = next;
      next?.open();
      replaced();
    });
  }

  /** From time to time. */
  beat(now: Millis): void {
    this.#relays.beat(now);
  }

  close(): void {
    for (const link of this.#links) link?.close();
  }

  /** Drained is a port by which nothing has come for two turns. */
  #drain(scheduler: number, receivedBefore: number, drained: () => void): void {
    const received = this.#links[scheduler]?.received ?? 0;
    if (received === receivedBefore) return drained();
    const { clock } = this.#options.world;
    clock.afterIo(() => clock.afterIo(() => this.#drain(scheduler, received, drained)));
  }

  #link(scheduler: number, port: ThreadPort): PortLink {
    const { events, identities } = this.#options;
    return new PortLink({
      scheduler,
      port,
      identities,
      limits: this.#limits,
      events: {
        ...events(scheduler),
        full: (origin) => this.#relays.full(scheduler, origin),
        roomy: () => this.#relays.roomy(scheduler),
      },
    });
  }
}
