/**
 * Five nodes of the compiled executable, each on a host of its own, full of processes that talk, watch, link, spawn and call
 * over the network at random, while cables are pulled and nodes killed, frozen and started again. Then everything
 * heals and comes to an end, and what all processes wrote down is checked.
 */
import { Prng } from "../../src/base/prng.ts";
import { Folder } from "../e2e/support/folder.ts";
import { Network, type Host } from "../e2e/support/netns.ts";
import { buildIfNeeded } from "../e2e/support/program.ts";
import { check, type Verdict } from "./checker.ts";
import { SoakCluster } from "./cluster.ts";

const NODES = 5;
const FAULT_EVERY_MS_MAX = 3_000;
const CUT_MS_MAX = 6_000;
const FREEZE_MS_MAX = 3_000;
const DOWN_MS_MAX = 2_500;
/** From the end of the faults until every process of the mix has ended: the longest wait of any of them, and some. */
const REST_MS = 60_000;
/** Then receivers notice that nobody sends any more, and the nodes are what they were when they started. */
const EMPTY_MS = 40_000;
const POLL_MS = 500;
/** What a node runs when nothing is going on. */
const RESIDENTS = new Set(["soak.root", "soak.bank", "soak.mixer"]);

export interface SoakOptions {
  readonly forMs: number;
  /** Of the faults; what the processes do has luck of its own. */
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface SoakReport extends Verdict {
  readonly faults: Readonly<Record<string, number>>;
  readonly records: number;
  /** Sessions that nodes lost and made anew, by what the log says. */
  readonly links: { readonly agreed: number };
}

/** Runs one soak to its end. Needs a machine where network namespaces are permitted. */
export async function soak({ forMs, seed, say }: SoakOptions): Promise<SoakReport> {
  await buildIfNeeded();
  using folder = new Folder();
  using network = new Network(NODES);
  await using cluster = new SoakCluster(network, folder);
  for (const name of cluster.names) await cluster.start(name);
  say(`${NODES} nodes are up, faults of seed ${seed} for ${Math.round(forMs / 1_000)} s`);
  const faults = new Faults(cluster, network, new Prng(seed));
  await faults.run(forMs);
  network.heal();
  await faults.over();
  say(`faults: ${text(faults.counts)}`);
  const violations: string[] = [];
  for (const name of await cluster.rest(REST_MS)) violations.push(`${name}: not at rest`);
  violations.push(...(await disconnected(cluster)));
  const mixed = await disagreements(cluster);
  violations.push(...mixed.found, ...(await leftovers(cluster)), ...(await stop(cluster)));
  for (const line of cluster.logged("error", "fatal")) {
    // A process that is killed by a fault may be in the middle of something; nothing else is an error.
    violations.push(`logged: ${text(line)}`);
  }
  const records = cluster.records();
  const verdict = check(records, (start) => cluster.killed.has(start));
  return {
    violations: [...violations, ...verdict.violations],
    counts: verdict.counts,
    faults: faults.counts,
    records: records.length,
    links: { agreed: mixed.agreed },
  };
}

const text = (value: unknown): string => JSON.stringify(value);

/** What goes wrong, one thing after the other, some at the same time. */
class Faults {
  readonly counts: Record<string, number> = {};
  readonly #cluster: SoakCluster;
  readonly #network: Network;
  readonly #prng: Prng;
  readonly #pending = new Set<Promise<void>>();
  /** Nodes that are down or frozen. */
  readonly #away = new Set<string>();
  readonly #failed: unknown[] = [];

  constructor(cluster: SoakCluster, network: Network, prng: Prng) {
    this.#cluster = cluster;
    this.#network = network;
    this.#prng = prng;
  }

