/**
 * Whom this node is to be connected to: its seeds, nodes that DNS or peers tell of, and whoever is needed here. Has them
 * dialled, hands each handshake to the peer it is with, and tells peers of each other. With `cluster.mesh` off it neither
 * tells peers nor heeds what they tell.
 */
import { HEARD_NODES_MAX } from "../../../base/limits.ts";
import { parseNodeName } from "../../../config/node-name.ts";
import type { Address } from "../../../port/transport.ts";
import type { Established } from "../../../session/handshake/handshake-io.ts";
import type { PeerEntry } from "../../../wire/control-message.ts";
import { AddressDials } from "./address-dials.ts";
import { Connector, type ConnectWaiter } from "./connector.ts";
import type { ControlSetup } from "../../control-setup.ts";
import type { ControlWorld } from "../control-world.ts";
import { DnsSeeds } from "./dns-seeds.ts";
import type { Farewells } from "../peers/farewells.ts";
import type { Gate, GateEvents } from "../peers/gate.ts";
import type { Decision, HandshakeFailure, HandshakeSocket } from "../peers/handshake-socket.ts";
import type { PeerDriver } from "../peers/peer-driver.ts";
import type { Peers } from "../peers/peers.ts";
import type { SchedulerGroup } from "../schedulers/scheduler-group.ts";

export interface MeshOptions {
  readonly setup: ControlSetup;
  readonly world: ControlWorld;
  readonly schedulers: SchedulerGroup;
  readonly peers: Peers;
  readonly gate: Gate;
  readonly farewells: Farewells;
  /** Where a node listens whose name came without a port; undefined: not known. */
  readonly resolve: (name: string) => Promise<Address | undefined>;
}

export class Mesh implements GateEvents {
  /** Says when to dial whom. */
  readonly connector: Connector;
  readonly #options: MeshOptions;
  readonly #addressDials: AddressDials;
  #dnsSeeds: DnsSeeds | undefined;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.connector = this.#openConnector();
    this.#addressDials = new AddressDials(options.gate, this.connector);
  }

  /** Begins to dial the seeds, and goes on for as long as the node lives. */
  start(): void {
    const { setup, world } = this.#options;
    for (const target of setup.seeds) this.connector.addSeed(target);
    this.#dnsSeeds = DnsSeeds.start(setup.dns, world, this.connector);
  }

  /** Dials nobody any more; sessions that stand are not touched. */
  close(): void {
    this.#dnsSeeds?.close();
    this.connector.close();
  }

  decide(socket: HandshakeSocket, decision: Decision): void {
    const peer = this.#options.peers.of(decision.peer.hello.name);
    if (!this.#addressDials.decide(socket, decision, peer)) peer.decide(socket, decision);
  }

  established(socket: HandshakeSocket, established: Established): void {
    const peer = this.#options.peers.of(established.peer.hello.name);
    peer.established(socket, established);
    this.#addressDials.established(socket, peer);
  }

  failed(socket: HandshakeSocket, failure: HandshakeFailure, name: string | undefined): void {
    const peer = name === undefined ? undefined : this.#options.peers.known(name);
    peer?.failed(socket, failure);
    this.#addressDials.failed(socket, failure.error, name, peer);
  }

  /** A session is up. */
  up(peer: PeerDriver): void {
    this.connector.connected(peer.name, peer.dialKey);
  }

  /** It is over: a reason to dial, and to look who is there now. */
  over(peer: PeerDriver): void {
    this.connector.lost(peer.name);
    this.#dnsSeeds?.lookSoon();
  }

  /** Tells a new peer whom else to connect to. */
  introduce(peer: PeerDriver): void {
    if (!this.#isOn || peer.hidden) return;
    const peers = [];
    for (const other of this.#options.peers.up) {
      const hello = other.info?.peer;
      if (other === peer || hello === undefined || hello.hidden) continue;
      if (hello.address !== undefined) peers.push({ name: hello.name, address: hello.address });
    }
    if (peers.length > 0) peer.send({ kind: "peers", peers });
  }

  /** A peer tells of others. */
  heard(from: PeerDriver, others: readonly PeerEntry[]): void {
    if (!this.#isOn) return;
    const { peers } = this.#options;
    this.connector.heard(
      from.name,
      others.filter(({ name }) => peers.sessionOf(name) === 0),
    );
  }

  /** Calls `waiter` when there is a session, at once if there is one, or when there cannot be one. */
  connect(node: string, waiter: ConnectWaiter): void {
    const { peers, setup } = this.#options;
    const name = parseNodeName(node)?.name ?? node;
    if (peers.sessionOf(name) > 0 || name === setup.node) waiter(true, "");
    else this.connector.want(node, waiter);
  }

  /** Ends the session in order; false: there is none. The node is not dialled again until somebody needs it. */
  disconnect(node: string): boolean {
    const { peers, farewells } = this.#options;
    const name = parseNodeName(node)?.name ?? node;
    this.connector.dropped(name);
    const peer = peers.known(name);
    if (peer === undefined || peer.number === 0) return false;
    farewells.leave(peer, "disconnect");
    return true;
  }

  get #isOn(): boolean {
    const { mesh, hidden } = this.#options.setup;
    return mesh && !hidden;
  }

  #openConnector(): Connector {
    const { setup, world, schedulers, peers, resolve } = this.#options;
    return new Connector({
      self: setup.node,
      clock: world.clock,
      random: () => world.entropy.random(),
      events: {
        connect: (name, address) => peers.of(name).connect(address),
        connectAnyone: (key, address) => this.#addressDials.dial(key, address),
        resolve,
        unreachable: (node, reason) => schedulers.tellAll({ kind: "unreachable", node, reason }),
        passedOver: (node, nodes) => {
          const text = `a peer tells of more nodes than ${HEARD_NODES_MAX} in a session: the others are not dialled`;
          world.log.write("warn", text, { node, nodes });
        },
      },
    });
  }
}
