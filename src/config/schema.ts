import {
  FRAGMENT_BYTES,
  HANDSHAKE_MS_MAX,
  LANES_BYTES_MAX,
  LANE_HARD_BYTES,
  LANE_HIGH_WATER_BYTES,
  LANE_UNACKED_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  ROOM_FRAME_BYTES_MAX,
  SCHEDULERS_MAX,
  SESSION_GRACE_MS,
  TICK_INTERVAL_MS,
  TICK_TIMEOUT_MS,
  UNAUTHENTICATED_MAX,
  UNAUTHENTICATED_PER_ADDRESS_MAX,
} from "../base/limits.ts";
import * as kind from "./kind.ts";
import type { Kind } from "./kind.ts";
import { duration, size } from "./measure.ts";
import { host, hostPort, nodeName, nodeNames, portRange } from "./place.ts";
import { startEntries } from "./start.ts";

/** One key of cluster.toml. */
export interface Key<T> {
  readonly kind: Kind<T>;
  /** undefined: not set, or derived from other keys; `doc` says how. */
  readonly default: T | undefined;
  /** One sentence: what the value does. */
  readonly doc: string;
  /** A path of the file system, relative to the file that names it. */
  readonly isPath: boolean;
  /** Accepted, but nothing in this version acts on it. */
  readonly inert: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const KIB = 1024;
const GIB = 1024 ** 3;

function key<T>(of: Kind<T>, preset: T | undefined, doc: string): Key<T> {
  return { kind: of, default: preset, doc, isPath: false, inert: false };
}

function path<T>(of: Kind<T>, preset: T | undefined, doc: string): Key<T> {
  return { ...key(of, preset, doc), isPath: true };
}

function inert<T>(of: Key<T>): Key<T> {
  return { ...of, inert: true };
}

/**
 * Every key of the configuration, in the order in which it is documented: kind with unit and range, default, meaning.
 * Options, environment variables, cluster.example.toml, `--print-config` and `run --help` follow from this table.
 */
export const SCHEMA = {
  "node.name": key(
    nodeName(),
    undefined,
    "Who this node is; :port is where it listens, 4369 if left out, 0 = any.",
  ),
  "node.cookie": key(
    kind.secret("a cookie of at least 16 characters"),
    undefined,
    "The cluster's secret itself; rather use cookie_file.",
  ),
  "node.cookie_file": path(
    kind.texts("a path, or a list of one or two paths", 2),
    undefined,
    "File with the cluster's secret, readable by its owner only; two during a rotation, ours first. Default: ~/.snow.cookie, made on first start.",
  ),
  "node.cookie_weak": key(kind.boolean(), false, "Accept a cookie of fewer than 16 bytes."),
  "node.schedulers": key(
    kind.schedulers(SCHEDULERS_MAX),
    undefined,
    "Threads that run processes. Default: one for each CPU, at most 63.",
  ),
  "node.modules": path(
    kind.texts("a path or pattern, or a list of them", 1_024),
    [],
    "TypeScript files with your functions; *.test.ts, *.spec.ts and *.d.ts are skipped.",
  ),
  "node.hidden": key(
    kind.boolean(),
    false,
    "Join without being listed by other nodes or being dialled by them.",
  ),
  "node.kill_stuck_after": key(
    kind.orWord("off", duration(100, HOUR_MS)),
    undefined,
    "End a scheduler that one process has blocked for so long.",
  ),
  "listen.host": key(
    host(),
    undefined,
    "Address to listen on. Default: the name's host when that is this machine only, else 0.0.0.0.",
  ),
  "listen.advertise": key(
    hostPort(false),
    undefined,
    "What peers dial, where it differs. Default: the name's host.",
  ),
  "listen.lane_ports": key(
    portRange(),
    undefined,
    "Ports for data connections, one for each scheduler. Default: any free ones.",
  ),
  "listen.registry_port": key(
    kind.integer(0, 65_535),
    4390,
    "Where the nodes of this host find each other; 0 = off.",
  ),
  "tls.mode": key(
    kind.choice("auto", "ca", "off"),
    "auto",
    "auto: set up by nobody; ca: your certificates; off: for loopback and benchmarks.",
  ),
  "tls.cert": path(
    kind.text("a path"),
    undefined,
    'This node\'s certificate, PEM; with mode = "ca".',
  ),
  "tls.key": path(kind.text("a path"), undefined, 'Its private key, PEM; with mode = "ca".'),
  "tls.ca": path(
    kind.text("a path"),
    undefined,
    'The authority that signed the cluster\'s certificates, PEM; with mode = "ca".',
  ),
  "cluster.seeds": key(
    nodeNames(),
    [],
    "Nodes to connect to, again and again for as long as this node lives.",
  ),
  "cluster.dns": key(
    hostPort(false),
    undefined,
    "Every address behind this name is a seed; with :port where they do not listen on the port of this node.",
  ),
  "cluster.mesh": key(
    kind.boolean(),
    true,
    "Connect to all nodes of a cluster that one of them belongs to.",
  ),
  "cluster.session_grace": key(
    duration(0, HOUR_MS),
    SESSION_GRACE_MS,
    "How long a session survives without its sockets before links and monitors fire; 0 = not at all.",
  ),
  "cluster.refused_is_down": key(
    kind.boolean(),
    true,
    "Take a node for gone at once when its host refuses connections; false behind proxies and NAT.",
  ),
  "cluster.tick_interval": key(
    duration(100, DAY_MS),
    TICK_INTERVAL_MS,
    "Silence after which a peer is asked whether it lives.",
  ),
  "cluster.tick_timeout": key(
    duration(100, DAY_MS),
    TICK_TIMEOUT_MS,
    "Further silence after which it is given up.",
  ),
  start: key(startEntries(1_024), [], "What runs when the node is up, in order."),
  "http.listen": inert(
    key(kind.orWord("off", hostPort(true)), undefined, "Health, metrics and the dashboard."),
  ),
  "log.level": key(
    kind.choice("debug", "info", "warn", "error"),
    "info",
    "The least important lines that are written.",
  ),
  "log.format": key(
    kind.choice("auto", "text", "json"),
    "auto",
    "auto: text on a terminal, JSON elsewhere.",
  ),
  "limits.message": key(
    size(ROOM_FRAME_BYTES_MAX, GIB),
    MESSAGE_BYTES_MAX,
    "One message; a larger one fails its sender.",
  ),
  "limits.fragment": key(
    size(KIB, 64 * KIB),
    FRAGMENT_BYTES,
    "Pieces in which large messages travel.",
  ),
  "limits.lane_high_water": key(
    size(KIB, GIB),
    LANE_HIGH_WATER_BYTES,
    "Queued for one lane above which its senders pause.",
  ),
  "limits.lane_hard": key(
    size(64 * KIB, 4 * GIB),
    LANE_HARD_BYTES,
    "Queued for one lane above which send throws; never under one message.",
  ),
  "limits.lanes": key(
    size(64 * KIB, 64 * GIB),
    LANES_BYTES_MAX,
    "Queued for all lanes of the node.",
  ),
  "limits.lane_unacked": key(
    size(128 * KIB, GIB),
    LANE_UNACKED_BYTES_MAX,
    "Written to one lane and not acknowledged, at the most: kept to be sent again.",
  ),
  "limits.unauthenticated": key(
    kind.integer(1, 65_535),
    UNAUTHENTICATED_MAX,
    "Connections that have not proved themselves; over it the oldest is closed.",
  ),
  "limits.unauthenticated_per_address": key(
    kind.integer(1, 65_535),
    UNAUTHENTICATED_PER_ADDRESS_MAX,
    "The same from one address.",
  ),
  "limits.handshake": key(
    duration(100, 60_000),
    HANDSHAKE_MS_MAX,
    "From the first byte until a peer has proved itself, in total.",
  ),
} as const;

/** The path of a key as it stands in the file: `cluster.session_grace`. */
export type KeyPath = keyof typeof SCHEMA;

/** What a key's value is once it is parsed. */
export type ValueOf<P extends KeyPath> =
  (typeof SCHEMA)[P] extends Key<infer T> ? T | undefined : never;

/** All paths, in the order of the table. */
export const KEY_PATHS = Object.keys(SCHEMA) as readonly KeyPath[];

/** The keys of one `[[start]]` table. */
export const START_KEYS = ["function", "args"] as const;

/** Options that stand for a longer one, and the keys they set. */
export const SHORT_OPTIONS: Readonly<Record<string, KeyPath>> = {
  "--module": "node.modules",
  "--connect": "cluster.seeds",
};

function shortPath(of: KeyPath): string {
  return of.startsWith("node.") ? of.slice("node.".length) : of;
}

/** The option of a key: its path without `node.`, with dashes. `tls.mode` is `--tls-mode`. */
export function optionName(of: KeyPath): string {
  return `--${shortPath(of).replaceAll(/[._]/g, "-")}`;
}

/**
 * The environment variables of a key, the one that counts first: `SNOW_` and the path. `tls.mode` is `SNOW_TLS_MODE`;
 * `node.name` is `SNOW_NAME`, and `SNOW_NODE_NAME` for those who write the whole path.
 */
export function variableNames(of: KeyPath): readonly string[] {
  const names = new Set([shortPath(of), of]);
  return Array.from(names, (path) => `SNOW_${path.replaceAll(".", "_").toUpperCase()}`);
}

/** The key that an option of the command line sets; undefined for an option that sets none. */
export function keyOfOption(option: string): KeyPath | undefined {
  return SHORT_OPTIONS[option] ?? KEY_PATHS.find((of) => optionName(of) === option);
}

/** The key of the table without its value's type, for code that treats all alike. */
export function keyAt(of: KeyPath): Key<unknown> {
  return SCHEMA[of] as Key<unknown>;
}
