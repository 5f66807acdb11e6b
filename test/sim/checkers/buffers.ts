import type { Checker } from "../run.ts";

/** Connections of a node to each other one: control, two lanes, and dials that cross or wait; with room for what faults leave. */
const CONNECTIONS_MAX = 60;

/** Bytes that a lane holds at most in a run whose messages are small. */
const LANE_BYTES_MAX = 24 * 1024 * 1024;

/** Steps of the load between two looks. */
const STEPS = 8;

/** No buffer grows without a bound, while everything happens. */
export const buffers: Checker = {
  name: "buffers",
  during(run) {
    if (run.steps % STEPS !== 0) return [];
    const failures: string[] = [];
    // Of those that live: with a node that stopped its ends are gone, and the network hears of it later.
    const ends = run.world.network.connections.values().filter(({ owner }) => !owner.dead);
    // All that there are, up or not: one that stops in order still has its own.
    const nodes = run.world.names.length + run.world.namesakes.size;
    const count = [...ends].length;
    if (count > CONNECTIONS_MAX * nodes) {
      failures.push(`${count} ends of connections for ${nodes} nodes`);
    }
    for (const node of run.world.nodes.values()) {
      for (const driver of node.schedulers) {
        if (driver.heldBytes > LANE_BYTES_MAX)
          failures.push(`${node.name} holds ${driver.heldBytes} bytes`);
      }
    }
    return failures;
  },
};
