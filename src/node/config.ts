/**
 * The configuration of a node: what may be set is the table in config-schema.ts, how a value is written config-kind.ts,
 * where it comes from config-source.ts. Here all of it becomes one frozen `NodeConfig`. Nothing is read or looked up.
 */
import { ConfigError } from "../base/error.ts";
import { SCHEDULERS_MAX } from "../base/limits.ts";
import type { LogLevel } from "../port/log.ts";
import type { PortRange, StartEntry } from "./config-kind.ts";
import {
  gather,
  suspectVariables,
  type ConfigInput,
  type Origin,
  type Written,
} from "./config-source.ts";
import {
  KEY_PATHS,
  SCHEMA,
  keyAt,
  optionName,
  type KeyPath,
  type ValueOf,
} from "./config-schema.ts";
import { DEFAULT_PORT, isLoopback, type HostPort, type NodeAddress } from "./node-name.ts";

export type { ConfigFile } from "./config-file.ts";
export type { PortRange, StartEntry } from "./config-kind.ts";
export type { ConfigInput, ConfigOption, Origin } from "./config-source.ts";

/** One line of `--print-config`: a key, its value as TOML would have it (secrets hidden), and its origin. */
export interface Setting {
  readonly key: KeyPath;
  /** undefined: not set. */
  readonly shown: string | undefined;
  readonly origin: Origin;
}

/** A node's configuration, complete and checked. Plain data: it may be posted to another thread. */
export interface NodeConfig {
  readonly node: {
    /** undefined only when nobody gave one: `run` refuses that, a program's own node makes one up. */
    readonly name: NodeAddress | undefined;
    readonly cookie: string | undefined;
    /** Absolute; none, one, or two during a rotation. Empty when `cookie` is set. */
    readonly cookieFiles: readonly string[];
    readonly cookieWeak: boolean;
    readonly schedulers: number | "inline";
    /** Paths and patterns, to be resolved in `modulesDirectory`. */
    readonly modules: readonly string[];
    readonly modulesDirectory: string;
    readonly hidden: boolean;
    readonly killStuckAfterMs: number | undefined;
  };
  readonly listen: {
    readonly host: string;
    /** 0: any free one. */
    readonly port: number;
    /** What peers dial; `port` undefined: the one that is listened on. */
    readonly advertise: HostPort | undefined;
    readonly lanePorts: PortRange | undefined;
    /** 0: off. */
    readonly registryPort: number;
  };
  readonly tls:
    | { readonly mode: "auto" | "off" }
    | { readonly mode: "ca"; readonly cert: string; readonly key: string; readonly ca: string };
  readonly cluster: {
    readonly seeds: readonly NodeAddress[];
    readonly dns: HostPort | undefined;
    readonly mesh: boolean;
    readonly sessionGraceMs: number;
    readonly refusedIsDown: boolean;
    readonly tickIntervalMs: number;
    readonly tickTimeoutMs: number;
  };
  readonly start: readonly StartEntry[];
  readonly http: { readonly listen: HostPort | undefined };
  readonly log: { readonly level: LogLevel; readonly format: "auto" | "text" | "json" };
  readonly limits: {
    readonly messageBytes: number;
    readonly fragmentBytes: number;
    readonly laneHighWaterBytes: number;
    /** Never under `messageBytes`. */
    readonly laneHardBytes: number;
    readonly lanesBytes: number;
    readonly laneUnackedBytes: number;
    readonly unauthenticated: number;
    readonly unauthenticatedPerAddress: number;
    readonly handshakeMs: number;
  };
  readonly settings: readonly Setting[];
  /** For the log, once: what is probably not meant, but no error. */
  readonly warnings: readonly string[];
}

/**
 * Makes the configuration out of everything that was said.
 * @throws {ConfigError} one line: place, key, what was expected, what was got, the nearest valid key
 */
export function parseConfig(input: ConfigInput): NodeConfig {
  const written = gather(input);
  const values = new Map<KeyPath, unknown>();
  for (const [path, { value, origin }] of written)
    values.set(path, parseValue(path, value, origin));
  const at = <P extends KeyPath>(path: P): ValueOf<P> =>
    (values.has(path) ? values.get(path) : SCHEMA[path].default) as ValueOf<P>;
  const reader: Reader = { at, written, input };
  const config: Omit<NodeConfig, "settings" | "warnings"> = {
    node: nodeSection(reader),
    listen: listenSection(reader),
    tls: tlsSection(reader),
    cluster: clusterSection(reader),
    start: need(at("start")),
    http: { listen: at("http.listen") },
    log: { level: need(at("log.level")), format: need(at("log.format")) },
    limits: limitsSection(reader),
  };
  checkPorts(config, written);
  return deepFreeze({
    ...config,
    settings: settingsOf(config, values, written),
    warnings: warningsOf(reader),
  });
}

