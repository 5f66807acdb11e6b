/**
 * Whom to dial and when: seeds for as long as the node lives, peers heard of through the mesh, and nodes that a
 * send or a `connect` wants. One dial per target at a time.
 *
 *   idle ──seed, wanted, heard──► dialling ──succeeded──► up
 *    ▲                               │                     │
 *    │                            failed                 lost
 *    │                               ▼                     ▼
 *    └──not a seed────────────── waiting ◄──a seed──── waiting
 *
 * `waiting` ends at its deadline and dials again. A target that nobody waits for any more is forgotten.
 */
import { unreachable } from "../base/assert.ts";
import type { Millis } from "../base/millis.ts";
import type { Address } from "../port/transport.ts";
import {
  dialKey,
  type DialTarget,
  type DiallingInput,
  type DiallingOutput,
} from "./dialling-io.ts";
import { Hearsay } from "./hearsay.ts";

/** Milliseconds until a seed is dialled again, doubled with every failure. */
const RETRY_MS_MIN = 100;
/** The longest wait between two dials of a seed: a node that comes back is found within this. */
const RETRY_MS_MAX = 10_000;
/** The wait after `name_taken`: somebody else lives under our name, hurrying does not help. */
const RETRY_MS_NAME_TAKEN = 60_000;
/** How long a failed name answers at once instead of dialling anew. */
const FAILURE_REMEMBERED_MS = 1_000;

type State =
  | { readonly kind: "dialling" }
  | { readonly kind: "up"; readonly name: string }
  /** This node itself is at the address: never dialled again. */
  | { readonly kind: "self" }
  | {
      readonly kind: "waiting";
      readonly until: Millis;
      readonly failed: string | undefined;
    };

interface Entry {
  readonly key: string;
  target: DialTarget;
  /** A seed as it is configured, and where others said last that it is: when the one fails the other is tried. */
  home: DialTarget | undefined;
  heard: DialTarget | undefined;
  state: State;
  seed: boolean;
  /** Somebody waits for the outcome of the dial under way. */
  wanted: boolean;
  /** Dials that failed one after the other. */
  failures: number;
  /** Somebody named another address since the dial under way began: that one is tried next, and at once. */
  isRetargeted: boolean;
}

/** The core of one node's dials. */
export class Dialling {
  readonly #entries = new Map<string, Entry>();
  readonly #outputs: DiallingOutput[] = [];
  readonly #hearsay = new Hearsay<DialTarget>();
  /** Nodes with a session. */
  readonly #up = new Set<string>();
  readonly #self: string;
  readonly #random: () => number;

  /** `random` gives a number in [0, 1) and serves for jitter only. */
  constructor(self: string, random: () => number) {
    this.#self = self;
    this.#random = random;
  }

  handle(input: DiallingInput, now: Millis): void {
    this.#handle(input, now);
    this.#dialHeard(now);
  }

  #handle(input: DiallingInput, now: Millis): void {
    switch (input.kind) {
      case "seed":
        if (input.target.name === this.#self) return;
        return this.#seed(this.#entry(input.target, now), input.target);
      case "unseed":
        return this.#unseed(dialKey(input.target));
      case "wanted":
        return this.#wanted(input.target, now);
      case "heard":
        return this.#heard(input.from, input.targets);
      case "connected":
        return this.#connected(input.name, input.dialled, now);
      case "lost":
        return this.#lost(input.name, now);
      case "failed":
        return this.#failed(input.key, input.reason, input.nameTaken, now);
      case "dropped":
        return this.#dropped(input.name, now);
      default:
        return unreachable(input);
    }
  }

  handleTimeout(now: Millis): void {
    for (const entry of this.#entries.values()) {
      if (entry.state.kind !== "waiting" || entry.state.until > now) continue;
      if (entry.seed || entry.wanted) this.#dial(entry);
      else this.#entries.delete(entry.key);
    }
    this.#dialHeard(now);
  }

  pollOutput(): DiallingOutput | undefined {
    return this.#outputs.shift();
  }

  pollTimeout(): Millis | undefined {
    let first = this.#hearsay.pollTimeout();
    for (const entry of this.#entries.values()) {
      if (entry.state.kind !== "waiting") continue;
      if (first === undefined || entry.state.until < first) first = entry.state.until;
    }
    return first;
  }

  /** Entries held, for leak checks. */
  get size(): number {
    return this.#entries.size + this.#hearsay.waiting;
  }

  #heard(from: string | undefined, targets: readonly DialTarget[]): void {
    const others = targets.filter(({ name }) => name !== this.#self);
    const nodes = this.#hearsay.hear(from, others);
    if (from !== undefined && nodes > 0) this.#outputs.push({ kind: "passed_over", from, nodes });
  }

  #dialHeard(now: Millis): void {
    for (let next = this.#hearsay.next(now); next; next = this.#hearsay.next(now)) {
      // Since it was named it may have dialled us.
      if (next.name !== undefined && this.#up.has(next.name)) continue;
      const { key, state } = this.#entry(next, now);
      // One that somebody asked for, and that is under way already, takes a place as well: few are both.
      if (state.kind === "dialling") this.#hearsay.began(key, now);
    }
  }

