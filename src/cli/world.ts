import type { NodeConfig } from "../config/config.ts";
import type { NodeAddress } from "../config/node-name.ts";
import type { Entropy } from "../port/entropy.ts";
import type { Files } from "../port/files.ts";
import type { ClusterConnection, ConnectOptions } from "../node/cluster-connection.ts";

/** Everything the command line needs of the outside; `bin/` makes it of adapters and node drivers. */
export interface World {
  /** `snow-node`'s own version. */
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the program was started. Absolute. */
  readonly directory: string;
  readonly cpus: number;
  readonly files: Files;
  readonly folders: Folders;
  readonly entropy: Entropy;
  readonly terminal: Terminal;
  readonly certificates: Certificates;
  /** @throws {ConfigError} config_syntax, with line and column */
  parseToml(text: string, path: string): Promise<unknown>;
  /** Runs a node until it is stopped by a signal or from outside; resolves with the exit code. @throws {ConfigError} */
  runNode(config: NodeConfig): Promise<number>;
  /** The nodes that this host's registry knows; empty when no registry answers. */
  localNodes(registryPort: number, timeoutMs: number): Promise<readonly NodeAddress[]>;
  /** @throws {ConnectionError} {ProtocolError} {ConfigError} */
  openConnection(options: ConnectOptions): Promise<ClusterConnection>;
  /**
   * Runs the Bun inside this executable on the terminal's own streams, with these variables added to its environment;
   * resolves with its exit code.
   */
  runBun(args: readonly string[], added?: Readonly<Record<string, string>>): Promise<number>;
  /** Resolves after `ms` milliseconds, or at once when the user asked to stop (Ctrl-C): then with false. */
  sleep(ms: number): Promise<boolean>;
  /** The files of `node_modules` that the executable carries, by path below it. */
  packageFiles(): Promise<Readonly<Record<string, string>>>;
}

/** Where lines go and how wide they may be. */
export interface Terminal {
  /** To standard output, as it is. */
  write(text: string): void;
  /** To standard error, as it is. */
  writeError(text: string): void;
  /** Standard output is watched by a person. */
  readonly isTerminal: boolean;
  /** Characters of a line; only good when `isTerminal`. */
  columns(): number;
  /** All of standard input, when it is not a terminal; undefined when it is. */
  readInput(): Promise<Uint8Array | undefined>;
}

/** Writing, which nodes do not need and the command line does. */
export interface Folders {
  /** Makes a folder, and those above it; nothing happens when it is there. */
  make(path: string): void;
  /** Writes a file and makes the folders above it; replaces what is there. */
  write(path: string, text: string): void;
  /** Removes a file or a folder with all that is in it; nothing happens when there is none. */
  remove(path: string): void;
  /** Renames a file over another one. */
  rename(from: string, to: string): void;
  /** A whole file. */
  readBytes(path: string): Uint8Array;
}

/** A certificate and its private key, both as PEM text. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/** Makes certificates of an authority of one's own. */
export interface Certificates {
  createCa(options: { readonly name: string; readonly days: number }): Promise<KeyPair>;
  /** `hosts`: what it stands for. Rejects when the authority's certificate or key is none. */
  issueCertificate(
    ca: KeyPair,
    options: { readonly name: string; readonly hosts: readonly string[]; readonly days: number },
  ): Promise<KeyPair>;
}
