/**
 * Supervisors whose children live on other nodes, under splits that outlast leases: never two of one child, none without a
 * supervisor, no supervisor that ends for nodes that it lost, local children served meanwhile, and in the end each child once.
 * `runSplits(seed)` gives the same hash on every machine.
 */
import { Prng } from "../../src/base/prng.ts";
import { child } from "../../src/behaviour/supervisor/child.ts";
import type { PlacementView } from "../../src/behaviour/supervisor/placement.ts";
import { defineSupervisor } from "../../src/behaviour/supervisor/supervisor.ts";
import type { Child } from "../../src/behaviour/supervisor/supervisor-api.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import { define } from "../../src/process/registry.ts";
import type { Down, Exit } from "../../src/process/system-message.ts";
import { type Fault, type FaultRates, planFaults } from "../../src/sim/faults.ts";
import { inject } from "../../src/sim/inject.ts";
import type { SimNode } from "../../src/sim/sim-node.ts";
import { World, type TraceLine } from "../../src/sim/world.ts";

const NODES = ["a", "b", "c", "d"] as const;
/** Supervisors run on these; the others have nothing but children. */
const HOMES = ["a", "b"] as const;

const TICK_MS = 200;
const SHUTDOWN_MS = 100;
const LOAD_MS = 12_000;
/** Faults last longer than the general mix has them, so that leases run out. */
const LONGER = 5;
const INTENSITY = 3;
const PERIOD_MS = 1_000;
/** Milliseconds that a restart may have to wait for its turn. */
const TURN_MS = 5_000;
/** How often a child may lose its node, and within how many milliseconds, before it waits; clocks drift. */
const LOSSES = 5;
const LOSSES_MS = 60_000 * 0.9;
/** Milliseconds that a link passes nothing at all, after it had passed something one way only. */
const DEAD_MS = 2_000;
/** Of how many steps of the load one kills a supervisor. */
const KILL_EVERY = 60;

/** What machines may do and the lease still holds: no long standstill, no clock that is far off, no firewall that refuses. */
const RATES: FaultRates = {
  break: 2,
  half_cut: 0.5,
  partition: 0.3,
  one_way: 0.5,
  bridge: 0.1,
  flap: 0.2,
  silence_dials: 0.2,
  slow_link: 0.3,
  crash: 0.3,
  power_cut: 0.1,
  stop: 0.1,
  stall: 0.5,
  clock_jump: 0.2,
  clock_drift: 0.2,
  garbage: 0.3,
};

/** One process of a child. */
interface Life {
  readonly key: number;
  readonly id: string;
  readonly node: SimNode;
  readonly fence: number;
  readonly from: number;
  /** Infinity: it lives. */
  to: number;
  readonly pid: Pid<unknown>;
  readonly scheduler: number;
}

/** One supervisor process. */
interface Tree {
  readonly key: number;
  readonly strategy: string;
  readonly node: SimNode;
  readonly from: number;
  to: number;
  reason: unknown;
  /** Once it has started. */
  pid: Pid<unknown> | undefined;
}

/** The run that goes on now: one at a time on a thread. */
let world: World;
let lives: Life[] = [];
let trees: Tree[] = [];
/** What supervisors say, by pid: when they heard of a crash, and when they gave up. */
let crashesOf = new Map<string, number[]>();
let gaveUp = new Map<string, number>();
/** When children lost their nodes, by their supervisor's pid and their id. */
let lossesOf = new Map<string, number[]>();
/** Until when children wait that lost their nodes too often, by their supervisor's pid and their id. */
let waiting = new Map<string, Map<string, number>>();

const nodeNamed = (name: string): SimNode =>
  [...world.nodes.values()].find((node) => node.name === name && !node.dead)!;

type Order = { readonly type: "leave" };

function bear(ctx: Context<Order>, key: number, id: string): Life | undefined {
  const node = nodeNamed(ctx.node.name);
  if (node === undefined) return undefined;
  const { self: pid } = ctx as unknown as { self: Pid<unknown> & { scheduler: number } };
  const { scheduler } = pid;
  const life = { key, id, node, fence: ctx.fence!, from: world.now, to: Infinity, pid, scheduler };
  lives.push(life);
  ctx.signal.addEventListener("abort", () => (life.to = Math.min(life.to, world.now)));
  return life;
}

/** Ends when it is told to, and by every exit signal. */
const worker = define("splits.worker", async (ctx: Context<Order>, key: number, id: string) => {
  bear(ctx, key, id);
  await ctx.receive();
  ctx.exit("tired");
});

/** Hears of no exit signal. */
const deaf = define("splits.deaf", async (ctx: Context<Order | Exit>, key: number, id: string) => {
  ctx.trapExit(true);
  bear(ctx as unknown as Context<Order>, key, id);
  await ctx.receive("leave");
  ctx.exit("tired");
});