  #entry(target: DialTarget, now: Millis): Entry {
    const key = dialKey(target);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      // A fresh address replaces an older one: a node may have moved.
      if (target.address !== undefined) known.target = known.heard = target;
      if (known.state.kind === "waiting" && known.state.until <= now) this.#dial(known);
      return known;
    }
    const entry: Entry = {
      key,
      target,
      home: undefined,
      heard: undefined,
      state: { kind: "dialling" },
      seed: false,
      wanted: false,
      failures: 0,
      isRetargeted: false,
    };
    this.#entries.set(key, entry);
    this.#dial(entry);
    return entry;
  }

  #seed(entry: Entry, target: DialTarget): void {
    entry.seed = true;
    entry.home = target;
    if (entry.heard === target) entry.heard = undefined;
  }

  #dial(entry: Entry): void {
    entry.state = { kind: "dialling" };
    entry.isRetargeted = false;
    this.#outputs.push({ kind: "dial", key: entry.key, target: entry.target });
  }

  #wanted(target: DialTarget, now: Millis): void {
    const key = dialKey(target);
    const known = this.#entries.get(key);
    const isElsewhere =
      target.address !== undefined && !isSame(known?.target.address, target.address);
    if (known?.state.kind === "dialling" && isElsewhere) known.isRetargeted = true;
    if (known?.state.kind === "waiting") {
      if (known.state.failed !== undefined && now < known.state.until && !isElsewhere) {
        // Remembered failure: nobody waits for a dial that has just failed, except a seed's next one.
        if (!known.seed || known.failures <= 1) {
          this.#outputs.push({
            kind: "unreachable",
            name: key,
            reason: known.state.failed,
          });
          return;
        }
      }
      if (target.address !== undefined) known.target = target;
      this.#dial(known);
    }
    const entry = this.#entry(target, now);
    if (entry.state.kind === "dialling") entry.wanted = true;
  }

  #connected(name: string, dialled: string | undefined, now: Millis): void {
    this.#up.add(name);
    const state: State = { kind: "up", name };
    for (const key of new Set([name, dialled ?? name])) {
      this.#hearsay.ended(key, now);
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      entry.state = state;
      entry.failures = 0;
      entry.wanted = false;
    }
  }

  #lost(name: string, now: Millis): void {
    this.#up.delete(name);
    this.#hearsay.forget(name);
    for (const entry of this.#entries.values()) {
      const isIt = entry.key === name || (entry.state.kind === "up" && entry.state.name === name);
      if (!isIt || entry.state.kind !== "up") continue;
      if (entry.seed) {
        entry.state = {
          kind: "waiting",
          until: now + this.#retryMs(0),
          failed: undefined,
        };
      } else this.#entries.delete(entry.key);
    }
  }

  #failed(key: string, reason: string, nameTaken: boolean, now: Millis): void {
    const entry = this.#entries.get(key);
    if (entry?.state.kind === "dialling" && entry.isRetargeted) return this.#dial(entry);
    this.#hearsay.ended(key, now);
    if (entry === undefined || entry.state.kind !== "dialling") return;
    if (entry.wanted) this.#outputs.push({ kind: "unreachable", name: key, reason });
    entry.wanted = false;
    entry.failures += 1;
    const { heard, home, target } = entry;
    // What others said may be where a namesake was, and what is configured may be where the node is no longer.
    if (heard !== undefined && home !== undefined) entry.target = target === heard ? home : heard;
    // Of others nothing is kept: a peer may name thousands.
    if (reason === "connected_to_self" && entry.seed) {
      entry.state = { kind: "self" };
      return;
    }
    const waitMs = nameTaken
      ? RETRY_MS_NAME_TAKEN
      : entry.seed
        ? this.#retryMs(entry.failures - 1)
        : FAILURE_REMEMBERED_MS;
    entry.state = { kind: "waiting", until: now + waitMs, failed: reason };
  }

  #dropped(name: string, now: Millis): void {
    for (const entry of this.#entries.values()) {
      const isIt = entry.key === name || (entry.state.kind === "up" && entry.state.name === name);
      if (!isIt) continue;
      entry.seed = false;
      // Somebody waits for the outcome of this dial, and is told; forgotten, nobody would be.
      const isAwaited = entry.state.kind === "dialling" && entry.wanted;
      if (isAwaited) continue;
      this.#entries.delete(entry.key);
      this.#hearsay.ended(entry.key, now);
    }
  }

  #unseed(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.seed = false;
    const { kind } = entry.state;
    if (kind === "self" || (kind === "waiting" && !entry.wanted)) this.#entries.delete(key);
  }

  #retryMs(failures: number): Millis {
    const base = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures, 10));
    return base * (0.5 + this.#random());
  }
}

function isSame(a: Address | undefined, b: Address): boolean {
  return a?.host === b.host && a.port === b.port;
}
