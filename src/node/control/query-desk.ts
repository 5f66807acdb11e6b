/** Answers what the command line asks a node (`query.ts`): gathers it from the schedulers and the sessions. */
import { messageOf } from "../../base/error.ts";
import { shown } from "../../base/shown.ts";
import type { Clock } from "../../port/clock.ts";
import type { Address } from "../../port/transport.ts";
import { parseIdentity, SERIAL_LIMIT } from "../../term/pid.ts";
import { formatHostPort, parseNodeName } from "../../config/node-name.ts";
import type { PeerDriver } from "./peers/peer-driver.ts";
import type {
  FunctionEntry,
  NodeEntry,
  QueryAnswer,
  QueryArgs,
  StatusAnswer,
} from "../../service/query.ts";
import type { SchedulerCounts } from "../scheduler/scheduler-query.ts";
import type { SchedulerGroup } from "./schedulers/scheduler-group.ts";
import { farNodes, joinTrees, nodeOf } from "../supervision-tree.ts";
import type { WatchdogDriver } from "./schedulers/watchdog-driver.ts";

/** Milliseconds that another node has for its part of a tree. */
const FAR_TREE_MS = 2_000;

/** Tells the asker: an answer, or in words why there is none. */
export type Reply = (ok: boolean, term: unknown) => void;

export interface DeskOptions {
  readonly setup: {
    readonly node: string;
    readonly creation: number;
    readonly version: string;
    readonly tlsMode: "auto" | "ca" | "off";
  };
  readonly clock: Clock;
  readonly schedulers: SchedulerGroup;
  readonly watchdog: Pick<WatchdogDriver, "lagMs" | "stuck">;
  readonly address: () => Address | undefined;
  readonly peers: () => readonly PeerDriver[];
  /** Calls `waiter` when there is a session, at once if there is one, or when there cannot be one. */
  readonly connect: (node: string, waiter: (ok: boolean, reason: string) => void) => void;
  readonly disconnect: (node: string) => boolean;
  /** Asks a connected node. */
  readonly query: (
    node: string,
    verb: string,
    args: unknown,
    timeoutMs: number,
  ) => Promise<unknown>;
  readonly stop: () => void;
  /** Answer for their own verbs. */
  readonly services: { query(verb: string, args: unknown): unknown };
  /** Memory of the whole process. */
  readonly memoryBytes: () => number;
}

