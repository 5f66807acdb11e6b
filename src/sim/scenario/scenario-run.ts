/** One seed of a user's simulation: a world, the scenario in it, its faults, and what it says has to hold. */
import { messageOf } from "../../base/error.ts";
import type { Millis } from "../../base/millis.ts";
import { Prng } from "../../base/prng.ts";
import { clock } from "../../bun/clock.ts";
import { runMicrotasks } from "../../bun/microtasks.ts";
import { currentMachine, loadGraph } from "../../bun/virtual/module-graph.ts";
import { GlobalSwap } from "../../bun/virtual/virtual-globals.ts";
import type { VirtualMachine } from "../../bun/virtual/virtual-machine.ts";
import { virtualMembers } from "../../bun/virtual/virtual-members.ts";
import { useDefinitions } from "../../process/registry.ts";
import { ambient } from "../../term/ambient.ts";
import { useStructs } from "../../term/struct.ts";
import type { SimEvent } from "../event-queue.ts";
import { FaultSource } from "./fault-source.ts";
import type { Fault, ScheduledFault } from "../faults.ts";
import { inject } from "../inject.ts";
import type { ScenarioWorld, SimulateOptions } from "./scenario.ts";
import { ScenarioClaims } from "./scenario-claims.ts";
import { ScenarioFaults } from "./scenario-faults.ts";
import { ScenarioNodes } from "./scenario-nodes.ts";
import { WORLD_BEGINS_MS } from "../sim-clock.ts";
import { ModulePool } from "../sim-modules.ts";
import type { Trace } from "../trace.ts";
import { World } from "../world.ts";

/** Events between two looks at the real event loop, which tells what nobody caught. */
const EVENTS_A_TURN = 32;

/** Virtual milliseconds that a cluster may take to form. */
const FORM_MS = 30_000;

/** Virtual milliseconds that a scenario may take unless it says otherwise. */
const SCENARIO_MS = 600_000;

/** Numbers that a seed has for the scenario's own code, apart from those for everything else. */
const SCENARIO = 0x7363_656e;

/** How a run went wrong. */
export interface Failure {
  /** In one line. */
  readonly what: string;
  /** The first line alone, without figures: the same for the same mistake, when a run is made smaller. */
  readonly kind: string;
  readonly cause: unknown;
}

export interface RunOutcome {
  readonly seed: number;
  readonly hash: string;
  readonly virtualMs: Millis;
  readonly failure: Failure | undefined;
  /** The faults that happened, at milliseconds from the scenario's beginning. */
  readonly faults: readonly ScheduledFault[];
}

export interface RunOptions<N extends string> {
  readonly seed: number;
  readonly options: SimulateOptions<N>;
  /** Absolute. */
  readonly modulePaths: readonly string[];
  readonly scenario: (world: ScenarioWorld<N>) => Promise<void>;
  /** In place of those of the options: some of a run that failed. */
  readonly schedule?: readonly ScheduledFault[];
  /** When to give up, on the real clock: the run then ends without a failure. */
  readonly untilRealMs?: Millis;
  readonly trace?: Trace;
}

/** Runs one seed from its beginning to its end, or to the first thing that does not hold. @throws {ConfigError} */
export async function runScenario<N extends string>(options: RunOptions<N>): Promise<RunOutcome> {
  using run = new ScenarioRun(options);
  return await run.whole();
}

class ScenarioRun<N extends string> implements Disposable {
  readonly #options: RunOptions<N>;
  readonly #pool: ModulePool;
  readonly #swap: GlobalSwap;
  readonly #nodes: ScenarioNodes<N>;
  /** The machine of the scenario's own code. */
  readonly #outside: VirtualMachine;
  /** Undefined: the faults are given, not random. */
  readonly #source: FaultSource | undefined;
  #world!: World;
  #claims!: ScenarioClaims;
  /** From the scenario's beginning. */
  #faults: ScenarioFaults | undefined;
  /** Hash of the log so far. */
  #logged = 0x811c_9dc5;
  #failure: Failure | undefined;
  #gaveUp = false;

