/** What the sockets of a node are protected with: made at its start, or read from the operator's files. */
import {
  certifiesHost,
  countCertificates,
  createSelfSigned,
  readKeyPair,
} from "../bun/certificate.ts";
import { clock } from "../bun/clock.ts";
import { files } from "../bun/files.ts";
import { ConfigError } from "../base/error.ts";
import type { NodeConfig } from "../node/config.ts";
import { parseNodeName } from "../node/node-name.ts";
import type { TlsSetup } from "../node/thread-message.ts";
import type { LogSink } from "../port/log.ts";
import type { TlsKeys } from "../port/transport.ts";

/** Days that a certificate made at start lasts: longer than any node runs, since nobody checks it but the exporter. */
const SELF_SIGNED_DAYS = 3_650;

/** The part of the configuration that names the operator's files. */
export type CaFiles = Extract<NodeConfig["tls"], { readonly mode: "ca" }>;

/**
 * Makes or reads what the sockets of a node are protected with.
 * @throws {ConfigError} certificate_file: cannot be read, or key and certificate do not belong together
 */
export async function loadTls(tls: NodeConfig["tls"], name: string): Promise<TlsSetup> {
  switch (tls.mode) {
    case "off":
      return { mode: "off" };
    case "auto":
      return { mode: "auto", ...(await createSelfSigned({ name, days: SELF_SIGNED_DAYS })) };
    case "ca":
      return { mode: "ca", ...readKeys(tls) };
  }
}

/** @throws {ConfigError} certificate_file */
export function readKeys(tls: CaFiles): TlsKeys {
  const text = (key: "cert" | "key" | "ca"): string => {
    try {
      return files.readText(tls[key]);
    } catch (cause) {
      const { message } = cause as Error;
      throw new ConfigError("certificate_file", `tls.${key}: ${message}`, { cause });
    }
  };
  const keys = { cert: text("cert"), key: text("key"), ca: text("ca") };
  try {
    readKeyPair(keys);
  } catch (cause) {
    const { message } = cause as Error;
    throw new ConfigError("certificate_file", `tls.cert: ${tls.cert}: ${message}`, { cause });
  }
  if (count(keys.ca) === 0) {
    throw new ConfigError("certificate_file", `tls.ca: ${tls.ca}: expected certificates, got none`);
  }
  return keys;
}

/** What a node's peers will refuse about its certificate; empty when it is good. */
export function certificateFaults(keys: TlsKeys, name: string): readonly string[] {
  const { startsAt, expiresAt } = readKeyPair(keys);
  const now = clock.wall();
  const host = parseNodeName(name)?.host ?? "";
  const faults: string[] = [];
  if (expiresAt <= now) faults.push(`tls.cert expired on ${day(expiresAt)}`);
  if (startsAt > now) faults.push(`tls.cert is not valid before ${day(startsAt)}`);
  if (!certifiesHost(keys.cert, host)) faults.push(`tls.cert does not stand for ${host}`);
  return faults;
}

/** A host that a certificate stands for: a tool without an address of its own goes by it. */
export function certifiedHost(cert: string, key: string): string | undefined {
  return readKeyPair({ cert, key }).hosts.find((host) => !host.includes("*"));
}

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

function count(pem: string): number {
  try {
    return countCertificates(pem);
  } catch {
    return 0;
  }
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