interface Reader {
  readonly at: <P extends KeyPath>(path: P) => ValueOf<P>;
  readonly written: ReadonlyMap<KeyPath, Written>;
  readonly input: ConfigInput;
}

function need<T>(value: T | undefined): T {
  return value as T;
}

function parseValue(path: KeyPath, value: unknown, origin: Origin): unknown {
  const { kind } = keyAt(path);
  const parsed = kind.parse(value);
  if (parsed.ok) return parsed.value;
  const got = kind.secret ? "something else" : describe(value);
  const hint = parsed.nearest === undefined ? "" : `, nearest is ${JSON.stringify(parsed.nearest)}`;
  const code = parsed.range ? "config_out_of_range" : "config_wrong_type";
  throw new ConfigError(
    code,
    `${placed(path, origin)}: expected ${kind.expected}, got ${got}${hint}`,
  );
}

/** The place of a value and, where the place does not say it already, its key. */
function placed(path: KeyPath, origin: Origin): string {
  return origin.kind === "file" ? `${origin.text}: ${path}` : origin.text;
}

const SHOWN_CHARS_MAX = 60;

function describe(value: unknown): string {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return "a table";
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > SHOWN_CHARS_MAX ? `${shown.slice(0, SHOWN_CHARS_MAX)}…` : shown;
}

function conflict(path: KeyPath, origin: Origin, text: string): ConfigError {
  return new ConfigError("config_conflict", `${placed(path, origin)}: ${text}`);
}

function nodeSection({ at, written, input }: Reader): NodeConfig["node"] {
  const cookie = written.get("node.cookie");
  const file = written.get("node.cookie_file");
  let winner: "cookie" | "file" = file === undefined ? "cookie" : "file";
  if (cookie !== undefined && file !== undefined) {
    if (rank(cookie.origin) === rank(file.origin)) {
      throw conflict(
        "node.cookie",
        cookie.origin,
        `expected either node.cookie or node.cookie_file, got both (${file.origin.text})`,
      );
    }
    winner = rank(cookie.origin) > rank(file.origin) ? "cookie" : "file";
  }
  const fileDirectory = directoryOf(file, input);
  return {
    name: at("node.name"),
    cookie: winner === "cookie" ? at("node.cookie") : undefined,
    cookieFiles:
      winner === "file"
        ? (at("node.cookie_file") ?? []).map((path) => resolve(fileDirectory, path))
        : [],
    cookieWeak: need(at("node.cookie_weak")),
    schedulers: at("node.schedulers") ?? Math.max(1, Math.min(input.cpus, SCHEDULERS_MAX)),
    modules: need(at("node.modules")),
    modulesDirectory: directoryOf(written.get("node.modules"), input),
    hidden: need(at("node.hidden")),
    killStuckAfterMs: at("node.kill_stuck_after"),
  };
}

function rank(origin: Origin): number {
  return { default: 0, file: 1, environment: 2, given: 3, option: 3 }[origin.kind];
}

/** What a path is relative to: the folder of the file that names it, else where the program was started. */
function directoryOf(written: Written | undefined, input: ConfigInput): string {
  if (written?.origin.kind !== "file" || input.file === undefined) return input.directory;
  const slash = input.file.path.lastIndexOf("/");
  return slash < 0
    ? input.directory
    : resolve(input.directory, input.file.path.slice(0, slash) || "/");
}

/** `path` seen from `directory`; neither is looked up. */
function resolve(directory: string, path: string): string {
  if (path.startsWith("/")) return path;
  return `${directory.endsWith("/") ? directory.slice(0, -1) : directory}/${path.replace(/^(?:\.\/)+/, "")}`;
}

function listenSection({ at }: Reader): NodeConfig["listen"] {
  const name = at("node.name");
  return {
    host:
      at("listen.host") ?? (name !== undefined && isLoopback(name.host) ? name.host : "0.0.0.0"),
    port: name?.port ?? DEFAULT_PORT,
    advertise: at("listen.advertise"),
    lanePorts: at("listen.lane_ports"),
    registryPort: need(at("listen.registry_port")),
  };
}

function tlsSection({ at, written, input }: Reader): NodeConfig["tls"] {
  const mode = need(at("tls.mode"));
  if (mode !== "ca") return { mode };
  const pathAt = (path: "tls.cert" | "tls.key" | "tls.ca"): string => {
    const value = at(path);
    if (value !== undefined) return resolve(directoryOf(written.get(path), input), value);
    const origin = need(written.get("tls.mode")).origin;
    throw conflict(
      "tls.mode",
      origin,
      `expected ${path} (${optionName(path)}) beside mode "ca", got none`,
    );
  };
  return { mode, cert: pathAt("tls.cert"), key: pathAt("tls.key"), ca: pathAt("tls.ca") };
}

