/** Two nodes on hosts of their own, and what cutting the link between them does to what their processes see. */
import { resolve } from "node:path";

import { Prng } from "../../../src/base/prng.ts";
import { BinaryCluster } from "./binary-cluster.ts";
import type { BinaryNode } from "./binary-node.ts";
import { Network } from "./netns.ts";

const ACTORS = resolve(import.meta.dir, "cut-actors.ts");
const PAIRS_EACH_WAY = 3;
/** A cut link is back in far less; what is waited for after it comes with the next retransmission. */
const PROGRESS_MS_MAX = 20_000;
const STOP = JSON.stringify({ type: "stop" });

/** Two nodes, connected, with all that was started on them. */
export class CutRun implements AsyncDisposable {
  readonly network: Network;
  readonly a: BinaryNode;
  readonly b: BinaryNode;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    network: Network,
    nodes: [BinaryNode, BinaryNode],
    stack: AsyncDisposableStack,
  ) {
    this.network = network;
    [this.a, this.b] = nodes;
    this.#stack = stack;
  }

  static async start(grace: string): Promise<CutRun> {
    await using stack = new AsyncDisposableStack();
    const network = stack.use(new Network(2));
    const cluster = stack.use(await BinaryCluster.start());
    const args = [
      ...["--cluster-tick-interval", "300ms", "--cluster-tick-timeout", "300ms"],
      ...["--cluster-session-grace", grace],
    ];
    const common = { modules: [ACTORS], start: [], args };
    const b = await cluster.add("b", { ...common, host: network.host(2) });
    const a = await cluster.add("a", { ...common, host: network.host(1), connect: [b] });
    await Promise.all([
      a.logged("node up", { node: b.name }),
      b.logged("node up", { node: a.name }),
    ]);
    return new CutRun(network, [a, b], stack.move());
  }

  get nodes(): readonly (readonly [node: BinaryNode, peer: BinaryNode])[] {
    return [
      [this.a, this.b],
      [this.b, this.a],
    ];
  }

  async spawn(node: BinaryNode, name: string, ...args: readonly string[]): Promise<void> {
    const { code, stderr } = await node.tool("spawn", node.hint, name, ...args);
    if (code !== 0) throw new Error(stderr);
  }

  async stop(node: BinaryNode, name: string): Promise<void> {
    await node.tool("send", `${node.hint}/${name}`, STOP);
  }

  /** Starts pairs in both directions; their names with the node that sends. */
  async startPairs(): Promise<(readonly [pair: string, from: BinaryNode, to: BinaryNode])[]> {
    const pairs: (readonly [string, BinaryNode, BinaryNode])[] = [];
    for (const [from, to] of this.nodes) {
      for (let number = 1; number <= PAIRS_EACH_WAY; number++) {
        const pair = `${from.name[0]}${number}`;
        await this.spawn(from, "sender", pair, to.name);
        pairs.push([pair, from, to]);
      }
    }
    return pairs;
  }

  /** Waits until a sender of each node has heard of something new from the other one. */
  async progress(): Promise<void> {
    await Promise.all(
      this.nodes.map(([node]) =>
        node.lines.waitFor((_text, line) => node.fields(line)?.text === "progress", {
          from: node.lines.all.length,
          timeoutMs: PROGRESS_MS_MAX,
        }),
      ),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

type Cut = (run: CutRun) => void;

/** Ways to lose a link. In some of them one side's sockets die and the other one is not told. */
const CUTS: readonly Cut[] = [
  ({ network }) => network.unplug(network.host(1)),
  ({ network }) => network.unplug(network.host(2)),
  ({ network }) => network.cut(network.host(1), network.host(2)),
  ({ network }) => network.cut(network.host(1), network.host(2), { oneWay: true }),
  ({ network }) => network.cut(network.host(2), network.host(1), { oneWay: true }),
  ({ network }) => {
    network.cut(network.host(1), network.host(2));
    network.breakSockets(network.host(1));
  },
  ({ network }) => {
    network.unplug(network.host(2));
    network.breakSockets(network.host(2));
  },
  ({ network }) => {
    network.cut(network.host(1), network.host(2));
    network.breakSockets(network.host(1));
    network.breakSockets(network.host(2));
  },
  // The link stands; every connection on it does not.
  ({ network }) => network.breakSockets(network.host(1)),
];

/** Mostly short, some longer than a tick allows, none near the grace. */
function cutMs(random: Prng): number {
  const kind = random.below(10);
  if (kind < 6) return 5 + random.below(200);
  return kind < 9 ? 200 + random.below(700) : 1_000 + random.below(1_000);
}

export interface CutReport {
  /** Numbers sent by all pairs together. */
  readonly messages: number;
  /** What was not as it should be, in words; empty: nothing. */
  readonly faults: readonly string[];
  /** Times that a node suspected the session, both nodes together. */
  readonly suspicions: number;
}

/**
 * Cuts the link again and again while numbers flow, each time after some have been acknowledged since the last time, and
 * then checks that every receiver got what its sender sent: each number once, in order. No monitor may fire.
 */
export async function cutAgainAndAgain(options: {
  readonly cuts: number;
  readonly seed: number;
  readonly said?: (text: string) => void;
}): Promise<CutReport> {
  const random = new Prng(options.seed);
  await using run = await CutRun.start("30s");
  const pairs = await run.startPairs();
  for (let cut = 1; cut <= options.cuts; cut++) {
    await run.progress();
    await Bun.sleep(random.below(150));
    CUTS[random.below(CUTS.length)]!(run);
    await Bun.sleep(cutMs(random));
    run.network.heal();
    if (cut % 10 === 0) options.said?.(`${cut} cuts`);
  }
  await run.progress();
  const faults: string[] = [];
  let messages = 0;
  for (const [pair, from, to] of pairs) {
    await run.stop(from, pair);
    const sent = from.fields(await from.logged("sent", { pair }, PROGRESS_MS_MAX))!;
    const received = to.fields(await to.logged("received", { pair }))!;
    messages += Number(sent.count);
    if (received.broken !== 0 || received.count !== sent.count)
      faults.push(JSON.stringify({ sent, received }));
  }
  for (const [node, peer] of run.nodes) {
    for (const fields of [...node.log("pair lost"), ...node.log("node down")])
      if (fields.node === undefined || fields.node === peer.name)
        faults.push(JSON.stringify(fields));
  }
  const suspicions = run.nodes.reduce((sum, [node]) => sum + node.log("session suspect").length, 0);
  return { messages, faults, suspicions };
}

/** Cuts the link for longer than the grace and counts how often each monitor and link fired, on both sides. */
export async function cutForGood(): Promise<readonly string[]> {
  await using run = await CutRun.start("1s");
  for (const [node, peer] of run.nodes) await run.spawn(node, "guard", peer.name);
  // Each may have to wait for the name of the other one.
  for (const [node] of run.nodes) await node.logged("guarding");
  const { network } = run;
  network.unplug(network.host(2));
  for (const [node, peer] of run.nodes)
    await node.logged("node down", { node: peer.name }, PROGRESS_MS_MAX);
  network.heal();
  for (const [node, peer] of run.nodes) {
    const downAt = node.lines.all.findIndex((line) => node.fields(line)?.text === "node down");
    await node.lines.waitFor((text) => text.includes('"node up"') && text.includes(peer.name), {
      from: downAt,
      timeoutMs: PROGRESS_MS_MAX,
    });
  }
  const faults: string[] = [];
  for (const [node] of run.nodes) {
    await run.stop(node, "guard");
    const guarded = node.fields(await node.logged("guarded"))!;
    const { bonds, once, more, nodeDowns, late } = guarded;
    if (once !== bonds || more !== 0 || nodeDowns !== 1 || late !== 0)
      faults.push(JSON.stringify(guarded));
  }
  return faults;
}
