/**
 * Three nodes of the executable, clients of rooms over real WebSockets, publishers on every scheduler of every node, and nodes
 * that are killed or stopped and started again, one after the other. What each client was told is checked without gaps in
 * knowledge: every origin numbers what it publishes, so a number that is missing is seen.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { connect, type Gap, type RoomClient } from "../../../src/client.ts";
import { ACTORS, BinaryCluster } from "./binary-cluster.ts";
import type { BinaryNode } from "./binary-node.ts";
import { steadyPort } from "./free-port.ts";
import type { Tick } from "./room-site.ts";
import { until } from "./until.ts";

const SITE = resolve(import.meta.dir, "room-site.ts");
const LETTERS = ["a", "b", "c"] as const;
const SCHEDULERS = 2;

export interface SoakPlan {
  readonly clients: number;
  /** How often a node is taken down. */
  readonly rounds: number;
  /** Milliseconds of quiet before each, and that the node is away. */
  readonly quietMs: number;
  readonly awayMs: number;
  /** Milliseconds between two messages of a publisher. */
  readonly everyMs: number;
  readonly say?: (text: string) => void;
}

export interface SoakReport {
  readonly failures: readonly string[];
  readonly deliveries: number;
  readonly reconnects: number;
  readonly gaps: number;
  /** Resident megabytes of each node, at the first quiet and at the end. */
  readonly memoryBefore: readonly number[];
  readonly memoryAfter: readonly number[];
}

/** What one client has seen of one origin. */
interface Seen {
  first: number;
  last: number;
  by: string;
}

class Watcher {
  readonly client: RoomClient;
  readonly seen = new Map<string, Seen>();
  readonly failures: string[] = [];
  readonly #gaps: Gap[] = [];
  readonly #name: string;
  deliveries = 0;
  connects = 0;
  isJoined = false;

  constructor(name: string, urls: readonly string[]) {
    this.#name = name;
    this.client = connect(urls, {
      pauseMs: 100,
      pauseMsMax: 1_000,
      state: (state) => {
        if (state === "open") this.connects++;
        else this.isJoined = false;
      },
    });
    this.client.join<Tick>("lobby", {
      joined: () => (this.isJoined = true),
      gap: (gap) => this.#gaps.push(gap),
      message: ({ by, n }, { origin, number }) => this.#take(by, n, origin, number),
    });
  }

  get gaps(): number {
    return this.#gaps.length;
  }

  /** Every message of an origin from the first one that it saw to the last, or a gap for those that are missing. */
  check(lastOf: ReadonlyMap<string, number>, living: ReadonlySet<string>): string[] {
    const failures = [...this.failures];
    for (const [origin, { last, by }] of this.seen) {
      const newest = lastOf.get(origin) ?? 0;
      if (last < newest && !this.#isTold(origin, last + 1, newest)) {
        const what = living.has(by) ? "lives" : "was killed";
        failures.push(`${this.#name}: has ${last} of ${newest} of ${by}, which ${what}`);
      }
    }
    for (const { origin, cause, after } of this.#gaps) {
      const by = this.seen.get(origin)?.by;
      if (by !== undefined && living.has(by)) {
        failures.push(`${this.#name}: gap ${cause} after ${after} of ${by}, which lives`);
      }
    }
    return failures;
  }

  #take(by: string, n: number, origin: string, number: number): void {
    this.deliveries++;
    const seen = this.seen.get(origin);
    if (n !== number) this.failures.push(`${this.#name}: ${by} said ${n}, numbered ${number}`);
    if (seen === undefined) {
      this.seen.set(origin, { first: number, last: number, by });
      return;
    }
    if (number <= seen.last) this.failures.push(`${this.#name}: ${number} of ${by} twice`);
    else if (number > seen.last + 1 && !this.#isTold(origin, seen.last + 1, number - 1)) {
      this.failures.push(`${this.#name}: ${number} of ${by} behind ${seen.last}`);
    }
    seen.last = Math.max(seen.last, number);
  }

  #isTold(origin: string, from: number, to: number): boolean {
    return this.#gaps.some(
      (gap) => gap.origin === origin && gap.after < from && (gap.upTo ?? Infinity) >= to,
    );
  }
}

