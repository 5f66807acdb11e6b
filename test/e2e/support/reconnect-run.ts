import { readdirSync, readlinkSync } from "node:fs";
import { resolve } from "node:path";

import { BinaryCluster } from "./binary-cluster.ts";
import type { BinaryNode } from "./binary-node.ts";
import { insiderName, joinAs, joinLane } from "./insider.ts";
import { inBatches, rssMb } from "./siege.ts";
import { until } from "./until.ts";

const ACTORS = resolve(import.meta.dir, "reconnect-actors.ts");
const RECONNECT_MS_MAX = 50;
const STRANGERS_AT_ONCE = 8;

/** What a node holds: what is left of it after a reconnect is a leak. */
interface Holdings {
  readonly sockets: number;
  readonly sessions: number;
  /** Timers, requests, monitors of nodes and the like, all schedulers together. */
  readonly entries: number;
  readonly processes: number;
}

interface Status {
  readonly sessions: number;
  readonly schedulers: readonly {
    readonly processes: number;
    readonly tables: Readonly<Record<string, number>>;
  }[];
}

function sockets(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith("socket:");
    } catch {
      // Closed since the list was made.
      return false;
    }
  }).length;
}

async function holdings(node: BinaryNode): Promise<Holdings> {
  const { stdout } = await node.verb("status", "--json");
  const { sessions, schedulers } = JSON.parse(stdout) as Status;
  const sum = (of: (one: Status["schedulers"][number]) => number) =>
    schedulers.reduce((total, one) => total + of(one), 0);
  return {
    sockets: sockets(node.program.pid),
    sessions,
    entries: sum(({ tables }) => Object.values(tables).reduce((a, b) => a + b, 0)),
    processes: sum(({ processes }) => processes),
  };
}

/** Two nodes that meet and part. */
export class Reconnects implements AsyncDisposable {
  readonly #cluster: BinaryCluster;
  readonly a: BinaryNode;
  readonly b: BinaryNode;

  private constructor(cluster: BinaryCluster, a: BinaryNode, b: BinaryNode) {
    this.#cluster = cluster;
    this.a = a;
    this.b = b;
  }

  static async start(): Promise<Reconnects> {
    const cluster = await BinaryCluster.start();
    // A connect of its own would come between.
    const common = { modules: [ACTORS], start: [], connect: [], args: ["--log-level", "info"] };
    const b = await cluster.add("b", common);
    return new Reconnects(cluster, await cluster.add("a", common), b);
  }

  get rssMb(): number {
    return rssMb(this.a.program.pid) + rssMb(this.b.program.pid);
  }

  /** So many sessions of one pair of nodes, one after the other. */
  async pair(count: number): Promise<void> {
    const from = this.a.lines.all.length;
    const args = ["spawn", this.a.hint, "reconnect", this.b.hint, String(count)];
    const { code, stderr } = await this.a.tool(...args);
    if (code !== 0) throw new Error(stderr);
    await this.a.lines.waitFor((_text, line) => this.a.fields(line)?.text === "reconnected", {
      from,
      timeoutMs: 30_000 + count * RECONNECT_MS_MAX,
    });
  }

  /** So many nodes that nobody has heard of before, each with a lane, which vanish without a word. */
  async strangers(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, number) => number);
    await inBatches(numbers, STRANGERS_AT_ONCE, async () => {
      const hello = { name: insiderName(true) };
      const { connection, established } = await joinAs(this.b, this.#cluster.cookie, { hello });
      const lane = await joinLane(established!, 1);
      lane.connection[Symbol.dispose]();
      connection[Symbol.dispose]();
    });
  }

  async holdings(): Promise<readonly [a: Holdings, b: Holdings]> {
    // The last ends take their time: a goodbye has a second.
    await until("no session is left", () => this.#ended(this.a) && this.#ended(this.b));
    return [await holdings(this.a), await holdings(this.b)];
  }

  #ended(node: BinaryNode): boolean {
    return node.log("node up").length === node.log("node down").length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cluster[Symbol.asyncDispose]();
  }
}