/** Any node but the last one. */
const elsewhere = define("splits.elsewhere", async (_ctx: Context<never>, view: PlacementView) =>
  view.nodes.filter((node) => node !== view.last),
);

function childrenOf(key: number, nodes: readonly string[]): Child[] {
  const [home, one, two, three] = nodes as readonly [string, string, string, string];
  const shutdownMs = SHUTDOWN_MS;
  return [
    child({ id: "near", start: worker, args: [key, "near"] }),
    child({ id: "moves", start: deaf, args: [key, "moves"], shutdownMs, on: [one, two, three] }),
    child({ id: "waits", start: worker, args: [key, "waits"], shutdownMs, on: two }),
    child({ id: "chosen", start: worker, args: [key, "chosen"], shutdownMs, on: elsewhere }),
    child({
      id: "hard",
      start: deaf,
      args: [key, "hard"],
      shutdownMs: "brutal_kill",
      on: [three, home],
      scheduler: "spread",
    }),
  ];
}

/** Lives on its own through every loss of a node. */
const LASTING = ["near", "moves", "waits", "chosen", "hard"];

const supervisors = (["one_for_one", "one_for_all", "rest_for_one"] as const).map((strategy) =>
  defineSupervisor(`splits.${strategy}`, {
    strategy,
    intensity: INTENSITY,
    periodMs: PERIOD_MS,
    children: childrenOf,
  }),
);

/** Keeps a supervisor running on its node. */
const operator = define(
  "splits.operator",
  async (ctx: Context<Down>, strategy: number, nodes: readonly string[]) => {
    for (;;) {
      const node = nodeNamed(ctx.node.name);
      // Its node is going down.
      if (node === undefined) return;
      const { functionName } = supervisors[strategy]!;
      const tree: Tree = {
        key: trees.length,
        strategy: functionName.slice("splits.".length),
        node,
        from: world.now,
        to: Infinity,
        reason: undefined,
        pid: undefined,
      };
      trees.push(tree);
      try {
        // oxlint-disable-next-line no-await-in-loop -- one life after the other
        const pid = await supervisors[strategy]!.start(ctx, [tree.key, nodes], {
          timeoutMs: Infinity,
        });
        tree.pid = pid as unknown as Pid<unknown>;
        ctx.monitor(pid);
        // oxlint-disable-next-line no-await-in-loop -- as above
        tree.reason = (await ctx.receive("down")).reason;
      } catch {
        // A node of its children cannot be reached: it does not start yet.
      }
      tree.to = world.now;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await ctx.sleep(300);
    }
  },
);

export interface Splits {
  readonly seed: number;
  readonly hash: string;
  readonly lives: number;
  /** Children that were started again on another node. */
  readonly moves: number;
  readonly failures: readonly string[];
}

/** Runs one seed. `trace` gets every log line. */
export function runSplits(seed: number, trace?: (line: TraceLine) => void): Splits {
  lives = [];
  trees = [];
  crashesOf = new Map();
  gaveUp = new Map();
  waiting = new Map();
  lossesOf = new Map();
  const random = new Prng(seed + 0x7370_6c69);
  const failures: string[] = [];
  const graceMs = [0, 200, 500][random.below(3)]!;
  let isMade = false;
  world = new World({
    seed,
    nodes: NODES,
    schedulers: 1 + (seed % 2),
    graceMs,
    config: { "cluster.tick_interval": `${TICK_MS}ms`, "cluster.tick_timeout": `${TICK_MS}ms` },
    functions: () => [],
    log: (line) => {
      trace?.(line);
      const { error } = line.fields as { error?: unknown };
      heed(line);
      if (line.level === "error" && error instanceof Error)
        failures.push(`${line.node}: ${line.text} ${error.stack ?? ""}`);
    },
    started: (short, node) => {
      if (isMade) populate(short, node, seed);
    },
  });
  isMade = true;
  for (const [short, node] of world.nodes) populate(short, node, seed);
  const isFormed = (): boolean =>
    world.nodes.size === NODES.length &&
    [...world.nodes.values()].every((node) => node.control.peers.length === NODES.length - 1);
  if (!world.runUntil(isFormed, 10_000)) failures.push("the cluster did not form");
  for (const { atMs, fault } of planFaults(random, { nodes: NODES, forMs: LOAD_MS, rates: RATES }))
    world.after(atMs, () => harm(lengthened(fault)));
  dyingLink(random, 2 * TICK_MS + graceMs);
  load(random, failures);
  world.healAll();
  if (!world.runUntil(isFormed, 20_000)) failures.push("the cluster did not come together again");
  // A lease and its margin, the longest pause of a search, a restart of the tree.
  world.run((2 * TICK_MS + graceMs + SHUTDOWN_MS) * 1.1 + 8_000);
  failures.push(...settled());
  failures.push(...neverTwo(), ...fencesGrow(), ...budgets(), ...losses());
  const { hash } = world;
  return { seed, hash, lives: lives.length, moves: movesOf().length, failures };
}

