/** How the command line reaches a cluster: as a hidden node on this thread that joins for a moment. */
import { clock } from "../bun/clock.ts";
import { entropy } from "../bun/entropy.ts";
import { files } from "../bun/files.ts";
import { CallError, ConnectionError, ProtocolError } from "../base/error.ts";
import { callServer } from "../behaviour/server/client.ts";
import { MessageTypes } from "../behaviour/server/server-message.ts";
import type {
  ClusterConnection,
  ConnectOptions,
  Destination,
  SpawnRequest,
} from "../node/cluster-connection.ts";
import { parseConfig } from "../config/config.ts";
import { loadCookies } from "../config/cookie.ts";
import { DEFAULT_PORT, type NodeAddress } from "../config/node-name.ts";
import { planNode } from "../node/node-plan.ts";
import type { TlsSetup } from "../node/thread-message.ts";
import type { QueryAnswer, QueryArgs, QueryVerb } from "../service/query.ts";
import type { LogSink } from "../port/log.ts";
import type { Caller, Target, UntypedTarget } from "../process/api.ts";
import { Pid } from "../term/pid.ts";
import { InlineNode } from "./inline-node.ts";
import { certifiedHost, loadTls } from "./tls.ts";
import { resolveName } from "./registry.ts";

/** What came of a dial, for the error that the user sees: the log of a tool is nobody's business otherwise. */
class LastWarning implements LogSink {
  code: string | undefined;
  text: string | undefined;

  write(_level: string, _text: string, fields: Readonly<Record<string, unknown>>): void {
    if (typeof fields["code"] !== "string" || typeof fields["error"] !== "string") return;
    this.code = fields["code"];
    this.text = fields["error"];
  }
}

/** @throws {ConnectionError} {ProtocolError} {ConfigError} */
export async function openConnection(
  options: ConnectOptions & { readonly version: string },
): Promise<ClusterConnection> {
  const { config, node, timeoutMs } = options;
  const cookies = loadCookies(config, files, entropy);
  const tls = await loadTls(config.tls, "tool");
  const name = toolName(tls);
  const plan = planNode({
    config: hidden(config),
    name,
    cookies,
    version: options.version,
    wall: clock.wall(),
    strict: false,
    listens: false,
  });
  const log = new LastWarning();
  const { node: inline } = await InlineNode.start({
    plan,
    tls,
    log,
    events: {
      stopRequested: () => undefined,
      startRefused: () => undefined,
      resolve: (wanted) => resolveName(wanted, config.listen.registryPort),
    },
  });
  try {
    await inline.driver.nodeLink.connect(await dialled(node, config.listen.registryPort), {
      timeoutMs,
    });
  } catch (error) {
    await inline.stop();
    throw explained(error, log, node);
  }
  return new InlineConnection(node.name, inline);
}

/** The node with a port, from its name, the registry of its host, or the default. */
async function dialled(node: NodeAddress, registryPort: number): Promise<string> {
  if (node.port !== undefined) return `${node.name}:${node.port}`;
  const found = await resolveName(node.name, registryPort);
  return `${node.name}:${found?.port ?? DEFAULT_PORT}`;
}

function explained(error: unknown, log: LastWarning, node: NodeAddress): unknown {
  if (error instanceof CallError && error.code === "timeout") {
    return new ConnectionError("connection_timeout", `${node.name} did not answer in time`);
  }
  if (!(error instanceof ConnectionError) || log.text === undefined) return error;
  if (log.code === "connection_refused" || log.code === undefined) {
    return new ConnectionError("connection_refused", `${node.name}: ${log.text}`);
  }
  return new ProtocolError("not_allowed", `${node.name}: ${log.text}`);
}

/** With an operator's certificate a tool is of a host that it stands for: its peers look at that. */
function toolName(tls: TlsSetup): NodeAddress {
  const id = entropy.bytes(6).toHex();
  const host = (tls.mode === "ca" ? certifiedHost(tls) : undefined) ?? "127.0.0.1";
  const name = `tool-${id}@${host.includes(":") ? `[${host}]` : host}`;
  return { name, host, port: 0 };
}

