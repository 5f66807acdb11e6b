import { ProtocolError } from "../../base/error.ts";
import { capabilityNames, negotiateCapabilities } from "../../wire/capabilities.ts";
import type { Hello } from "../../wire/handshake-message.ts";
import { negotiateVersion } from "../../wire/version.ts";

/** What two HELLOs agree on. */
export interface Agreement {
  readonly version: number;
  /** Bits of `Capability` that both sides offer. */
  readonly capabilities: number;
}

/**
 * What this node and the peer agree on.
 * @throws {ProtocolError} version_unsupported, tls_mode_differs, capability_missing, connected_to_self, name_taken,
 * bad_name: each with what was got and what was expected
 */
export function checkHello(own: Hello, peer: Hello, expectedName: string | undefined): Agreement {
  const version = negotiateVersion(own.versions, peer.versions);
  if (version === undefined) {
    const got = `${peer.versions.min} to ${peer.versions.max}`;
    const expected = `${own.versions.min} to ${own.versions.max}`;
    throw new ProtocolError(
      "version_unsupported",
      `${peer.name} speaks protocol versions ${got}, ${own.name} speaks ${expected}: upgrade the older node`,
    );
  }
  if (peer.tlsMode !== own.tlsMode) {
    throw new ProtocolError(
      "tls_mode_differs",
      `${peer.name} has tls.mode "${peer.tlsMode}", ${own.name} has "${own.tlsMode}": set the same on both nodes`,
    );
  }
  const { common, missingAtPeer, missingHere } = negotiateCapabilities(
    own.capabilities,
    peer.capabilities,
  );
  if (missingAtPeer !== 0 || missingHere !== 0) {
    const [node, by, bits] =
      missingAtPeer !== 0
        ? [peer.name, own.name, missingAtPeer]
        : [own.name, peer.name, missingHere];
    const names = capabilityNames(bits).join(", ");
    throw new ProtocolError(
      "capability_missing",
      `${node} lacks ${names}, which ${by} requires: upgrade ${node}`,
    );
  }
  if (peer.name === own.name) {
    if (peer.creation === own.creation) {
      throw new ProtocolError("connected_to_self", `this address is ${own.name} itself`);
    }
    throw new ProtocolError(
      "name_taken",
      `${own.name} is the name of both nodes: choose another for one of them`,
    );
  }
  if (expectedName !== undefined && peer.name !== expectedName) {
    throw new ProtocolError(
      "bad_name",
      `${peer.name} answers at this address, expected ${expectedName}`,
    );
  }
  return { version, capabilities: common };
}
