/**
 * One seed: a cluster forms, two seconds of load under the full mix of faults, everything is healed, everything has to
 * come to rest, every promise is checked. `runSeed(seed)` gives the same hash on every machine.
 */
import { Prng } from "../../src/base/prng.ts";
import type { HostedFunction } from "../../src/node/thread-message.ts";
import {
  FULL_MIX,
  planFaults,
  type FaultRates,
  type ScheduledFault,
} from "../../src/sim/faults.ts";
import { schedulePlan } from "../../src/sim/inject.ts";
import type { SimNode } from "../../src/sim/sim-node.ts";
import type { Trace } from "../../src/sim/trace.ts";
import { World, type TraceLine, type WorldOptions } from "../../src/sim/world.ts";
import { PROTOCOL_VERSION, type VersionRange } from "../../src/wire/version.ts";
import { CHECKERS } from "./checkers.ts";
import { Run, type Workload } from "./run.ts";
import { pickWorkloads, WORKLOADS } from "./workloads.ts";

/** Milliseconds under faults, and then until all nodes must be connected again. */
const LOAD_MS = 2_000;
const CONVERGE_MS = 15_000;
/** The same where a node may have been told that its name is taken: it dials again after a minute. */
const CONVERGE_NAMESAKE_MS = 75_000;
/**
 * Milliseconds until nothing is on its way any more: a lane whose other end knows nothing of it is found out after six
 * seconds, and strangers are sent away after seven.
 */
const REST_MS = 9_000;
/** Milliseconds until processes that were asked to end must have, and nobody knows of them. */
const END_MS = 2_000;
/**
 * And so much longer for each socket that fell silent: a lane is found out six seconds after the first thing that is said on it, which
 * may be what comes last, and may have waited for another such one.
 */
const SILENT_MS = 7_000;
const FORM_MS = 10_000;
/** Milliseconds between two steps of the load, on average. */
const STEP_MS = 10;

/** Short names of the five. */
export const NODES = ["a", "b", "c", "d", "e"] as const;

/** Numbers that a seed has for its faults, apart from those for everything else. */
const FAULTS = 0x6661_756c;
/** For the steps of its load. */
const STEPS = 0x7374_6570;
/** And for what it runs. */
const WORKS = 0x776f_726b;
/** And for the kind of cluster it is. */
const VARIANTS = 0x7661_7269;

/** Events of a run, some fifty times what one has: who needs more is going round in circles. */
const EVENTS_MAX = 2_000_000;

/** What makes senders pause soon. */
const HIGH_WATER = "limits.lane_high_water";

export interface SeedOptions {
  readonly rates?: FaultRates;
  readonly workloads?: readonly Workload[];
  readonly nodes?: readonly string[];
  /** In place of what the seed would plan. */
  readonly plan?: readonly ScheduledFault[];
  /** The steps of the load, from 0, that do something; the others only pass time. Default: all. */
  readonly steps?: readonly number[];
  readonly world?: Partial<WorldOptions>;
  readonly trace?: (line: TraceLine) => void;
  /** Is shown everything that there is to see. */
  readonly show?: Trace;
}

export interface Outcome {
  readonly seed: number;
  readonly hash: string;
  readonly virtualMs: number;
  readonly messages: number;
  /** Times that two nodes lost each other. */
  readonly losses: number;
  /** Milliseconds from healing until all nodes were connected. */
  readonly convergedMs: number;
  /** Empty: every checker held. */
  readonly failures: readonly string[];
  /** What it ran, the faults that it had, and how many steps of the load. */
  readonly workloads: readonly Workload[];
  readonly plan: readonly ScheduledFault[];
  readonly steps: number;
}

/** Runs one seed. */
export function runSeed(seed: number, options: SeedOptions = {}): Outcome {
  const nodes = options.nodes ?? NODES;
  const workloads = options.workloads ?? pickWorkloads(new Prng(seed + WORKS));
  const kind = variant(seed);
  const present: { run?: Run } = {};
  const world = new World({
    seed,
    nodes,
    eventsMax: EVENTS_MAX,
    ...kind,
    functions: () => hosted(workloads),
    log: (line) => {
      present.run?.heed(line);
      options.trace?.(line);
      options.show?.log(line);
    },
    started: (short, node) => {
      options.show?.started(node, () => world.now);
      if (present.run !== undefined) begin(present.run, short, node, workloads);
    },
    ...options.world,
  });
  const run = new Run(world, HIGH_WATER in (kind.config ?? {}));
  present.run = run;
  let convergedMs = 0;
  const rates = options.rates ?? FULL_MIX;
  const plan =
    options.plan ?? planFaults(new Prng(seed + FAULTS), { nodes, forMs: LOAD_MS, rates });
  try {
    convergedMs = play(run, nodes, workloads, { ...options, plan });
  } catch (error) {
    run.fail(`thrown: ${error instanceof Error ? error.stack : String(error)}`);
  }
  const { messages, losses, failures } = run;
  const { hash, now: virtualMs } = world;
  const seen = { seed, hash, virtualMs, messages, losses, convergedMs };
  return { ...seen, failures, workloads, plan, steps: run.steps };
}