  async run(forMs: number): Promise<void> {
    const end = performance.now() + forMs;
    while (performance.now() < end && this.#failed.length === 0) {
      await Bun.sleep(this.#prng.below(FAULT_EVERY_MS_MAX));
      const fault = this.#begin().catch((error: unknown) => void this.#failed.push(error));
      this.#pending.add(fault);
      void fault.finally(() => this.#pending.delete(fault));
    }
  }

  /** Waits until every fault has ended. @throws what went wrong that was not meant to */
  async over(): Promise<void> {
    await Promise.all(this.#pending);
    if (this.#failed.length > 0) throw this.#failed[0];
  }

  #begin(): Promise<void> {
    const kinds = ["cut", "cut", "one_way", "unplug", "kill", "freeze"] as const;
    const kind = kinds[this.#prng.below(kinds.length)]!;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (kind === "kill" || kind === "freeze") return this.#strike(kind);
    return this.#disturb(kind);
  }

  async #disturb(kind: "cut" | "one_way" | "unplug"): Promise<void> {
    const [one, other] = this.#two();
    // Shorter than the grace as often as longer.
    const forMs =
      this.#prng.below(2) === 0 ? this.#prng.below(1_500) : this.#prng.below(CUT_MS_MAX);
    if (kind === "unplug") this.#network.unplug(one);
    else this.#network.cut(one, other, { oneWay: kind === "one_way" });
    await Bun.sleep(forMs);
    if (kind === "unplug") this.#network.plug(one);
    else this.#network.restore(one, other);
  }

  async #strike(kind: "kill" | "freeze"): Promise<void> {
    const { names } = this.#cluster;
    const name = names[this.#prng.below(names.length)]!;
    const forMs = this.#prng.below(kind === "kill" ? DOWN_MS_MAX : FREEZE_MS_MAX);
    if (this.#away.has(name)) return;
    this.#away.add(name);
    if (kind === "kill") {
      await this.#cluster.kill(name);
      await Bun.sleep(forMs);
      await this.#cluster.start(name);
    } else {
      await this.#cluster.freeze(name, forMs);
    }
    this.#away.delete(name);
  }

  #two(): [Host, Host] {
    const { hosts } = this.#network;
    const first = this.#prng.below(hosts.length);
    const second = (first + 1 + this.#prng.below(hosts.length - 1)) % hosts.length;
    return [hosts[first]!, hosts[second]!];
  }
}

/** Polls until nothing is found. @returns what is still found when the time is up */
async function untilNone(waitMs: number, find: () => Promise<string[]>): Promise<string[]> {
  const end = performance.now() + waitMs;
  for (;;) {
    const found = await find();
    if (found.length === 0 || performance.now() > end) return found;
    await Bun.sleep(POLL_MS);
  }
}

/** Every node must see every other one again. */
const disconnected = (cluster: SoakCluster): Promise<string[]> =>
  untilNone(EMPTY_MS, async () => {
    const found: string[] = [];
    for (const node of cluster.running) {
      const seen = await cluster.connected(node);
      const missed = cluster.names.filter((name) => name !== node.name && !seen.includes(name));
      if (missed.length > 0) found.push(`${node.name}: not connected to ${missed.join(", ")}`);
    }
    return found;
  });

/** Both ends of the links that stay until the end must say the same of them. Ends them. */
async function disagreements(cluster: SoakCluster): Promise<{ found: string[]; agreed: number }> {
  const links = new Map<string, readonly string[]>();
  const mixers: (() => Promise<void>)[] = [];
  for (const node of cluster.running) {
    for (const { pid, function: name } of await cluster.processes(node)) {
      if (name !== "soak.mixer") continue;
      links.set(pid, await cluster.links(node, pid));
      mixers.push(() => cluster.end(node, pid));
    }
  }
  const found: string[] = [];
  let agreed = 0;
  for (const [pid, others] of links) {
    for (const other of others) {
      if (links.get(other)?.includes(pid) === true) agreed++;
      else found.push(`${pid} is linked to ${other}, which is not linked to it`);
    }
  }
  for (const end of mixers) await end();
  return { found, agreed };
}

/** What is there besides what every node runs from its start. */
const leftovers = (cluster: SoakCluster): Promise<string[]> =>
  untilNone(EMPTY_MS, async () => {
    const found: string[] = [];
    for (const node of cluster.running) {
      for (const { pid, function: name } of await cluster.processes(node)) {
        if (!RESIDENTS.has(name)) found.push(`${pid}: ${name} is left`);
      }
      for (const [index, { runQueue, tables }] of (
        await cluster.status(node)
      ).schedulers.entries()) {
        // The root listens to nodes and wakes up now and then.
        const allowed = index === 0 ? { timers: 1, nodeMonitors: 1 } : {};
        for (const [table, size] of Object.entries({ ...tables, runQueue })) {
          const most = (allowed as Record<string, number>)[table] ?? 0;
          if (size > most) found.push(`${node.name}, scheduler ${index + 1}: ${size} in ${table}`);
        }
      }
    }
    return found;
  });

async function stop(cluster: SoakCluster): Promise<string[]> {
  const codes = await Promise.all(
    cluster.running.map(async (node) => [node.name, await node.stop()] as const),
  );
  return codes.flatMap(([name, code]) => (code === 0 ? [] : [`${name}: exit code ${code}`]));
}
