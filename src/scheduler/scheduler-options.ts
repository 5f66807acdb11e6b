/** What a scheduler is made of: the memory that it shares with its node, its ways out, and the settings that it needs. */
import { SESSION_GRACE_MS, TICK_INTERVAL_MS, TICK_TIMEOUT_MS } from "../base/limits.ts";
import type { Millis } from "../base/millis.ts";
import type { Clock } from "../port/clock.ts";
import type { LogSink } from "../port/log.ts";
import type { NodeServices } from "../process/host.ts";
import type { Outbound } from "../process/outbound.ts";
import type { Identities } from "../term/identities.ts";
import type { SchedulerEvents } from "./events.ts";

/** With default settings: the time in which nodes find out that they have lost each other. */
export const LEASE_MS: Millis = TICK_INTERVAL_MS + TICK_TIMEOUT_MS + SESSION_GRACE_MS;

export interface SchedulerOptions {
  /** From 1; 0 is the control thread. */
  readonly index: number;
  /** Schedulers of the node, for places that spread. Default 1. */
  readonly schedulers?: number;
  /** One per node and thread; the scheduler sets its `findLocal`. */
  readonly identities: Identities;
  /** `createNames()`, `createSerials()`, once per node; `createPulse()`, once per scheduler. */
  readonly names: SharedArrayBuffer;
  readonly serials: SharedArrayBuffer;
  readonly pulse?: SharedArrayBuffer;
  readonly clock: Clock;
  readonly outbound: Outbound;
  readonly log: LogSink;
  readonly events?: SchedulerEvents;
  readonly services?: Partial<NodeServices>;
  /** `createFences()`, once per node. */
  readonly fences?: SharedArrayBuffer;
  /** Of children that are started on other nodes. Default: `LEASE_MS`. */
  readonly leaseMs?: Millis;
  /** Strict mode: gives what a receiver would get from far away, and freezes what was sent. */
  readonly copy?: (message: unknown) => unknown;
}
