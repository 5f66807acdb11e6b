/**
 * Dials of an address without knowing who is there, as DNS gives them. Whoever answers is welcome; an address of this
 * node itself, or of a node that is connected, needs no connection and is remembered as what it is.
 */
import { ProtocolError, type ConnectionError } from "../../../base/error.ts";
import type { Address } from "../../../port/transport.ts";
import type { Connector } from "./connector.ts";
import type { Gate } from "../peers/gate.ts";
import type { Decision, HandshakeSocket } from "../peers/handshake-socket.ts";
import type { PeerDriver } from "../peers/peer-driver.ts";

export class AddressDials {
  readonly #gate: Gate;
  readonly #connector: Pick<Connector, "connected" | "failed">;

  constructor(gate: Gate, connector: Pick<Connector, "connected" | "failed">) {
    this.#gate = gate;
    this.#connector = connector;
  }

  dial(key: string, address: Address): void {
    const own = this.#gate.address;
    if (own?.host === address.host && own.port === address.port) {
      const text = `${key} is this node itself`;
      return this.#connector.failed(key, new ProtocolError("connected_to_self", text));
    }
    this.#gate.dial(address, key, undefined);
  }

  /** True: the peer is connected already, and the dial has been given up. */
  decide(socket: HandshakeSocket, decision: Decision, peer: PeerDriver): boolean {
    const { name, creation } = decision.peer.hello;
    const isConnected = peer.state === "up" && peer.info?.peer.creation === creation;
    if (keyOf(socket, name) === undefined || !isConnected) return false;
    socket.refuse("already_connected", `this node and ${name} are connected`);
    return true;
  }

  /** The handshake stands. A session that was repaired by it does not come up anew, so nobody else says so. */
  established(socket: HandshakeSocket, peer: PeerDriver): void {
    const key = keyOf(socket, peer.name);
    if (key !== undefined && peer.number > 0) this.#connector.connected(peer.name, key);
  }

  /** `name`: who the other side said to be, if it did; `peer`: what is known of it. */
  failed(
    socket: HandshakeSocket,
    error: ProtocolError | ConnectionError,
    name: string | undefined,
    peer: PeerDriver | undefined,
  ): void {
    const key = keyOf(socket, name);
    if (key === undefined) return;
    const isConnected = error.code === "already_connected" && (peer?.number ?? 0) > 0;
    if (isConnected && name !== undefined) this.#connector.connected(name, key);
    else this.#connector.failed(key, error);
  }
}

/** The key of a dial that was for an address; undefined for one that was for a node by name, and for an accepted one. */
function keyOf(socket: HandshakeSocket, name: string | undefined): string | undefined {
  return socket.dialKey === name ? undefined : socket.dialKey;
}
