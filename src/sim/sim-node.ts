/** One node of a world: the drivers that also run in production, over the world's clock, network and randomness. */
import { Prng } from "../base/prng.ts";
import { sha256Digest } from "../bun/digest.ts";
import { createLocalPorts } from "../bun/local-ports.ts";
import { parseConfig } from "../node/config.ts";
import { ControlDriver } from "../node/control-driver.ts";
import { planNode, type NodePlan } from "../node/node-plan.ts";
import { SchedulerDriver } from "../node/scheduler-driver.ts";
import type { Entropy } from "../port/entropy.ts";
import type { LogLevel, LogSink } from "../port/log.ts";
import type { PortEnd, ThreadPort } from "../port/threads.ts";
import type { Address, Transport } from "../port/transport.ts";
import { Identities } from "../term/identities.ts";
import type { EventQueue, Owner } from "./event-queue.ts";
import type { Network } from "./network.ts";
import { SimClock } from "./sim-clock.ts";

/** Milliseconds that a message between two threads takes. */
const HOP_MS = 0.03;

/** The port at which every node of a world listens. */
export const NODE_PORT = 4_369;

const COOKIE = new TextEncoder().encode("the cookie of a simulated cluster");

export interface SimNodeOptions {
  readonly events: EventQueue;
  readonly network: Network;
  readonly name: string;
  /** Its host, an address of the world. */
  readonly host: string;
  readonly schedulers: number;
  /** Hosts and names of nodes to connect to. */
  readonly seeds: readonly { readonly name: string; readonly host: string }[];
  readonly graceMs: number;
  readonly seed: number;
  /** Its clock's rate; 1 is right. */
  readonly rate: number;
  readonly log: (node: string, level: LogLevel, text: string, fields: object) => void;
}

/** Set on a driver's thread ports so that they wait as threads do. */
type Defer = (callback: () => void) => void;

export class SimNode implements Owner {
  readonly name: string;
  readonly host: string;
  stalledUntil = 0;
  dead = false;
  readonly clock: SimClock;
  readonly control: ControlDriver;
  readonly schedulers: readonly SchedulerDriver[];
  /** Settles when the node is up. */
  readonly up: Promise<unknown>;
  readonly creation: number;

  constructor(options: SimNodeOptions) {
    const { events, network, name, host, schedulers } = options;
    this.name = name;
    this.host = host;
    this.clock = new SimClock(events, this, options.rate);
    const log: LogSink = {
      write: (level, text, fields) => options.log(name, level, text, fields),
    };
    const entropy = entropyOf(new Prng(options.seed));
    const transport = this.#transport(network);
    const plan = planOf(options, this.clock);
    this.creation = plan.control.creation;
    const defer: Defer = (callback) => void events.schedule(HOP_MS, this, callback);
    const ports = portMesh(schedulers, defer);
    const world = {
      clock: this.clock,
      port: (end: PortEnd) => end as unknown as ThreadPort,
      digest: sha256Digest,
      entropy,
      transport,
      log,
    };
    const seeds = options.seeds.map((seed) => ({
      name: seed.name,
      address: { host: seed.host, port: NODE_PORT },
    }));
    this.control = new ControlDriver({
      setup: { ...plan.control, seeds },
      world: {
        ...world,
        identities: new Identities(name, plan.control.creation),
        memoryBytes: () => 0,
        dns: { addresses: () => Promise.reject(new Error("no names in a simulation")) },
      },
      ports: ports.control,
      pulses: plan.shared.pulses,
      events: {
        stopRequested: () => undefined,
        startRefused: () => undefined,
        resolve: () => Promise.resolve(undefined),
      },
    });
    this.schedulers = plan.schedulers.map((setup, place) => {
      const control = ports.toControl[place]!;
      const others = [undefined, ...ports.between[place]!];
      return new SchedulerDriver(setup, { control, others }, world);
    });
    for (const driver of this.schedulers) driver.start();
    this.up = this.control.start();
  }

  #transport(network: Network): Transport {
    return {
      listen: (address: Address, accept) =>
        network.listen({ host: this.host, port: address.port }, this, accept),
      dial: (address, handler) => {
        const dialled = network.dial(this.host, address, this, handler);
        return { cancel: () => dialled.cancel() };
      },
    };
  }
}

/** What each thread of the node is told, from the same configuration that an operator would write. */
function planOf(options: SimNodeOptions, clock: SimClock): NodePlan {
  const { name, host, schedulers } = options;
  return planNode({
    config: parseConfig({
      environment: {},
      options: [],
      given: {
        "node.name": `${name}:${NODE_PORT}`,
        "node.schedulers": schedulers,
        "tls.mode": "auto",
        "cluster.session_grace": `${options.graceMs}ms`,
        "cluster.tick_interval": "1s",
        "cluster.tick_timeout": "1s",
        "listen.host": host,
      },
      directory: "/",
      cpus: 1,
    }),
    name: { name, host, port: NODE_PORT },
    cookies: { own: COOKIE, accepted: [COOKIE], source: "the simulation" },
    version: "simulated",
    wall: clock.wall(),
    strict: false,
    listens: true,
  });
}

interface PortMesh {
  /** What the control thread holds, by scheduler. */
  readonly control: readonly ThreadPort[];
  /** What each scheduler holds towards control. */
  readonly toControl: readonly ThreadPort[];
  /** `between[i][j]`: what scheduler i + 1 holds towards j + 1. */
  readonly between: readonly (readonly (ThreadPort | undefined)[])[];
}

function portMesh(schedulers: number, defer: Defer): PortMesh {
  const pairs = Array.from({ length: schedulers }, () => createLocalPorts(defer));
  const between = Array.from({ length: schedulers }, () =>
    new Array<ThreadPort | undefined>(schedulers).fill(undefined),
  );
  for (let left = 0; left < schedulers; left++) {
    for (let right = left + 1; right < schedulers; right++) {
      const [near, far] = createLocalPorts(defer);
      between[left]![right] = near;
      between[right]![left] = far;
    }
  }
  return {
    control: pairs.map(([near]) => near),
    toControl: pairs.map(([, far]) => far),
    between,
  };
}

function entropyOf(random: Prng): Entropy {
  return {
    bytes: (length) => Uint8Array.from({ length }, () => random.below(256)),
    random: () => random.random(),
  };
}