/** Runs it; the executable must have been built. */
export async function soakRooms(plan: SoakPlan): Promise<SoakReport> {
  const { say = () => undefined } = plan;
  await using cluster = await BinaryCluster.start();
  const ports = await Promise.all(LETTERS.map(() => steadyPort(["127.0.0.1"])));
  const start = (place: number): Promise<BinaryNode> =>
    cluster.add(LETTERS[place]!, {
      modules: [ACTORS, SITE],
      schedulers: SCHEDULERS,
      start: ["look", "room-site", "room-publishers"],
      env: {
        ROOM_PORT: String(ports[place]),
        ROOM_EVERY_MS: String(plan.everyMs),
        ROOM_SCHEDULERS: String(SCHEDULERS),
      },
    });
  for (const place of LETTERS.keys()) await start(place);
  await cluster.meshed();
  const urls = ports.map((port) => `ws://127.0.0.1:${port}/`);
  const watchers = Array.from(
    { length: plan.clients },
    (_none, n) => new Watcher(`client ${n}`, urls),
  );
  const allJoined = (): Promise<void> =>
    until("every client is in the room", () => watchers.every(({ isJoined }) => isJoined), 30_000);
  try {
    await allJoined();
    await Bun.sleep(plan.quietMs);
    const memoryBefore = LETTERS.map((letter) => residentMegabytes(cluster.node(letter)));
    for (let round = 0; round < plan.rounds; round++) {
      const place = round % LETTERS.length;
      const node = cluster.node(LETTERS[place]!);
      // In order and not in order, in turn: clients are sent away, or lose their connection.
      const isKill = round % 2 === 0;
      say(`${isKill ? "killing" : "stopping"} ${node.name}`);
      await (isKill ? node.kill() : node.stop());
      await Bun.sleep(plan.awayMs);
      await start(place);
      await cluster.meshed();
      await allJoined();
      await Bun.sleep(plan.quietMs);
      const delivered = watchers.reduce((sum, { deliveries }) => sum + deliveries, 0);
      say(`round ${round + 1} of ${plan.rounds}, ${delivered} delivered`);
    }
    await stopPublishing(urls);
    return await report(watchers, cluster, memoryBefore);
  } finally {
    for (const { client } of watchers) client.close();
  }
}

async function stopPublishing(urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    const told = Promise.withResolvers<void>();
    const client: RoomClient = connect(url, {
      state: (state) => {
        if (state === "open") told.resolve();
      },
    });
    await told.promise;
    client.send("stop");
    await Bun.sleep(100);
    client.close();
  }
}

async function report(
  watchers: readonly Watcher[],
  cluster: BinaryCluster,
  memoryBefore: readonly number[],
): Promise<SoakReport> {
  const living = new Set<string>();
  for (const letter of LETTERS) {
    const { stdout: out } = await cluster.node(letter).verb("ps", "--json", "--limit", "1000");
    for (const [pid] of out.matchAll(/[^"\s]+#[0-9a-z]+\/\d+\.\d+/g)) living.add(pid);
  }
  const lastOf = (): Map<string, number> => {
    const last = new Map<string, number>();
    for (const { seen } of watchers) {
      for (const [origin, { last: number }] of seen) {
        last.set(origin, Math.max(number, last.get(origin) ?? 0));
      }
    }
    return last;
  };
  const failures = (): string[] => watchers.flatMap((watcher) => watcher.check(lastOf(), living));
  // What is on its way arrives; an origin that is out of reach is told of after a while.
  await until("everything has been told", () => failures().length === 0, 15_000).catch(() => {});
  const sum = (of: (watcher: Watcher) => number): number =>
    watchers.reduce((total, watcher) => total + of(watcher), 0);
  return {
    failures: failures(),
    deliveries: sum(({ deliveries }) => deliveries),
    reconnects: sum(({ connects }) => connects - 1),
    gaps: sum(({ gaps }) => gaps),
    memoryBefore,
    memoryAfter: LETTERS.map((letter) => residentMegabytes(cluster.node(letter))),
  };
}

function residentMegabytes(node: BinaryNode): number {
  const status = readFileSync(`/proc/${node.program.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}
