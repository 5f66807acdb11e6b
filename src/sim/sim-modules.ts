/** A user's modules in a world: loaded ahead of time, since loading takes real time and a node starts at once. */
import type { Millis } from "../base/millis.ts";
import { Prng } from "../base/prng.ts";
import { loadGraph, type ModuleGraph } from "../bun/virtual/module-graph.ts";
import type { VirtualMachine } from "../bun/virtual/virtual-machine.ts";
import type { Timer } from "../port/clock.ts";
import { WORLD_BEGINS_MS } from "./sim-clock.ts";
import type { LoadedModules, SimThread } from "./sim-thread.ts";

/** Something that nobody caught in the code of a thread. */
export interface StrayError {
  readonly thread: SimThread;
  readonly error: unknown;
}

interface Waiting {
  readonly afterMs: Millis;
  readonly callback: () => void;
  /** Undefined until the thread is there. */
  timer: Timer | undefined;
  isCleared: boolean;
}

/** The machine that one scheduler's modules see. Until their thread is there, they have the world's time and no timers. */
export class SimMachine implements VirtualMachine {
  readonly #random: Prng;
  readonly #worldNow: () => Millis;
  readonly #strays: StrayError[];
  readonly #early: Waiting[] = [];
  #thread: SimThread | undefined;

  constructor(seed: number, worldNow: () => Millis, strays: StrayError[]) {
    this.#random = new Prng(seed);
    this.#worldNow = worldNow;
    this.#strays = strays;
  }

  get host(): string {
    return this.#thread?.name.replace(/^.*@| .*$/g, "") ?? "localhost";
  }

  begin(thread: SimThread): void {
    this.#thread = thread;
    for (const waiting of this.#early.splice(0)) {
      if (!waiting.isCleared)
        waiting.timer = thread.clock.setTimer(waiting.afterMs, waiting.callback);
    }
  }

  now(): Millis {
    return this.#thread?.clock.now() ?? this.#worldNow();
  }

  wall(): number {
    return this.#thread?.clock.wall() ?? WORLD_BEGINS_MS + this.#worldNow();
  }

  setTimer(afterMs: Millis, callback: () => void): Timer {
    if (this.#thread !== undefined) return this.#thread.clock.setTimer(afterMs, callback);
    const waiting: Waiting = { afterMs, callback, timer: undefined, isCleared: false };
    this.#early.push(waiting);
    return waiting;
  }

  clearTimer(timer: Timer): void {
    const waiting = timer as Partial<Waiting>;
    if (waiting.isCleared === undefined) return this.#thread?.clock.clearTimer(timer);
    waiting.isCleared = true;
    if (waiting.timer !== undefined) this.#thread?.clock.clearTimer(waiting.timer);
  }

  random(): number {
    return this.#random.random();
  }

  stray(error: unknown): void {
    if (this.#thread !== undefined) this.#strays.push({ thread: this.#thread, error });
  }
}

export interface ModulePoolOptions {
  /** Absolute. */
  readonly paths: readonly string[];
  readonly provided: Readonly<Record<string, unknown>>;
  readonly schedulers: number;
  readonly seed: number;
  readonly worldNow: () => Millis;
}

/** Sets of loaded modules, one set for each start of a node. */
export class ModulePool implements Disposable {
  /** Errors of module code that nobody caught, in order. */
  readonly strays: StrayError[] = [];
  readonly #options: ModulePoolOptions;
  readonly #ready: LoadedModules[][] = [];
  readonly #graphs: ModuleGraph[] = [];

  constructor(options: ModulePoolOptions) {
    this.#options = options;
  }

  /** Fewer sets than that are ready. */
  isBelow(sets: number): boolean {
    return this.#ready.length < sets;
  }

  /** Loads until so many sets are ready. @throws {ConfigError} module_failed */
  async fill(sets: number): Promise<void> {
    while (this.isBelow(sets)) {
      const set: LoadedModules[] = [];
      for (let count = 0; count < this.#options.schedulers; count++) set.push(await this.#load());
      this.#ready.push(set);
    }
  }

  /** For a node that starts now. */
  take(): LoadedModules[] {
    const set = this.#ready.shift();
    if (set === undefined) throw new Error("no modules are loaded for this start of a node");
    return set;
  }

  [Symbol.dispose](): void {
    for (const graph of this.#graphs) graph[Symbol.dispose]();
  }

  async #load(): Promise<LoadedModules> {
    const { paths, provided, seed, worldNow } = this.#options;
    const machine = new SimMachine(seed * 1_000 + this.#graphs.length, worldNow, this.strays);
    const graph = await loadGraph(paths, machine, provided);
    this.#graphs.push(graph);
    const { definitions, structs, run } = graph;
    return { definitions, structs, run, begin: (thread) => machine.begin(thread) };
  }
}
