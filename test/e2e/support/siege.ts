import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { BinaryCluster, sees } from "./binary-cluster.ts";
import type { BinaryNode } from "./binary-node.ts";
import { until } from "./until.ts";

const ACTORS = resolve(import.meta.dir, "hostile-actors.ts");
/** What a scheduler that shares two cores with everything else may take for one round trip. */
const BEAT_MS_MAX = 1_500;
/** What a runtime keeps of the memory that it had in use once. */
const GROWTH_MB_MAX = 60;

/** Resident megabytes of a process. */
export function rssMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1_024;
}

/** A node under attack, and a good peer whose processes talk to it all the time. */
export class Siege implements AsyncDisposable {
  readonly cluster: BinaryCluster;
  readonly target: BinaryNode;
  readonly #friend: BinaryNode;
  #guests = 0;

  private constructor(cluster: BinaryCluster, target: BinaryNode, friend: BinaryNode) {
    this.cluster = cluster;
    this.target = target;
    this.#friend = friend;
  }

  static async lay(args: readonly string[] = []): Promise<Siege> {
    const cluster = await BinaryCluster.start();
    try {
      const target = await cluster.add("a", { modules: [ACTORS], start: [], args });
      const friend = await cluster.add("friend", {
        modules: [ACTORS],
        start: [],
        connect: [target],
      });
      const { code, stderr } = await friend.tool("spawn", friend.hint, "pulse", target.name);
      if (code !== 0) throw new Error(stderr);
      return new Siege(cluster, target, friend);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get cookie(): string {
    return this.cluster.cookie;
  }

  /**
   * Attacks once to see what the node needs for that at all, then again and again: afterwards its memory is where it was,
   * its good peer was served all the while, and a new one gets in.
   */
  async withstands(times: number, attack: () => Promise<void>): Promise<void> {
    await attack();
    const before = rssMb(this.target.program.pid);
    await this.#pulse();
    for (let time = 0; time < times; time++) await attack();
    const { beats, worstMs } = await this.#pulse();
    if (beats === 0 || worstMs > BEAT_MS_MAX)
      throw new Error(`${beats} round trips of the good peer, the slowest in ${worstMs} ms`);
    // Guests come and go; the node under attack must not.
    if (this.#friend.log("node down").some(({ node }) => node === this.target.name))
      throw new Error("the good peer was cut off");
    // No input of a peer may make a core throw, also where the node would live on.
    const [thrown] = this.target.log("an error that nobody caught");
    if (thrown !== undefined) throw new Error(JSON.stringify(thrown));
    await this.#admits();
    await until(
      `memory of ${before} MB is back`,
      () => rssMb(this.target.program.pid) < before + GROWTH_MB_MAX,
      15_000,
    );
  }

  async #admits(): Promise<void> {
    const guest = await this.cluster.add(`guest${++this.#guests}`, { connect: [this.target] });
    await sees(guest, this.target.name);
    await guest.stop();
  }

  /** What the good peer saw since the last time. */
  async #pulse(): Promise<{ beats: number; worstMs: number }> {
    const from = this.#friend.lines.all.length;
    const to = `${this.#friend.hint}/pulse`;
    await this.#friend.tool("send", to, JSON.stringify({ type: "report" }));
    const line = await this.#friend.lines.waitFor(
      (_text, one) => this.#friend.fields(one)?.text === "pulse",
      { from },
    );
    return this.#friend.fields(line) as unknown as { beats: number; worstMs: number };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** Runs a step for each item, so many at a time. */
export async function inBatches<T>(
  items: readonly T[],
  width: number,
  step: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await step(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
