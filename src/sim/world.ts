/**
 * A cluster in one thread, decided by one seed: nodes that run the real drivers and schedulers, a clock that jumps from
 * event to event, a network that does what networks do. One event at a time; after each, every promise reaction that
 * it set off has run.
 */
import { assert } from "../base/assert.ts";
import type { Millis } from "../base/millis.ts";
import { Prng } from "../base/prng.ts";
import { runMicrotasks } from "../bun/microtasks.ts";
import type { HostedFunction } from "../node/thread-message.ts";
import type { LogLevel } from "../port/log.ts";
import type { VersionRange } from "../wire/version.ts";
import { EventQueue } from "./event-queue.ts";
import { Network } from "./network/network.ts";
import { MachineTime } from "./sim-clock.ts";
import { SimNode, type SimConfig } from "./sim-node.ts";
import type { LoadedModules } from "./sim-thread.ts";

export interface WorldOptions {
  readonly seed: number;
  /** Short names: `a` is the node `a@10.0.0.1`. */
  readonly nodes: readonly string[];
  /** Schedulers of each node. Default 1. */
  readonly schedulers?: number;
  /** Milliseconds that sessions survive without their sockets. Default 1,000. */
  readonly graceMs?: Millis;
  /** Further keys of every node's configuration: `{ "limits.fragment": 1024 }`. */
  readonly config?: SimConfig;
  /** Protocol versions that a node says it speaks; undefined: those it does speak. */
  readonly versions?: (short: string) => VersionRange | undefined;
  /**
   * What nodes tell each other that they host. Default: all that is defined in the program, so that two programs do not
   * have the same hash unless they define the same.
   */
  readonly functions?: () => readonly HostedFunction[];
  /** What the schedulers of a node that starts now have loaded. Default: what is loaded in this program is everybody's. */
  readonly modules?: () => readonly LoadedModules[];
  /** Messages are copied and frozen, as in tests of actors. Default false. */
  readonly strict?: boolean;
  /** Events after which a run is given up: its nodes keep each other busy for ever. Default: no bound. */
  readonly eventsMax?: number;
  /** Gets every log line of every node. */
  readonly log?: (line: TraceLine) => void;
  /** Called with every start of a node, the first ones included. */
  readonly started?: (short: string, node: SimNode) => void;
}

/** One line of a run's trace. */
export interface TraceLine {
  readonly at: Millis;
  readonly node: string;
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: object;
}

/** Numbers that a seed has for machines, apart from those for everything else. */
const MACHINES = 0x6d61_6368;

/** Milliseconds between two looks at a condition that is waited for. */
const LOOK_MS = 5;

