/**
 * Drives the control thread of one node: keeps one `PeerDriver` for each peer, tells the schedulers which sessions
 * there are, and answers what they and the command line ask. It never runs users' code. Connections come through the
 * `Gate`, whom to dial is the `Connector`'s business, orderly ends are the `Farewells`'.
 */
import { ConnectionError, type ProtocolError } from "../base/error.ts";
import { FenceClock } from "../base/fence.ts";
import { CALL_MS } from "../base/limits.ts";
import type { Millis } from "../base/millis.ts";
import type { DialTarget } from "../cluster/dialling.ts";
import type { Clock } from "../port/clock.ts";
import type { ThreadPort } from "../port/threads.ts";
import type { TlsKeys } from "../port/transport.ts";
import type { SessionInfo } from "../session/session-io.ts";
import type { ControlMessage } from "../wire/control-message.ts";
import { AddressDials } from "./address-dials.ts";
import { Connector } from "./connector.ts";
import { ControlServices } from "./control-services.ts";
import type { ControlEvents, NodeUpInfo } from "./control-events.ts";
import type { ControlSetup } from "./control-setup.ts";
import type { ControlWorld } from "./control-world.ts";
import { Farewells } from "./farewells.ts";
import { Gate } from "./gate.ts";
import { DnsSeeds } from "./dns-seeds.ts";
import type { HandshakeFailure, HandshakeSocket } from "./handshake-socket.ts";
import { compareVersions, functionsMessage, functionsOf } from "./hosted-functions.ts";
import { parseNodeName } from "../config/node-name.ts";
import { PeerDriver, type SessionOver } from "./peer-driver.ts";
import { QueryDesk } from "./query-desk.ts";
import { Requests } from "./requests.ts";
import { SchedulerGroup } from "./scheduler-group.ts";
import type { SchedulerKeeper } from "./scheduler-keeper.ts";
import { answerRequest, type RequestDesk, type SchedulerRequest } from "./scheduler-requests.ts";
import { CONTROL_SERVICES } from "./services.ts";
import { StartFunctions } from "./start-functions.ts";
import type { ToControl } from "./thread-message.ts";
import { WatchdogDriver } from "./watchdog-driver.ts";

/** Milliseconds that an orderly stop waits for its peers. */
const GOODBYE_MS = 1_500;

/** What a scheduler says of a lane, and what that is to the session. */
const LANE_INPUTS = {
  attached: "lane_attached",
  lost: "lane_lost",
  dial_failed: "lane_failed",
  stalled: "lane_stalled",
} as const;

