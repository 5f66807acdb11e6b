/**
 * What can go wrong in a world, as plain data: a plan of faults is made from a seed before the run, so that one of them
 * can be left out and the others stay what they are. `inject.ts` carries them out.
 */
import type { Millis } from "../base/millis.ts";
import type { Prng } from "../base/prng.ts";

/** Nodes are named by their short names; `pick`, `share` and `seed` are what is left to chance, decided here. */
export type Fault =
  /** A connection breaks at a byte; both ends notice. `pick`: which of those that stand, in [0, 1). */
  | { readonly kind: "break"; readonly pick: number; readonly share: number }
  /** One end notices, the other never does: a router has forgotten the connection. */
  | { readonly kind: "half_cut"; readonly pick: number; readonly share: number }
  /** Nothing arrives any more, and neither end notices: both sockets stay open. */
  | { readonly kind: "silent_socket"; readonly pick: number; readonly share: number }
  /** Nothing passes between the groups, and nobody is told. */
  | {
      readonly kind: "partition";
      readonly groups: readonly (readonly string[])[];
      readonly forMs: Millis;
    }
  /** Nothing passes in one direction. */
  | { readonly kind: "one_way"; readonly from: string; readonly to: string; readonly forMs: Millis }
  /** Two groups that see each other only through the node that is in both. */
  | {
      readonly kind: "bridge";
      readonly node: string;
      readonly groups: readonly (readonly string[])[];
      readonly forMs: Millis;
    }
  /** Two nodes are cut apart again and again. */
  | {
      readonly kind: "flap";
      readonly a: string;
      readonly b: string;
      readonly times: number;
      readonly everyMs: Millis;
    }
  | { readonly kind: "refuse_dials"; readonly node: string; readonly forMs: Millis }
  | { readonly kind: "silence_dials"; readonly node: string; readonly forMs: Millis }
  | {
      readonly kind: "slow_link";
      readonly from: string;
      readonly to: string;
      readonly delayMs: Millis;
      readonly jitterMs: Millis;
      readonly bytesPerMs: number;
      readonly forMs: Millis;
    }
  | {
      readonly kind: "slow_reader";
      readonly node: string;
      readonly bytesPerMs: number;
      readonly forMs: Millis;
    }
  | {
      readonly kind: "small_buffers";
      readonly node: string;
      readonly bytes: number;
      readonly forMs: Millis;
    }
  /** The program is killed: its machine resets its connections. `moves`: it starts again at another address. */
  | {
      readonly kind: "crash";
      readonly node: string;
      readonly downMs: Millis;
      readonly moves: boolean;
    }
  /** The machine loses its power: nobody is told anything. */
  | { readonly kind: "power_cut"; readonly node: string; readonly downMs: Millis }
  /** It is asked to stop, and starts again. */
  | { readonly kind: "stop"; readonly node: string; readonly downMs: Millis }
  /** One thread, 0 for control, or the whole program gets no processor time. */
  | {
      readonly kind: "stall";
      readonly node: string;
      readonly thread: number | "all";
      readonly forMs: Millis;
    }
  /** The wall clock is set. */
  | { readonly kind: "clock_jump"; readonly node: string; readonly byMs: Millis }
  /** The clock runs at another rate. */
  | {
      readonly kind: "clock_drift";
      readonly node: string;
      readonly rate: number;
      readonly forMs: Millis;
    }
  /** Another machine starts under the name of a node. */
  | { readonly kind: "namesake"; readonly node: string; readonly forMs: Millis }
  /** Somebody connects and does not speak the protocol, or only so far. */
  | { readonly kind: "garbage"; readonly node: string; readonly seed: number };

export type FaultKind = Fault["kind"];

/** A fault and when it happens, in milliseconds from the beginning of the load. */
export interface ScheduledFault {
  readonly atMs: Millis;
  readonly fault: Fault;
}

/** Faults per second of the whole cluster; what is left out does not happen. */
export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>;

/** Everything that a network and its machines do to five nodes at once, each thing often enough to meet in a second or two. */
export const FULL_MIX: Readonly<Record<FaultKind, number>> = {
  break: 12,
  half_cut: 1.5,
  partition: 0.8,
  one_way: 1.2,
  bridge: 0.3,
  flap: 0.4,
  refuse_dials: 0.8,
  silence_dials: 0.5,
  slow_link: 1.5,
  slow_reader: 0.8,
  small_buffers: 0.8,
  crash: 1.2,
  power_cut: 0.3,
  stop: 0.4,
  stall: 2,
  clock_jump: 0.6,
  clock_drift: 0.5,
  namesake: 0.3,
  garbage: 1.5,
  silent_socket: 0.6,
};