  constructor(options: RunOptions<N>) {
    this.#options = options;
    const { seed, modulePaths } = options;
    const { nodes, provide = {}, schedulers = 1, schedule, faults } = options.options;
    const worldNow = (): Millis => this.#world?.now ?? 0;
    this.#pool = new ModulePool({
      paths: modulePaths,
      provided: provide,
      schedulers,
      seed,
      worldNow,
    });
    this.#outside = this.#machine(new Prng(seed + SCENARIO), worldNow);
    this.#swap = new GlobalSwap(virtualMembers(() => currentMachine() ?? this.#outside, provide));
    this.#nodes = new ScenarioNodes(nodes, (short) => this.#world.stop(short));
    this.#source =
      options.schedule === undefined && schedule === undefined && faults !== undefined
        ? new FaultSource(seed, nodes, faults)
        : undefined;
  }

  [Symbol.dispose](): void {
    this.#swap.leave();
    this.#pool[Symbol.dispose]();
  }

  async whole(): Promise<RunOutcome> {
    const { seed, options, trace } = this.#options;
    const { nodes, schedulers = 1, sessionGraceMs = 1_000, faults } = options;
    await this.#pool.fill(nodes.length + 1);
    this.#inside(() => {
      this.#world = new World({
        seed,
        nodes,
        schedulers,
        graceMs: sessionGraceMs,
        strict: true,
        modules: () => this.#pool.take(),
        log: (line) => {
          this.#logged = fold(this.#logged, `${line.node} ${line.text}`);
          trace?.log(line);
        },
        started: (short, node) => {
          this.#nodes.started(short, node);
          trace?.started(node, () => this.#world.now);
        },
      });
      this.#claims = new ScenarioClaims(this.#world, (what, cause) => this.#fail(what, cause));
      this.#delayMessages(faults?.delayMsMax ?? 0);
    });
    await this.#turns(() => this.#isFormed(), FORM_MS);
    if (this.#isFormed()) await this.#scenario();
    else if (!this.#gaveUp) this.#fail("the cluster did not form", undefined);
    return {
      seed,
      hash: this.#hash(),
      virtualMs: this.#world.now,
      failure: this.#failure,
      faults: this.#faults?.happened ?? [],
    };
  }

  /** Of everything that was delivered, of what nodes logged, and of how many events it took. */
  #hash(): string {
    const { hash, events, now } = this.#world;
    const all = fold(this.#logged, `${hash} ${events.count} ${now}`);
    return all.toString(16).padStart(8, "0");
  }

  /** Every way takes up to so many milliseconds longer, all the time. */
  #delayMessages(delayMsMax: Millis): void {
    const { network, nodes } = this.#world;
    const hosts = [...nodes.keys()].map((short) => this.#world.hostOf(short));
    for (const from of hosts) {
      for (const to of hosts) {
        const way = network.way(from, to);
        if (from !== to && delayMsMax > way.jitterMs) {
          way.impair({ jitterMs: delayMsMax - way.jitterMs });
        }
      }
    }
  }

  async #scenario(): Promise<void> {
    const { scenario, options, schedule = options.schedule, trace } = this.#options;
    let isOver = false;
    this.#faults = new ScenarioFaults({
      world: this.#world,
      schedule: schedule ?? [],
      source: this.#source,
      trace,
      isAwaiting: () => this.#claims.isAwaiting,
    });
    this.#faults.begin();
    const begin = (): void => {
      // What it throws at once is its failure like any other.
      const ended = (async () => scenario(this.#facade()))();
      ended.then(
        () => (isOver = true),
        (error: unknown) => {
          isOver = true;
          this.#fail(messageOf(error), error);
        },
      );
    };
    const { provide = {} } = options;
    using context = await loadGraph([], this.#outside, provide);
    this.#inside(() => context.run(begin));
    const limitMs = options.endsWithinMs ?? SCENARIO_MS;
    await this.#turns(() => isOver, limitMs);
    if (!isOver && this.#failure === undefined && !this.#gaveUp) {
      const text = `the scenario did not end within ${limitMs} virtual milliseconds`;
      this.#fail(text, undefined);
    }
  }

  /** Lets events happen until it is over, something fails, or the time is up. */
  async #turns(isOver: () => boolean, withinMs: Millis): Promise<void> {
    const until = this.#world.now + withinMs;
    const { untilRealMs = Infinity } = this.#options;
    for (;;) {
      let goesOn = true;
      this.#inside(() => {
        goesOn = this.#turn(isOver, until);
      });
      // The real event loop tells now what was left uncaught; modules for the next start of a node are loaded.
      await new Promise<void>((resolve) => clock.afterIo(resolve));
      await this.#pool.fill(1);
      if (!goesOn && this.#pool.strays.length === 0) return;
      if (clock.now() > untilRealMs) {
        this.#gaveUp = true;
        return;
      }
    }
  }

  /** False: it is over. */
  #turn(isOver: () => boolean, until: Millis): boolean {
    this.#takeStrays();
    for (let count = 0; count < EVENTS_A_TURN; count++) {
      runMicrotasks();
      this.#nodes.buryDead();
      this.#claims.check();
      if (this.#failure !== undefined || isOver()) return false;
      if (this.#pool.isBelow(1)) return true;
      if (!this.#world.events.step(until)) return false;
    }
    return true;
  }

  /** Runs code of the world, which sees the world's globals. */
  #inside(body: () => void): void {
    const { stacks, identities } = ambient;
    ambient.stacks = false;
    this.#swap.enter();
    try {
      body();
      runMicrotasks();
    } finally {
      this.#swap.leave();
      ambient.stacks = stacks;
      ambient.identities = identities;
      useDefinitions(undefined);
      useStructs(undefined);
    }
  }

  /** Errors that nobody caught end their process, as on a real scheduler. */
  #takeStrays(): void {
    for (const { thread, error } of this.#pool.strays.splice(0)) {
      for (const node of this.#world.nodes.values()) {
        const place = node.threads.indexOf(thread);
        if (place > 0) thread.run(() => node.schedulers[place - 1]!.strayError(error));
      }
    }
  }

  #fail(what: string, cause: unknown): void {
    const [first = ""] = what.split("\n");
    const line = what.replaceAll(/\s*\n\s*/g, " ").trim();
    this.#failure ??= { what: line, kind: first.replaceAll(/[\d.]+/g, "N"), cause };
  }

  #isFormed(): boolean {
    const { nodes } = this.#options.options;
    const running = [...this.#world.nodes.values()];
    return (
      running.length === nodes.length &&
      running
        .flatMap((node) => node.schedulers)
        .every(({ nodeLink }) => nodeLink.list().length === nodes.length - 1)
    );
  }

  /** What the scenario's own code sees as its machine. */
  #machine(random: Prng, worldNow: () => Millis): VirtualMachine {
    return {
      now: worldNow,
      wall: () => WORLD_BEGINS_MS + worldNow(),
      setTimer: (afterMs, callback) =>
        this.#world.events.schedule(Math.ceil(afterMs), undefined, callback),
      clearTimer: (timer) => this.#world.events.cancel(timer as SimEvent),
      random: () => random.random(),
      host: "localhost",
      stray: (error) => this.#fail(messageOf(error), error),
    };
  }

  #facade(): ScenarioWorld<N> {
    const world = this.#world;
    const now = (fault: Fault): void => inject(world, fault);
    return {
      seed: world.seed,
      nodes: this.#nodes.faces,
      now: () => world.now,
      sleep: (ms) => new Promise((resolve) => world.after(ms, resolve)),
      cut: (a, b, forMs) => now({ kind: "partition", groups: [[a], [b]], forMs }),
      crash: (node, restartAfterMs) => {
        world.crash(node);
        if (restartAfterMs !== undefined) world.after(restartAfterMs, () => world.startSoon(node));
      },
      always: (name, holds) => this.#claims.always(name, holds),
      eventually: (name, withinMs, holds) => this.#claims.eventually(name, withinMs, holds),
    };
  }
}

/** Takes a text into a hash. Source: FNV-1a, over UTF-16 units. */
function fold(hash: number, text: string): number {
  let next = hash;
  for (let at = 0; at < text.length; at++) {
    next = Math.imul(next ^ text.charCodeAt(at), 0x0100_0193) >>> 0;
  }
  return next;
}