/** Writes down what supervisors say of themselves. */
function heed({ fields, text }: TraceLine): void {
  type Fields = { child?: string; pid?: string; reason?: unknown; waitsMs?: number };
  const { child: id = "", pid = "", reason, waitsMs } = fields as Fields;
  if (text === "child crashed" && reason === "tired")
    crashesOf.set(pid, [...(crashesOf.get(pid) ?? []), world.now]);
  if (text.startsWith("too many restarts")) gaveUp.set(pid, world.now);
  const key = `${pid} ${id}`;
  if (text === "child lost its node") lossesOf.set(key, [...(lossesOf.get(key) ?? []), world.now]);
  if (waitsMs === undefined) return;
  const waits = waiting.get(pid) ?? new Map<string, number>();
  waiting.set(pid, waits.set(id, world.now + waitsMs));
}

function populate(short: string, node: SimNode, seed: number): void {
  // What ran on the one before has ended with it.
  for (const life of lives) if (life.node.dead) life.to = Math.min(life.to, world.now);
  for (const tree of trees) if (tree.node.dead) tree.to = Math.min(tree.to, world.now);
  const home = HOMES.indexOf(short as "a");
  if (home < 0) return;
  const others = NODES.filter((one) => one !== short).map((one) => world.nameOf(one));
  const { scheduler } = node.schedulers[0]!;
  const plan = {
    functionName: "splits.operator",
    parent: undefined,
    name: undefined,
    mailboxMax: undefined,
  };
  world.after(500, () => {
    if (node.dead) return;
    node.threads[1]!.run(
      () =>
        void scheduler.spawn(
          operator as never,
          [(seed + home) % supervisors.length, [node.name, ...others]],
          plan,
        ),
    );
  });
}

/** Long enough for leases to run out; but no machine stands still for longer than their margin covers. */
function lengthened(fault: Fault): Fault {
  switch (fault.kind) {
    case "stall":
      return { ...fault, forMs: fault.forMs / 10 };
    case "clock_drift":
      return { ...fault, rate: 1 + (fault.rate - 1) / 5, forMs: fault.forMs * LONGER };
    case "crash":
    case "power_cut":
    case "stop":
      return { ...fault, downMs: fault.downMs * LONGER };
    default:
      return "forMs" in fault ? { ...fault, forMs: fault.forMs * LONGER } : fault;
  }
}

/** A link that passes nothing one way, and then nothing at all: only what is echoed tells who has been heard of. */
function dyingLink(random: Prng, leaseMs: number): void {
  const from = NODES[random.below(NODES.length)]!;
  const to = NODES.filter((one) => one !== from)[random.below(NODES.length - 1)]!;
  const atMs = random.random() * LOAD_MS * 0.5;
  const way = world.network.way(world.hostOf(from), world.hostOf(to));
  world.after(atMs, () => void way.impair({ cut: true }));
  world.after(atMs + random.random() * leaseMs, () => world.cut(from, to));
  world.after(atMs + leaseMs + DEAD_MS, () => world.heal(from, to));
}

function harm(fault: Fault): void {
  inject(world, fault);
  for (const life of lives) if (life.node.dead) life.to = Math.min(life.to, world.now);
  for (const tree of trees) if (tree.node.dead) tree.to = Math.min(tree.to, world.now);
}

/** Crashes of children, and a look at whether those beside their supervisor are served whatever the others wait for. */
function load(random: Prng, failures: string[]): void {
  const until = world.now + LOAD_MS;
  while (world.now < until) {
    const alive = lives.filter(({ to }) => to === Infinity);
    const victim = alive[random.below(Math.max(1, alive.length * 3))];
    if (victim !== undefined) crash(victim, failures);
    if (random.below(KILL_EVERY) === 0) killOne(random);
    world.run(random.random() * 200);
  }
}

/** Without a word to its children. */
function killOne(random: Prng): void {
  const alive = trees.filter(
    ({ node, pid, to }) => pid !== undefined && to === Infinity && !node.dead,
  );
  const tree = alive[random.below(Math.max(1, alive.length))];
  if (tree === undefined) return;
  const { node } = tree;
  const to = tree.pid!;
  node.threads[1]!.run(() =>
    node.schedulers[0]!.scheduler.dispatch({ kind: "exit", from: to, to, reason: "kill" }),
  );
}

/** Milliseconds in which a local child is there again. */
const SERVED_MS = 400;

