/** The scenarios on two nodes of the compiled executable, joined by TLS, two schedulers each; looked at from outside. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { parseConfig } from "../../src/config/config.ts";
import type { ClusterConnection } from "../../src/node/cluster-connection.ts";
import { openConnection } from "../../src/program/cluster-connection.ts";
import { BinaryNode, randomCookie } from "../e2e/support/binary-node.ts";
import { Folder } from "../e2e/support/folder.ts";
import { buildIfNeeded } from "../e2e/support/program.ts";
import { until } from "../support/live-node.ts";
import { ANSWERS } from "./runner.ts";
import { scenarios } from "./scenarios.ts";

const MODULES = [
  "actors.ts",
  "groups.ts",
  "names.ts",
  "servers.ts",
  "supervisors.ts",
  "runner.ts",
].map((file) => join(import.meta.dir, file));
const ASK_MS = 10_000;
/** What every scenario must leave: nothing but the process that takes our answers. */
const RESIDENTS = [ANSWERS];

/** Two nodes and a connection to each, from outside. */
class BinaryPair implements AsyncDisposable {
  readonly nodes: readonly [BinaryNode, BinaryNode];
  readonly #folder: Folder;
  readonly #connections: readonly ClusterConnection[];
  #told = 0;

  private constructor(
    nodes: readonly [BinaryNode, BinaryNode],
    folder: Folder,
    connections: readonly ClusterConnection[],
  ) {
    this.nodes = nodes;
    this.#folder = folder;
    this.#connections = connections;
  }

  static async start(): Promise<BinaryPair> {
    await buildIfNeeded();
    const folder = new Folder();
    const common = { cookie: randomCookie(), folder: folder.path, modules: MODULES };
    const far = await BinaryNode.start({ ...common, name: "far@127.0.0.1" });
    const near = await BinaryNode.start({
      ...{ ...common, name: "near@127.0.0.1", connect: [far], start: [ANSWERS] },
      args: ["--log-level", "info"],
    });
    const config = parseConfig({
      environment: { SNOW_COOKIE: common.cookie, SNOW_LISTEN_REGISTRY_PORT: "0" },
      options: [],
      directory: folder.path,
      cpus: 1,
    });
    const connections = [near, far].map(({ name, port }) =>
      openConnection({
        node: { name, host: "127.0.0.1", port },
        config,
        timeoutMs: ASK_MS,
        version: "test",
      }),
    );
    return new BinaryPair([near, far], folder, await Promise.all(connections));
  }

  /** @throws {Error} what the scenario failed with */
  async run(index: number): Promise<void> {
    const [near, far] = this.nodes;
    const places = { near: near.name, far: { node: far.name, scheduler: 2 } };
    await this.#connection(near).spawn(
      {
        node: { name: near.name, host: "127.0.0.1", port: near.port },
        scheduler: 1,
        function: "conformance.run",
        args: [index, places],
        name: undefined,
      },
      ASK_MS,
    );
    const over = near.logged("scenario is over", { index }, 30_000);
    let isOver = false;
    void over.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    await until(
      "the scenario is over",
      async () => {
        await this.#answer();
        return isOver;
      },
      30_000,
    );
    const { failure } = near.fields(await over)!;
    if (failure !== undefined) throw new Error(failure as string);
  }

  /** Ends what a scenario leaves running on purpose. */
  async endEverything(): Promise<void> {
    for (const node of this.nodes) {
      const { processes } = await this.#connection(node).query(
        node.name,
        "ps",
        { sort: "pid", limit: 1_000 },
        ASK_MS,
      );
      for (const { pid, function: name } of processes) {
        if (!RESIDENTS.includes(name)) await this.#connection(node).sendExit(pid, "kill");
      }
    }
  }

  /** Every table of every scheduler that is not empty. */
  async left(): Promise<string[]> {
    const found: string[] = [];
    for (const node of this.nodes) {
      const { schedulers } = await this.#connection(node).query(node.name, "status", {}, ASK_MS);
      for (const { index, processes, runQueue, tables } of schedulers) {
        const residents = node === this.nodes[0] && index === 1 ? RESIDENTS.length : 0;
        const sizes = { ...tables, runQueue, processes: processes - residents };
        for (const [table, size] of Object.entries(sizes)) {
          if (size !== 0) found.push(`${node.name} ${index}: ${table} ${size}`);
        }
      }
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
    this.#folder[Symbol.dispose]();
  }

  #connection(node: BinaryNode): ClusterConnection {
    return this.#connections[this.nodes.indexOf(node)]!;
  }

  /** Answers each question about links that the tester has asked in the log. */
  async #answer(): Promise<void> {
    const [near] = this.nodes;
    for (const { question, of } of near.log("links?").slice(this.#told)) {
      this.#told++;
      const home = this.nodes.find(({ name }) => String(of).startsWith(`${name}#`))!;
      const found = await this.#connection(home).query(
        home.name,
        "inspect",
        { pid: String(of) },
        ASK_MS,
      );
      const to = {
        kind: "name",
        name: ANSWERS,
        node: { name: near.name, host: "127.0.0.1", port: near.port },
      } as const;
      const message = { type: "links", question, links: found?.links ?? [] };
      await this.#connection(near).send(to, message);
    }
  }
}

describe("on two nodes of the executable", () => {
  let pair: BinaryPair;
  beforeAll(async () => {
    pair = await BinaryPair.start();
  });
  afterAll(async () => {
    await pair[Symbol.asyncDispose]();
  });

  for (const [index, scenario] of scenarios.entries()) {
    test(scenario.name, async () => {
      await pair.run(index);
      await pair.endEverything();
      let left: string[] = [];
      const empty = async (): Promise<boolean> => {
        left = await pair.left();
        return left.length === 0;
      };
      await until("empty tables", empty, 5_000).catch(() => expect(left).toEqual([]));
    });
  }
});
