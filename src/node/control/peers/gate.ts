/** Where connections come in and go out: the listener, dials, and every handshake until it stands or fails. */
import { ConnectionError } from "../../../base/error.ts";
import type { Address, Attempt, Listener } from "../../../port/transport.ts";
import type { Established } from "../../../session/handshake/handshake-io.ts";
import { CAPABILITIES_OFFERED, CAPABILITIES_REQUIRED } from "../../../wire/capabilities.ts";
import { NONCE_BYTES, type Hello } from "../../../wire/handshake-message.ts";
import { PROTOCOL_VERSION, PROTOCOL_VERSION_MIN } from "../../../wire/version.ts";
import { Admission } from "../../admission.ts";
import type { ControlSetup } from "../../control-setup.ts";
import type { ControlWorld } from "../control-world.ts";
import { HandshakeSocket, type Decision, type HandshakeFailure } from "./handshake-socket.ts";
import { RefusalLog } from "../../refusal-log.ts";

/** What a dial ends in when nobody is there, as opposed to somebody who does not want us. */
const ABSENT: ReadonlySet<string> = new Set([
  "connection_refused",
  "connection_reset",
  "connection_timeout",
  "host_unreachable",
  "closed_by_peer",
  "closed_here",
]);

/** Absent ones that are remembered: beyond it a name made up is said once more, and takes no memory. */
const ABSENT_MAX = 1_024;

const NO_NEWS: ReadonlySet<string> = new Set(["already_connected", "connected_to_self"]);

export interface GateEvents {
  decide(socket: HandshakeSocket, decision: Decision): void;
  /** The caller hands the connection over or closes it before it returns. */
  established(socket: HandshakeSocket, established: Established): void;
  /** `name`: who the other side said to be, or whom the dial was for. */
  failed(socket: HandshakeSocket, failure: HandshakeFailure, name: string | undefined): void;
}

export class Gate {
  readonly #setup: ControlSetup;
  readonly #world: ControlWorld;
  readonly #events: GateEvents;
  readonly #lanePorts: () => readonly number[];
  readonly #admission: Admission;
  readonly #refusals: RefusalLog;
  /** Whom a dial did not find, and that has been said; forgotten when it is connected. */
  readonly #absent = new Set<string>();
  /** Every handshake that is neither through nor over. */
  readonly #handshakes = new Set<HandshakeSocket>();
  #held = false;
  #listener: Listener | undefined;
  #address: Address | undefined;
  #nextId = 1;

  constructor(options: {
    readonly setup: ControlSetup;
    readonly world: ControlWorld;
    readonly lanePorts: () => readonly number[];
    readonly events: GateEvents;
  }) {
    this.#setup = options.setup;
    this.#world = options.world;
    this.#events = options.events;
    this.#lanePorts = options.lanePorts;
    this.#admission = new Admission(options.setup.limits);
    this.#refusals = new RefusalLog(options.world.log);
  }

  /** Where peers dial this node; undefined while it does not listen. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** Connections that have not proved themselves. */
  get strangers(): number {
    return this.#admission.size;
  }

  /**
   * Where it listens and what peers dial; undefined: this node cannot be dialled.
   * @throws {ConnectionError} address_in_use
   */
  listen(): { readonly listen: Address; readonly address: Address } | undefined {
    const { listen, advertise } = this.#setup;
    if (listen === undefined) return undefined;
    this.#listener = this.#world.transport.listen(listen, (remoteHost, incoming) =>
      this.#accept(remoteHost, incoming),
    );
    const { port } = this.#listener;
    this.#address = { host: advertise?.host ?? listen.host, port: advertise?.port ?? port };
    return { listen: { host: listen.host, port }, address: this.#address };
  }

  /** Dials; `expectedName` undefined: whoever answers is welcome. `key` comes back as the socket's `dialKey`. */
  dial(address: Address, key: string, expectedName: string | undefined): HandshakeSocket {
    const socket = this.#handshake("dialler", address.host, key, expectedName);
    socket.cancel = this.#world.transport.dial(address, socket).cancel;
    return socket;
  }

  /** A session with this node is up. */
  found(node: string): void {
    this.#absent.delete(node);
  }