/** What differs from seed to seed besides chance: the code takes other ways with two threads, without a grace, in pieces. */
function variant(seed: number): Partial<WorldOptions> {
  const random = new Prng(seed + VARIANTS);
  const schedulers = 1 + random.below(2);
  const graceMs = [0, 300, 300, 1_000][random.below(4)]!;
  const config: Record<string, unknown> = {};
  if (random.below(3) === 0) config["limits.fragment"] = "1KiB";
  if (random.below(3) === 0) config[HIGH_WATER] = "2KiB";
  if (random.below(4) === 0) config["cluster.refused_is_down"] = false;
  if (random.below(3) === 0) config["limits.message"] = "320KiB";
  // A cluster that is being upgraded: some nodes speak a version that the others do not know yet.
  const upgraded = random.below(3) === 0 ? random.below(32) : 0;
  const versions = (short: string): VersionRange | undefined =>
    (upgraded >> NODES.indexOf(short as "a")) & 1
      ? { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION + 1 }
      : undefined;
  return { schedulers, graceMs, config, versions };
}

function hosted(workloads: readonly Workload[]): readonly HostedFunction[] {
  return workloads
    .flatMap(({ functions }) => functions)
    .map((name) => ({ name, version: 1, kind: "function" as const }));
}

/** Milliseconds that the cluster took to come together again. */
function play(
  run: Run,
  nodes: readonly string[],
  workloads: readonly Workload[],
  options: SeedOptions & { readonly plan: readonly ScheduledFault[] },
): number {
  const { world } = run;
  const { plan } = options;
  // Also those that are not used: the checkers read what they wrote down.
  for (const workload of new Set([...WORKLOADS, ...workloads])) workload.begin(run);
  for (const [short, node] of world.nodes) begin(run, short, node, workloads);
  if (!world.runUntil(() => isFormed(run, nodes.length), FORM_MS))
    run.fail("the cluster did not form");
  const wasContested = plan.some(({ fault }) => fault.kind === "namesake");
  schedulePlan(world, plan, (fault) => {
    options.show?.fault(run.now, fault);
    run.injected(fault);
  });
  load(run, workloads, options.steps === undefined ? undefined : new Set(options.steps));
  world.healAll();
  const healedAt = run.now;
  const withinMs = wasContested ? CONVERGE_NAMESAKE_MS : CONVERGE_MS;
  if (!world.runUntil(() => isFormed(run, nodes.length), withinMs)) {
    run.fail(`the cluster did not come together again within ${withinMs} ms: ${viewsOf(run)}`);
  }
  const convergedMs = run.now - healedAt;
  run.healed();
  const silentMs = plan.filter(({ fault }) => fault.kind === "silent_socket").length * SILENT_MS;
  for (const workload of workloads) workload.quiesce?.(run);
  world.run(REST_MS + silentMs);
  if (!isFormed(run, nodes.length)) run.fail(`the cluster fell apart again: ${viewsOf(run)}`);
  for (const checker of CHECKERS) report(run, checker.name, checker.settled?.(run));
  for (const workload of workloads) workload.end(run);
  world.run(END_MS + silentMs);
  for (const checker of CHECKERS) report(run, checker.name, checker.ended?.(run));
  return convergedMs;
}

function begin(run: Run, short: string, node: SimNode, workloads: readonly Workload[]): void {
  run.watch(node);
  for (const workload of workloads) workload.started?.(run, short, node);
}

/** The workloads go on, and so do the checkers. */
function load(
  run: Run,
  workloads: readonly Workload[],
  steps: ReadonlySet<number> | undefined,
): void {
  const { world } = run;
  const until = run.now + LOAD_MS;
  for (; run.now < until; run.steps++) {
    run.random = new Prng(run.seed + STEPS + run.steps * 0x1_0000_0000);
    const passMs = run.random.random() * STEP_MS * 2;
    if (steps?.has(run.steps) !== false) for (const workload of workloads) workload.step(run);
    world.run(passMs);
    for (const checker of CHECKERS) report(run, checker.name, checker.during?.(run));
    run.steady.look();
  }
}

function report(run: Run, name: string, failures: readonly string[] | undefined): void {
  for (const failure of failures ?? []) run.fail(`${name}: ${failure}`);
}

/** Every node is up and connected to every other one, as each of its threads sees it. */
export function isFormed({ world }: Run, count: number): boolean {
  if (world.nodes.size !== count) return false;
  for (const node of world.nodes.values()) {
    if (node.control.peers.length !== count - 1) return false;
    for (const { nodeLink } of node.schedulers)
      if (nodeLink.list().length !== count - 1) return false;
  }
  return true;
}

/** `a@10.0.0.1 sees b, c`, for whoever looks why a cluster did not form. */
function viewsOf({ world }: Run): string {
  const views = Array.from(
    world.nodes,
    ([short, { control }]) => `${short} sees ${control.peers.join(" ")}`,
  );
  return views.join("; ");
}
