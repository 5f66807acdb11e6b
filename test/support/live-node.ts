/** Whole nodes on the calling thread, over real sockets, with every part in reach: for tests of what only many nodes do. */
import { clock } from "../../src/bun/clock.ts";
import { entropy } from "../../src/bun/entropy.ts";
import { files } from "../../src/bun/files.ts";
import { parseConfig } from "../../src/node/config.ts";
import { loadCookies } from "../../src/node/cookie.ts";
import { planNode, type NodePlan } from "../../src/node/node-plan.ts";
import type { LimitSetup } from "../../src/node/thread-message.ts";
import type { LogLevel } from "../../src/port/log.ts";
import type { Caller, Context } from "../../src/process/api.ts";
import { InlineNode } from "../../src/program/inline-node.ts";
import { loadTls } from "../../src/program/tls.ts";
import type { Scheduler } from "../../src/scheduler/scheduler.ts";

const COOKIE = "a cookie for tests of many nodes";

/** How a node is to be; what is left out is as in production, but strict. */
export interface LiveNodeOptions {
  /** `a` becomes `a@127.0.0.1`. */
  readonly name: string;
  readonly seeds?: readonly LiveNode[];
  /** Milliseconds that sessions survive without their sockets. */
  readonly graceMs?: number;
  readonly tickIntervalMs?: number;
  readonly tickTimeoutMs?: number;
  readonly hidden?: boolean;
  readonly mesh?: boolean;
  readonly strict?: boolean;
  readonly limits?: Partial<LimitSetup>;
  /** Where it listens; default: any port. */
  readonly port?: number;
}

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A node that runs here. */
export class LiveNode implements AsyncDisposable {
  readonly name: string;
  readonly creation: number;
  readonly inline: InlineNode;
  readonly port: number;
  readonly log: readonly LogLine[];
  /** Sends and calls as the node's own program does. */
  readonly caller: Caller;
  #stopped: Promise<void> | undefined;

  private constructor(plan: NodePlan, inline: InlineNode, port: number, log: readonly LogLine[]) {
    this.name = plan.control.node;
    this.creation = plan.control.creation;
    this.inline = inline;
    this.port = port;
    this.log = log;
    this.caller = inline.driver.scheduler.caller();
  }

  static async start(options: LiveNodeOptions): Promise<LiveNode> {
    const plan = planOf(options);
    const log: LogLine[] = [];
    const { node, info } = await InlineNode.start({
      plan,
      tls: await loadTls({ mode: "auto" }, plan.control.node),
      log: { write: (level, text, fields) => log.push({ level, text, fields }) },
      events: {
        stopRequested: () => void node.stop(),
        startRefused: () => undefined,
        resolve: async () => undefined,
      },
    });
    return new LiveNode(plan, node, info.address?.port ?? 0, log);
  }

  get scheduler(): Scheduler {
    return this.inline.driver.scheduler;
  }

  /** `a@127.0.0.1:4321`: a name to connect to. */
  get hint(): string {
    return `${this.name}:${this.port}`;
  }

  run<R, M = unknown>(fn: (ctx: Context<M>) => Promise<R>): Promise<R> {
    return this.scheduler.run(fn);
  }

  /** In order: peers hear of it. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.inline.stop());
  }

  /** Names and sizes of the tables that are not empty. */
  leaks(): string[] {
    const tables: [string, number][] = Object.entries(this.scheduler.tables());
    tables.push(["waiting", this.inline.driver.waiting]);
    return tables
      .filter(([, size]) => size !== 0)
      .map(([table, size]) => `${this.name}: ${table} ${String(size)}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Creations are milliseconds: two starts of one name within the same one would be one node. */
let wallLast = 0;

function planOf(options: LiveNodeOptions): NodePlan {
  const { graceMs, hidden, limits, mesh, tickIntervalMs, tickTimeoutMs } = options;
  const config = parseConfig({
    environment: {},
    options: [],
    given: {
      "node.name": `${options.name}@127.0.0.1:${options.port ?? 0}`,
      "node.cookie": COOKIE,
      "node.schedulers": "inline",
      "cluster.seeds": (options.seeds ?? []).map((seed) => seed.hint),
      "listen.registry_port": 0,
      ...(hidden === undefined ? {} : { "node.hidden": hidden }),
      ...(mesh === undefined ? {} : { "cluster.mesh": mesh }),
      ...(graceMs === undefined ? {} : { "cluster.session_grace": `${graceMs}ms` }),
      ...(tickIntervalMs === undefined ? {} : { "cluster.tick_interval": `${tickIntervalMs}ms` }),
      ...(tickTimeoutMs === undefined ? {} : { "cluster.tick_timeout": `${tickTimeoutMs}ms` }),
    },
    directory: "/",
    cpus: 1,
  });
  const { name } = config.node;
  if (name === undefined) throw new Error("a node has a name");
  wallLast = Math.max(wallLast + 1, clock.wall());
  const plan = planNode({
    config,
    name,
    cookies: loadCookies(config, files, entropy),
    version: "test",
    wall: wallLast,
    strict: options.strict ?? true,
    listens: true,
  });
  return {
    ...plan,
    schedulers: plan.schedulers.map((setup) => ({
      ...setup,
      limits: { ...setup.limits, ...limits },
    })),
  };
}

/** Resolves when the condition holds. @throws {Error} it does not within `withinMs` */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 5_000,
): Promise<void> {
  const deadline = clock.now() + withinMs;
  // oxlint-disable-next-line no-await-in-loop -- looks again and again
  while (!(await condition())) {
    if (clock.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    // oxlint-disable-next-line no-await-in-loop -- looks again and again
    await new Promise<void>((resolve) => clock.setTimer(1, resolve));
  }
}

/** Starts nodes and waits until each sees all others. */
export async function liveNodes<const N extends string>(
  names: readonly N[],
  options: Omit<LiveNodeOptions, "name" | "seeds"> = {},
): Promise<LiveNodes<N>> {
  const started: LiveNode[] = [];
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- each dials those before it
    started.push(await LiveNode.start({ ...options, name, seeds: [...started] }));
  }
  const others = names.length - 1;
  await until("the nodes are connected", () =>
    started.every((node) => node.caller.node.list().length === others),
  );
  return new LiveNodes(new Map(names.map((name, place) => [name, started[place] as LiveNode])));
}

/** Nodes by their short names. */
export class LiveNodes<N extends string> implements AsyncDisposable {
  readonly #nodes: Map<N, LiveNode>;

  constructor(nodes: Map<N, LiveNode>) {
    this.#nodes = nodes;
  }

  node(name: N): LiveNode {
    return this.#nodes.get(name) as LiveNode;
  }

  get all(): readonly LiveNode[] {
    return [...this.#nodes.values()];
  }

  /** Fails unless every table of every node gets empty. */
  async expectNoLeaks(): Promise<void> {
    const leaks = (): string[] => this.all.flatMap((node) => node.leaks());
    await until("empty tables", () => leaks().length === 0).catch(() => {
      throw new Error(`left behind: ${leaks().join(", ")}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((node) => node.stop()));
  }
}
