/** Which nodes of a run are well connected, and since when: what may be expected of those who are has no excuse. */
import type { Millis } from "../../src/base/millis.ts";
import type { SimConnection } from "../../src/sim/network/sim-connection.ts";
import type { SimNode } from "../../src/sim/sim-node.ts";
import type { World } from "../../src/sim/world.ts";

/** Milliseconds for which what a slow way or reader has held up may still stand before what is said now. */
const HELD_UP_MS = 1_000;

/** Longer ways are slow ones. */
const DELAY_MS_MAX = 5;

interface Steady {
  readonly connection: SimConnection;
  readonly since: number;
}

/** Looks at every two incarnations after each step of the load. */
export class Steadiness {
  readonly #world: World;
  /** By the node that looks, then by the one that it looks at. */
  #pairs = new Map<SimNode, Map<SimNode, Steady>>();

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * Since when one and the same sound connection joins the control threads of two nodes, both of which run, over ways that are
   * neither cut nor slow; Infinity: that is not so.
   */
  since(by: SimNode, from: SimNode): number {
    const known = this.#pairs.get(by)?.get(from);
    if (known === undefined || known.connection.isBroken) return Infinity;
    return this.#heldUpUntil(by, from) > 0 ? Infinity : known.since;
  }

  look(): void {
    const pairs = new Map<SimNode, Map<SimNode, Steady>>();
    for (const [by, connections] of this.#controlConnections()) {
      const before = this.#pairs.get(by);
      const now = new Map<SimNode, Steady>();
      for (const [from, connection] of connections) {
        const known = before?.get(from);
        const since = known?.connection === connection ? known.since : this.#world.now;
        now.set(from, { connection, since: Math.max(since, this.#heldUpUntil(by, from)) });
      }
      pairs.set(by, now);
    }
    this.#pairs = pairs;
  }

  /**
   * Until when something that was the matter may still be found out between two nodes, by their names in pairs: Infinity where a
   * connection is broken and not closed. Where a slow way still holds something it is as if that were lost, for as long: what is
   * said on a lane behind it is not acknowledged, and whoever gives that lane up for silent, and repairs it, does right.
   */
  unsettledPairs(): ReadonlyMap<string, Millis> {
    const whose = new Map<unknown, SimNode>();
    for (const node of this.#world.incarnations) {
      for (const thread of node.threads) whose.set(thread, node);
    }
    const pairs = new Map<string, Millis>();
    for (const { isBroken, owner, peerOwner, dueBy } of this.#world.network.connections) {
      const until = isBroken ? Infinity : dueBy;
      if (until <= this.#world.now) continue;
      const [by, from] = [whose.get(owner)?.name, whose.get(peerOwner)?.name];
      for (const pair of [`${by} ${from}`, `${from} ${by}`])
        pairs.set(pair, Math.max(until, pairs.get(pair) ?? 0));
    }
    return pairs;
  }

  /** Of each two that have one connection between their control threads, and not two or a broken one. */
  #controlConnections(): Map<SimNode, Map<SimNode, SimConnection>> {
    const whose = new Map<unknown, SimNode>();
    for (const node of this.#world.incarnations) whose.set(node.threads[0], node);
    const found = new Map<SimNode, Map<SimNode, SimConnection>>();
    const doubtful: (readonly [SimNode, SimNode])[] = [];
    for (const connection of this.#world.network.connections) {
      const by = whose.get(connection.owner);
      const from = whose.get(connection.peerOwner);
      if (by === undefined || from === undefined) continue;
      let mine = found.get(by);
      if (mine === undefined) found.set(by, (mine = new Map<SimNode, SimConnection>()));
      if (mine.has(from) || connection.isBroken) doubtful.push([by, from]);
      else mine.set(from, connection);
    }
    for (const [by, from] of doubtful) found.get(by)?.delete(from);
    return found;
  }

  /** Until when what is the matter between two nodes may hold up an answer; 0: nothing is. */
  #heldUpUntil(by: SimNode, from: SimNode): number {
    const { network, now } = this.#world;
    let until = 0;
    for (const [one, other] of [
      [by, from],
      [from, by],
    ] as const) {
      const { stalledUntil } = one.threads[0]!;
      if (stalledUntil > now) until = Math.max(until, stalledUntil);
      const way = network.way(one.host, other.host);
      const host = network.host(one.host);
      const isSlow =
        way.bytesPerMs !== Infinity ||
        way.delayMs > DELAY_MS_MAX ||
        host.readBytesPerMs !== Infinity;
      if (way.isCut || host.isCramped) until = Math.max(until, now);
      if (isSlow) until = Math.max(until, now + HELD_UP_MS);
    }
    return until;
  }
}
