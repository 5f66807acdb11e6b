import { resolve } from "node:path";

import { BinaryCluster } from "./binary-cluster.ts";
import type { BinaryNode } from "./binary-node.ts";
import type { Manner } from "./blocked-actors.ts";
import { rssMb } from "./siege.ts";

const ACTORS = resolve(import.meta.dir, "blocked-actors.ts");
const SAMPLE_MS = 50;
/** What the senders do before and after, so that the load is there when the thread stops. */
const AROUND_MS = 1_500;
const DRAIN_MS_MAX = 50_000;

export interface Given {
  readonly manner: Manner;
  readonly sent: number;
  readonly count: number;
  readonly broken: number;
  /** Times that a send was refused with LaneFullError. */
  readonly full: number;
}

export interface BlockedReport {
  readonly given: readonly Given[];
  /** The most resident megabytes of either node while it lasted. */
  readonly rssMbMax: number;
  readonly nodesDown: number;
  /** Times that a socket was given up, on either node. */
  readonly suspicions: number;
  /** Times that the blocked node said `relay_stalled`. */
  readonly stalls: number;
}

/**
 * Blocks the thread of scheduler 1 of a node for so long while senders on both schedulers of another one send to it in
 * their manners; then waits until everything has arrived.
 */
export async function runBlocked(
  manners: readonly Manner[],
  blockedMs: number,
): Promise<BlockedReport> {
  await using cluster = await BinaryCluster.start();
  const b = await cluster.add("b", { modules: [ACTORS], start: [] });
  const a = await cluster.add("a", { modules: [ACTORS], start: [], connect: [b] });
  await a.logged("node up", { node: b.name });
  const spawn = async (node: BinaryNode, ...args: string[]): Promise<void> => {
    const { code, stderr } = await node.tool("spawn", node.hint, ...args);
    if (code !== 0) throw new Error(stderr);
  };
  for (const [index, manner] of manners.entries()) {
    const forMs = String(blockedMs + 2 * AROUND_MS);
    await spawn(a, "giver", manner, b.name, forMs, "--scheduler", String(1 + (index % 2)));
  }
  let rssMbMax = 0;
  const watch = setInterval(() => {
    rssMbMax = Math.max(rssMbMax, rssMb(a.program.pid), rssMb(b.program.pid));
  }, SAMPLE_MS);
  try {
    await spawn(b, "block", String(blockedMs), "--scheduler", "1");
    await b.logged("back", {}, blockedMs + DRAIN_MS_MAX);
    await a.lines.waitFor(() => a.log("given").length === manners.length, {
      timeoutMs: DRAIN_MS_MAX,
    });
  } finally {
    clearInterval(watch);
  }
  const down = (node: BinaryNode, peer: BinaryNode) =>
    node.log("node down").filter((fields) => fields.node === peer.name).length;
  return {
    given: a.log("given") as unknown as Given[],
    rssMbMax,
    nodesDown: down(a, b) + down(b, a),
    suspicions: a.log("session suspect").length + b.log("session suspect").length,
    stalls: b.log("relay_stalled").length,
  };
}
