import { DEFAULT_PORT, parseNodeName, type NodeAddress } from "../node/node-name.ts";
import type { Address } from "../port/transport.ts";

/** Where a node listens whose name came without a port. */
export function resolveName(name: string, _registryPort: number): Promise<Address | undefined> {
  const parsed = parseNodeName(name);
  if (parsed === undefined) return Promise.resolve(undefined);
  return Promise.resolve({ host: parsed.host, port: parsed.port ?? DEFAULT_PORT });
}

/** The nodes that this host's registry knows. */
export function localNodes(
  _registryPort: number,
  _timeoutMs: number,
): Promise<readonly NodeAddress[]> {
  return Promise.resolve([]);
}
