/**
 * A cluster in one thread, decided by one seed: nodes that run the real drivers and schedulers, a clock that jumps from
 * event to event, a network that does what networks do. One event at a time; after each, every promise reaction that
 * it set off has run.
 */
import type { Millis } from "../base/millis.ts";
import { Prng } from "../base/prng.ts";
import { runMicrotasks } from "../bun/microtasks.ts";
import type { LogLevel } from "../port/log.ts";
import { EventQueue } from "./event-queue.ts";
import { Network } from "./network.ts";
import { SimNode } from "./sim-node.ts";

export interface WorldOptions {
  readonly seed: number;
  /** Short names: `a` is the node `a@10.0.0.1`. */
  readonly nodes: readonly string[];
  /** Schedulers of each node. Default 1. */
  readonly schedulers?: number;
  /** Milliseconds that sessions survive without their sockets. Default 1,000. */
  readonly graceMs?: Millis;
  /** Gets every log line of every node. */
  readonly log?: (line: TraceLine) => void;
}

/** One line of a run's trace. */
export interface TraceLine {
  readonly at: Millis;
  readonly node: string;
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: object;
}

export class World {
  readonly seed: number;
  readonly events = new EventQueue();
  readonly random: Prng;
  readonly network: Network;
  /** The present incarnation of each node, by its short name; none while it is down. */
  readonly nodes = new Map<string, SimNode>();
  readonly #options: WorldOptions;
  #starts = 0;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.#options = options;
    this.random = new Prng(options.seed);
    this.network = new Network(this.events, this.random);
    for (const name of options.nodes) this.start(name);
  }

  get now(): Millis {
    return this.events.now;
  }

  /** Order and contents of everything that was delivered so far. */
  get hash(): string {
    return this.network.hash.toString(16).padStart(8, "0");
  }

  nameOf(short: string): string {
    return `${short}@${this.hostOf(short)}`;
  }

  hostOf(short: string): string {
    return `10.0.0.${this.#options.nodes.indexOf(short) + 1}`;
  }

  /** Starts a node that is down, with all others as its seeds. */
  start(short: string): SimNode {
    const { nodes, schedulers = 1, graceMs = 1_000, log } = this.#options;
    const seeds = nodes
      .filter((other) => other !== short)
      .map((other) => ({ name: this.nameOf(other), host: this.hostOf(other) }));
    const node = new SimNode({
      events: this.events,
      network: this.network,
      name: this.nameOf(short),
      host: this.hostOf(short),
      schedulers,
      seeds,
      graceMs,
      seed: this.seed * 1_000 + this.#starts++,
      rate: 1 + (this.random.random() - 0.5) * 1e-3,
      log: (name, level, text, fields) =>
        log?.({ at: this.events.now, node: name, level, text, fields }),
    });
    this.nodes.set(short, node);
    return node;
  }

  /** Ends a node as `kill -9` does: nothing of it runs any more, its sockets are reset. */
  crash(short: string): void {
    const node = this.nodes.get(short);
    if (node === undefined) return;
    this.nodes.delete(short);
    for (const connection of [...this.network.connections]) {
      if (connection.owner === node) this.network.break(connection);
    }
    node.dead = true;
  }

  /** Nothing gets through between two hosts, and nobody is told. */
  cut(a: string, b: string): void {
    this.network.link(this.hostOf(a), this.hostOf(b)).cut = true;
  }

  heal(a: string, b: string): void {
    this.network.link(this.hostOf(a), this.hostOf(b)).cut = false;
  }

  /** Breaks a random connection at a random byte; both ends notice. */
  breakSomething(): void {
    const all = [...this.network.connections];
    const one = all[this.random.below(Math.max(1, all.length))];
    if (one !== undefined) this.network.break(one);
  }

  /** The node gets no processor time. */
  stall(short: string, forMs: Millis): void {
    const node = this.nodes.get(short);
    if (node !== undefined) node.stalledUntil = this.events.now + forMs;
  }

  /** Lets virtual time pass. */
  run(forMs: Millis): void {
    const until = this.events.now + forMs;
    runMicrotasks();
    while (this.events.step(until)) runMicrotasks();
    this.events.now = until;
  }

  /** Lets time pass until `holds`, at most `withinMs`. False: it never did. */
  runUntil(holds: () => boolean, withinMs: Millis): boolean {
    const until = this.events.now + withinMs;
    runMicrotasks();
    while (!holds()) {
      if (!this.events.step(until)) return false;
      runMicrotasks();
    }
    return true;
  }
}
