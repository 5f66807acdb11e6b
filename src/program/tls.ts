/** What the sockets of a node are protected with: made at its start, or read from the operator's files. */
import {
  assertUsable,
  certifiesHost,
  countCertificates,
  createSelfSigned,
  readKeyPair,
} from "../bun/tls/certificate.ts";
import { clock } from "../bun/clock.ts";
import { files } from "../bun/files.ts";
import { ConfigError } from "../base/error.ts";
import type { NodeConfig } from "../config/config.ts";
import { parseNodeName } from "../config/node-name.ts";
import type { TlsSetup } from "../node/thread-message.ts";
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
  const check = (key: "cert" | "key" | "ca", test: () => unknown): void => {
    try {
      test();
    } catch (cause) {
      const { message } = cause as Error;
      throw new ConfigError("certificate_file", `tls.${key}: ${tls[key]}: ${message}`, { cause });
    }
  };
  const keys = { cert: text("cert"), key: text("key"), ca: text("ca") };
  check("key", () => {
    if (keys.key.trim() === "") throw new Error("expected a private key, got nothing");
    assertUsable({ key: keys.key });
  });
  check("cert", () => readKeyPair(keys));
  check("cert", () => assertUsable({ key: keys.key, cert: keys.cert }));
  check("ca", () => {
    if (countCertificates(keys.ca) === 0) throw new Error("expected certificates, got none");
    assertUsable({ ca: keys.ca });
  });
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
export function certifiedHost(keys: TlsKeys): string | undefined {
  return readKeyPair(keys).hosts.find((host) => !host.includes("*"));
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
