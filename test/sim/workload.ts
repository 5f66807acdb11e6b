/**
 * A random mix under the full set of faults, and the checkers over what every process saw. One seed decides all of it:
 * `runSeed(seed)` gives the same hash on every machine.
 */
import {
  define,
  type Context,
  type Down,
  type NodeDown,
  type NodeUp,
  type Pid,
} from "../../src/index.ts";
import { World, type TraceLine } from "../../src/sim/world.ts";
import { Pid as PidClass } from "../../src/term/pid.ts";

/** Milliseconds under faults, and then until everything must have settled. */
const LOAD_MS = 2_000;
const SETTLE_MS = 20_000;
const NODES = ["a", "b", "c", "d", "e"] as const;

type Numbered = { readonly type: "numbered"; readonly from: string; readonly n: number };
type Wanted = { readonly type: "talk"; readonly to: Pid<Numbered>; readonly n: number };
type Quit = { readonly type: "quit" };

/** What the processes of one run saw. */
export interface Record {
  /** Numbers received, by `sender > receiver`. */
  readonly received: Map<string, number[]>;
  /** Numbers sent, by `sender > receiver`. */
  readonly sent: Map<string, number>;
  /** Downs by monitor. */
  readonly downs: Map<string, string[]>;
  readonly monitors: Map<string, string>;
  /** `up b@…` and `down b@…` in the order in which each watcher got them. */
  readonly nodes: Map<string, string[]>;
}

/** The run that goes on now: one at a time on a thread. */
let record: Record = emptyRecord();

