/** What a seed's run knows of itself: its world, who lost whom and when, and what each workload writes down. */
import type { Prng } from "../../src/base/prng.ts";
import type { Fault } from "../../src/sim/faults.ts";
import type { SimNode } from "../../src/sim/sim-node.ts";
import type { TraceLine, World } from "../../src/sim/world.ts";
import type { Scheduler } from "../../src/scheduler/scheduler.ts";
import type { Pid } from "../../src/term/pid.ts";
import { Steadiness } from "./steady.ts";
import { LIFE_EXITING } from "../../src/process/life.ts";

/** What goes on in a world while things break. */
export interface Workload {
  readonly name: string;
  /** Names of the functions that its processes are spawned by. */
  readonly functions: readonly string[];
  /** Before the first node is up: forgets the run before. */
  begin(run: Run): void;
  /** A node is up, for the first time or again. */
  started?(run: Run, short: string, node: SimNode): void;
  /** A step of the load: a few things happen. */
  step(run: Run): void;
  /** The load is over and everything is healed: nothing new begins. */
  quiesce?(run: Run): void;
  /** Its processes are asked to end. */
  end(run: Run): void;
}

/** Something that is promised. Each part returns what it found wrong. */
export interface Checker {
  readonly name: string;
  /** While faults happen, after every step. */
  during?(run: Run): readonly string[];
  /** When the cluster has come together again and nothing is on its way. */
  settled?(run: Run): readonly string[];
  /** When every process has been asked to end. */
  ended?(run: Run): readonly string[];
}

/** Errors that the load is there to cause; one of these with an `Error` in it is none of them. */
const ORDERED: ReadonlySet<string> = new Set([
  "process crashed",
  "child crashed",
  "child did not start",
  "too many restarts: the supervisor ends",
]);

/** Milliseconds after which nobody is connected to a namesake any more that is gone. */
const NAMESAKE_GONE_MS = 5_000;

/** Milliseconds after which nobody takes a connection for silent any more because of what went before. */
const CALM_MS = 2_500;

/** Why a session may end under the faults of a run; anything else is a quarrel between two of our own nodes. */
const CAUSES: ReadonlySet<string> = new Set([
  "connection_closed",
  "net_tick_timeout",
  "node_restarted",
  "session_over",
  "shutdown",
]);

/** A node was told that another start of a peer has taken the place of the one that it was connected to, which lives. */
export interface Takeover {
  readonly by: SimNode;
  readonly from: SimNode;
  readonly at: number;
  /** Since when they were well connected. */
  readonly since: number;
}

/** A node says that a session is over. */
interface Ending {
  readonly by: string;
  readonly of: string;
  readonly reason: string;
  readonly at: number;
  /** Since when they were well connected. */
  readonly since: number;
}

/** When a scheduler had a session with a node, and when it had not. */
interface Turn {
  readonly at: number;
  readonly isUp: boolean;
}

export class Run {
  readonly seed: number;
  /** Of the present step of the load: a step does the same whatever others did. */
  random: Prng;
  readonly world: World;
  /** Whether lanes are full so soon that senders are paused. */
  readonly pauses: boolean;
  readonly failures: string[] = [];
  /** Steps that the load has had. */
  steps = 0;
  /** Messages that arrived, for the summary. */
  messages = 0;
  /** Times that two nodes lost each other, as each of them says. */
  losses = 0;
  /** Names of nodes that were asked to stop: their processes end with `shutdown`. */
  readonly stopped = new Set<string>();
  readonly steady: Steadiness;
  /** Until a checker has looked at them. */
  readonly takeovers: Takeover[] = [];
  readonly endings: Ending[] = [];
  /** From when on no session may be suspect any more; later, or never, between nodes that have still to find out something. */
  #calm: { readonly from: number; readonly unsettled: ReadonlyMap<string, number> } | undefined;
  /** When a node had a namesake, or somebody may still have taken the one for the other. */
  readonly #namesakes: { readonly name: string; readonly from: number; readonly to: number }[] = [];
  /** When dials of a node were refused, as if by a firewall. */
  readonly #refusals: { readonly name: string; readonly to: number }[] = [];
  /** When a node was taken for gone because of that. */
  readonly #takenForGone: { readonly name: string; readonly at: number }[] = [];
  /** The highest creation of each node so far, and the nodes that started again with a lower one: their clock was set back. */
  readonly #newest = new Map<string, number>();
  readonly #setBack = new Set<string>();
  /** By `node scheduler peer`. */
  readonly #turns = new Map<string, Turn[]>();

