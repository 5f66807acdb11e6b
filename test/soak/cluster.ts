import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { BinaryNode, randomCookie } from "../e2e/support/binary-node.ts";
import type { Folder } from "../e2e/support/folder.ts";
import type { Network } from "../e2e/support/netns.ts";
import type { SoakRecord } from "./records.ts";

const LETTERS = "abcdefgh";
/** The same on every host: each has its own. */
const PORT = 4369;
const SETTINGS = [
  ...["--cluster-session-grace", "2s"],
  ...["--cluster-tick-interval", "1s", "--cluster-tick-timeout", "1s"],
  ...["--log-level", "info"],
];

interface Status {
  readonly schedulers: readonly {
    readonly processes: number;
    readonly runQueue: number;
    readonly tables: Readonly<Record<string, number>>;
  }[];
}

export interface Listed {
  readonly pid: string;
  readonly function: string;
}

/** The nodes of a soak, one on each host of the network. Those that were killed start again under their name. */
export class SoakCluster implements AsyncDisposable {
  readonly names: readonly string[];
  /** Starts that were killed, as `name#creation`. */
  readonly killed = new Set<string>();
  readonly #network: Network;
  readonly #folder: Folder;
  readonly #cookie = randomCookie();
  readonly #running = new Map<string, BinaryNode>();
  /** Everything that nodes complained about, of all starts. */
  readonly #past: BinaryNode[] = [];

  constructor(network: Network, folder: Folder) {
    this.#network = network;
    this.#folder = folder;
    this.names = network.hosts.map(({ address }, index) => `${LETTERS[index]}@${address}`);
    mkdirSync(join(folder.path, "records"));
  }

  get running(): readonly BinaryNode[] {
    return [...this.#running.values()];
  }

  /** Starts the node of a host, and waits until it is up. */
  async start(name: string): Promise<void> {
    const node = await BinaryNode.start({
      name,
      cookie: this.#cookie,
      folder: this.#folder.path,
      host: this.#network.host(this.names.indexOf(name) + 1),
      port: PORT,
      modules: [resolve(import.meta.dir, "actors.ts")],
      connect: this.names.filter((other) => other !== name).map((other) => `${other}:${PORT}`),
      start: ["soak.root"],
      args: SETTINGS,
      env: { SOAK_FOLDER: this.#folder.path, SOAK_NODES: this.names.join(" ") },
    });
    this.#running.set(name, node);
    this.#past.push(node);
  }

  /** Cuts the power. */
  async kill(name: string): Promise<void> {
    const node = this.#running.get(name);
    if (node === undefined) return;
    this.#running.delete(name);
    this.killed.add(`${name}#${creationOf(node)}`);
    await node.kill();
  }

  /** Stops a node for a while, as a machine that is out of memory does. */
  async freeze(name: string, ms: number): Promise<void> {
    const node = this.#running.get(name);
    if (node === undefined) return;
    node.program.kill("SIGSTOP");
    await Bun.sleep(ms);
    if (node.program.running) node.program.kill("SIGCONT");
  }

  /** Tells all processes to come to an end, and waits until those of the mix have. @returns the nodes that did not */
  async rest(waitMs: number): Promise<string[]> {
    this.#folder.write("over", "");
    const late = await Promise.all(
      this.running.map((node) =>
        node.logged("at rest", {}, waitMs).then(
          () => undefined,
          () => node.name,
        ),
      ),
    );
    return late.filter((name) => name !== undefined);
  }

  async processes(node: BinaryNode): Promise<readonly Listed[]> {
    const answer = await this.#ask(node, "ps", "--limit", "10000");
    return (answer as { processes: Listed[] }).processes;
  }

  async links(node: BinaryNode, pid: string): Promise<readonly string[]> {
    return ((await this.#ask(node, "inspect", pid)) as { links: string[] }).links;
  }

  async end(node: BinaryNode, pid: string): Promise<void> {
    await node.verb("exit", pid, "kill");
  }

  status(node: BinaryNode): Promise<Status> {
    return this.#ask(node, "status") as Promise<Status>;
  }

  async connected(node: BinaryNode): Promise<string[]> {
    const known = (await this.#ask(node, "nodes")) as { name: string; state: string }[];
    return known.filter(({ state }) => state === "up").map(({ name }) => name);
  }

  /** Lines of the log at these levels, of all starts of all nodes. */
  logged(...levels: readonly string[]): Record<string, unknown>[] {
    return this.#past.flatMap((node) =>
      node.lines.all
        .map((line) => ({ node: node.name, ...node.fields(line) }) as Record<string, unknown>)
        .filter(({ level }) => levels.includes(String(level))),
    );
  }

  /** All that was written down; each process's own lines are in its order. */
  records(): SoakRecord[] {
    const folder = join(this.#folder.path, "records");
    return readdirSync(folder).flatMap((file) => {
      const lines = readFileSync(join(folder, file), "utf8").split("\n");
      // What stands behind the last end of a line was being written when its node was killed.
      return withRuns(lines.slice(0, -1));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#past.map((node) => node[Symbol.asyncDispose]()));
  }

  async #ask(node: BinaryNode, verb: string, ...args: string[]): Promise<unknown> {
    const { code, stdout, stderr } = await node.verb(verb, ...args, "--json");
    if (code !== 0) throw new Error(`${verb} ${args.join(" ")} at ${node.name}: ${stderr}`);
    return JSON.parse(stdout);
  }
}

/** As the text forms of its pids have it. */
function creationOf(node: BinaryNode): string {
  return Number(node.log("up")[0]?.creation).toString(36);
}

/** The records of a file, with numbers that a process got one after the other put together: nearly all lines are such. */
function withRuns(lines: readonly string[]): SoakRecord[] {
  const records: SoakRecord[] = [];
  const runs = new Map<string, Extract<SoakRecord, { what: "run" }>>();
  for (const line of lines) {
    const record = JSON.parse(line) as SoakRecord;
    const { by, at } = record;
    const run = runs.get(by);
    if (record.what !== "got" || !record.whole) {
      runs.delete(by);
    } else if (run?.upTo === record.seq - 1) {
      run.upTo = record.seq;
      continue;
    } else {
      const begun = { what: "run", by, at, from: record.seq, upTo: record.seq } as const;
      runs.set(by, begun);
      records.push(begun);
      continue;
    }
    records.push(record);
  }
  return records;
}
