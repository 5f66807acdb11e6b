import { ConnectionError } from "../base/error.ts";
import { duration, formatDuration } from "../config/measure.ts";
import type { NodeConfig } from "../config/config.ts";
import type { KeyPath } from "../config/schema.ts";
import { parseNodeName, portHint, type NodeAddress } from "../config/node-name.ts";
import { isOn, usage, valueOf, type Arguments, type Option } from "./arguments.ts";
import { CONFIG_OPTION, configOptions, configure } from "./configure.ts";
import type { ClusterConnection, Destination } from "../node/cluster-connection.ts";
import { jsonLine } from "./show.ts";
import type { World } from "./world.ts";

/** What it takes to be let into a cluster; the rest of the configuration does not concern a verb that only asks. */
const CONNECTION_KEYS: readonly KeyPath[] = [
  "node.cookie_file",
  "node.cookie",
  "node.cookie_weak",
  "listen.registry_port",
  "tls.mode",
  "tls.cert",
  "tls.key",
  "tls.ca",
];

const TIMEOUT_MS = 5_000;
const WATCH_MS = 1_000;
const DAY_MS = 86_400_000;
/** How long the registry of this very host may take. */
const REGISTRY_MS = 1_000;

/** The options of every verb that talks to a node. */
export const TALK_OPTIONS: readonly Option[] = [
  {
    name: "--node",
    value: "NAME@HOST:PORT",
    doc: "Whom to ask. Default: the node that is configured, or the only one on this host.",
  },
  {
    name: "--timeout",
    value: "DURATION",
    doc: `How long to wait for the connection, and then for the answer. Default: ${formatDuration(TIMEOUT_MS)}.`,
  },
  CONFIG_OPTION,
  ...configOptions(CONNECTION_KEYS),
];

/** For programs. */
export const JSON_OPTION: Option = {
  name: "--json",
  value: undefined,
  doc: "One line of JSON instead of text.",
};

/** Again and again. */
export const WATCH_OPTION: Option = {
  name: "--watch",
  value: "DURATION",
  optional: true,
  doc: `Ask again every ${formatDuration(WATCH_MS)}, or as often as you say, until Ctrl-C.`,
};

/** A connection, and what the arguments say about its use. */
export interface Talk {
  readonly connection: ClusterConnection;
  readonly timeoutMs: number;
}

/**
 * Joins the node that the arguments name, else `target`, else the configured one, else the only one of this host; hands the
 * connection to `use` and closes it whatever happens.
 */
export async function talk(
  args: Arguments,
  world: World,
  target: NodeAddress | undefined,
  use: (talk: Talk) => Promise<number>,
): Promise<number> {
  const config = await configure(args, world);
  const timeoutMs = durationOf(args, "--timeout", TIMEOUT_MS);
  const node = await chooseNode(args, world, target, config);
  const connection = await world.openConnection({ node, config, timeoutMs });
  try {
    return await use({ connection, timeoutMs });
  } finally {
    await connection.close();
  }
}

async function chooseNode(
  args: Arguments,
  world: World,
  target: NodeAddress | undefined,
  config: NodeConfig,
): Promise<NodeAddress> {
  const option = valueOf(args, "--node");
  if (option !== undefined) return parseNode("--node", option);
  if (target !== undefined) return target;
  const own = config.node.name;
  // With port 0 the registry knows where it really listens, if anybody does.
  if (own !== undefined)
    return own.port === 0 ? { name: own.name, host: own.host, port: undefined } : own;
  const { registryPort } = config.listen;
  const nodes = registryPort === 0 ? [] : await world.localNodes(registryPort, REGISTRY_MS);
  const [first] = nodes;
  if (first === undefined) {
    throw new ConnectionError(
      "name_unresolved",
      "no node is known on this host: say --node name@host:port",
    );
  }
  if (nodes.length > 1) {
    throw usage(
      `expected --node, since this host has several: ${nodes.map((node) => node.name).join(", ")}`,
    );
  }
  return first;
}

/**
 * A node's name as an argument.
 * @throws {ConfigError} bad_usage
 */
export function parseNode(what: string, text: string): NodeAddress {
  const node = parseNodeName(text);
  if (node === undefined || node.port === 0) {
    throw usage(
      `${what}: expected name@host or name@host:port, got ${JSON.stringify(text)}${portHint(text)}`,
    );
  }
  return node;
}

/**
 * `node/name`, or a pid's text, which has a `#`.
 * @throws {ConfigError} bad_usage
 */
export function parseDestination(text: string): Destination {
  if (text.includes("#")) return { kind: "pid", pid: text };
  const slash = text.indexOf("/");
  const node = slash < 0 ? undefined : parseNodeName(text.slice(0, slash));
  const name = text.slice(slash + 1);
  if (node === undefined || node.port === 0 || name === "") {
    throw usage(`expected a pid or name@host/registered-name, got ${JSON.stringify(text)}`);
  }
  return { kind: "name", name, node };
}

/** The node that a destination lives on: where to connect when `--node` says nothing. */
export function nodeOf(destination: Destination): NodeAddress {
  return destination.kind === "name" ? destination.node : nodeOfPid(destination.pid);
}

/**
 * The node in a pid's text, `name@host#creation/scheduler.serial`.
 * @throws {ConfigError} bad_usage
 */
export function nodeOfPid(pid: string): NodeAddress {
  const node = parseNodeName(pid.slice(0, Math.max(0, pid.indexOf("#"))));
  if (node === undefined || !/#[0-9a-z]+\/[0-9]+\.[0-9]+$/.test(pid)) {
    throw usage(`expected a pid such as a@host#k2j9x/1.42, got ${JSON.stringify(pid)}`);
  }
  return node;
}

/**
 * An option's duration in milliseconds.
 * @throws {ConfigError} bad_usage
 */
export function durationOf(args: Arguments, name: string, preset: number): number {
  const text = valueOf(args, name);
  if (text === undefined || text === "true") return preset;
  const parsed = duration(1, DAY_MS).parse(text);
  if (!parsed.ok)
    throw usage(`${name}: expected ${duration(1, DAY_MS).expected}, got ${JSON.stringify(text)}`);
  return parsed.value;
}

/** How often to ask again; undefined: once. @throws {ConfigError} bad_usage */
export const watchMsOf = (args: Arguments): number | undefined =>
  valueOf(args, "--watch") === undefined ? undefined : durationOf(args, "--watch", WATCH_MS);

const CLEAR = "\u001b[H\u001b[2J\u001b[3J";

/** Prints what `ask` brings, as a line of JSON or as `show` draws it; with `--watch` until Ctrl-C. */
export async function report<T>(
  args: Arguments,
  world: World,
  ask: () => Promise<T>,
  show: (answer: T) => string,
): Promise<number> {
  const { terminal } = world;
  const everyMs = watchMsOf(args);
  do {
    const answer = await ask();
    if (isOn(args, "--json")) terminal.write(jsonLine(answer));
    else terminal.write((everyMs !== undefined && terminal.isTerminal ? CLEAR : "") + show(answer));
  } while (everyMs !== undefined && (await world.sleep(everyMs)));
  return 0;
}

/** The width that tables may have: of the terminal, or any when a program reads them. */
export function widthOf(world: World): number {
  return world.terminal.isTerminal ? world.terminal.columns() : Infinity;
}
