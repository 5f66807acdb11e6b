/** Carries out faults on a world. One that cannot happen just now, on a node that is down for example, does not. */
import { unreachable } from "../base/assert.ts";
import type { Millis } from "../base/millis.ts";
import type { Fault, ScheduledFault } from "./faults.ts";
import { sendGarbage } from "./garbage.ts";
import type { SimConnection } from "./network/sim-connection.ts";
import type { World } from "./world.ts";

/** Schedules the faults of a plan, from now on. `injected` is told of each when it happens. */
export function schedulePlan(
  world: World,
  plan: readonly ScheduledFault[],
  injected?: (fault: Fault) => void,
): void {
  for (const { atMs, fault } of plan) {
    world.after(atMs, () => {
      injected?.(fault);
      inject(world, fault);
    });
  }
}

/** Lets one fault happen now. What lasts ends by itself, or by `world.healAll`. */
export function inject(world: World, fault: Fault): void {
  const { network } = world;
  switch (fault.kind) {
    case "break":
      return pickConnection(world, fault.pick)?.cutAt(fault.share);
    case "half_cut":
      return pickConnection(world, fault.pick)?.halfCutAt(fault.share);
    case "silent_socket":
      return pickConnection(world, fault.pick)?.silenceAt(fault.share);
    case "partition":
      return partition(world, fault.groups, fault.forMs);
    case "bridge":
      return partition(world, fault.groups, fault.forMs);
    case "one_way":
      return impair(world, fault.from, fault.to, { cut: true }, fault.forMs);
    case "flap":
      return flap(world, fault.a, fault.b, fault.times, fault.everyMs);
    case "slow_link": {
      const { delayMs, jitterMs, bytesPerMs } = fault;
      return impair(world, fault.from, fault.to, { delayMs, jitterMs, bytesPerMs }, fault.forMs);
    }
    case "refuse_dials":
    case "silence_dials":
    case "slow_reader":
    case "small_buffers":
      return world.after(
        fault.forMs,
        network.host(world.hostOf(fault.node)).impair(conditionOf(fault)),
      );
    case "crash":
    case "power_cut":
    case "stop":
      return takeDown(world, fault);
    case "stall":
      return world.stall(
        fault.node,
        fault.forMs,
        fault.thread === "all" ? undefined : fault.thread,
      );
    case "clock_jump":
      world.timeOf(fault.node).wallOffsetMs += fault.byMs;
      return;
    case "clock_drift": {
      const time = world.timeOf(fault.node);
      time.drift(fault.rate);
      return world.after(fault.forMs, () => time.drift(1));
    }
    case "namesake":
      return world.startNamesake(fault.node, fault.forMs);
    case "garbage":
      return sendGarbage(world, fault.node, fault.seed);
    default:
      return unreachable(fault);
  }
}

function pickConnection(world: World, pick: number): SimConnection | undefined {
  const all = [...world.network.connections];
  return all[Math.floor(pick * all.length)];
}

function conditionOf(
  fault: Extract<
    Fault,
    { kind: "refuse_dials" | "silence_dials" | "slow_reader" | "small_buffers" }
  >,
) {
  switch (fault.kind) {
    case "refuse_dials":
      return { refuses: true };
    case "silence_dials":
      return { silent: true };
    case "slow_reader":
      return { readBytesPerMs: fault.bytesPerMs };
    case "small_buffers":
      return { windowBytes: fault.bytes };
  }
}

function impair(
  world: World,
  from: string,
  to: string,
  condition: Parameters<ReturnType<World["network"]["way"]>["impair"]>[0],
  forMs: Millis,
): void {
  const way = world.network.way(world.hostOf(from), world.hostOf(to));
  world.after(forMs, way.impair(condition));
}

function partition(world: World, groups: readonly (readonly string[])[], forMs: Millis): void {
  for (const group of groups) {
    for (const other of groups) {
      if (group === other) continue;
      for (const from of group) {
        for (const to of other) impair(world, from, to, { cut: true }, forMs);
      }
    }
  }
}

function flap(world: World, a: string, b: string, times: number, everyMs: Millis): void {
  for (let time = 0; time < times; time++) {
    world.after(time * everyMs, () => {
      impair(world, a, b, { cut: true }, everyMs / 2);
      impair(world, b, a, { cut: true }, everyMs / 2);
    });
  }
}

function takeDown(
  world: World,
  fault: Extract<Fault, { kind: "crash" | "power_cut" | "stop" }>,
): void {
  const { node, downMs } = fault;
  // One node is left, so that there is a cluster to come back to.
  if (!world.nodes.has(node) || world.nodes.size < 2) return;
  if (fault.kind === "stop") world.stop(node);
  else world.crash(node, { silent: fault.kind === "power_cut" });
  if (fault.kind === "crash" && fault.moves) world.move(node);
  world.after(downMs, () => world.startSoon(node));
}
