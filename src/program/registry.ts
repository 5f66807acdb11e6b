/** The node registry of a host over Bun's adapters: this node's part in it, and questions to that of any host. */
import { clock } from "../bun/clock.ts";
import { entropy } from "../bun/entropy.ts";
import { createTransport } from "../bun/tls/tls-transport.ts";
import { DEFAULT_PORT, isLoopback, parseNodeName, type NodeAddress } from "../config/node-name.ts";
import { askNames, askPort } from "../node/control/registry/registry-client.ts";
import { REGISTRY_HOST, RegistryDriver } from "../node/control/registry/registry-driver.ts";
import type { LogSink } from "../port/log.ts";
import type { Address } from "../port/transport.ts";

/** Milliseconds that the registry of another host may take; then its node is tried at the default port. */
const RESOLVE_MS = 500;

const transport = createTransport({ mode: "off" });

/** This node's part in the registry of its host. */
export class HostRegistry {
  readonly #port: number;
  readonly #log: LogSink;
  #driver: RegistryDriver | undefined;

  /** Port 0: no part in any. */
  constructor(port: number, log: LogSink) {
    this.#port = port;
    this.#log = log;
  }

  /** @throws {ConfigError} name_taken */
  async register(node: {
    readonly name: string;
    readonly creation: number;
    /** Where it listens, and with which port. */
    readonly listen: Address;
    /** What peers dial. */
    readonly address: Address;
  }): Promise<void> {
    if (this.#port === 0) return;
    const { name, creation, listen, address } = node;
    this.#driver = new RegistryDriver(
      { clock, log: this.#log, transport, random: () => entropy.random() },
      {
        name,
        creation,
        port: listen.port,
        advertisedPort: address.port,
        listenHost: listen.host,
      },
      this.#port,
    );
    await this.#driver.start();
  }

  close(): void {
    this.#driver?.close();
  }
}

/** Where a node listens whose name came without a port: what its host's registry says, else the default port. */
export async function resolveName(
  name: string,
  registryPort: number,
): Promise<Address | undefined> {
  const parsed = parseNodeName(name);
  if (parsed === undefined) return undefined;
  const { host } = parsed;
  if (parsed.port !== undefined) return { host, port: parsed.port };
  if (registryPort === 0) return { host, port: DEFAULT_PORT };
  const address = { host: isLoopback(host) ? REGISTRY_HOST : host, port: registryPort };
  const ask = { clock, transport, address, timeoutMs: RESOLVE_MS };
  return { host, port: (await askPort(ask, parsed.name)) ?? DEFAULT_PORT };
}

/** The nodes that this host's registry knows; empty when none answers. */
export async function localNodes(
  registryPort: number,
  timeoutMs: number,
): Promise<readonly NodeAddress[]> {
  const address = { host: REGISTRY_HOST, port: registryPort };
  const nodes = await askNames({ clock, transport, address, timeoutMs });
  return nodes.flatMap(({ name, port }) => {
    const parsed = parseNodeName(name);
    return parsed === undefined ? [] : [{ ...parsed, port }];
  });
}
