/** The random faults of a scenario, whose length nobody knows: a plan for each second, made when that second begins. */
import type { Millis } from "../../base/millis.ts";
import { Prng } from "../../base/prng.ts";
import { type FaultRates, planFaults, type ScheduledFault } from "../faults.ts";
import type { Faults } from "./scenario.ts";

const CHUNK_MS = 1_000;

/** Numbers that a seed has for faults, apart from those for everything else. */
const FAULTS = 0x6661_756c;

/** The rates by kind. `cutRate` is shared by cuts both ways and cuts one way, `crashRate` by all that takes a node down. */
export function ratesOf(faults: Faults): FaultRates {
  const { lossRate = 0, cutRate = 0, crashRate = 0, others } = faults;
  return {
    break: lossRate,
    partition: cutRate * 0.7,
    one_way: cutRate * 0.3,
    crash: crashRate * 0.8,
    power_cut: crashRate * 0.2,
    ...others,
  };
}

/** Faults between two points of a scenario's time, from the seed alone: whatever happened in it. */
export class FaultSource {
  readonly #random: Prng;
  readonly #nodes: readonly string[];
  readonly #rates: FaultRates;
  #plannedMs: Millis = 0;

  constructor(seed: number, nodes: readonly string[], faults: Faults) {
    this.#random = new Prng(seed + FAULTS);
    this.#nodes = nodes;
    this.#rates = ratesOf(faults);
  }

  /** The faults of the next second; called once for each. */
  next(): readonly ScheduledFault[] {
    const beginsMs = this.#plannedMs;
    this.#plannedMs += CHUNK_MS;
    const plan = planFaults(this.#random, {
      nodes: this.#nodes,
      forMs: CHUNK_MS,
      rates: this.#rates,
      even: true,
    });
    return plan.map(({ atMs, fault }) => ({ atMs: round(beginsMs + atMs), fault: rounded(fault) }));
  }

  /** Up to when `next` has told. */
  get plannedMs(): Millis {
    return this.#plannedMs;
  }
}

/** Numbers that can be read and copied: a fault that is printed is the very one that happened. */
const round = (value: number): number => Math.round(value * 1_000) / 1_000;

function rounded<T extends object>(fault: T): T {
  const entries = Object.entries(fault).map(([key, value]) => [
    key,
    typeof value === "number" ? round(value) : (value as unknown),
  ]);
  return Object.fromEntries(entries) as T;
}
