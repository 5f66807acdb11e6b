import { resolve } from "node:path";

import { BinaryNode, randomCookie, type BinaryNodeOptions } from "./binary-node.ts";
import { Folder } from "./folder.ts";
import type { Host } from "./netns.ts";
import { buildIfNeeded } from "./program.ts";

/** The user module that the nodes load. */
export const ACTORS = resolve(import.meta.dir, "actors.ts");

export type Extra = Partial<Omit<BinaryNodeOptions, "name" | "folder">>;

const nameOf = (letter: string, host?: Host): string => `${letter}@${host?.address ?? "127.0.0.1"}`;

/**
 * Nodes of the compiled executable with one cookie and one folder, each with the functions of `actors.ts` and a
 * `look` process. All are killed and the folder is removed when this is disposed.
 */
export class BinaryCluster implements AsyncDisposable {
  readonly folder = new Folder();
  readonly cookie = randomCookie();
  readonly #nodes: BinaryNode[] = [];

  /** Builds the executable if needed and starts a node for each letter; each knows the first one and finds the others. */
  static async start(...letters: readonly string[]): Promise<BinaryCluster> {
    await buildIfNeeded();
    const cluster = new BinaryCluster();
    try {
      for (const letter of letters) await cluster.add(letter);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** Starts one more node, connected to the first that runs unless `extra` says otherwise. */
  async add(letter: string, extra: Extra = {}): Promise<BinaryNode> {
    const seed = this.#nodes.find((node) => node.program.running);
    const node = await BinaryNode.start({
      name: nameOf(letter, extra.host),
      cookie: this.cookie,
      folder: this.folder.path,
      modules: [ACTORS],
      connect: seed === undefined ? [] : [seed],
      start: ["look"],
      ...extra,
    });
    this.#nodes.push(node);
    return node;
  }

  /** The node of a letter that was started last. */
  node(letter: string): BinaryNode {
    const found = this.#nodes.findLast((node) => node.name.startsWith(`${letter}@`));
    if (found === undefined) throw new Error(`there is no node ${letter}`);
    return found;
  }

  /** Waits until every running node sees every other one. */
  async meshed(): Promise<void> {
    const running = this.#nodes.filter((node) => node.program.running);
    await Promise.all(
      running.flatMap((node) =>
        running.filter((peer) => peer !== node).map((peer) => sees(node, peer.name)),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node[Symbol.asyncDispose]()));
    this.folder[Symbol.dispose]();
  }
}

/** Waits until the `look` process of a node has seen a peer, or found it there when it began. */
export async function sees(node: BinaryNode, peer: string, timeoutMs = 10_000): Promise<void> {
  await node.lines.waitFor(
    (_text, line) => {
      const fields = node.fields(line);
      if (fields?.text === "looking") return (fields.present as string[]).includes(peer);
      return fields?.text === "seen" && fields.what === "nodeup" && fields.peer === peer;
    },
    { timeoutMs },
  );
}