export class QueryDesk {
  readonly #options: DeskOptions;
  readonly #startedAt: number;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  ask(verb: string, args: unknown, reply: Reply): void {
    if (verb === "connect") return this.#connect(args, reply);
    this.#answer(verb, args).then(
      (answer) => reply(true, answer),
      (error: unknown) => reply(false, messageOf(error)),
    );
  }

  #connect(args: unknown, reply: Reply): void {
    // A peer wrote it: it may be anything.
    const node = (args as { readonly node?: unknown } | null)?.node;
    const parsed = typeof node === "string" ? parseNodeName(node) : undefined;
    if (typeof node !== "string" || parsed === undefined)
      return reply(false, `expected name@host, got ${shown(node)}`);
    const { name } = parsed;
    this.#options.connect(node, (ok, reason) => reply(ok, ok ? { name } : `${name}: ${reason}`));
  }

  async #answer(verb: string, args: unknown): Promise<unknown> {
    switch (verb) {
      case "ping":
        return true;
      case "status":
        return this.#status();
      case "nodes":
        return this.#nodes();
      case "ps":
        return this.#ps(args as QueryArgs<"ps">);
      case "functions":
        return this.#functions();
      case "inspect":
        return this.#inspect(args as QueryArgs<"inspect">);
      case "tree":
        return this.#tree(args as QueryArgs<"tree">);
      case "dead_letters":
        return this.#deadLetters(args);
      case "disconnect": {
        const connected = this.#options.disconnect((args as QueryArgs<"disconnect">).node);
        return { connected } satisfies QueryAnswer<"disconnect">;
      }
      case "stop":
        // After the answer has left.
        this.#options.clock.setTimer(10, () => this.#options.stop());
        return { name: this.#options.setup.node } satisfies QueryAnswer<"stop">;
      default:
        return this.#options.services.query(verb, args);
    }
  }

  async #status(): Promise<StatusAnswer> {
    const { setup, schedulers, watchdog, clock, address, peers } = this.#options;
    const { answers } = await this.#askAll("counts", {});
    const counts = answers as (SchedulerCounts | undefined)[];
    const lagMs = watchdog.lagMs();
    const deadLetters: Record<string, number> = {};
    for (const count of counts) {
      for (const [reason, letters] of Object.entries(count?.deadLetters ?? {})) {
        deadLetters[reason] = (deadLetters[reason] ?? 0) + letters;
      }
    }
    const listening = address();
    return {
      name: setup.node,
      address: listening === undefined ? "" : formatHostPort(listening.host, listening.port),
      version: setup.version,
      creation: setup.creation,
      uptimeMs: clock.now() - this.#startedAt,
      tls: setup.tlsMode,
      schedulers: counts.map((count, place) => ({
        index: place + 1,
        processes: count?.processes ?? 0,
        runQueue: count?.runQueue ?? 0,
        tables: count?.tables ?? {},
        lagMs: lagMs[place] ?? 0,
        stuck: watchdog.stuck(place + 1),
      })),
      sessions: peers().filter((peer) => peer.number > 0 && peer.info?.peer.hidden !== true).length,
      memoryBytes: this.#options.memoryBytes(),
      functions: schedulers.functions.length,
      deadLetters,
      strayErrors: counts.reduce((sum, count) => sum + (count?.strayErrors ?? 0), 0),
    };
  }

  #nodes(): readonly NodeEntry[] {
    const now = this.#options.clock.now();
    return this.#options
      .peers()
      .map((peer): NodeEntry => {
        const hello = peer.info?.peer;
        const { address } = hello ?? {};
        return {
          name: peer.name,
          address: address === undefined ? "" : formatHostPort(address.host, address.port),
          state: stateOf(peer),
          hidden: hello?.hidden ?? false,
          creation: hello?.creation,
          upMs: peer.number === 0 ? undefined : now - peer.upSince,
          lanes: peer.lanes,
        };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #ps(args: QueryArgs<"ps">): Promise<QueryAnswer<"ps">> {
    const { sort, limit } = args;
    const { answers, silent } = await this.#askAll("ps", args);
    const lists = answers as (QueryAnswer<"ps"> | undefined)[];
    const all = lists.flatMap((list) => list?.processes ?? []);
    if (sort !== "pid") all.sort((a, b) => b[sort] - a[sort]);
    const total = lists.reduce((sum, list) => sum + (list?.total ?? 0), 0);
    return { processes: all.slice(0, limit), total, silent };
  }

  #functions(): readonly FunctionEntry[] {
    return this.#options.schedulers.functions
      .map(({ name, version, kind }) => ({ name, version: String(version), kind }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Only its own scheduler knows a process. @throws {Error} it does not turn, or the text is no pid of this node */
  async #inspect({ pid }: QueryArgs<"inspect">): Promise<QueryAnswer<"inspect">> {
    const { setup, schedulers } = this.#options;
    const identity = parseIdentity(pid);
    if (identity === undefined) throw new Error(`not a pid: ${JSON.stringify(pid)}`);
    if (identity.name !== setup.node) throw new Error(`${pid} is no process of ${setup.node}`);
    const scheduler = Math.floor(identity.local / SERIAL_LIMIT);
    if (scheduler < 1 || scheduler > schedulers.count) return null;
    const answer = await this.#askOne(scheduler, "inspect", { pid });
    return (answer ?? null) as QueryAnswer<"inspect">;
  }

  /**
   * With the parts of these trees that other nodes have; who does not answer is shown without them.
   * @throws {Error} there is no tree because schedulers do not answer
   */
  async #tree({ isAlone }: QueryArgs<"tree">): Promise<QueryAnswer<"tree">> {
    const { answers, silent } = await this.#askAll("tree", {});
    const trees = (answers as (QueryAnswer<"tree"> | undefined)[]).flatMap((some) => some ?? []);
    if (trees.length === 0 && silent.length > 0) throw new Error(silent.join("; "));
    if (isAlone === true) return joinTrees(trees);
    const { node: own } = this.#options.setup;
    const asked = new Set([own]);
    for (;;) {
      const next = farNodes(trees, own).filter((node) => !asked.has(node));
      if (next.length === 0) break;
      for (const node of next) asked.add(node);
      // oxlint-disable-next-line no-await-in-loop -- their answers may name further nodes
      trees.push(...(await Promise.all(next.map((node) => this.#treesOf(node)))).flat());
    }
    return joinTrees(trees).filter((tree) => (nodeOf(tree) ?? own) === own);
  }

  async #treesOf(node: string): Promise<QueryAnswer<"tree">> {
    try {
      const args = { isAlone: true };
      return (await this.#options.query(node, "tree", args, FAR_TREE_MS)) as QueryAnswer<"tree">;
    } catch {
      return [];
    }
  }

  /** Of the schedulers that answer, oldest first. */
  async #deadLetters(args: unknown): Promise<QueryAnswer<"dead_letters">> {
    const { answers } = await this.#askAll("dead_letters", args);
    const rows = (answers as (QueryAnswer<"dead_letters"> | undefined)[]).flatMap(
      (some) => some ?? [],
    );
    return rows.sort((one, other) => one.at - other.at);
  }

  /** Every scheduler's answer, in order, undefined where there is none; and in words who gives none. */
  async #askAll(
    verb: string,
    args: unknown,
  ): Promise<{ readonly answers: readonly unknown[]; readonly silent: readonly string[] }> {
    const silent: string[] = [];
    const asked = Array.from({ length: this.#options.schedulers.count }, async (_none, place) => {
      try {
        return await this.#askOne(place + 1, verb, args);
      } catch (error) {
        silent.push(messageOf(error));
        return undefined;
      }
    });
    return { answers: await Promise.all(asked), silent };
  }

  /** @throws {Error} it is known to be stuck, cannot answer, or does not in time */
  async #askOne(scheduler: number, verb: string, args: unknown): Promise<unknown> {
    const { schedulers, watchdog } = this.#options;
    const stuck = watchdog.stuck(scheduler);
    if (stuck === undefined) return schedulers.ask(scheduler, verb, args);
    const forMs = Math.round(watchdog.lagMs()[scheduler - 1] ?? 0);
    throw new Error(
      `scheduler ${scheduler} has been stuck in ${stuck.function} ${stuck.pid} for ${forMs} ms`,
    );
  }
}

function stateOf(peer: PeerDriver): NodeEntry["state"] {
  switch (peer.state) {
    case "up":
    case "suspect":
    case "connecting":
      return peer.state;
    case "ending":
      return "up";
    case "idle":
      return "down";
  }
}
