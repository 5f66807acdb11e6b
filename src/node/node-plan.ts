/** From a node's configuration to what each of its threads is told. Pure: what has to be read or made comes in. */
import { createFences } from "../base/fence.ts";
import { EPOCH_2020_MS } from "../base/millis.ts";
import { createGlobalTable } from "../scheduler/global-table.ts";
import { createPulse } from "../scheduler/run/pulse.ts";
import { createSerials } from "../scheduler/serials.ts";
import { createNames } from "../scheduler/shared-names.ts";
import type { NodeConfig } from "../config/config.ts";
import type { ControlSetup } from "./control-setup.ts";
import type { Cookies } from "../config/cookie.ts";
import { DEFAULT_PORT, type NodeAddress } from "../config/node-name.ts";
import type { SchedulerSetup, SharedMemory } from "./thread-message.ts";

/** What a plan is made of. */
export interface PlanInput {
  readonly config: NodeConfig;
  readonly name: NodeAddress;
  readonly cookies: Cookies;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly wall: number;
  readonly strict: boolean;
  /** False: the node dials and cannot be dialled. */
  readonly listens: boolean;
}

export interface NodePlan {
  readonly control: ControlSetup;
  readonly shared: SharedMemory;
  /** Index 0 for scheduler 1. */
  readonly schedulers: readonly SchedulerSetup[];
}

export function planNode(input: PlanInput): NodePlan {
  const { config, name, cookies, version, strict } = input;
  const schedulers = config.node.schedulers === "inline" ? 1 : config.node.schedulers;
  const creation = Math.max(1, Math.floor(input.wall - EPOCH_2020_MS));
  const { listen, cluster, limits } = config;
  const shared: SharedMemory = {
    names: createNames(),
    serials: createSerials(),
    fences: createFences(),
    globals: createGlobalTable(),
    pulses: Array.from({ length: schedulers }, () => createPulse()),
  };
  const control: ControlSetup = {
    node: name.name,
    creation,
    version,
    hidden: config.node.hidden,
    schedulers,
    cookies: cookies.accepted,
    tlsMode: config.tls.mode,
    listen: input.listens ? { host: listen.host, port: listen.port } : undefined,
    advertise: listen.advertise ?? advertised(listen.host, name.host),
    mesh: cluster.mesh,
    seeds: cluster.seeds.map(({ name: seed, host, port }) => ({
      name: seed,
      address: port === undefined ? undefined : { host, port },
    })),
    dns:
      cluster.dns === undefined
        ? undefined
        : { host: cluster.dns.host, port: cluster.dns.port ?? (listen.port || DEFAULT_PORT) },
    graceMs: cluster.sessionGraceMs,
    refusedIsDown: cluster.refusedIsDown,
    killStuckAfterMs: config.node.killStuckAfterMs,
    tick: { intervalMs: cluster.tickIntervalMs, timeoutMs: cluster.tickTimeoutMs },
    fences: shared.fences,
    globals: shared.globals,
    limits,
  };
  return {
    control,
    shared,
    schedulers: Array.from({ length: schedulers }, (_none, place) => ({
      index: place + 1,
      schedulers,
      node: name.name,
      creation,
      shared,
      lanes: input.listens ? { host: listen.host, ports: lanePorts(listen.lanePorts) } : undefined,
      strict,
      leaseMs: cluster.tickIntervalMs + cluster.tickTimeoutMs + cluster.sessionGraceMs,
      limits,
    })),
  };
}

/** A node that listens on every address is dialled at the host in its name. */
function advertised(
  listenHost: string,
  nameHost: string,
): { readonly host: string; readonly port: undefined } | undefined {
  return listenHost === "0.0.0.0" || listenHost === "::"
    ? { host: nameHost, port: undefined }
    : undefined;
}

function lanePorts(range: NodeConfig["listen"]["lanePorts"]): readonly number[] {
  if (range === undefined) return [0];
  const ports: number[] = [];
  for (let port = range.first; port <= range.last; port++) ports.push(port);
  return ports;
}