  /** No more newcomers; connections that stand are not touched. */
  stopListening(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  /**
   * On: gives up every handshake and lets nobody in, because what this node says of itself is about to change. Whoever
   * is turned away dials again.
   */
  hold(on: boolean): void {
    this.#held = on;
    if (!on) return;
    const error = new ConnectionError("closed_here", "a scheduler of this node is being restarted");
    for (const socket of [...this.#handshakes]) socket.drop(error);
  }

  close(): void {
    this.stopListening();
    this.#admission.dropAll(new ConnectionError("closed_here", "the node stops"));
  }

  #hello(): Hello {
    const { node, creation, hidden, schedulers, tlsMode, graceMs, tick } = this.#setup;
    return {
      versions: this.#setup.versions ?? { min: PROTOCOL_VERSION_MIN, max: PROTOCOL_VERSION },
      capabilities: { offered: CAPABILITIES_OFFERED, required: CAPABILITIES_REQUIRED },
      tlsMode,
      name: node,
      creation,
      nonce: this.#world.entropy.bytes(NONCE_BYTES),
      address: this.#address,
      schedulers,
      lanePorts: this.#address === undefined ? [] : this.#lanePorts(),
      hidden,
      tickIntervalMs: tick.intervalMs,
      graceMs,
    };
  }

  #accept(remoteHost: string, incoming: Attempt): HandshakeSocket {
    const socket = this.#handshake("acceptor", remoteHost, undefined, undefined);
    socket.cancel = incoming.cancel;
    this.#admission.add(socket, remoteHost);
    if (this.#held) this.#world.clock.afterIo(() => this.#held && this.hold(true));
    return socket;
  }

  #handshake(
    role: "dialler" | "acceptor",
    remoteHost: string,
    key: string | undefined,
    expectedName: string | undefined,
  ): HandshakeSocket {
    const { clock, digest } = this.#world;
    const { cookies, limits } = this.#setup;
    const deadline = clock.now() + limits.handshakeMs;
    const made = new HandshakeSocket({
      id: this.#nextId++,
      role,
      dialKey: key,
      remoteHost,
      clock,
      deadline,
      handshake: (exporter) => ({
        role,
        hello: this.#hello(),
        cookies,
        digest,
        exporter,
        expectedName,
        deadline,
      }),
      events: {
        decide: (socket, decision) => this.#events.decide(socket, decision),
        established: (socket, established) => {
          this.#handshakes.delete(socket);
          this.#admission.remove(socket, remoteHost);
          this.#events.established(socket, established);
        },
        failed: (socket, failure) => {
          this.#handshakes.delete(socket);
          this.#admission.remove(socket, remoteHost);
          const name = failure.peer?.hello.name ?? expectedName;
          this.#log(socket, failure, name);
          this.#events.failed(socket, failure, name);
        },
        closed: (socket) => {
          this.#handshakes.delete(socket);
          this.#admission.remove(socket, remoteHost);
        },
      },
    });
    this.#handshakes.add(made);
    return made;
  }

  #isAbsent(key: string): void {
    this.#absent.add(key);
    const [oldest] = this.#absent;
    if (this.#absent.size > ABSENT_MAX && oldest !== undefined) this.#absent.delete(oldest);
  }

  #log(socket: HandshakeSocket, failure: HandshakeFailure, name: string | undefined): void {
    const { error, remote } = failure;
    const fields = { node: name, remote, code: error.code, error: error.message };
    // Two dials that crossed, or an address that led back here: nothing that anybody has to act on.
    if (NO_NEWS.has(error.code)) return this.#world.log.write("debug", "not needed", fields);
    if (socket.role === "acceptor") {
      if (this.#held) return this.#world.log.write("debug", "connection refused", fields);
      return this.#refusals.refused("connection refused", fields, this.#world.clock.now());
    }
    // That a node is not there is said once, and of many only some: peers may tell of thousands. That it refuses, every time.
    const key = socket.dialKey ?? remote;
    const absent = error instanceof ConnectionError && ABSENT.has(error.code);
    const isNew = absent && !this.#absent.has(key);
    if (absent) this.#isAbsent(key);
    if (isNew) return this.#refusals.refused("dial failed", fields, this.#world.clock.now());
    this.#world.log.write(absent ? "debug" : "warn", "dial failed", fields);
  }
}
