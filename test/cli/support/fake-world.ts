import { main } from "../../../src/cli/main.ts";
import type { ClusterConnection, ConnectOptions } from "../../../src/node/cluster-connection.ts";
import type { World } from "../../../src/cli/world.ts";
import type { NodeConfig } from "../../../src/config/config.ts";
import { parseNodeName, type NodeAddress } from "../../../src/config/node-name.ts";

/** What a run of the command line left behind. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What the connection was asked, in order: the method and its arguments. */
  readonly calls: readonly (readonly unknown[])[];
  readonly connected: readonly ConnectOptions[];
  readonly closed: number;
  /** What the Bun inside was told to do. */
  readonly bun: readonly (readonly string[])[];
  readonly bunEnvironment: Readonly<Record<string, string>>;
  readonly started: readonly NodeConfig[];
  readonly files: ReadonlyMap<string, string>;
  /** Folders that were made. */
  readonly folders: ReadonlySet<string>;
}

/** What there is outside. */
export interface Outside {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly localNodes?: readonly string[];
  /** Answers by method or by query verb; a function gets the arguments; an Error is thrown. */
  readonly answers?: Readonly<Record<string, unknown>>;
  readonly refuse?: Error;
  readonly isTerminal?: boolean;
  readonly columns?: number;
  /** How many waits of `--watch` end by themselves before Ctrl-C. */
  readonly waits?: number;
  readonly input?: Uint8Array;
}

const DIRECTORY = "/srv/app";

/** Runs the command line against nothing but these values. */
export async function runCli(argv: readonly string[], outside: Outside = {}): Promise<Ran> {
  const fake = new FakeWorld(outside);
  const code = await main(argv, fake.world());
  const { out, err, calls, connected, closed, bun, bunEnvironment, started, files, folders } = fake;
  return { code, out, err, calls, connected, closed, bun, bunEnvironment, started, files, folders };
}

class FakeWorld {
  out = "";
  err = "";
  closed = 0;
  readonly calls: unknown[][] = [];
  readonly connected: ConnectOptions[] = [];
  readonly bun: string[][] = [];
  /** What was added to the environment of those runs. */
  readonly bunEnvironment: Record<string, string> = {};
  readonly started: NodeConfig[] = [];
  readonly files: Map<string, string>;
  readonly folders = new Set<string>();
  readonly #outside: Outside;
  readonly #modes = new Map<string, number>();
  #waits: number;

  constructor(outside: Outside) {
    this.#outside = outside;
    this.#waits = outside.waits ?? 0;
    this.files = new Map(Object.entries(outside.files ?? {}));
  }

  world(): World {
    const outside = this.#outside;
    return {
      version: "1.2.3",
      environment: outside.env ?? {},
      directory: DIRECTORY,
      cpus: 2,
      files: this.#files(),
      folders: {
        make: (path) => void this.folders.add(path),
        write: (path, text) => void this.files.set(path, text),
        remove: (path) => {
          for (const known of this.files.keys())
            if (`${known}/`.startsWith(`${path}/`)) this.files.delete(known);
        },
        rename: (from, to) => {
          this.files.set(to, this.#read(from));
          this.files.delete(from);
        },
        readBytes: (path) => new TextEncoder().encode(this.#read(path)),
      },
      entropy: { bytes: (length) => new Uint8Array(length), random: () => 0.5 },
      terminal: {
        write: (text) => void (this.out += text),
        writeError: (text) => void (this.err += text),
        isTerminal: outside.isTerminal ?? false,
        columns: () => outside.columns ?? 80,
        readInput: async () => outside.input,
      },
      certificates: {
        createCa: async ({ name, days }) => ({
          key: `key of ${name}`,
          cert: `${name}, ${days} days`,
        }),
        issueCertificate: async (ca, { name, hosts, days }) => ({
          key: `key of ${name}`,
          cert: `${name} for ${hosts.join(", ")}, ${days} days, by ${ca.cert.trim()}`,
        }),
      },
      parseToml: async (text) => Bun.TOML.parse(text),
      runNode: async (config) => {
        this.started.push(config);
        return 0;
      },
      localNodes: async () =>
        (outside.localNodes ?? []).map((name) => parseNodeName(name) as NodeAddress),
      openConnection: async (options) => this.#open(options),
      runBun: async (args, added) => {
        this.bun.push([...args]);
        Object.assign(this.bunEnvironment, added);
        return 0;
      },
      sleep: async () => this.#waits-- > 0,
      packageFiles: async () => ({
        "snow-node/package.json": '{"generatedBy":"snow-node types"}',
        "snow-node/src/index.d.ts": "export {};",
        "@types/bun/package.json": '{"generatedBy":"snow-node types"}',
      }),
    };
  }

  #files(): World["files"] {
    return {
      readText: (path) => this.#read(path),
      mode: (path) => {
        if (this.files.has(path)) return this.#modes.get(path) ?? 0o400;
        return [...this.files.keys()].some((known) => known.startsWith(`${path}/`))
          ? 0o755
          : undefined;
      },
      create: (path, text, mode) => {
        this.files.set(path, text);
        this.#modes.set(path, mode);
      },
      glob: (pattern, directory) => {
        const glob = new Bun.Glob(pattern);
        const inside = [...this.files.keys()].filter((path) => path.startsWith(`${directory}/`));
        return inside.filter((path) => glob.match(path.slice(directory.length + 1))).toSorted();
      },
      home: () => "/home",
    };
  }

  #read(path: string): string {
    const text = this.files.get(path);
    if (text === undefined) throw new Error(`${path}: no such file`);
    return text;
  }

  #open(options: ConnectOptions): ClusterConnection {
    this.connected.push(options);
    if (this.#outside.refuse !== undefined) throw this.#outside.refuse;
    const record = async (name: string, ...args: unknown[]): Promise<never> => {
      this.calls.push([name, ...args]);
      const answer = this.#outside.answers?.[name];
      const value: unknown =
        typeof answer === "function" ? (answer as (...of: unknown[]) => unknown)(...args) : answer;
      if (value instanceof Error) throw value;
      return value as never;
    };
    return {
      node: options.node.name,
      query: (node, verb, args, timeoutMs) => record(verb, node, args, timeoutMs),
      spawn: (request, timeoutMs) => record("spawn", request, timeoutMs),
      send: (to, message) => record("send", to, message),
      call: (to, request, timeoutMs) => record("call", to, request, timeoutMs),
      callServer: (to, call, args, timeoutMs) => record("callServer", to, call, args, timeoutMs),
      sendExit: (pid, reason) => record("sendExit", pid, reason),
      close: async () => void this.closed++,
    };
  }
}