/** The same cluster and secrets, and nothing that a visitor has no use for. */
function hidden(config: ConnectOptions["config"]): ConnectOptions["config"] {
  const base = parseConfig({ environment: {}, options: [], directory: "/", cpus: 1 });
  return {
    ...base,
    tls: config.tls,
    limits: config.limits,
    node: { ...base.node, hidden: true, schedulers: "inline" },
    cluster: { ...base.cluster, mesh: false, sessionGraceMs: 0, seeds: [] },
  };
}

class InlineConnection implements ClusterConnection {
  readonly node: string;
  readonly #inline: InlineNode;
  readonly #caller: Caller;

  constructor(node: string, inline: InlineNode) {
    this.node = node;
    this.#inline = inline;
    this.#caller = inline.driver.scheduler.caller();
  }

  async query<V extends QueryVerb>(
    node: string,
    verb: V,
    args: QueryArgs<V>,
    timeoutMs: number,
  ): Promise<QueryAnswer<V>> {
    return (await this.#inline.control.query(node, verb, args, timeoutMs)) as QueryAnswer<V>;
  }

  async spawn(request: SpawnRequest, timeoutMs: number): Promise<string> {
    await this.#connect(request.node, timeoutMs);
    const { scheduler, name } = request;
    const place = { node: request.node.name, ...(scheduler === undefined ? {} : { scheduler }) };
    const options = { timeoutMs, ...(name === undefined ? {} : { name }) };
    const pid = await this.#caller.spawnOn(place, request.function, request.args, options);
    return pid.toString();
  }

  async send(to: Destination, message: unknown): Promise<void> {
    await this.#reach(to, 5_000);
    this.#caller.send(this.#target(to) as UntypedTarget, message);
  }

  async call(
    to: Destination,
    request: Readonly<Record<string, unknown>>,
    timeoutMs: number,
  ): Promise<unknown> {
    await this.#reach(to, timeoutMs);
    return this.#request(to, request, timeoutMs);
  }

  async callServer(
    to: Destination,
    call: string,
    args: readonly unknown[],
    timeoutMs: number,
  ): Promise<unknown> {
    await this.#reach(to, timeoutMs);
    const types = new MessageTypes("call", call);
    return callServer(this.#caller, this.#target(to), types, args, { timeoutMs });
  }

  async sendExit(pid: string, reason: unknown): Promise<void> {
    await this.#reach({ kind: "pid", pid }, 5_000);
    this.#caller.sendExit(this.#pid(pid), reason);
  }

  /** What was sent leaves first: the session ends in order. */
  async close(): Promise<void> {
    await this.#inline.stop();
  }

  #request(to: Destination, request: object, timeoutMs: number): Promise<unknown> {
    const target = this.#target(to) as Target<{ replyTo: Pid<unknown> }>;
    return this.#caller.call(target as never, request as never, { timeoutMs });
  }

  #target(to: Destination): UntypedTarget | Pid {
    return to.kind === "pid" ? this.#pid(to.pid) : { name: to.name, node: to.node.name };
  }

  #pid(text: string): Pid<unknown> {
    return Pid.parse(text, this.#inline.driver.scheduler.identities);
  }

  /** A node that was not joined at first is dialled at its own address. */
  async #reach(to: Destination, timeoutMs: number): Promise<void> {
    if (to.kind === "name") await this.#connect(to.node, timeoutMs);
  }

  async #connect(node: NodeAddress, timeoutMs: number): Promise<void> {
    const connected = this.#inline.control.peers.includes(node.name);
    if (connected) return;
    const text = node.port === undefined ? node.name : `${node.name}:${node.port}`;
    await this.#inline.driver.nodeLink.connect(text, { timeoutMs });
  }
}
