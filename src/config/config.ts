/**
 * The configuration of a node: what may be set is the table in config-schema.ts, how a value is written config-kind.ts,
 * where it comes from config-source.ts. Here all of it becomes one frozen `NodeConfig`. Nothing is read or looked up.
 */
import { ConfigError } from "../base/error.ts";
import type { LogLevel } from "../port/log.ts";
import type { PortRange } from "./place.ts";
import type { StartEntry } from "./start.ts";
import { KEY_PATHS, SCHEMA, keyAt, type KeyPath, type ValueOf } from "./schema.ts";
import {
  checkPorts,
  clusterSection,
  limitsSection,
  listenSection,
  need,
  nodeSection,
  placed,
  tlsSection,
  type Reader,
} from "./section.ts";
import { gather, suspectVariables, type ConfigInput, type Origin, type Written } from "./source.ts";
import type { HostPort, NodeAddress } from "./node-name.ts";

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

function parseValue(path: KeyPath, value: unknown, origin: Origin): unknown {
  const { kind } = keyAt(path);
  const parsed = kind.parse(value);
  if (parsed.ok) return parsed.value;
  const got = kind.secret ? "something else" : describe(value);
  const meant =
    parsed.nearest === undefined ? "" : `, nearest is ${JSON.stringify(parsed.nearest)}`;
  const hint = `${meant}${parsed.hint ?? ""}`;
  const code = parsed.range ? "config_out_of_range" : "config_wrong_type";
  throw new ConfigError(
    code,
    `${placed(path, origin)}: expected ${kind.expected}, got ${got}${hint}`,
  );
}

const SHOWN_CHARS_MAX = 60;

function describe(value: unknown): string {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return "a table";
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > SHOWN_CHARS_MAX ? `${shown.slice(0, SHOWN_CHARS_MAX)}…` : shown;
}

type Sections = Omit<NodeConfig, "settings" | "warnings">;

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