export class ControlDriver {
  readonly #setup: ControlSetup;
  readonly #world: ControlWorld;
  readonly #events: ControlEvents;
  readonly #schedulers: SchedulerGroup;
  readonly #peers = new Map<string, PeerDriver>();
  readonly #byNumber = new Map<number, PeerDriver>();
  readonly #gate: Gate;
  readonly #connector: Connector;
  readonly #addressDials: AddressDials;
  readonly #farewells: Farewells;
  readonly #desk: QueryDesk;
  readonly #requestDesk: RequestDesk;
  readonly #services: ControlServices;
  readonly #asked: Requests;
  readonly #watchdog: WatchdogDriver;
  readonly #starts: StartFunctions;
  /** Schedulers that are being replaced: meanwhile there are no sessions. */
  #replaced = 0;
  /** Nodes whose session ended for that. */
  #parted: DialTarget[] = [];
  #dnsSeeds: DnsSeeds | undefined;
  #nextSession = 1;
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
      received: (index, message) => this.#fromScheduler(index, message),
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
        ending: (scheduler, text) => this.#schedulerEnding(scheduler, text),
        restarted: (scheduler, culprit) => this.#schedulerRestarted(scheduler, culprit),
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
          const peer = this.#peer(decision.peer.hello.name);
          if (!this.#addressDials.decide(socket, decision, peer)) peer.decide(socket, decision);
        },
        established: (socket, established) => {
          const peer = this.#peer(established.peer.hello.name);
          peer.established(socket, established);
          this.#addressDials.established(socket, peer);
        },
        failed: (socket, failure, name) => this.#handshakeFailed(socket, failure, name),
      },
    });
    this.#connector = new Connector({
      self: setup.node,
      clock: this.#clock,
      random: () => this.#world.entropy.random(),
      events: {
        connect: (name, address) => this.#peer(name).connect(address),
        connectAnyone: (key, address) => this.#addressDials.dial(key, address),
        resolve: (name) => events.resolve(name),
        unreachable: (node, reason) =>
          this.#schedulers.tellAll({ kind: "unreachable", node, reason }),
      },
    });
    this.#addressDials = new AddressDials(this.#gate, this.#connector);
    this.#requestDesk = {
      node: setup.node,
      clock: this.#clock,
      connect: (node, waiter) => this.#connect(node, waiter),
      disconnect: (node) => this.#disconnect(node),
      query: (node, verb, args, timeoutMs) => this.query(node, verb, args, timeoutMs),
      stopRequested: () => events.stopRequested(),
    };
    this.#desk = new QueryDesk({
      setup,
      clock: this.#clock,
      schedulers: this.#schedulers,
      watchdog: this.#watchdog,
      address: () => this.#gate.address,
      peers: () => [...this.#peers.values()],
      connect: (node, waiter) => this.#connect(node, waiter),
      disconnect: (node) => this.#disconnect(node),
      query: (node, verb, args, timeoutMs) => this.query(node, verb, args, timeoutMs),
      stop: () => events.stopRequested(),
      memoryBytes: () => this.#world.memoryBytes(),
      services: this.#services,
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
    return [...this.#byNumber.values()].map((peer) => peer.name).sort();
  }

  /** Asks a connected node what the command line wants to know. @throws {ConnectionError} */
  query(node: string, verb: string, args: unknown, timeoutMs: Millis): Promise<unknown> {
    const peer = this.#peers.get(node);
    if (peer === undefined || peer.number === 0) {
      return Promise.reject(new ConnectionError("closed_here", `not connected to ${node}`));
    }
    return new Promise((resolve, reject) => {
      const id = this.#asked.open(timeoutMs, (ok, value) => {
        if (ok) resolve(value);
        else reject(new ConnectionError("refused_by_peer", `${node}: ${String(value)}`));
      });
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
      for (const peer of this.#byNumber.values()) this.#farewells.leave(peer, "shutdown");
      this.#checkStopped();
    });
    for (const peer of this.#peers.values()) peer.close();
    this.#gate.close();
    this.#asked.abandon("the node stops");
    this.#schedulers.close();
  }

  // ---- sessions

  #peer(name: string): PeerDriver {
    const known = this.#peers.get(name);
    if (known !== undefined) return known;
    const { node, schedulers, graceMs, refusedIsDown, tick } = this.#setup;
    const self = { name: node, address: this.#gate.address, schedulers };
    const peer = new PeerDriver({
      world: this.#world,
      session: { self, peer: name, graceMs, refusedIsDown, tick },
      events: {
        dial: (driver, address) => this.#gate.dial(address, driver.name, driver.name),
        up: (driver, info) => this.#up(driver, info),
        over: (driver, end) => this.#over(driver, end),
        connectFailed: (driver, error) => this.#connector.failed(driver.name, error),
        dialLane: ({ number }, { lane, scheduler }, address) =>
          this.#schedulers.tell(scheduler, { kind: "lane_dial", number, lane, address }),
        resetLane: ({ number }, { lane, scheduler }) =>
          this.#schedulers.tell(scheduler, { kind: "lane_reset", number, lane }),
        awaitFrames: (driver, lastFrames) => this.#farewells.awaitFrames(driver, lastFrames),
        message: (driver, message) => this.#fromPeer(driver, message),
        suspected: (driver, lane, forMs) => {
          this.#world.log.write("warn", "session suspect", { node: driver.name, lane, forMs });
          this.#services.suspected(driver, true);
        },
        recovered: (driver, afterMs) => {
          this.#world.log.write("info", "session recovered", { node: driver.name, afterMs });
          this.#services.suspected(driver, false);
        },
        ticked: (driver, echo) => this.#services.ticked(driver, echo),
        idle: (driver) => {
          if (this.#peers.get(driver.name) === driver) this.#peers.delete(driver.name);
          driver.close();
        },
      },
    });
    this.#peers.set(name, peer);
    return peer;
  }

  #handshakeFailed(
    socket: HandshakeSocket,
    failure: HandshakeFailure,
    name: string | undefined,
  ): void {
    const peer = name === undefined ? undefined : this.#peers.get(name);
    peer?.failed(socket, failure);
    this.#addressDials.failed(socket, failure.error, name, peer);
  }

  #up(peer: PeerDriver, info: SessionInfo): void {
    const number = this.#nextSession++;
    const { name: node, creation, hidden, schedulers } = info.peer;
    peer.number = number;
    peer.upSince = this.#clock.now();
    peer.hidden = hidden;
    this.#byNumber.set(number, peer);
    for (let index = 1; index <= this.#setup.schedulers; index++) {
      const lanes = info.lanes
        .filter((lane) => lane.scheduler === index)
        .map(({ lane, sends }) => ({ lane, sends }));
      const { id: sessionId, laneKey } = info;
      const session = { number, sessionId, laneKey, node, creation, hidden, lanes };
      this.#schedulers.tell(index, { kind: "session_up", session });
    }
    const level = hidden ? "debug" : "info";
    this.#world.log.write(level, "node up", { node, creation, schedulers });
    this.#gate.found(node);
    this.#connector.connected(node, peer.dialKey);
    this.#greet(peer);
    this.#services.nodeUp(peer, creation);
  }

  /** Tells a new peer what is hosted here and whom else to connect to. */
  #greet(peer: PeerDriver): void {
    peer.send(functionsMessage(this.#schedulers.functions));
    if (!this.#setup.mesh || this.#setup.hidden || peer.hidden) return;
    const peers = [];
    for (const other of this.#byNumber.values()) {
      const hello = other.info?.peer;
      if (other === peer || hello === undefined || hello.hidden) continue;
      if (hello.address !== undefined) peers.push({ name: hello.name, address: hello.address });
    }
    if (peers.length > 0) peer.send({ kind: "peers", peers });
  }

  #over(peer: PeerDriver, { reason, text, heardAt, isGone }: SessionOver): void {
    const { name, number } = peer;
    this.#byNumber.delete(number);
    this.#farewells.forget(number);
    this.#services.nodeDown(peer);
    peer.number = 0;
    const silentMs = this.#clock.now() - heardAt;
    this.#schedulers.tellAll({ kind: "session_over", number, reason, isGone, silentMs });
    this.#schedulers.tellAll({ kind: "peer_functions", node: name, functions: [] });
    const level = peer.hidden ? "debug" : "info";
    this.#world.log.write(level, "node down", { node: name, reason, text });
    this.#connector.lost(name);
    this.#dnsSeeds?.lookSoon();
    this.#checkStopped();
  }

  #checkStopped(): void {
    if (this.#byNumber.size === 0) this.#stopping?.();
  }

  #isUp(name: string): boolean {
    return (this.#peers.get(name)?.number ?? 0) > 0;
  }

  /** Calls `waiter` when there is a session, at once if there is one. */
  #connect(node: string, waiter: (ok: boolean, reason: string) => void): void {
    const name = parseNodeName(node)?.name ?? node;
    if (this.#isUp(name) || name === this.#setup.node) waiter(true, "");
    else this.#connector.want(node, waiter);
  }

  #disconnect(node: string): boolean {
    const name = parseNodeName(node)?.name ?? node;
    this.#connector.dropped(name);
    const peer = this.#peers.get(name);
    if (peer === undefined || peer.number === 0) return false;
    this.#farewells.leave(peer, "disconnect");
    return true;
  }

  /** Its lanes end with it, and with them every session of this node (D6). */
  #schedulerEnding(scheduler: number, text: string): void {
    this.#replaced += 1;
    this.#connector.pause(true);
    for (const peer of [...this.#byNumber.values()]) {
      const { address } = peer.info?.peer ?? {};
      if (!peer.hidden) this.#parted.push({ name: peer.name, address });
      peer.input({ kind: "abort", reason: "scheduler_killed", text });
    }
    this.#gate.hold(true);
    this.#services.schedulerGone(scheduler);
  }

  #schedulerRestarted(scheduler: number, culprit: string | undefined): void {
    this.#services.schedulerStarted(scheduler);
    if (scheduler === 1) this.#starts.again(culprit);
    this.#replaced -= 1;
    if (this.#replaced > 0) return;
    this.#gate.hold(false);
    this.#connector.pause(false);
    this.#connector.heard(this.#parted.splice(0));
  }

  // ---- what is said to the control thread

  #fromPeer(peer: PeerDriver, message: ControlMessage): void {
    switch (message.kind) {
      case "functions": {
        const functions = functionsOf(message);
        this.#schedulers.tellAll({ kind: "peer_functions", node: peer.name, functions });
        return compareVersions(peer.name, functions, this.#schedulers.functions, this.#world.log);
      }
      case "peers":
        if (!this.#setup.mesh || this.#setup.hidden) return;
        return this.#connector.heard(message.peers.filter(({ name }) => !this.#isUp(name)));
      case "query":
        return this.#desk.ask(message.verb, message.term, (ok, term) =>
          peer.send({ kind: "answer", id: message.id, ok, term }),
        );
      case "answer":
        return this.#asked.answer(message.id, message.ok, message.term);
      case "stop":
        return this.#events.stopRequested();
      case "service":
        return this.#services.fromPeer(peer, message);
      case "goodbye":
        return;
    }
  }

  #fromScheduler(scheduler: number, message: ToControl): void {
    switch (message.kind) {
      case "dial":
        return this.#wantedBySignal(message.node, message.hint);
      case "lane_state": {
        const { lane, state } = message;
        return this.#byNumber.get(message.number)?.input({ kind: LANE_INPUTS[state], lane });
      }
      case "lane_failed": {
        const reason = message.code as ProtocolError["code"];
        const peer = this.#byNumber.get(message.number);
        return peer?.input({ kind: "abort", reason, text: message.text });
      }
      case "lane_end": {
        const peer = this.#byNumber.get(message.number);
        return peer && this.#farewells.laneEnd(peer, message.lane, message.frame);
      }
      case "lane_complete": {
        const peer = this.#byNumber.get(message.number);
        return peer && this.#farewells.laneComplete(peer);
      }
      case "request":
        return this.#request(scheduler, message);
      case "service":
        return this.#services.fromScheduler(scheduler, message.service, message.message);
      case "started":
        return this.#starts.started(message.functionName, message.pid);
      case "start_ended":
        return this.#starts.ended(message.pid);
      case "scheduler_drained":
        return this.#watchdog.drained(scheduler);
      case "start_refused":
        return this.#events.startRefused(message.text);
      case "ready":
      case "start_failed":
      case "stopped":
      case "answer":
        return;
    }
  }

  /** A signal waits for the node. If its session came up meanwhile, the scheduler has been told. */
  #wantedBySignal(node: string, hint: number | undefined): void {
    const name = parseNodeName(node)?.name ?? node;
    if (this.#isUp(name)) return this.#doubtRestart(name);
    this.#connector.want(hint === undefined ? node : `${name}:${hint}`);
  }

  /**
   * Signals wait for a later start of a connected node. A node that is gone does not answer, and what waits goes to the
   * one after it; one that answers has never been started again: nobody has such a pid.
   */
  #doubtRestart(name: string): void {
    const number = this.#peers.get(name)?.number;
    void this.query(name, "ping", {}, CALL_MS).then(
      () => {
        if (this.#peers.get(name)?.number !== number) return;
        this.#schedulers.tellAll({ kind: "unreachable", node: name, reason: "stale_creation" });
      },
      () => undefined,
    );
  }

  #request(scheduler: number, message: SchedulerRequest): void {
    const { id } = message;
    answerRequest(message, this.#requestDesk, (ok, value) =>
      this.#schedulers.tell(scheduler, { kind: "answer", id, ok, value }),
    );
  }
}
