import type { Millis } from "../base/millis.ts";
import { type Definitions, useDefinitions } from "../process/registry.ts";
import { ambient } from "../term/ambient.ts";
import type { Identities } from "../term/identities.ts";
import { type Structs, useStructs } from "../term/struct.ts";
import type { EventQueue, Owner } from "./event-queue.ts";
import { SimClock, type MachineTime } from "./sim-clock.ts";

/** What one scheduler has loaded: each has copies of its own of a user's modules. */
export interface LoadedModules {
  readonly definitions: Definitions;
  readonly structs: Structs;
  /** The thread that they were loaded for is there. */
  begin(thread: SimThread): void;
  /** Runs code of that thread: what it leaves uncaught belongs to the thread too. */
  run(callback: () => void): void;
}

/** One thread of a node of a world: what happens on it waits while it is stalled, and is lost when it is dead. */
export class SimThread implements Owner {
  /** `a@10.0.0.1 2`: node and scheduler, 0 for the control thread. */
  readonly name: string;
  readonly clock: SimClock;
  readonly identities: Identities;
  stalledUntil: Millis = 0;
  dead = false;
  readonly #modules: LoadedModules | undefined;

  constructor(
    name: string,
    events: EventQueue,
    time: MachineTime,
    identities: Identities,
    modules?: LoadedModules,
  ) {
    this.name = name;
    this.identities = identities;
    this.#modules = modules;
    this.clock = new SimClock(events, this, time);
    modules?.begin(this);
  }

  run(callback: () => void): void {
    const modules = this.#modules;
    ambient.identities = this.identities;
    useDefinitions(modules?.definitions);
    useStructs(modules?.structs);
    if (modules === undefined) callback();
    else modules.run(callback);
  }
}
