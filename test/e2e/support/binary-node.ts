import { randomBytes } from "node:crypto";

import { type Line, type Match } from "./lines.ts";
import type { Host } from "./netns.ts";
import { BINARY, Program, type Outcome, runBinary } from "./program.ts";

/** A cookie as a node would make one. */
export const randomCookie = (): string => randomBytes(32).toString("base64url");

export interface BinaryNodeOptions {
  /** Identity without a port: `a@127.0.0.1`. The node listens on a free port. */
  readonly name: string;
  readonly cookie: string;
  /** Working directory and home of the node. */
  readonly folder: string;
  /** Default 2. */
  readonly schedulers?: number;
  readonly modules?: readonly string[];
  /** Nodes to connect to: started ones, or a name with its port. */
  readonly connect?: readonly (BinaryNode | string)[];
  readonly start?: readonly string[];
  /** More options, as on the command line. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default `json`, which the methods that read the log need. */
  readonly logFormat?: "json" | "text";
  /** Port to listen on; 0, the default, is any. */
  readonly port?: number;
  /** Port of the host's node registry; 0, the default: none. */
  readonly registryPort?: number;
  /** The host of a network of namespaces that it runs on, and whose address its name carries; default: this machine. */
  readonly host?: Host;
}

/** What a line of the JSON log says; `undefined` for a line that is no JSON object. */
export function logFields(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Matches a line of the JSON log with this text and these fields. */
export const logLine =
  (text: string, fields: Readonly<Record<string, unknown>> = {}): Match =>
  (line) => {
    const found = logFields(line);
    return (
      found?.text === text && Object.entries(fields).every(([key, value]) => found[key] === value)
    );
  };

const READY = /\bis up at (\S+:\d+)/;

/** The address on the line that a node prints when it is ready, in either format. */
function readyAddress(line: Line): string | undefined {
  if (line.stream !== "stdout") return undefined;
  const { text, address } = logFields(line.text) ?? {};
  return text === "up" && typeof address === "string" ? address : READY.exec(line.text)?.[1];
}

function commandLine(options: BinaryNodeOptions): string[] {
  const connect = (options.connect ?? []).map((peer) =>
    typeof peer === "string" ? peer : peer.hint,
  );
  return [
    ...["run", "--name", `${options.name}:${options.port ?? 0}`],
    ...["--schedulers", String(options.schedulers ?? 2)],
    ...[
      "--listen-registry-port",
      String(options.registryPort ?? 0),
      "--log-format",
      options.logFormat ?? "json",
    ],
    ...(options.modules ?? []).flatMap((path) => ["--module", path]),
    ...connect.flatMap((name) => ["--connect", name]),
    ...(options.start ?? []).flatMap((name) => ["--start", name]),
    ...(options.args ?? []),
  ];
}

/** A node of the compiled executable on this machine, killed when it is disposed. */
export class BinaryNode implements AsyncDisposable {
  readonly name: string;
  readonly program: Program;
  /** From the start of the process to its ready line, in ms. */
  readonly startMs: number;
  readonly #address: string;
  readonly #options: BinaryNodeOptions;

  private constructor(
    options: BinaryNodeOptions,
    program: Program,
    address: string,
    startMs: number,
  ) {
    this.name = options.name;
    this.program = program;
    this.startMs = startMs;
    this.#address = address;
    this.#options = options;
  }

  /** Starts a node and waits until it says that it is up. The executable must have been built. */
  static async start(options: BinaryNodeOptions): Promise<BinaryNode> {
    const startedAt = performance.now();
    const program = new Program([BINARY, ...commandLine(options)], {
      cwd: options.folder,
      home: options.folder,
      env: { SNOW_COOKIE: options.cookie, ...options.env },
      within: options.host?.within ?? [],
    });
    try {
      const ready = await program.lines.waitFor((_text, line) => readyAddress(line) !== undefined);
      return new BinaryNode(
        options,
        program,
        readyAddress(ready) ?? "",
        performance.now() - startedAt,
      );
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  get lines() {
    return this.program.lines;
  }

  get port(): number {
    return Number(this.#address.slice(this.#address.lastIndexOf(":") + 1));
  }

  /** The name with the port: how another node or a tool finds this one without a registry. */
  get hint(): string {
    return `${this.name}:${this.port}`;
  }

  /** Waits for a line of the log, told by its text and fields. */
  logged(
    text: string,
    fields: Readonly<Record<string, unknown>> = {},
    timeoutMs = 10_000,
  ): Promise<Line> {
    return this.lines.waitFor(logLine(text, fields), { timeoutMs });
  }

  /** What a line of this node's log says; `undefined` for a line that is not of the log. */
  fields(line: Line): Record<string, unknown> | undefined {
    return logFields(line.text);
  }

  /** The fields of every line of the log with this text. */
  log(text: string): Record<string, unknown>[] {
    return this.lines.all
      .map((line) => logFields(line.text))
      .filter((found) => found !== undefined)
      .filter((found) => found.text === text);
  }

  /** Dies at once, as in a power cut. */
  async kill(): Promise<void> {
    this.program.kill("SIGKILL");
    await this.program.exited();
  }

  /** Stops in order; the exit code. */
  stop(): Promise<number> {
    this.program.kill("SIGTERM");
    return this.program.exited();
  }

  /** Runs a verb of the command line against this node. */
  verb(verb: string, ...args: readonly string[]): Promise<Outcome> {
    return this.#tool([verb, ...args, "--node", this.hint]);
  }

  /** Runs a verb that names its target itself: `spawn`, `send`. */
  tool(...args: readonly string[]): Promise<Outcome> {
    return this.#tool(args);
  }

  /** Starts a verb against this node that goes on until it is killed. */
  follow(verb: string, ...args: readonly string[]): Program {
    const { within, ...options } = this.#toolOptions();
    return new Program([...within, BINARY, verb, ...args, "--node", this.hint], options);
  }

  #tool(args: readonly string[]): Promise<Outcome> {
    return runBinary(args, this.#toolOptions());
  }

  #toolOptions() {
    return {
      cwd: this.#options.folder,
      home: this.#options.folder,
      within: this.#options.host?.within ?? [],
      env: {
        SNOW_COOKIE: this.#options.cookie,
        ...this.#options.env,
        SNOW_LISTEN_REGISTRY_PORT: String(this.#options.registryPort ?? 0),
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program[Symbol.asyncDispose]();
  }
}
