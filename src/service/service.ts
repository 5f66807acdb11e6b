/**
 * What a feature of the whole cluster (names, groups, rooms, …) is made of: a part on the control thread, which talks to
 * the same service of every connected node, and a part on each scheduler, which processes call. `control-services.ts`
 * and `scheduler-services.ts` hold the parts and hand them what is theirs; the drivers know none of them by name.
 */
import type { FenceClock } from "../base/fence.ts";
import type { Millis } from "../base/millis.ts";
import type { Clock } from "../port/clock.ts";
import type { Entropy } from "../port/entropy.ts";
import type { LogSink } from "../port/log.ts";
import type { Address } from "../port/transport.ts";
import type { Process } from "../process/process.ts";
import type { SchedulerHost } from "../scheduler/scheduler-host.ts";
import type { Identities } from "../term/identities.ts";
import type { NodeRef } from "../term/node-ref.ts";
import type { Pid } from "../term/pid.ts";
import type { WireSignalOf } from "../wire/signals/wire-signal.ts";

/** All services; the place is the number that travels. A new one goes to the end. */
export const SERVICES = ["names", "groups", "rooms", "leases"] as const;

export type ServiceName = (typeof SERVICES)[number];

export type Multicast = WireSignalOf<"multicast">;

/** A connected node as services see it; hidden nodes are not shown to them. */
export interface ServicePeer {
  readonly name: string;
  readonly creation: number;
  /** Of the session, counted by the control thread: a node that comes back has another. */
  readonly number: number;
  /** Where it says that it can be dialled. */
  readonly address: Address | undefined;
}

/** What the control thread's part is given. */
export interface ControlServiceWorld {
  readonly node: string;
  readonly creation: number;
  /** How many there are. */
  readonly schedulers: number;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: LogSink;
  readonly identities: Identities;
  readonly fences: FenceClock;
  /** Of the node's schedulers: `createGlobalTable()`. */
  readonly globals: SharedArrayBuffer;
  /** To the same service on a scheduler, from 1. `message` is cloned: plain values only. */
  tell(scheduler: number, message: unknown): void;
  tellAll(message: unknown): void;
  /** Dials, and hangs up; whether the dial was refused and that says something (`refused_is_down`). */
  isRefused(address: Address): Promise<boolean>;
  /** Asks a connected node for a tick at once, with one that it will echo. */
  probe(peer: string): void;
  /**
   * To the same service on the control thread of a connected node: in order, once, or the session ends. False: nothing was
   * sent, because the node is not connected or too much waits for it.
   */
  send(peer: string, body: Uint8Array): boolean;
}

/** The part on the control thread. Everything is called in the order in which it happened. */
export interface ControlService {
  /** A session stands: comes before anything from that node. */
  nodeUp(peer: ServicePeer): void;
  /** It is over: comes after everything from it. */
  nodeDown(peer: ServicePeer): void;
  /** Some socket of the session is broken, or all are whole again. */
  suspected?(peer: ServicePeer, isSuspect: boolean): void;
  /** A tick came: when it left, the peer had got our tick of `echo`, on this thread's clock. */
  ticked?(peer: ServicePeer, echo: Millis): void;
  /** @throws {DecodeError} the session ends as `malformed` */
  fromPeer(peer: ServicePeer, body: Uint8Array): void;
  fromScheduler(scheduler: number, message: unknown): void;
  /** The scheduler's thread was ended: all its processes are dead. */
  schedulerGone?(scheduler: number): void;
  /** A new thread runs in its place, which knows nothing. */
  schedulerStarted?(scheduler: number): void;
  /** What the command line asks; undefined: the verb is not one of this service. */
  query?(verb: string, args: unknown): unknown;
  /** Lets go of the clock. */
  stop(): void;
}

/** What a scheduler's part is given. */
export interface SchedulerServiceWorld {
  /** From 1. */
  readonly index: number;
  readonly schedulers: number;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly identities: Identities;
  /** As the control thread has it. */
  readonly globals: SharedArrayBuffer;
  /** The scheduler; not before the first call of any method. */
  host(): SchedulerHost;
  /** To the same service on the control thread; cloned. */
  tell(message: unknown): void;
  /** A number in [0, 1), for choices. */
  random(): number;
  /** Has `flush` called when the slice ends, before anything leaves for elsewhere; once however often this is called. */
  flushLater(what: { flush(): void }): void;
  /**
   * One frame to the same service of a connected node, on this scheduler's lane: arrives as `multicast`.
   * @throws {EncodeError | LaneFullError | MessageTooLarge}
   */
  multicast(from: Pid | undefined, node: string, topic: string, message: unknown): void;
  /** The same to another scheduler of this node. */
  multicastTo(scheduler: number, from: Pid | undefined, topic: string, message: unknown): void;
}

/** Hands a multicast that came over a lane on to another scheduler of this node, which must not hand it on again. */
export type Relay = (scheduler: number) => void;

/** The part on a scheduler. */
export interface SchedulerService {
  /** From the control thread's part. */
  receive(message: unknown): void;
  /** In the order in which processes hear of it: before the node's first signal, after its last one. */
  nodeUp?(node: NodeRef): void;
  nodeDown?(node: NodeRef): void;
  /** `relay` is missing for what another scheduler has handed on, or sent. */
  multicast?(signal: Multicast, relay: Relay | undefined): void;
  /** A process with `bonds.tracked` has ended; comes before its links and monitors are told. */
  processEnded?(process: Process): void;
  /** A process of another scheduler or node has ended; comes before whoever is told here is told. */
  endedElsewhere?(pid: Pid): void;
  /** Entries that must be 0 when no process lives: for leak checks. */
  readonly size: number;
  close?(): void;
}