/** Factors by which a seed has more or less of each fault: runs that all have the same mix look in the same corner. */
const FACTORS: readonly number[] = [0, 0.3, 1, 1, 2];

export interface PlanOptions {
  readonly nodes: readonly string[];
  readonly forMs: Millis;
  readonly rates: FaultRates;
  /** Each kind at its very rate, instead of more of one and none of another by the seed. */
  readonly even?: boolean;
}

/** The faults of a run, in order of time. */
export function planFaults(random: Prng, options: PlanOptions): readonly ScheduledFault[] {
  const plan: ScheduledFault[] = [];
  for (const [kind, rate] of Object.entries(options.rates) as [FaultKind, number][]) {
    const factor = options.even === true ? 1 : FACTORS[random.below(FACTORS.length)]!;
    const perMs = (rate * factor) / 1_000;
    if (perMs <= 0) continue;
    for (let atMs = waitMs(random, perMs); atMs < options.forMs; atMs += waitMs(random, perMs)) {
      plan.push({ atMs, fault: makeFault(kind, random, options.nodes) });
    }
  }
  return plan.toSorted((a, b) => a.atMs - b.atMs);
}

/** Milliseconds until the next of things that happen so often. */
function waitMs(random: Prng, perMs: number): Millis {
  return -Math.log(1 - random.random()) / perMs;
}

/** One fault of that kind, as chance has it. */
function makeFault(kind: FaultKind, random: Prng, nodes: readonly string[]): Fault {
  const node = pickOne(random, nodes);
  const upTo = (ms: Millis): Millis => Math.ceil(random.random() * ms);
  switch (kind) {
    case "break":
    case "half_cut":
    case "silent_socket":
      return { kind, pick: random.random(), share: random.random() };
    case "partition":
      return { kind, groups: split(random, nodes), forMs: upTo(900) };
    case "one_way":
    case "slow_link":
    case "flap":
      return makeLinkFault(
        kind,
        random,
        node,
        pickOne(
          random,
          nodes.filter((one) => one !== node),
        ),
      );
    case "bridge": {
      const others = nodes.filter((one) => one !== node);
      return { kind, node, groups: split(random, others), forMs: upTo(800) };
    }
    case "refuse_dials":
    case "silence_dials":
      return { kind, node, forMs: upTo(600) };
    case "slow_reader":
      return { kind, node, bytesPerMs: 1 + random.below(200), forMs: upTo(600) };
    case "small_buffers":
      return { kind, node, bytes: 256 << random.below(6), forMs: upTo(800) };
    case "crash":
      return {
        kind,
        node,
        downMs: 2 + upTo(random.below(3) === 0 ? 5 : 600),
        moves: random.below(4) === 0,
      };
    case "power_cut":
    case "stop":
      return { kind, node, downMs: upTo(600) };
    case "stall":
      return {
        kind,
        node,
        thread: random.below(2) === 0 ? "all" : random.below(3),
        forMs: upTo(400),
      };
    case "clock_jump":
      return { kind, node, byMs: Math.floor((random.random() - 0.5) * 2 * 600_000) };
    case "clock_drift":
      return { kind, node, rate: 0.96 + random.random() * 0.08, forMs: upTo(1_000) };
    case "namesake":
      return { kind, node, forMs: 100 + upTo(900) };
    case "garbage":
      return { kind, node, seed: random.uint32() };
  }
}

function makeLinkFault(
  kind: "one_way" | "slow_link" | "flap",
  random: Prng,
  from: string,
  to: string,
): Fault {
  const forMs = Math.ceil(random.random() * 900);
  switch (kind) {
    case "one_way":
      return { kind, from, to, forMs };
    case "slow_link": {
      const delayMs = Math.ceil(random.random() * 60);
      const jitterMs = Math.ceil(random.random() * 40);
      const bytesPerMs = random.below(2) === 0 ? 1e6 : 5 + random.below(500);
      return { kind, from, to, delayMs, jitterMs, bytesPerMs, forMs };
    }
    case "flap":
      return { kind, a: from, b: to, times: 2 + random.below(5), everyMs: 20 + random.below(300) };
  }
}

function pickOne<T>(random: Prng, list: readonly T[]): T {
  return list[random.below(list.length)]!;
}

/** Two groups, none empty. */
function split(random: Prng, nodes: readonly string[]): string[][] {
  const left: string[] = [];
  const right: string[] = [];
  for (const node of nodes) (random.below(2) === 0 ? left : right).push(node);
  if (left.length === 0) left.push(right.pop()!);
  if (right.length === 0) right.push(left.pop()!);
  return [left, right];
}