export class World {
  readonly seed: number;
  readonly events = new EventQueue();
  /** For whoever uses the world: load and its timing. Network and machines have numbers of their own. */
  readonly random: Prng;
  readonly network: Network;
  /** The present incarnation of each node, by its short name; none while it is down. */
  readonly nodes = new Map<string, SimNode>();
  /** Machines that call themselves by the name of a node. */
  readonly namesakes = new Set<SimNode>();
  /** Nodes that were asked to stop and have not yet. */
  readonly #leaving = new Map<string, SimNode>();
  /** What ends the darkness of machines without power. */
  readonly #dark = new Map<string, () => void>();
  readonly #options: WorldOptions;
  readonly #machines: Prng;
  readonly #times = new Map<string, MachineTime>();
  readonly #hosts = new Map<string, string>();
  #starts = 0;
  #moves = 0;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.#options = options;
    this.random = new Prng(options.seed);
    this.#machines = new Prng(options.seed + MACHINES);
    this.network = new Network(this.events, options.seed);
    for (const name of options.nodes) this.start(name);
  }

  get now(): Millis {
    return this.events.now;
  }

  /** Order and contents of everything that was delivered so far. */
  get hash(): string {
    return this.network.hash.toString(16).padStart(8, "0");
  }

  /** Of all nodes, up or not. */
  get names(): readonly string[] {
    return this.#options.nodes.map((short) => this.nameOf(short));
  }

  /** Whoever is up under some name: two where a node has a namesake. */
  get incarnations(): readonly SimNode[] {
    return [...this.nodes.values(), ...this.namesakes];
  }

  nameOf(short: string): string {
    return `${short}@10.0.0.${this.#options.nodes.indexOf(short) + 1}`;
  }

  /** Where the node is, or was last. */
  hostOf(short: string): string {
    return this.#hosts.get(short) ?? `10.0.0.${this.#options.nodes.indexOf(short) + 1}`;
  }

  /** What its machine takes for the time; it stays when the node starts again. */
  timeOf(short: string): MachineTime {
    let time = this.#times.get(short);
    if (time === undefined) {
      time = new MachineTime(this.events, 1 + (this.#machines.random() - 0.5) * 1e-3);
      this.#times.set(short, time);
    }
    return time;
  }

  /** Calls back after a while, whatever happens to whom. */
  after(ms: Millis, callback: () => void): void {
    this.events.schedule(ms, undefined, callback);
  }

  /** Starts a node that is down, with all others as its seeds. */
  start(short: string): SimNode {
    const host = this.hostOf(short);
    this.#dark.get(short)?.();
    this.#dark.delete(short);
    this.network.wake(host);
    const node = this.#make(short, host, this.timeOf(short), () => this.stop(short));
    this.nodes.set(short, node);
    this.#options.started?.(short, node);
    return node;
  }

  /** Starts the node unless it is up, as soon as its last incarnation has gone. */
  startSoon(short: string): void {
    if (this.nodes.has(short)) return;
    if (this.#leaving.has(short)) this.after(LOOK_MS, () => this.startSoon(short));
    else this.start(short);
  }

  /** The node, which is down, comes up at another address next time. */
  move(short: string): void {
    const place = this.#options.nodes.indexOf(short) + 1;
    this.#hosts.set(short, `10.${1 + this.#moves++}.0.${place}`);
  }

  /** Ends a node as `kill -9` does; `silent`: as a power cut does, so that nobody is told. */
  crash(short: string, { silent = false } = {}): void {
    const node = this.nodes.get(short);
    if (node === undefined) return;
    this.nodes.delete(short);
    if (silent) this.#dark.set(short, this.network.host(node.host).impair({ silent: true }));
    this.#kill(node, silent);
  }

  /** Asks a node to stop. */
  stop(short: string): void {
    const node = this.nodes.get(short);
    if (node === undefined) return;
    this.nodes.delete(short);
    this.#leaving.set(short, node);
    void node.control.stop().then(() => {
      this.#leaving.delete(short);
      this.#kill(node, false);
    });
  }

  /** Another machine starts under the node's name, for so long. */
  startNamesake(short: string, forMs: Millis): void {
    const host = `10.8.${this.#moves++}.1`;
    const time = new MachineTime(this.events, 1);
    const node = this.#make(short, host, time, () => undefined);
    this.namesakes.add(node);
    this.after(forMs, () => this.#endNamesake(node));
  }

  /** Nothing gets through between two nodes, and nobody is told. */
  cut(a: string, b: string): void {
    const [one, other] = [this.hostOf(a), this.hostOf(b)];
    this.network.way(one, other).impair({ cut: true });
    this.network.way(other, one).impair({ cut: true });
  }

  heal(a: string, b: string): void {
    const [one, other] = [this.hostOf(a), this.hostOf(b)];
    this.network.way(one, other).mend();
    this.network.way(other, one).mend();
  }

  /** Every way is open again, every clock right, every node up, and nobody uses another's name. */
  healAll(): void {
    this.network.heal();
    for (const time of this.#times.values()) time.drift(1);
    for (const node of [...this.namesakes]) this.#endNamesake(node);
    for (const short of this.#options.nodes) this.startSoon(short);
  }

  /** Breaks a random connection at a random byte; both ends notice. */
  breakSomething(): void {
    const all = [...this.network.connections];
    all[this.random.below(Math.max(1, all.length))]?.cutAt(this.random.random());
  }

  /** The node, or one of its threads, gets no processor time. */
  stall(short: string, forMs: Millis, thread?: number): void {
    this.nodes.get(short)?.stall(this.events.now + forMs, thread);
  }

  /** Lets virtual time pass. */
  run(forMs: Millis): void {
    const until = this.events.now + forMs;
    const { events } = this;
    const { eventsMax = Infinity } = this.#options;
    runMicrotasks();
    while (events.step(until)) {
      runMicrotasks();
      assert(events.count <= eventsMax, `no rest after ${eventsMax} events`);
    }
    if (events.now < until) events.now = until;
  }

  /** Lets time pass until `holds`, at most `withinMs`. False: it never did. */
  runUntil(holds: () => boolean, withinMs: Millis): boolean {
    const until = this.events.now + withinMs;
    runMicrotasks();
    while (!holds()) {
      if (this.events.now >= until) return false;
      this.run(Math.min(LOOK_MS, until - this.events.now));
    }
    return true;
  }

  #make(short: string, host: string, time: MachineTime, stopRequested: () => void): SimNode {
    const { nodes, schedulers = 1, graceMs = 1_000, log, config = {} } = this.#options;
    const seeds = nodes
      .filter((other) => other !== short)
      .map((other) => ({ name: this.nameOf(other), host: this.hostOf(other) }));
    return new SimNode({
      events: this.events,
      network: this.network,
      name: this.nameOf(short),
      host,
      schedulers,
      seeds,
      graceMs,
      seed: this.seed * 1_000 + this.#starts++,
      time,
      config,
      versions: this.#options.versions?.(short),
      functions: this.#options.functions,
      modules: this.#options.modules?.(),
      strict: this.#options.strict ?? false,
      log: (name, level, text, fields) =>
        log?.({ at: this.events.now, node: name, level, text, fields }),
      stopRequested,
    });
  }

  #endNamesake(node: SimNode): void {
    if (!this.namesakes.delete(node)) return;
    this.#kill(node, false);
  }

  #kill(node: SimNode, silent: boolean): void {
    for (const connection of [...this.network.connections]) {
      if (!node.threads.some((thread) => thread === connection.owner)) continue;
      if (silent) this.network.orphan(connection, node.host);
      else connection.cutAt(this.#machines.random());
    }
    node.die();
  }
}
