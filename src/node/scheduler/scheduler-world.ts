import type { Clock } from "../../port/clock.ts";
import type { Digest } from "../../port/digest.ts";
import type { Entropy } from "../../port/entropy.ts";
import type { LogSink } from "../../port/log.ts";
import type { PortEnd, ThreadPort } from "../../port/threads.ts";
import type { Transport } from "../../port/transport.ts";
import type { WebHost } from "../../port/web.ts";
import type { Identities } from "../../term/identities.ts";
import type { HostedFunction } from "../thread-message.ts";

/** What a scheduler needs of the outside. */
export interface SchedulerWorld {
  readonly clock: Clock;
  readonly digest: Digest;
  readonly entropy: Entropy;
  readonly transport: Transport;
  readonly log: LogSink;
  /** Makes a port of an end that was handed here; see `Threads.port`. Left out where no scheduler is ever replaced. */
  readonly port?: (end: PortEnd) => ThreadPort;
  /** Serves HTTP and WebSockets on this thread; left out where there is no such thing. */
  readonly web?: WebHost;
  /** One for this thread. Default: one that keeps only what is used. */
  readonly identities?: Identities;
  /** What can be spawned here by name, as peers are told. Default: everything that is defined on this thread. */
  readonly functions?: () => readonly HostedFunction[];
}

export interface SchedulerPorts {
  readonly control: ThreadPort;
  /** By scheduler number, from 1; the own place is undefined. */
  readonly others: readonly (ThreadPort | undefined)[];
}
