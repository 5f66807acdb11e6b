/** One node of a world: the drivers that also run in production, over the world's clock, network and randomness. */
import type { Millis } from "../base/millis.ts";
import { Prng } from "../base/prng.ts";
import { sha256Digest } from "../bun/digest.ts";
import { createLocalPorts } from "../bun/local-ports.ts";
import { parseConfig } from "../config/config.ts";
import { ControlDriver } from "../node/control/control-driver.ts";
import { planNode, type NodePlan } from "../node/node-plan.ts";
import { SchedulerDriver } from "../node/scheduler/scheduler-driver.ts";
import type { HostedFunction } from "../node/thread-message.ts";
import type { Entropy } from "../port/entropy.ts";
import type { LogLevel, LogSink } from "../port/log.ts";
import type { PortEnd, ThreadPort } from "../port/threads.ts";
import type { Address, Transport } from "../port/transport.ts";
import { Identities } from "../term/identities.ts";
import type { VersionRange } from "../wire/version.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Network } from "./network/network.ts";
import type { MachineTime, SimClock } from "./sim-clock.ts";
import { type LoadedModules, SimThread } from "./sim-thread.ts";
import { SimWeb, type SimPorts } from "./sim-web.ts";

/** Milliseconds that a message between two threads takes. */
const HOP_MS = 0.03;

/** The port at which every node of a world listens. */
export const NODE_PORT = 4_369;

const COOKIE = new TextEncoder().encode("the cookie of a simulated cluster");

/** Keys of cluster.toml, as `parseConfig` takes them from code: `{ "cluster.tick_interval": "1s" }`. */
export type SimConfig = Readonly<Record<string, unknown>>;

export interface SimNodeOptions {
  readonly events: EventQueue;
  readonly network: Network;
  readonly name: string;
  /** Its host, an address of the world. */
  readonly host: string;
  readonly schedulers: number;
  /** Hosts and names of nodes to connect to. */
  readonly seeds: readonly { readonly name: string; readonly host: string }[];
  readonly graceMs: Millis;
  readonly seed: number;
  readonly time: MachineTime;
  readonly config: SimConfig;
  /** Protocol versions that it says it speaks; undefined: those it does speak. */
  readonly versions: VersionRange | undefined;
  /** What it tells its peers that it hosts; undefined: all that is defined in this program. */
  readonly functions: (() => readonly HostedFunction[]) | undefined;
  readonly log: (node: string, level: LogLevel, text: string, fields: object) => void;
  /** By scheduler; undefined: what is loaded in this program is everybody's. */
  readonly modules: readonly LoadedModules[] | undefined;
  /** Messages are copied and frozen, as in tests of actors. */
  readonly strict: boolean;
  /** It was asked to stop. */
  readonly stopRequested: () => void;
}

/** Set on a driver's thread ports so that they wait as threads do. */
type Defer = (callback: () => void) => void;

export class SimNode {
  readonly name: string;
  readonly host: string;
  readonly time: MachineTime;
  readonly control: ControlDriver;
  readonly schedulers: readonly SchedulerDriver[];
  /** The control thread, then one for each scheduler. */
  readonly threads: readonly SimThread[];
  /** Its web servers, by port. */
  readonly ports: SimPorts = new Map();
  /** Settles when the node is up. */
  readonly up: Promise<unknown>;
  readonly creation: number;