  constructor(world: World, pauses: boolean) {
    this.world = world;
    this.steady = new Steadiness(world);
    this.pauses = pauses;
    this.seed = world.seed;
    this.random = world.random;
  }

  get now(): number {
    return this.world.now;
  }

  /** Everything is healed, and all nodes are connected. */
  healed(): void {
    this.#calm = { from: this.now + CALM_MS, unsettled: this.steady.unsettledPairs() };
  }

  /** Takes in a fault that happens now. */
  injected(fault: Fault): void {
    const name = "node" in fault ? this.world.nameOf(fault.node) : "";
    if (fault.kind === "stop") this.stopped.add(name);
    if (fault.kind === "refuse_dials") this.#refusals.push({ name, to: this.now + fault.forMs });
    if (fault.kind !== "namesake") return;
    const to = this.now + fault.forMs + NAMESAKE_GONE_MS;
    this.#namesakes.push({ name, from: this.now, to });
  }

  /** Writes down which sessions the schedulers of a node have. */
  watch(node: SimNode): void {
    const newest = this.#newest.get(node.name) ?? 0;
    if (node.creation < newest) this.#setBack.add(node.name);
    this.#newest.set(node.name, Math.max(newest, node.creation));
    for (const [place, { scheduler }] of node.schedulers.entries()) {
      const key = (peer: string): string => `${node.name} ${place + 1} ${peer}`;
      const nodeDown = scheduler.nodeDown.bind(scheduler);
      const nodeUp = scheduler.nodeUp.bind(scheduler);
      for (const other of this.world.names)
        append(this.#turns, key(other), { at: this.now, isUp: false });
      scheduler.nodeUp = (peer) => {
        append(this.#turns, key(peer), { at: this.now, isUp: true });
        nodeUp(peer);
      };
      scheduler.nodeDown = (peer, creation, reason, end) => {
        append(this.#turns, key(peer), { at: this.now, isUp: false });
        if (reason === "node_restarted") this.#takenOver(node, peer, creation);
        nodeDown(peer, creation, reason, end);
      };
    }
  }

  /**
   * Whether something from one process to another may have been lost between two points of time: there was no session, or it
   * ended, at the scheduler of the one or at any of the other's node.
   */
  apart(from: string, to: string, since: number, until: number): boolean {
    const [a, b] = [nodeOf(from), nodeOf(to)];
    if (a === b) return false;
    if (this.mistaken(a, since, until) || this.mistaken(b, since, until)) return true;
    return [`${a} ${schedulerOf(from)} ${b}`, `${b} 1 ${a}`, `${b} 2 ${a}`].some((key) => {
      const turns = this.#turns.get(key) ?? [];
      const before = turns.findLast(({ at }) => at < since);
      return (
        before?.isUp === false || turns.some(({ at, isUp }) => !isUp && at >= since && at <= until)
      );
    });
  }

  /** Whether somebody else, or an earlier start, may have been taken for that node. */
  mistaken(node: string, since: number, until: number): boolean {
    if (this.#setBack.has(node)) return true;
    return this.#namesakes.some(
      ({ name, from, to }) => name === node && from <= until && to >= since,
    );
  }

  /** Whether that node, as it was at a time, was taken for gone since, and a firewall had refused in its name. */
  refusedFor(node: string, since: number): boolean {
    return this.#takenForGone.some(({ at, name }) => name === node && at >= since);
  }

  /** Takes in a log line: what nodes say of each other, and what nobody should have to say. */
  heed(line: TraceLine): void {
    if (line.text === "node down") {
      this.losses++;
      const { node, reason, text } = line.fields as { node: string; reason: string; text: string };
      if (text.includes("two dials were refused")) this.#gone(node);
      this.#ended(line.node, node, reason);
      if (!CAUSES.has(reason)) this.fail(`${line.node}: node down ${JSON.stringify(line.fields)}`);
    } else if (line.text === "session suspect") {
      const { node, lane } = line.fields as { node: string; lane: number };
      const { from = Infinity, unsettled } = this.#calm ?? {};
      const until = unsettled?.get(`${line.node} ${node}`) ?? 0;
      if (this.now < Math.max(from, until + CALM_MS)) return;
      this.fail(`${line.node}: lost socket ${lane} to ${node}, and nothing was the matter with it`);
    } else if (line.level === "error") {
      const { error } = line.fields as { error?: unknown };
      if (ORDERED.has(line.text) && !(error instanceof Error)) return;
      const stack = error instanceof Error ? error.stack : "";
      this.fail(`${line.node}: ${line.text} ${JSON.stringify(line.fields)} ${stack}`);
    }
  }

  #ended(by: string, of: string, reason: string): void {
    const [one, other] = [by, of].map((name) =>
      this.world.nodes.get(name.slice(0, name.indexOf("@"))),
    );
    // Whose word it is nobody can tell while there are two of that name.
    if (this.mistaken(by, this.now, this.now) || this.mistaken(of, this.now, this.now)) return;
    const isKnown = one !== undefined && other !== undefined;
    const since = isKnown ? this.steady.since(one, other) : Infinity;
    this.endings.push({ by, of, reason, at: this.now, since });
  }

  #gone(name: string): void {
    if (this.#refusals.some((refusal) => refusal.name === name && refusal.to >= this.now))
      this.#takenForGone.push({ name, at: this.now });
  }

  #takenOver(by: SimNode, name: string, creation: number): void {
    const from = this.world.incarnations.find(
      (node) => node.name === name && node.creation === creation,
    );
    if (from === undefined) return;
    this.takeovers.push({ by, from, at: this.now, since: this.steady.since(by, from) });
  }

  fail(text: string): void {
    // One fault often shows a thousand times.
    if (this.failures.length < 50) this.failures.push(text);
  }

  /** Every scheduler of every node that is up. */
  *schedulers(): Iterable<{ readonly node: SimNode; readonly scheduler: Scheduler }> {
    for (const node of this.world.nodes.values()) {
      for (const { scheduler } of node.schedulers) yield { node, scheduler };
    }
  }

  /** Text forms of the processes that live, each with its scheduler; `functionName`: only those of one function. */
  living(functionName?: string): Map<string, { readonly pid: Pid; readonly scheduler: Scheduler }> {
    const all = new Map<string, { readonly pid: Pid; readonly scheduler: Scheduler }>();
    for (const { scheduler } of this.schedulers()) {
      for (const process of scheduler.processes.values()) {
        if (process.life >= LIFE_EXITING) continue;
        if (functionName !== undefined && process.functionName !== functionName) continue;
        all.set(process.pid.toString(), { pid: process.pid, scheduler });
      }
    }
    return all;
  }

  /** Runs on the thread of a scheduler, as if its event loop had called. */
  at(node: SimNode, place: number, what: () => void): void {
    node.threads[place + 1]!.run(what);
  }

  one<T>(list: readonly T[]): T | undefined {
    return list[this.random.below(Math.max(1, list.length))];
  }
}

/** The node in the text of a pid or a reference: `name@host`. */
export function nodeOf(text: string): string {
  const from = text.startsWith("ref:") ? 4 : 0;
  return text.slice(from, text.indexOf("#"));
}

export function schedulerOf(pid: string): string {
  return pid.slice(pid.indexOf("/") + 1, pid.indexOf(".", pid.indexOf("/")));
}

export function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
