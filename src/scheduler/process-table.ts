/**
 * The processes of one scheduler and the names that they hold: from the spawn of each until nothing of it is left.
 *
 *     spawned ──told to end──► ending ──settled, or the slice is over──► released ──► its links and monitors hear of it
 *        └──────────settled, or never run────────────────────────────────────↗
 *
 * What is released has no name, alias or pid any more. If its function runs on all the same, because it waits for
 * something of its own, it is a zombie until that settles.
 */
import { MisuseError } from "../base/error.ts";
import type { FenceClock } from "../base/fence.ts";
import type { Clock } from "../port/clock.ts";
import { type Pid, SERIAL_LIMIT } from "../term/pid.ts";
import type { ProcessBody, ProcessHost, SpawnPlan } from "../process/host.ts";
import { LIFE_DEAD } from "../process/life.ts";
import { Process } from "../process/process.ts";
import { Endings } from "./endings.ts";
import type { SchedulerEvents } from "./events.ts";
import { assertArgs } from "./spawn/place.ts";
import type { SharedNames } from "./shared-names.ts";

export interface ProcessTableOptions {
  /** The scheduler as its processes see it. */
  readonly host: ProcessHost;
  readonly index: number;
  readonly clock: Clock;
  readonly names: SharedNames;
  readonly fences: FenceClock;
  readonly events: Pick<SchedulerEvents, "registered" | "unregistered">;
  /** The other parts of the scheduler forget a process that is released: its names are gone, and its pid is about to be. */
  readonly forget: (process: Process) => void;
}

export class ProcessTable {
  readonly #options: ProcessTableOptions;
  /** By serial. */
  readonly #processes = new Map<number, Process>();
  readonly #endings: Endings;
  /** What the local ids of this scheduler begin at. */
  readonly #base: number;
  #zombies = 0;

  constructor(options: ProcessTableOptions) {
    const { clock, host, index } = options;
    this.#options = options;
    this.#base = index * SERIAL_LIMIT;
    this.#endings = new Endings(clock, (process) => this.release(process));
    host.identities.findLocal = (local) => this.#processes.get(local - this.#base)?.pid;
  }

  /** Processes that are not released. */
  get size(): number {
    return this.#processes.size;
  }

  /** Processes that were told to end in this slice: their time is over with it. */
  get endingCount(): number {
    return this.#endings.size;
  }

  /** Processes that were released while their function still waits for something of its own. */
  get zombieCount(): number {
    return this.#zombies;
  }

  /** In the order of their spawns. */
  values(): IterableIterator<Process> {
    return this.#processes.values();
  }

  /** @throws {MisuseError} name_taken, bad_argument */
  spawn(body: ProcessBody, args: readonly unknown[], plan: SpawnPlan): Process {
    assertArgs(args);
    const { fences, host } = this.#options;
    const process = new Process(host, plan.functionName, plan.parent, body, args);
    if (plan.name !== undefined) this.register(process, plan.name);
    if (plan.mailboxMax !== undefined) process.ownBonds().mailboxMax = plan.mailboxMax;
    if (plan.fence !== undefined) {
      process.ownBonds().fence = plan.fence;
      fences.see(plan.fence);
    }
    if (plan.ended !== undefined) process.ownBonds().ended = plan.ended;
    this.#processes.set(process.pid.local - this.#base, process);
    host.turns.enqueue(process);
    return process;
  }

  /** @throws {MisuseError} name_taken */
  register(process: Process, name: string): void {
    const { events, names } = this.#options;
    const result = names.register(name, process.pid.local);
    if (result !== true) {
      const problem = result === "full" ? "no room for" : "already registered:";
      throw new MisuseError("name_taken", `${problem} ${name}`);
    }
    const bonds = process.ownBonds();
    (bonds.names ??= new Set()).add(name);
    events.registered?.(name, process.pid);
  }

  unregister(process: Process, name: string): boolean {
    const { events, names } = this.#options;
    if (!names.unregister(name, process.pid.local)) return false;
    process.bonds?.names?.delete(name);
    events.unregistered?.(name, process.pid);
    return true;
  }

  /** The process has been told to end: releases it after this slice, unless its function settles before. */
  ending(process: Process): void {
    this.#endings.add(process);
  }

  /** Its function has settled, or has never run, or its time is over. */
  release(process: Process): void {
    if (process.life !== LIFE_DEAD) {
      this.#endings.release(process, this.#free);
      if (!process.settled) this.#zombies++;
    } else if (process.settled) {
      this.#zombies--;
    }
  }

  readonly #free = (process: Process): void => {
    const { bonds, pid } = process;
    for (const name of [...(bonds?.names ?? [])]) this.unregister(process, name);
    this.#options.forget(process);
    for (const alias of bonds?.aliases ?? []) (alias as Pid<unknown>).owner = undefined;
    pid.owner = undefined;
    process.life = LIFE_DEAD;
    process.mailbox = undefined;
    this.#processes.delete(pid.local - this.#base);
  };
}