  constructor(options: SimNodeOptions) {
    const { name, host, schedulers, events } = options;
    this.name = name;
    this.host = host;
    this.time = options.time;
    const plan = planOf(options);
    this.creation = plan.control.creation;
    this.threads = Array.from({ length: schedulers + 1 }, (_none, place) => {
      const identities = new Identities(name, this.creation, { keepsAll: true });
      const modules = place === 0 ? undefined : options.modules?.[place - 1];
      return new SimThread(`${name} ${place}`, events, this.time, identities, modules);
    });
    const ports = portMesh(this.threads, (thread, callback) =>
      events.schedule(HOP_MS, thread, callback),
    );
    const log: LogSink = {
      write: (level, text, fields) => options.log(name, level, text, fields),
    };
    const random = new Prng(options.seed);
    const worldOf = (thread: SimThread) => ({
      clock: thread.clock,
      identities: thread.identities,
      digest: sha256Digest,
      entropy: entropyOf(random),
      transport: transportOf(host, thread, options.network),
      log,
    });
    const [controlThread] = this.threads;
    this.control = new ControlDriver({
      setup: plan.control,
      world: {
        ...worldOf(controlThread!),
        memoryBytes: () => 0,
        dns: { addresses: () => Promise.reject(new Error("no names in a simulation")) },
      },
      ports: ports.control,
      pulses: plan.shared.pulses,
      events: {
        stopRequested: options.stopRequested,
        startRefused: () => undefined,
        resolve: () => Promise.resolve(undefined),
      },
    });
    this.schedulers = plan.schedulers.map((setup, place) => {
      const thread = this.threads[place + 1]!;
      const others = [undefined, ...ports.between[place]!];
      const world = {
        ...worldOf(thread),
        port: (end: PortEnd) => end as unknown as ThreadPort,
        web: new SimWeb(events, thread, this.ports),
        ...(options.functions === undefined ? {} : { functions: options.functions }),
      };
      let driver!: SchedulerDriver;
      thread.run(() => {
        driver = new SchedulerDriver(setup, { control: ports.toControl[place]!, others }, world);
      });
      return driver;
    });
    for (const [place, driver] of this.schedulers.entries()) {
      this.threads[place + 1]!.run(() => driver.start());
    }
    this.up = this.control.start();
  }

  /** The clock of its control thread. */
  get clock(): SimClock {
    return this.threads[0]!.clock;
  }

  get dead(): boolean {
    return this.threads[0]!.dead;
  }

  /** Its threads get no processor time until then; `thread` 0 is the control thread, undefined: all of them. */
  stall(until: Millis, thread?: number): void {
    const threads = thread === undefined ? this.threads : [this.threads[thread]];
    for (const one of threads) {
      if (one !== undefined) one.stalledUntil = Math.max(one.stalledUntil, until);
    }
  }

  /** Nothing of it runs any more. */
  die(): void {
    for (const thread of this.threads) thread.dead = true;
  }
}

/** What each thread of the node is told, from the same configuration that an operator would write. */
function planOf(options: SimNodeOptions): NodePlan {
  const { name, host, schedulers } = options;
  const plan = planNode({
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
        ...options.config,
      },
      directory: "/",
      cpus: 1,
    }),
    name: { name, host, port: NODE_PORT },
    cookies: { own: COOKIE, accepted: [COOKIE], source: "the simulation" },
    version: "simulated",
    wall: options.time.wall(),
    strict: options.strict,
    listens: true,
  });
  const seeds = options.seeds.map((seed) => ({
    name: seed.name,
    address: { host: seed.host, port: NODE_PORT },
  }));
  const versions = options.versions === undefined ? {} : { versions: options.versions };
  return { ...plan, control: { ...plan.control, seeds, ...versions } };
}

function transportOf(host: string, thread: SimThread, network: Network): Transport {
  return {
    listen: (address: Address, accept) =>
      network.listen({ host, port: address.port }, thread, accept),
    dial: (address, handler) => {
      const dialled = network.dial(host, address, thread, handler);
      return { cancel: () => dialled.cancel() };
    },
  };
}

interface PortMesh {
  /** What the control thread holds, by scheduler. */
  readonly control: readonly ThreadPort[];
  /** What each scheduler holds towards control. */
  readonly toControl: readonly ThreadPort[];
  /** `between[i][j]`: what scheduler i + 1 holds towards j + 1. */
  readonly between: readonly (readonly (ThreadPort | undefined)[])[];
}

/** Ports between every two threads of a node; what arrives at one happens on its own thread. */
function portMesh(
  threads: readonly SimThread[],
  happen: (thread: SimThread, callback: () => void) => void,
): PortMesh {
  const count = threads.length;
  const ends = Array.from({ length: count }, () =>
    new Array<ThreadPort | undefined>(count).fill(undefined),
  );
  for (let left = 0; left < count; left++) {
    for (let right = left + 1; right < count; right++) {
      const at =
        (place: number): Defer =>
        (callback) =>
          happen(threads[place]!, callback);
      const [near, far] = createLocalPorts(at(left), at(right));
      ends[left]![right] = near;
      ends[right]![left] = far;
    }
  }
  return {
    control: ends[0]!.slice(1).map((end) => end!),
    toControl: ends.slice(1).map((row) => row[0]!),
    between: ends.slice(1).map((row) => row.slice(1)),
  };
}

function entropyOf(random: Prng): Entropy {
  return {
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let place = 0; place < length; place++) bytes[place] = random.uint32();
      return bytes;
    },
    random: () => random.random(),
  };
}
