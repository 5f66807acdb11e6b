import type { SimConnection } from "../../../src/sim/sim-connection.ts";
import type { SimNode } from "../../../src/sim/sim-node.ts";
import type { Checker, Run } from "../run.ts";

/** Milliseconds that whoever holds a name is given to show that it lives, and a few for the way. */
const PROOF_MS = 1_200;

/** Milliseconds for which what a slow way or reader has held up may still stand before what is said now. */
const HELD_UP_MS = 1_000;

/** Longer ways are slow ones. */
const DELAY_MS_MAX = 5;

/** Two incarnations that have had one and the same sound connection, and could have answered each other at once. */
interface Steady {
  readonly connection: SimConnection;
  since: number;
}

/** By the node that looks, then by the one that it looks at. */
let steady = new Map<SimNode, Map<SimNode, Steady>>();
let current: Run | undefined;

/**
 * Nobody takes a name from a node that lives, is connected, runs, and has nothing the matter with its connection: whoever comes
 * later under that name is refused.
 */
export const takeovers: Checker = {
  name: "takeovers",
  during(run) {
    if (!run.contested) return [];
    if (current !== run) steady = new Map();
    current = run;
    const failures = run.takeovers.splice(0).flatMap(({ at, by, from }) => {
      const since = steady.get(by)?.get(from)?.since ?? Infinity;
      if (at - since < PROOF_MS) return [];
      return [
        `${by.name}: another one took the name of ${from.name}, which was well since ${since}`,
      ];
    });
    look(run);
    return failures;
  },
};

/** Who is connected, and how well. */
function look(run: Run): void {
  const connections = controlConnections(run);
  for (const by of run.world.incarnations) {
    const before = steady.get(by);
    const now = new Map<SimNode, Steady>();
    for (const from of run.world.incarnations) {
      const connection = connections.get(by)?.get(from);
      if (connection === undefined || from === by) continue;
      const known = before?.get(from);
      const held = heldUpUntil(run, by, from);
      const since = known?.connection === connection ? known.since : run.now;
      now.set(from, { connection, since: Math.max(since, held) });
    }
    steady.set(by, now);
  }
}

/** Of each two that have one connection between their control threads, and not two or a broken one. */
function controlConnections(run: Run): Map<SimNode, Map<SimNode, SimConnection>> {
  const whose = new Map<unknown, SimNode>();
  for (const node of run.world.incarnations) whose.set(node.threads[0], node);
  const found = new Map<SimNode, Map<SimNode, SimConnection>>();
  const doubtful: (readonly [SimNode, SimNode])[] = [];
  for (const connection of run.world.network.connections) {
    const [by, from] = [whose.get(connection.owner), whose.get(connection.peerOwner)];
    if (by === undefined || from === undefined) continue;
    let mine = found.get(by);
    if (mine === undefined) found.set(by, (mine = new Map()));
    if (mine.has(from) || connection.isBroken) doubtful.push([by, from]);
    else mine.set(from, connection);
  }
  for (const [by, from] of doubtful) found.get(by)?.delete(from);
  return found;
}

/** Until when what is the matter between two nodes may hold up an answer; 0: nothing is. */
function heldUpUntil(run: Run, by: SimNode, from: SimNode): number {
  const { network, now } = run.world;
  let until = 0;
  for (const [one, other] of [
    [by, from],
    [from, by],
  ] as const) {
    until = Math.max(until, one.threads[0]!.stalledUntil);
    const way = network.way(one.host, other.host);
    const host = network.host(one.host);
    const isSlow =
      way.bytesPerMs !== Infinity || way.delayMs > DELAY_MS_MAX || host.readBytesPerMs !== Infinity;
    if (way.isCut || host.isCramped) until = Math.max(until, now);
    if (isSlow) until = Math.max(until, now + HELD_UP_MS);
  }
  return until;
}