function emptyRecord(): Record {
  return {
    received: new Map(),
    sent: new Map(),
    downs: new Map(),
    monitors: new Map(),
    nodes: new Map(),
  };
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Talks to whom it is told to, monitors each once, and writes down what it hears. */
export const talker = define(
  "sim talker",
  async (ctx: Context<Numbered | Wanted | Quit | Down | NodeUp | NodeDown>) => {
    const self = ctx.self.toString();
    const known = new Set<string>();
    ctx.monitorNodes(true);
    for (;;) {
      const message = await ctx.receive();
      switch (message.type) {
        case "numbered":
          append(record.received, `${message.from} > ${self}`, message.n);
          break;
        case "talk": {
          const to = message.to.toString();
          if (!known.has(to)) {
            known.add(to);
            record.monitors.set(ctx.monitor(message.to).toString(), to);
          }
          const key = `${self} > ${to}`;
          const n = (record.sent.get(key) ?? 0) + 1;
          record.sent.set(key, n);
          ctx.send(message.to, { type: "numbered", from: self, n });
          break;
        }
        case "down":
          append(record.downs, message.ref.toString(), String(message.reason));
          break;
        case "nodeup":
          append(record.nodes, self, `up ${message.node}`);
          break;
        case "nodedown":
          append(record.nodes, self, `down ${message.node}`);
          break;
        case "quit":
          return;
      }
    }
  },
);

export interface Outcome {
  readonly seed: number;
  readonly hash: string;
  readonly virtualMs: number;
  readonly messages: number;
  /** Empty: every checker held. */
  readonly failures: readonly string[];
}

/** Runs one seed. `trace` gets every log line. */
export function runSeed(seed: number, trace?: (line: TraceLine) => void): Outcome {
  record = emptyRecord();
  const lost = new Set<string>();
  const world = new World({
    seed,
    nodes: NODES,
    schedulers: 1 + (seed % 2),
    graceMs: seed % 5 === 0 ? 0 : 300,
    log: (line) => {
      if (line.text === "node down") {
        const { node } = line.fields as { node: string };
        lost.add([line.node, node].sort().join(" "));
      }
      trace?.(line);
    },
  });
  const failures: string[] = [];
  const formed = (): boolean =>
    world.nodes.size === NODES.length &&
    [...world.nodes.values()].every((node) => node.control.peers.length === NODES.length - 1);
  if (!world.runUntil(formed, 10_000)) failures.push("the cluster did not form");
  const crashed = new Set<string>();
  const pids = new Map<string, Pid<never>>();
  load(world, pids, crashed);
  for (const a of NODES) for (const b of NODES) if (a < b) world.heal(a, b);
  for (const short of NODES) if (!world.nodes.has(short)) world.start(short);
  if (!world.runUntil(formed, SETTLE_MS)) failures.push("the cluster did not come together again");
  world.run(3_000);
  failures.push(...checkOrder(lost, crashed), ...checkNodes());
  quitAll(world, pids);
  world.run(5_000);
  failures.push(...checkMonitors(crashed), ...checkTables(world));
  let messages = 0;
  for (const list of record.received.values()) messages += list.length;
  return { seed, hash: world.hash, virtualMs: world.now, messages, failures };
}

/** Talkers on every node, sending for two seconds while things break. */
function load(world: World, pids: Map<string, Pid<never>>, crashed: Set<string>): void {
  const { random } = world;
  const populate = (short: string): void => {
    const node = world.nodes.get(short);
    for (const driver of node?.schedulers ?? []) {
      for (let count = 0; count < 2; count++) {
        const plan = { functionName: "sim talker", parent: undefined, name: undefined };
        const process = driver.scheduler.spawn(talker as never, [], {
          ...plan,
          mailboxMax: undefined,
        });
        pids.set(process.pid.toString(), process.pid as unknown as Pid<never>);
      }
    }
  };
  for (const short of NODES) populate(short);
  const until = world.now + LOAD_MS;
  while (world.now < until) {
    for (let sends = 0; sends < 10; sends++) talkOnce(world, pids);
    fault(world, crashed, populate);
    world.run(1 + random.random() * 20);
  }
}

function talkOnce(world: World, pids: ReadonlyMap<string, Pid<never>>): void {
  const { random } = world;
  const shorts = [...world.nodes.keys()];
  const node = world.nodes.get(shorts[random.below(shorts.length)]!);
  const texts = [...pids.keys()];
  const driver = node?.schedulers[random.below(node.schedulers.length)];
  if (driver === undefined) return;
  const { scheduler } = driver;
  const from = scheduler.list()[random.below(Math.max(1, scheduler.list().length))]?.pid;
  const text = texts[random.below(texts.length)]!;
  if (from === undefined || from.toString() === text) return;
  const to = parse(scheduler.identities, text);
  scheduler.handleSignal({
    kind: "message",
    from: undefined,
    to: from,
    message: { type: "talk", to, n: 0 },
  });
}

function fault(world: World, crashed: Set<string>, populate: (short: string) => void): void {
  const { random } = world;
  const one = NODES[random.below(NODES.length)]!;
  const other = NODES[random.below(NODES.length)]!;
  const what = random.random();
  if (what < 0.15) world.breakSomething();
  else if (what < 0.19 && one !== other) {
    world.cut(one, other);
    const forMs = random.random() * 800;
    world.events.schedule(forMs, undefined, () => world.heal(one, other));
  } else if (what < 0.21) world.stall(one, random.random() * 300);
  else if (what < 0.225 && world.nodes.size > 2 && world.nodes.has(one)) {
    crashed.add(world.nameOf(one));
    world.crash(one);
    world.events.schedule(random.random() * 500, undefined, () => {
      if (world.nodes.has(one)) return;
      world.start(one);
      populate(one);
    });
  }
}

function quitAll(world: World, pids: ReadonlyMap<string, Pid<never>>): void {
  for (const node of world.nodes.values()) {
    for (const { scheduler } of node.schedulers) {
      for (const { pid } of scheduler.list()) {
        if (!pids.has(pid.toString())) continue;
        scheduler.handleSignal({
          kind: "message",
          from: undefined,
          to: pid,
          message: { type: "quit" },
        });
      }
    }
  }
}

/** Order per pair, nothing doubled, and no gap unless the nodes of the pair lost each other. */
function checkOrder(lost: ReadonlySet<string>, crashed: ReadonlySet<string>): string[] {
  const failures: string[] = [];
  for (const [pair, numbers] of record.received) {
    const [from, to] = pair.split(" > ").map(nodeOf) as [string, string];
    const apart = lost.has([from, to].sort().join(" ")) || crashed.has(from) || crashed.has(to);
    for (let place = 1; place < numbers.length; place++) {
      const [before, now] = [numbers[place - 1]!, numbers[place]!];
      if (now <= before) failures.push(`${pair}: ${now} came after ${before}`);
      else if (now !== before + 1 && !apart) failures.push(`${pair}: a gap, ${before} then ${now}`);
    }
    const last = numbers.at(-1)!;
    if (!apart && last !== record.sent.get(pair)) {
      failures.push(`${pair}: ${record.sent.get(pair)} sent, ${last} arrived`);
    }
  }
  return failures;
}

/** Node monitors hear of up and down in turn. */
function checkNodes(): string[] {
  const failures: string[] = [];
  for (const [watcher, events] of record.nodes) {
    const state = new Map<string, string>();
    for (const event of events) {
      const [what, node] = event.split(" ") as [string, string];
      if (state.get(node) === what) failures.push(`${watcher}: ${what} of ${node} twice`);
      state.set(node, what);
    }
  }
  return failures;
}

/** Exactly one Down for each monitor of a process that outlived the run, since in the end every target is gone. */
function checkMonitors(crashed: ReadonlySet<string>): string[] {
  const failures: string[] = [];
  for (const [ref, target] of record.monitors) {
    if (crashed.has(nodeOf(ref))) continue;
    const downs = record.downs.get(ref) ?? [];
    // Who quits itself hears nothing any more: only more than one is wrong then.
    if (downs.length > 1) failures.push(`monitor ${ref} of ${target}: ${downs.join(", ")}`);
  }
  return failures;
}

/** Nothing is left in any table once every process has quit. */
function checkTables(world: World): string[] {
  const failures: string[] = [];
  for (const node of world.nodes.values()) {
    for (const driver of node.schedulers) {
      for (const [table, entries] of Object.entries(driver.scheduler.tables())) {
        if (entries !== 0) failures.push(`${node.name}: ${entries} left in ${table}`);
      }
      if (driver.waiting !== 0) failures.push(`${node.name}: ${driver.waiting} signals wait`);
    }
  }
  return failures;
}

const nodeOf = (text: string): string => text.slice(0, text.indexOf("#"));

function parse(identities: Parameters<typeof PidClass.parse>[1], text: string): Pid<Numbered> {
  return PidClass.parse(text, identities) as unknown as Pid<Numbered>;
}
