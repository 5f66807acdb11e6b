/** Notices that the operator has replaced the certificates of a node that runs. */
import { clock } from "../bun/clock.ts";
import { ConfigError } from "../base/error.ts";
import type { NodeConfig } from "../config/config.ts";
import type { TlsSetup } from "../node/thread-message.ts";
import type { LogSink } from "../port/log.ts";
import type { TlsKeys } from "../port/transport.ts";
import { certificateFaults, readKeys, type CaFiles } from "./tls.ts";

/** Milliseconds between two looks at the files: what replaces them mostly says nothing. */
const LOOK_MS = 2_000;

/**
 * Watches the operator's files and hands out what they hold when that has changed and is sound. Their contents are
 * compared, so that a link that is moved is noticed as well, and files that are half written are waited for.
 */
export class KeyWatch {
  readonly #files: CaFiles;
  readonly #name: string;
  readonly #log: LogSink;
  readonly #changed: (keys: TlsKeys) => void;
  #current: string;
  /** The fault that was last complained about. */
  #fault = "";
  #timer: ReturnType<typeof clock.setTimer> | undefined;

  /** For a node's configuration; undefined where there are no files to watch. `tls`: what the node began with. */
  static start(
    config: NodeConfig["tls"],
    tls: TlsSetup,
    rest: {
      readonly name: string;
      readonly log: LogSink;
      readonly changed: (keys: TlsKeys) => void;
    },
  ): KeyWatch | undefined {
    if (config.mode !== "ca" || tls.mode !== "ca") return undefined;
    return new KeyWatch({ ...rest, files: config, current: tls });
  }

  /** `current`: what the node began with. */
  constructor(options: {
    readonly files: CaFiles;
    readonly name: string;
    readonly current: TlsKeys;
    readonly log: LogSink;
    readonly changed: (keys: TlsKeys) => void;
  }) {
    this.#files = options.files;
    this.#name = options.name;
    this.#log = options.log;
    this.#changed = options.changed;
    this.#current = contentOf(options.current);
    warn(this.#log, options.current, this.#name);
    this.#arm();
  }

  /** Looks now; `asked`: somebody wants to know what came of it. */
  look(asked: boolean): void {
    try {
      const keys = readKeys(this.#files);
      this.#fault = "";
      if (contentOf(keys) !== this.#current) {
        this.#current = contentOf(keys);
        this.#changed(keys);
        this.#log.write("info", "certificates reloaded", { cert: this.#files.cert });
        warn(this.#log, keys, this.#name);
      } else if (asked) this.#log.write("info", "certificates are unchanged", {});
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (asked || error.message !== this.#fault) {
        this.#log.write("warn", "certificates not reloaded", { error: error.message });
      }
      this.#fault = error.message;
    }
  }

  close(): void {
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
  }

  #arm(): void {
    this.#timer = clock.setTimer(LOOK_MS, () => {
      this.look(false);
      this.#arm();
    });
  }
}

function warn(log: LogSink, keys: TlsKeys, name: string): void {
  for (const fault of certificateFaults(keys, name)) {
    log.write("warn", `${fault}: other nodes will refuse this one`, {});
  }
}

function contentOf({ key, cert, ca }: TlsKeys): string {
  return JSON.stringify([key, cert, ca]);
}
