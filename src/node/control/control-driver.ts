/**
 * Drives the control thread of one node: puts its parts together, starts and stops them. It never runs users' code.
 * Connections come through the `Gate` to the `Peers`, whom to be connected to is the `Mesh`'s business, orderly ends are
 * the `Farewells`', and what peers and schedulers say goes through the `ControlInbox`.
 */
import { FenceClock } from "../../base/fence.ts";
import type { Millis } from "../../base/millis.ts";
import type { Clock } from "../../port/clock.ts";
import type { ThreadPort } from "../../port/threads.ts";
import type { TlsKeys } from "../../port/transport.ts";
import type { SessionInfo } from "../../session/session-io.ts";
import type { ControlEvents, NodeUpInfo } from "./control-events.ts";
import { ControlInbox } from "./control-inbox.ts";
import { ControlServices } from "./control-services.ts";
import type { ControlSetup } from "../control-setup.ts";
import type { ControlWorld } from "./control-world.ts";
import { Farewells } from "./peers/farewells.ts";
import { Gate } from "./peers/gate.ts";
import { functionsMessage } from "./schedulers/hosted-functions.ts";
import { Mesh } from "./mesh/mesh.ts";
import type { PeerDriver } from "./peers/peer-driver.ts";
import { PeerQueries } from "./peers/peer-queries.ts";
import { Peers } from "./peers/peers.ts";
import { QueryDesk } from "./query-desk.ts";
import { SchedulerGroup } from "./schedulers/scheduler-group.ts";
import type { SchedulerKeeper } from "./schedulers/scheduler-keeper.ts";
import { SchedulerReplacement } from "./scheduler-replacement.ts";
import { CONTROL_SERVICES } from "../services.ts";
import { StartFunctions } from "./schedulers/start-functions.ts";
import { WatchdogDriver } from "./schedulers/watchdog-driver.ts";

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
  readonly #mesh: Mesh;
  readonly #farewells: Farewells;
  readonly #services: ControlServices;
  readonly #queries: PeerQueries;
  readonly #watchdog: WatchdogDriver;
  readonly #starts: StartFunctions;
  readonly #replacement: SchedulerReplacement;
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
    this.#queries = new PeerQueries((node) => this.#peers.known(node), this.#clock);
    this.#gate = new Gate({
      setup,
      world: this.#world,
      lanePorts: () => this.#schedulers.lanePorts,
      events: {
        decide: (socket, decision) => this.#mesh.decide(socket, decision),
        established: (socket, established) => this.#mesh.established(socket, established),
        failed: (socket, failure, name) => this.#mesh.failed(socket, failure, name),
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
        connectFailed: (name, error) => this.#mesh.connector.failed(name, error),
        message: (peer, message) => this.#inbox.fromPeer(peer, message),
      },
    });
    this.#mesh = new Mesh({
      setup,
      world: this.#world,
      schedulers: this.#schedulers,
      peers: this.#peers,
      gate: this.#gate,
      farewells: this.#farewells,
      resolve: (name) => events.resolve(name),
    });
    this.#replacement = new SchedulerReplacement({
      peers: this.#peers,
      gate: this.#gate,
      connector: this.#mesh.connector,
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
        this.#mesh.connect(node, waiter),
      disconnect: (node: string) => this.#mesh.disconnect(node),
      query: (node: string, verb: string, args: unknown, timeoutMs: Millis) =>
        this.#queries.ask(node, verb, args, timeoutMs),
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
      log: this.#world.log,
      peers: this.#peers,
      mesh: this.#mesh,
      schedulers: this.#schedulers,
      services: this.#services,
      farewells: this.#farewells,
      watchdog: this.#watchdog,
      starts: this.#starts,
      desk,
      queries: this.#queries,
      requestDesk: { ...desks, node: setup.node, stopRequested: stop },
      events: this.#events,
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
    this.#mesh.start();
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
    return this.#queries.ask(node, verb, args, timeoutMs);
  }

  /** Ends processes, then sessions in order, then sockets. */
  async stop(): Promise<void> {
    if (this.#stopping !== undefined) return;
    this.#stopping = () => undefined;
    this.#watchdog.stop();
    this.#services.stop();
    this.#mesh.close();
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
    this.#queries.close();
    this.#schedulers.close();
  }

  #up(peer: PeerDriver, info: SessionInfo): void {
    this.#gate.found(peer.name);
    this.#mesh.up(peer);
    peer.send(functionsMessage(this.#schedulers.functions));
    this.#mesh.introduce(peer);
    this.#services.nodeUp(peer, info.peer.creation);
  }

  #over(peer: PeerDriver): void {
    this.#mesh.over(peer);
    this.#queries.nodeDown(peer.name);
    this.#checkStopped();
  }

  #checkStopped(): void {
    if (this.#peers.up.length === 0) this.#stopping?.();
  }
}
