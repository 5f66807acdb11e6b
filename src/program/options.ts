import { nearest } from "../base/edit-distance.ts";
import { ConfigError } from "../base/error.ts";
import type { LogLevel } from "../port/log.ts";

/** How a node inside a program is to be; everything has a default. What is left out comes from `SNOW_…` in the environment. */
export interface NodeOptions {
  /** `name@host:port`; port 0 takes any. Default: a name of its own on 127.0.0.1, port 0. */
  readonly name?: string;
  /** The cluster's secret, at least 16 bytes. */
  readonly cookie?: string;
  /**
   * Modules with definitions, loaded on every scheduler: paths, relative to the working directory, or what
   * `import.meta.resolve("./accounts.ts")` gives.
   */
  readonly modules?: readonly string[];
  /** Default: one per CPU. `"inline"`: all on the calling thread, for tests. */
  readonly schedulers?: number | "inline";
  /** Nodes to connect to and stay connected to: `name@host:port`. */
  readonly seeds?: readonly string[];
  readonly hidden?: boolean;
  /** Deliver copies and freeze what was sent, so that what works here works across nodes. */
  readonly strict?: boolean;
  readonly logLevel?: LogLevel;
  readonly tls?: "auto" | "off";
  /** Milliseconds that sessions survive without their sockets. Default 5,000. */
  readonly sessionGraceMs?: number;
  /**
   * Milliseconds after which a scheduler that no longer turns is ended and started anew. Only schedulers from 2
   * on: scheduler 1 is the thread of the program, which nobody else can end. Default: never.
   */
  readonly killStuckAfterMs?: number;
}

/** Every option; the type says so when one is missing. */
const OPTIONS: { readonly [name in keyof Required<NodeOptions>]: true } = {
  name: true,
  cookie: true,
  modules: true,
  schedulers: true,
  seeds: true,
  hidden: true,
  strict: true,
  logLevel: true,
  tls: true,
  sessionGraceMs: true,
  killStuckAfterMs: true,
};

/**
 * Refuses options that do not exist: they come from plain JavaScript, or from an object that the type checker let pass.
 * @throws {ConfigError} config_unknown_key
 */
export function refuseUnknownOptions(options: NodeOptions): void {
  const known = Object.keys(OPTIONS);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  const hint = meant === undefined ? `expected one of ${known.join(", ")}` : `nearest is ${meant}`;
  throw new ConfigError("config_unknown_key", `unknown option ${unknown}, ${hint}`);
}
