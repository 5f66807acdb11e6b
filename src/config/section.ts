/** The sections of a configuration out of its values: names and units as the code has them, defaults that depend on others. */
import { ConfigError } from "../base/error.ts";
import { SCHEDULERS_MAX } from "../base/limits.ts";
import type { PortRange } from "./place.ts";
import { optionName, type KeyPath, type ValueOf } from "./schema.ts";
import type { ConfigInput, Origin, Written } from "./source.ts";
import { DEFAULT_PORT, isLoopback } from "./node-name.ts";

/** The values that were parsed, and where they were written. */
export interface Reader {
  readonly at: <P extends KeyPath>(path: P) => ValueOf<P>;
  readonly written: ReadonlyMap<KeyPath, Written>;
  readonly input: ConfigInput;
}

/** For a key that has a default: it is there. */
export function need<T>(value: T | undefined): T {
  return value as T;
}

/** The place of a value and, where the place does not say it already, its key. */
export function placed(path: KeyPath, origin: Origin): string {
  return origin.kind === "file" ? `${origin.text}: ${path}` : origin.text;
}

function conflict(path: KeyPath, origin: Origin, text: string): ConfigError {
  return new ConfigError("config_conflict", `${placed(path, origin)}: ${text}`);
}

/** `[node]`. @throws {ConfigError} config_conflict, cookie and cookie_file in one source */
export function nodeSection({ at, written, input }: Reader) {
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

/** `[listen]`, with what follows from the name. */
export function listenSection({ at }: Reader) {
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

type TlsSection =
  | { readonly mode: "auto" | "off" }
  | { readonly mode: "ca"; readonly cert: string; readonly key: string; readonly ca: string };

/** `[tls]`. @throws {ConfigError} config_conflict, mode "ca" without its files */
export function tlsSection({ at, written, input }: Reader): TlsSection {
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

/** `[cluster]`. */
export function clusterSection({ at }: Reader) {
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

/** `[limits]`. @throws {ConfigError} config_conflict, a high-water mark above the hard limit */
export function limitsSection({ at, written }: Reader) {
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

interface Ports {
  readonly node: { readonly schedulers: number | "inline" };
  readonly listen: {
    readonly port: number;
    readonly lanePorts: PortRange | undefined;
    readonly registryPort: number;
  };
}

/** No port may serve two purposes, and every scheduler needs one of its own. */
export function checkPorts({ node, listen }: Ports, written: ReadonlyMap<KeyPath, Written>): void {
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
