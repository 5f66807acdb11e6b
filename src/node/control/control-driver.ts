/**
 * Drives the control thread of one node: puts its parts together, starts and stops them. It never runs users' code.
 * Connections come through the `Gate` to the `Peers`, whom to dial is the `Connector`'s business, orderly ends are the
 * `Farewells`', and what peers and schedulers say goes through the `ControlInbox`.
 */
import { ConnectionError } from "../../base/error.ts";
import { FenceClock } from "../../base/fence.ts";
import { HEARD_NODES_MAX } from "../../base/limits.ts";
import type { Millis } from "../../base/millis.ts";
import { parseNodeName } from "../../config/node-name.ts";
import type { Clock } from "../../port/clock.ts";
import type { ThreadPort } from "../../port/threads.ts";
import type { TlsKeys } from "../../port/transport.ts";
import type { SessionInfo } from "../../session/session-io.ts";
import { AddressDials } from "./address-dials.ts";
import { Connector } from "./connector.ts";
import type { ControlEvents, NodeUpInfo } from "./control-events.ts";
import { ControlInbox } from "./control-inbox.ts";
import { ControlServices } from "./control-services.ts";
import type { ControlSetup } from "../control-setup.ts";
import type { ControlWorld } from "./control-world.ts";
import { DnsSeeds } from "./dns-seeds.ts";
import { Farewells } from "./farewells.ts";
import { Gate } from "./gate.ts";
import type { HandshakeFailure, HandshakeSocket } from "./handshake-socket.ts";
import { functionsMessage } from "./hosted-functions.ts";
import type { PeerDriver } from "./peer-driver.ts";
import { Peers } from "./peers.ts";
import { QueryDesk } from "./query-desk.ts";
import { Requests } from "../requests.ts";
import { SchedulerGroup } from "./scheduler-group.ts";
import type { SchedulerKeeper } from "./scheduler-keeper.ts";
import { SchedulerReplacement } from "./scheduler-replacement.ts";
import { CONTROL_SERVICES } from "../services.ts";
import { StartFunctions } from "./start-functions.ts";
import { WatchdogDriver } from "./watchdog-driver.ts";

/** Milliseconds that an orderly stop waits for its peers. */
const GOODBYE_MS = 1_500;

/** The control thread of one node. */
export class ControlDriver {
  readonly #setup: ControlSetup;
  readonly #world: ControlWorld;
  readonly #events: ControlEvents;
  readonly #schedulers: SchedulerGroup;
  readonly #peers: Peers;
  readonly #inbox: ControlInbox;
  readonly #gate: Gate;
  readonly #connector: Connector;
  readonly #addressDials: AddressDials;
  readonly #farewells: Farewells;
  readonly #services: ControlServices;
  readonly #asked: Requests;
  readonly #watchdog: WatchdogDriver;
  readonly #starts: StartFunctions;
  readonly #replacement: SchedulerReplacement;
  #dnsSeeds: DnsSeeds | undefined;
  #stopping: (() => void) | undefined;