function clusterSection({ at }: Reader): NodeConfig["cluster"] {
  return {
    seeds: need(at("cluster.seeds")),
    dns: at("cluster.dns"),
    mesh: need(at("cluster.mesh")),
    sessionGraceMs: need(at("cluster.session_grace")),
    refusedIsDown: need(at("cluster.refused_is_down")),
    tickIntervalMs: need(at("cluster.tick_interval")),
    tickTimeoutMs: need(at("cluster.tick_timeout")),
  };
}

function limitsSection({ at, written }: Reader): NodeConfig["limits"] {
  const messageBytes = need(at("limits.message"));
  const laneHighWaterBytes = need(at("limits.lane_high_water"));
  const laneHardBytes = Math.max(need(at("limits.lane_hard")), messageBytes);
  const high = written.get("limits.lane_high_water");
  if (high !== undefined && laneHighWaterBytes > laneHardBytes) {
    throw conflict(
      "limits.lane_high_water",
      high.origin,
      `expected at most limits.lane_hard (${laneHardBytes} bytes), got ${laneHighWaterBytes} bytes`,
    );
  }
  return {
    messageBytes,
    fragmentBytes: need(at("limits.fragment")),
    laneHighWaterBytes,
    laneHardBytes,
    lanesBytes: need(at("limits.lanes")),
    laneUnackedBytes: need(at("limits.lane_unacked")),
    unauthenticated: need(at("limits.unauthenticated")),
    unauthenticatedPerAddress: need(at("limits.unauthenticated_per_address")),
    handshakeMs: need(at("limits.handshake")),
  };
}

type Sections = Omit<NodeConfig, "settings" | "warnings">;

/** No port may serve two purposes, and every scheduler needs one of its own. */
function checkPorts({ node, listen }: Sections, written: ReadonlyMap<KeyPath, Written>): void {
  const origin = (path: KeyPath): Origin =>
    written.get(path)?.origin ?? { kind: "default", text: path };
  if (listen.port !== 0 && listen.port === listen.registryPort) {
    throw conflict(
      "node.name",
      origin("node.name"),
      `expected another port than listen.registry_port, got ${listen.port}`,
    );
  }
  const range = listen.lanePorts;
  if (range === undefined) return;
  const lanes = origin("listen.lane_ports");
  for (const [port, owner] of [
    [listen.port, "node.name"],
    [listen.registryPort, "listen.registry_port"],
  ] as const) {
    if (port >= range.first && port <= range.last) {
      throw conflict(
        "listen.lane_ports",
        lanes,
        `expected a range without ${port}, the port of ${owner}`,
      );
    }
  }
  const needed = node.schedulers === "inline" ? 1 : node.schedulers;
  const count = range.last - range.first + 1;
  if (count < needed)
    throw conflict(
      "listen.lane_ports",
      lanes,
      `expected at least ${needed} ports, one for each scheduler, got ${count}`,
    );
}

function settingsOf(
  config: Sections,
  values: ReadonlyMap<KeyPath, unknown>,
  written: ReadonlyMap<KeyPath, Written>,
): readonly Setting[] {
  const derived: { readonly [path in KeyPath]?: unknown } = {
    "node.schedulers": config.node.schedulers,
    "listen.host": config.listen.host,
  };
  return KEY_PATHS.map((path) => {
    const { kind, default: preset } = keyAt(path);
    const value = values.has(path) ? values.get(path) : (preset ?? derived[path]);
    const shown = value === undefined ? kind.unset : kind.show(value);
    return {
      key: path,
      shown,
      origin: written.get(path)?.origin ?? { kind: "default", text: "default" },
    };
  });
}

function warningsOf({ at, written, input }: Reader): readonly string[] {
  const warnings = [...suspectVariables(input.environment)];
  for (const [path, { origin }] of written) {
    if (keyAt(path).inert) warnings.push(`${placed(path, origin)}: has no effect in this version`);
  }
  for (const path of ["tls.cert", "tls.key", "tls.ca"] as const) {
    const origin = written.get(path)?.origin;
    if (origin !== undefined && at("tls.mode") !== "ca")
      warnings.push(`${placed(path, origin)}: has no effect with tls.mode = "${at("tls.mode")}"`);
  }
  if (written.get("node.cookie")?.origin.kind === "option") {
    warnings.push(
      "--cookie: every user of this machine can read it in the list of processes; use --cookie-file or SNOW_COOKIE",
    );
  }
  if (at("tls.mode") === "off")
    warnings.push("tls.mode is off: everything between nodes is readable on the network");
  return warnings;
}

function deepFreeze<T extends object>(value: T): T {
  for (const item of Object.values(value))
    if (typeof item === "object" && item !== null) deepFreeze(item as object);
  return Object.freeze(value);
}
