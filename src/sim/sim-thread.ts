import type { Millis } from "../base/millis.ts";
import { ambient } from "../term/ambient.ts";
import type { Identities } from "../term/identities.ts";
import type { EventQueue, Owner } from "./event-queue.ts";
import { SimClock, type MachineTime } from "./sim-clock.ts";

/** One thread of a node of a world: what happens on it waits while it is stalled, and is lost when it is dead. */
export class SimThread implements Owner {
  /** `a@10.0.0.1 2`: node and scheduler, 0 for the control thread. */
  readonly name: string;
  readonly clock: SimClock;
  readonly identities: Identities;
  stalledUntil: Millis = 0;
  dead = false;

  constructor(name: string, events: EventQueue, time: MachineTime, identities: Identities) {
    this.name = name;
    this.identities = identities;
    this.clock = new SimClock(events, this, time);
  }

  enter(): void {
    ambient.identities = this.identities;
  }
}