  constructor(options: {
    readonly setup: ControlSetup;
    readonly world: Omit<ControlWorld, "lagMs" | "fences">;
    readonly ports: readonly ThreadPort[];
    readonly pulses: readonly SharedArrayBuffer[];
    /** Undefined: schedulers cannot be ended one by one. */
    readonly keeper?: SchedulerKeeper;
    readonly events: ControlEvents;
  }) {
    const { setup, events } = options;
    this.#setup = setup;
    this.#events = events;
    this.#schedulers = new SchedulerGroup({
      ports: options.ports,
      clock: options.world.clock,
      received: (index, message) => this.#inbox.fromScheduler(index, message),
    });
    const fences = new FenceClock(setup.fences);
    this.#world = { ...options.world, fences, lagMs: () => this.#watchdog.lagMs() };
    this.#services = new ControlServices(CONTROL_SERVICES, setup, this.#world, this.#schedulers);
    this.#watchdog = new WatchdogDriver({
      clock: this.#clock,
      log: this.#world.log,
      identities: this.#world.identities,
      schedulers: this.#schedulers,
      pulses: options.pulses,
      killAfterMs: setup.killStuckAfterMs,
      keeper: options.keeper,
      events: {
        ending: (scheduler, text) => this.#replacement.ending(scheduler, text),
        restarted: (scheduler, culprit) => this.#replacement.restarted(scheduler, culprit),
        failed: (scheduler, error) => {
          const fields = { scheduler, error: error.message };
          this.#world.log.write("error", "a scheduler cannot be restarted", fields);
          events.stopRequested();
        },
      },
    });
    const start = (functionName: string, args: readonly unknown[]): void =>
      this.#schedulers.tell(1, { kind: "start", functionName, args });
    this.#starts = new StartFunctions(start, this.#world.log);
    this.#farewells = new Farewells(this.#schedulers);
    this.#asked = new Requests(this.#clock);
    this.#gate = new Gate({
      setup,
      world: this.#world,
      lanePorts: () => this.#schedulers.lanePorts,
      events: {
        decide: (socket, decision) => {
          const peer = this.#peers.of(decision.peer.hello.name);
          if (!this.#addressDials.decide(socket, decision, peer)) peer.decide(socket, decision);
        },
        established: (socket, established) => {
          const peer = this.#peers.of(established.peer.hello.name);
          peer.established(socket, established);
          this.#addressDials.established(socket, peer);
        },
        failed: (socket, failure, name) => this.#handshakeFailed(socket, failure, name),
      },
    });
    this.#peers = new Peers({
      setup,
      world: this.#world,
      schedulers: this.#schedulers,
      services: this.#services,
      farewells: this.#farewells,
      gate: this.#gate,
      events: {
        up: (peer, info) => this.#up(peer, info),
        over: (peer) => this.#over(peer),
        connectFailed: (name, error) => this.#connector.failed(name, error),
        message: (peer, message) => this.#inbox.fromPeer(peer, message),
      },
    });
    this.#connector = new Connector({
      self: setup.node,
      clock: this.#clock,
      random: () => this.#world.entropy.random(),
      events: {
        connect: (name, address) => this.#peers.of(name).connect(address),
        connectAnyone: (key, address) => this.#addressDials.dial(key, address),
        resolve: (name) => events.resolve(name),
        unreachable: (node, reason) =>
          this.#schedulers.tellAll({ kind: "unreachable", node, reason }),
        passedOver: (node, nodes) => {
          const text = `a peer tells of more nodes than ${HEARD_NODES_MAX} in a session: the others are not dialled`;
          this.#world.log.write("warn", text, { node, nodes });
        },
      },
    });
    this.#addressDials = new AddressDials(this.#gate, this.#connector);
    this.#replacement = new SchedulerReplacement({
      peers: this.#peers,
      gate: this.#gate,
      connector: this.#connector,
      services: this.#services,
      starts: this.#starts,
    });
    this.#inbox = this.#openInbox();
  }

  #openInbox(): ControlInbox {
    const setup = this.#setup;
    const desks = {
      clock: this.#clock,
      connect: (node: string, waiter: (ok: boolean, reason: string) => void) =>
        this.#connect(node, waiter),
      disconnect: (node: string) => this.#disconnect(node),
      query: (node: string, verb: string, args: unknown, timeoutMs: Millis) =>
        this.query(node, verb, args, timeoutMs),
    };
    const stop = (): void => this.#events.stopRequested();
    const desk = new QueryDesk({
      ...desks,
      setup,
      schedulers: this.#schedulers,
      watchdog: this.#watchdog,
      address: () => this.#gate.address,
      peers: () => this.#peers.all,
      stop,
      memoryBytes: () => this.#world.memoryBytes(),
      services: this.#services,
    });
    return new ControlInbox({
      setup,
      log: this.#world.log,
      peers: this.#peers,
      connector: this.#connector,
      schedulers: this.#schedulers,
      services: this.#services,
      farewells: this.#farewells,
      watchdog: this.#watchdog,
      starts: this.#starts,
      desk,
      asked: this.#asked,
      requestDesk: { ...desks, node: setup.node, stopRequested: stop },
      events: this.#events,
      query: desks.query,
    });
  }

  get #clock(): Clock {
    return this.#world.clock;
  }

  /**
   * Waits for every scheduler and begins to dial the seeds.
   * @throws {ConfigError} a scheduler could not load its modules @throws {ConnectionError} address_in_use
   */
  async start(): Promise<NodeUpInfo> {
    // First, so that a node started twice is told so before anything of it runs.
    const listens = this.#gate.listen();
    const known =
      listens === undefined ? undefined : this.#events.listening?.(listens.listen, listens.address);
    await Promise.all([this.#schedulers.ready, known]);
    this.#watchdog.start();
    for (const target of this.#setup.seeds) this.#connector.addSeed(target);
    this.#dnsSeeds = DnsSeeds.start(this.#setup.dns, this.#world, this.#connector);
    return { address: this.#gate.address, functions: this.#schedulers.functions };
  }

  /** Starts a function on scheduler 1. */
  startFunction(functionName: string, args: readonly unknown[]): void {
    this.#starts.start(functionName, args);
  }

  /** New connections of the whole node are protected with these keys; those that stand are not touched. */
  renewTls(keys: TlsKeys): void {
    this.#world.transport.renew?.(keys);
    this.#schedulers.tellAll({ kind: "tls_keys", keys });
  }

  /** Names of the nodes with a session. */
  get peers(): readonly string[] {
    return this.#peers.up.map((peer) => peer.name).sort();
  }

  /** Asks a connected node what the command line wants to know. @throws {ConnectionError} */
  query(node: string, verb: string, args: unknown, timeoutMs: Millis): Promise<unknown> {
    const peer = this.#peers.known(node);
    if (peer === undefined || peer.number === 0) {
      return Promise.reject(new ConnectionError("closed_here", `not connected to ${node}`));
    }
    return new Promise((resolve, reject) => {
      const answered = (ok: boolean, value: unknown): void => {
        if (ok) resolve(value);
        else reject(queryError(node, value, timeoutMs));
      };
      const id = this.#asked.open(timeoutMs, answered, peer.name);
      peer.send({ kind: "query", id, verb, term: args });
    });
  }

  /** Ends processes, then sessions in order, then sockets. */
  async stop(): Promise<void> {
    if (this.#stopping !== undefined) return;
    this.#stopping = () => undefined;
    this.#watchdog.stop();
    this.#services.stop();
    this.#dnsSeeds?.close();
    this.#connector.close();
    this.#gate.stopListening();
    await this.#schedulers.stop("shutdown");
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(GOODBYE_MS, resolve);
      this.#stopping = () => {
        this.#clock.clearTimer(timer);
        resolve();
      };
      for (const peer of this.#peers.up) this.#farewells.leave(peer, "shutdown");
      this.#checkStopped();
    });
    for (const peer of this.#peers.all) peer.close();
    this.#gate.close();
    this.#asked.abandon("the node stops");
    this.#schedulers.close();
  }

  #handshakeFailed(
    socket: HandshakeSocket,
    failure: HandshakeFailure,
    name: string | undefined,
  ): void {
    const peer = name === undefined ? undefined : this.#peers.known(name);
    peer?.failed(socket, failure);
    this.#addressDials.failed(socket, failure.error, name, peer);
  }

  #up(peer: PeerDriver, info: SessionInfo): void {
    this.#gate.found(peer.name);
    this.#connector.connected(peer.name, peer.dialKey);
    this.#greet(peer);
    this.#services.nodeUp(peer, info.peer.creation);
  }

  /** Tells a new peer what is hosted here and whom else to connect to. */
  #greet(peer: PeerDriver): void {
    peer.send(functionsMessage(this.#schedulers.functions));
    if (!this.#setup.mesh || this.#setup.hidden || peer.hidden) return;
    const peers = [];
    for (const other of this.#peers.up) {
      const hello = other.info?.peer;
      if (other === peer || hello === undefined || hello.hidden) continue;
      if (hello.address !== undefined) peers.push({ name: hello.name, address: hello.address });
    }
    if (peers.length > 0) peer.send({ kind: "peers", peers });
  }

  #over(peer: PeerDriver): void {
    this.#connector.lost(peer.name);
    this.#asked.nodeDown(peer.name);
    this.#dnsSeeds?.lookSoon();
    this.#checkStopped();
  }

  #checkStopped(): void {
    if (this.#peers.up.length === 0) this.#stopping?.();
  }

  /** Calls `waiter` when there is a session, at once if there is one. */
  #connect(node: string, waiter: (ok: boolean, reason: string) => void): void {
    const name = parseNodeName(node)?.name ?? node;
    if (this.#peers.sessionOf(name) > 0 || name === this.#setup.node) waiter(true, "");
    else this.#connector.want(node, waiter);
  }

  #disconnect(node: string): boolean {
    const name = parseNodeName(node)?.name ?? node;
    this.#connector.dropped(name);
    const peer = this.#peers.known(name);
    if (peer === undefined || peer.number === 0) return false;
    this.#farewells.leave(peer, "disconnect");
    return true;
  }
}

/** Why a question has no answer: the node said so, or could not be heard. */
function queryError(node: string, value: unknown, timeoutMs: Millis): ConnectionError {
  if (value === "timeout") {
    return new ConnectionError(
      "connection_timeout",
      `${node} has not answered for ${timeoutMs} ms`,
    );
  }
  const code = value === "noconnection" ? "closed_by_peer" : "refused_by_peer";
  return new ConnectionError(code, `${node}: ${String(value)}`);
}
