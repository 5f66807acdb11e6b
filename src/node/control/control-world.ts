import type { FenceClock } from "../../base/fence.ts";
import type { Clock } from "../../port/clock.ts";
import type { Dns } from "../../port/dns.ts";
import type { Digest } from "../../port/digest.ts";
import type { Entropy } from "../../port/entropy.ts";
import type { LogSink } from "../../port/log.ts";
import type { Transport } from "../../port/transport.ts";
import type { Identities } from "../../term/identities.ts";

/** What the control thread's drivers need of the outside and of their node. */
export interface ControlWorld {
  readonly clock: Clock;
  readonly digest: Digest;
  readonly entropy: Entropy;
  readonly transport: Transport;
  readonly dns: Dns;
  readonly log: LogSink;
  readonly identities: Identities;
  readonly fences: FenceClock;
  /** For each scheduler, milliseconds since its event loop last turned. */
  lagMs(): readonly number[];
  /** Memory of the whole process. */
  memoryBytes(): number;
}
