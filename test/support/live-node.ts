/** Whole nodes on the calling thread, over real sockets, with every part in reach: for tests of what only many nodes do. */
import { clock } from "../../src/bun/clock.ts";
import { entropy } from "../../src/bun/entropy.ts";
import { files } from "../../src/bun/files.ts";
import { createTransport } from "../../src/bun/tls/tls-transport.ts";
import { parseConfig } from "../../src/config/config.ts";
import { loadCookies } from "../../src/config/cookie.ts";
import { planNode, type NodePlan } from "../../src/node/node-plan.ts";
import type { LimitSetup } from "../../src/node/thread-message.ts";
import type { LogLevel } from "../../src/port/log.ts";
import type { Address } from "../../src/port/transport.ts";
import type { Caller, Context } from "../../src/process/api.ts";
import { InlineNode } from "../../src/program/inline-node.ts";
import { loadTls } from "../../src/program/tls.ts";
import type { Scheduler } from "../../src/scheduler/scheduler.ts";
import { Pid } from "../../src/term/pid.ts";
import type { Any, Tester } from "../conformance/scenario.ts";
import { Wires } from "./wires.ts";

const COOKIE = "a cookie for tests of many nodes";

/** How a node is to be; what is left out is as in production, but strict. */
export interface LiveNodeOptions {
  /** `a` becomes `a@127.0.0.1`. */
  readonly name: string;
  /** Milliseconds that sessions survive without their sockets. */
  readonly graceMs?: number;
  readonly tickIntervalMs?: number;
  readonly tickTimeoutMs?: number;
  readonly hidden?: boolean;
  /** Default: that of all nodes in tests. */
  readonly cookie?: string;
  readonly mesh?: boolean;
  readonly strict?: boolean;
  readonly limits?: Partial<LimitSetup>;
  /** Where it listens; default: any port. */
  readonly port?: number;
  /** Bytes that arrive at once at the most. */
  readonly chunkBytes?: number;
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
  /** Every socket of the node. */
  readonly wires: Wires;
  /** Sends and calls as the node's own program does. */
  readonly caller: Caller;
  #stopped: Promise<void> | undefined;

  private constructor(plan: NodePlan, parts: Pick<LiveNode, "inline" | "port" | "log" | "wires">) {
    this.name = plan.control.node;
    this.creation = plan.control.creation;
    this.inline = parts.inline;
    this.port = parts.port;
    this.log = parts.log;
    this.wires = parts.wires;
    this.caller = parts.inline.driver.scheduler.caller();
  }

  static async start(options: LiveNodeOptions): Promise<LiveNode> {
    const plan = planOf(options);
    const log: LogLine[] = [];
    const tls = await loadTls({ mode: "auto" }, plan.control.node);
    const wires = new Wires(createTransport(tls), options.chunkBytes);
    const { node, info } = await InlineNode.start({
      plan,
      tls,
      transport: wires,
      log: { write: (level, text, fields) => log.push({ level, text, fields }) },
      events: {
        stopRequested: () => void node.stop(),
        startRefused: () => undefined,
        resolve: async (name) => running.get(name),
      },
    });
    if (info.address !== undefined) running.set(plan.control.node, info.address);
    return new LiveNode(plan, { inline: node, port: info.address?.port ?? 0, log, wires });
  }

  get scheduler(): Scheduler {
    return this.inline.driver.scheduler;
  }

  /** `a@127.0.0.1:4321`: a name to connect to. */
  get hint(): string {
    return `${this.name}:${this.port}`;
  }

  /** A process for as long as the function runs; takes every message. */
  run<R>(fn: (ctx: Tester) => Promise<R>): Promise<R> {
    return this.scheduler.run((ctx: Context<Any>) => fn(ctx as unknown as Tester));
  }

  /** In order: peers hear of it. */
  stop(): Promise<void> {
    if (running.get(this.name)?.port === this.port) running.delete(this.name);
    return (this.#stopped ??= this.inline.stop());
  }

  /** A pid of any node as this one has it. */
  pid(pid: Pid): Pid<Any> {
    return Pid.parse(pid.toString(), this.scheduler.identities) as Pid<Any>;
  }

  connect(other: LiveNode): Promise<void> {
    return this.caller.node.connect(other.hint);
  }

  isConnected(other: LiveNode): boolean {
    return this.caller.node.list().includes(other.name);
  }

  /** As if its machine had lost power: sockets are reset, nobody answers, nobody is told. */
  async kill(): Promise<void> {
    this.wires.die();
    await this.stop();
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

/** Where the nodes of this program listen, for names without a port. */
const running = new Map<string, Address>();

/** Creations are milliseconds: two starts of one name within the same one would be one node. */
let wallLast = 0;

function planOf(options: LiveNodeOptions): NodePlan {
  const { graceMs, hidden, limits, mesh, tickIntervalMs, tickTimeoutMs } = options;
  const config = parseConfig({
    environment: {},
    options: [],
    given: {
      "node.name": `${options.name}@127.0.0.1:${options.port ?? 0}`,
      "node.cookie": options.cookie ?? COOKIE,
      "node.schedulers": "inline",
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
  options: Omit<LiveNodeOptions, "name"> = {},
): Promise<LiveNodes<N>> {
  const started: LiveNode[] = [];
  for (const name of names) {
    /* oxlint-disable no-await-in-loop -- each dials those before it */
    const node = await LiveNode.start({ ...options, name });
    for (const other of started) await node.connect(other);
    /* oxlint-enable no-await-in-loop */
    started.push(node);
  }
  const others = names.length - 1;
  await until("the nodes are connected", () =>
    started.every((node) => node.caller.node.list().length === others),
  );
  await Promise.all(started.flatMap((node) => started.map((other) => roundTrip(node, other))));
  return new LiveNodes(new Map(names.map((name, place) => [name, started[place] as LiveNode])));
}

/** There and back by the lanes, so that these stand. */
async function roundTrip(node: LiveNode, other: LiveNode): Promise<void> {
  const nobody: Any = { name: "nobody", node: other.name };
  await node.caller.call(nobody, {} as never).catch(() => undefined);
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

  /** Ends what still runs, then fails unless every table of every node gets empty. */
  async expectNoLeaks(): Promise<void> {
    for (const { scheduler } of this.all) {
      for (const { pid } of scheduler.list()) {
        scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
      }
    }
    const leaks = (): string[] => this.all.flatMap((node) => node.leaks());
    await until("empty tables", () => leaks().length === 0).catch(() => {
      throw new Error(`left behind: ${leaks().join(", ")}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((node) => node.stop()));
  }
}
