/** What a user writes a simulation with: `import { simulate, type World } from "snow-node/sim"`. */
import type { Millis } from "../../base/millis.ts";
import type { Node } from "../../process/api.ts";
import type { FaultRates, ScheduledFault } from "../faults.ts";

/**
 * The world that a scenario runs in. Time in it is virtual and passes only while the scenario waits for something of the
 * world: a call, `sleep`, `eventually`. Its functions may be taken out of it.
 */
export interface ScenarioWorld<N extends string> {
  readonly seed: number;
  /**
   * Nodes by name; in their cluster `a` is `a@10.0.0.1`. After a restart it is the new incarnation. What was asked of a
   * node that crashed rejects with `CallError` noconnection; what is asked of one that is down throws `MisuseError`.
   */
  readonly nodes: { readonly [name in N]: Node };
  /** Milliseconds since the world began. */
  readonly now: () => Millis;
  readonly sleep: (ms: Millis) => Promise<void>;
  /** Nothing gets through between two nodes, and nobody is told. */
  readonly cut: (a: N, b: N, forMs: Millis) => void;
  /** Ends a node as `kill -9` does. It starts again after `restartAfterMs`, with its modules loaded anew; never if left out. */
  readonly crash: (node: N, restartAfterMs?: Millis) => void;
  /** Checked from now on after every single event: the run fails as soon as it does not hold, or throws. */
  readonly always: (name: string, holds: () => boolean) => void;
  /**
   * Waits until it holds; the run fails when it did not within so many milliseconds. While any is waited for no new random
   * fault begins: those under way end by themselves within a second.
   */
  readonly eventually: (name: string, withinMs: Millis, holds: () => boolean) => Promise<void>;
}

/** What goes wrong by itself, decided by the seed; nothing if left out. Rates are per second of the whole world. */
export interface Faults {
  /** Connections that break, at any byte. Nothing that was sent is lost by that while its session lasts. */
  readonly lossRate?: number;
  /** Partitions, of up to 0.9 s each. */
  readonly cutRate?: number;
  /** Crashes; nodes start again within 0.6 s, some of them at another address. */
  readonly crashRate?: number;
  /** Milliseconds that a message may take longer than the shortest one does. Default 0.8. */
  readonly delayMsMax?: Millis;
  /** Every other kind there is: `{ stall: 2, clock_jump: 0.5 }`. */
  readonly others?: FaultRates;
}

export interface SimulateOptions<N extends string> {
  readonly nodes: readonly N[];
  /**
   * A user's modules, loaded once for each simulated scheduler; relative to the file that calls `simulate`, else to the
   * working directory.
   */
  readonly modules: readonly string[];
  /** How many seeds, from 1 on, or which. Default 20. */
  readonly seeds?: number | readonly number[];
  readonly faults?: Faults;
  /** These faults and no others: what a failed run prints, to be replayed. */
  readonly schedule?: readonly ScheduledFault[];
  /** Schedulers of each node. Default 1. */
  readonly schedulers?: number;
  /** Milliseconds that sessions survive without their sockets. Default 1,000. */
  readonly sessionGraceMs?: Millis;
  /** Virtual milliseconds after which a scenario that has not ended is a failure. Default 600,000. */
  readonly endsWithinMs?: Millis;
  /** Real milliseconds for looking which faults of a failed run are needed. Default 2,000. */
  readonly shrinkMs?: Millis;
  /** What stands for real I/O: `{ fetch: …, "Bun.file": …, "node:fs": { readFileSync: … } }`. */
  readonly provide?: Readonly<Record<string, unknown>>;
}

/** What `simulate` resolves with when every seed held. */
export interface Simulated {
  readonly seeds: number;
  /** Of all seeds together. */
  readonly virtualMs: Millis;
  /** Of everything that was delivered in any of them: 8 hexadecimal digits. */
  readonly hash: string;
}
