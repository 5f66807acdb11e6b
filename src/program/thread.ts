/**
 * What a thread of a node is started with, and how it becomes a scheduler or the control thread. The starter posts
 * `begin` when the certificate is made, so that loading modules and making it overlap.
 */
import type { LogFormat } from "../bun/log.ts";
import { clock } from "../bun/clock.ts";
import { sha256Digest } from "../bun/digest.ts";
import { dns } from "../bun/dns.ts";
import { entropy } from "../bun/entropy.ts";
import { memoryBytes } from "../bun/memory.ts";
import { createTransport } from "../bun/tls/tls-transport.ts";
import { webHost } from "../bun/web-server.ts";
import { createThreads } from "../bun/worker-threads.ts";
import type { ControlWorld } from "../node/control/control-world.ts";
import { SchedulerDriver } from "../node/scheduler/scheduler-driver.ts";
import type { SchedulerPorts } from "../node/scheduler/scheduler-world.ts";
import type { SchedulerSetup, TlsSetup } from "../node/thread-message.ts";
import type { Clock } from "../port/clock.ts";
import type { LogLevel, LogSink } from "../port/log.ts";
import type { PortEnd } from "../port/threads.ts";
import type { Transport } from "../port/transport.ts";
import { Identities } from "../term/identities.ts";

export interface LogSetup {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** The data of a thread with role `scheduler`. */
export interface SchedulerThreadData {
  readonly setup: SchedulerSetup;
  /** To the control thread; undefined: the thread that started this one is it. */
  readonly control: PortEnd | undefined;
  /** By scheduler number, from 1; the own place is undefined. */
  readonly others: readonly (PortEnd | undefined)[];
  /** Absolute paths. */
  readonly modules: readonly string[];
  readonly log: LogSetup;
}

/** The first message to every thread. */
export interface Begin {
  readonly kind: "begin";
  readonly tls: TlsSetup;
}

/** A scheduler's driver over Bun's adapters. */
export function makeSchedulerDriver(
  setup: SchedulerSetup,
  ports: SchedulerPorts,
  tls: TlsSetup,
  log: LogSink,
  transport: Transport = createTransport(tls),
  time: Clock = clock,
): SchedulerDriver {
  const threads = createThreads();
  return new SchedulerDriver(setup, ports, {
    clock: time,
    digest: sha256Digest,
    entropy,
    transport,
    log,
    port: (end) => threads.port(end),
    web: webHost,
  });
}

/** What the control driver needs of the outside, over Bun's adapters. */
export function makeControlWorld(
  node: string,
  creation: number,
  tls: TlsSetup,
  log: LogSink,
  transport: Transport = createTransport(tls),
): Omit<ControlWorld, "lagMs" | "fences"> {
  return {
    clock,
    digest: sha256Digest,
    entropy,
    transport,
    dns,
    log,
    identities: new Identities(node, creation),
    memoryBytes,
  };
}