function crash(victim: Life, failures: string[]): void {
  const { id, key, node, pid, scheduler: place } = victim;
  const driver = node.schedulers[place - 1];
  const tree = trees[key]!;
  if (driver === undefined || node.dead) return;
  const at = world.now;
  node.threads[place]!.run(() =>
    driver.scheduler.dispatch({
      kind: "message",
      from: undefined,
      to: pid,
      message: { type: "leave" },
    }),
  );
  if (id !== "near" || tree.strategy !== "one_for_one" || tree.pid === undefined) return;
  world.after(SERVED_MS, () => {
    const isServed = lives.some(
      (life) => life.key === key && life.id === id && life.from >= at && life !== victim,
    );
    if (
      isServed ||
      gaveUp.has(String(tree.pid)) ||
      tree.to < Infinity ||
      node.dead ||
      victim.to === Infinity
    )
      return;
    failures.push(`starved: tree ${key} had no near child ${SERVED_MS} ms after ${at.toFixed()}`);
  });
}

/** In the end each child of a supervisor that lives runs once, and no child of one that does not. */
function settled(): string[] {
  const failures: string[] = [];
  for (const tree of trees) {
    const mine = lives.filter(({ key, to }) => key === tree.key && to === Infinity);
    if (tree.to < Infinity) {
      for (const { id, node } of mine)
        failures.push(
          `orphan: ${id} of tree ${tree.key}, which ended at ${tree.to.toFixed()}, runs on ${node.name}`,
        );
      continue;
    }
    if (tree.pid === undefined) continue;
    for (const id of LASTING) {
      const count = mine.filter((life) => life.id === id).length;
      if (count !== 1 && !(count === 0 && isWaiting(tree, id)))
        failures.push(`${tree.strategy} tree ${tree.key} has ${count} of ${id}`);
    }
  }
  return failures;
}

/** It lost its nodes too often; or another of its group did, at which a restart of the group stops. */
function isWaiting({ pid, strategy }: Tree, id: string): boolean {
  const waits = [...(waiting.get(String(pid)) ?? [])].filter(([, until]) => until > world.now);
  return waits.some(([other]) => other === id || strategy !== "one_for_one");
}

/** By supervisor and child, in order of birth. */
function rows(): Life[][] {
  const rowOf = new Map<string, Life[]>();
  for (const life of lives) {
    const row = rowOf.get(`${life.key} ${life.id}`);
    if (row === undefined) rowOf.set(`${life.key} ${life.id}`, [life]);
    else row.push(life);
  }
  return [...rowOf.values()];
}

function neverTwo(): string[] {
  const failures: string[] = [];
  for (const row of rows()) {
    for (const [index, life] of row.slice(1).entries()) {
      const before = row[index]!;
      if (before.to <= life.from) continue;
      const where = `on ${before.node.name} until ${before.to.toFixed()}, on ${life.node.name} from ${life.from.toFixed()}`;
      failures.push(`two: ${life.id} of tree ${life.key} ${where}`);
    }
  }
  return failures;
}

function fencesGrow(): string[] {
  return rows().flatMap((row) =>
    row.slice(1).flatMap((life, index) => {
      const before = row[index]!;
      if (life.fence > before.fence) return [];
      return [`fence: ${life.id} of tree ${life.key} had ${before.fence}, then ${life.fence}`];
    }),
  );
}

/** A supervisor ends by itself only for more crashes than it allows; the loss of a node is none. */
function budgets(): string[] {
  return trees.flatMap(({ key, pid, reason, strategy }) => {
    const gaveUpAt = gaveUp.get(String(pid));
    if (pid === undefined || reason === undefined) return [];
    if (gaveUpAt === undefined)
      return reason === "shutdown" ? [`budget: ${strategy} tree ${key} ended by itself`] : [];
    // A restart counts when its turn comes, which waits while a group stops on nodes that do not answer.
    const recent = (crashesOf.get(String(pid)) ?? []).filter(
      (at) => at >= gaveUpAt - PERIOD_MS - TURN_MS,
    );
    if (recent.length > INTENSITY) return [];
    return [`budget: ${strategy} tree ${key} gave up after ${recent.length} crashes`];
  });
}

/** The loss after the last one that is lived with is seen, and then there is nothing to lose for a while. */
function losses(): string[] {
  return [...lossesOf].flatMap(([key, times]) => {
    const tooMany = times.findIndex((at, index) => times[index + LOSSES + 1]! - at < LOSSES_MS);
    return tooMany < 0 ? [] : [`losses: ${key} lost its node ${LOSSES + 2} times within a minute`];
  });
}

function movesOf(): Life[] {
  return rows().flatMap((row) =>
    row.slice(1).filter((life, index) => life.node.name !== row[index]!.node.name),
  );
}
