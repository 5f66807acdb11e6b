/**
 * Drives the control thread of one node: listens, lets peers in, keeps one `PeerDriver` for each of them, tells the
 * schedulers which sessions there are, and answers what they and the command line ask. It never runs users' code.
 */
import { ConnectionError, ProtocolError } from "../base/error.ts";
import type { Millis } from "../base/millis.ts";
import { Dialling, type DialTarget } from "../cluster/dialling.ts";
import type { Clock, Timer } from "../port/clock.ts";
import type { Address, Attempt, Listener } from "../port/transport.ts";
import type { ThreadPort } from "../port/threads.ts";
import type { SessionInfo } from "../session/session-io.ts";
import type { TickTimes } from "../session/tick.ts";
import { CAPABILITIES_OFFERED, CAPABILITIES_REQUIRED } from "../wire/capabilities.ts";
import type { ControlMessage } from "../wire/control-message.ts";
import { NONCE_BYTES, type Hello, type TlsMode } from "../wire/handshake-message.ts";
import type { SessionEndReason } from "../wire/protocol-code.ts";
import { PROTOCOL_VERSION, PROTOCOL_VERSION_MIN } from "../wire/version.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import type { ControlWorld } from "./control-world.ts";
import { HandshakeSocket, type HandshakeFailure } from "./handshake-socket.ts";
import { parseNodeName } from "./node-name.ts";
import { PeerDriver } from "./peer-driver.ts";
import { QueryDesk } from "./query-desk.ts";
import { Requests } from "./requests.ts";
import { SchedulerGroup } from "./scheduler-group.ts";
import type { HostedFunction, ToControl } from "./thread-message.ts";

/** What the control thread of a node is told at its start. */
export interface ControlSetup {
  readonly node: string;
  readonly creation: number;
  readonly version: string;
  readonly hidden: boolean;
  readonly schedulers: number;
  /** Proofs are tried with all of them, at most two. */
  readonly cookies: readonly Uint8Array[];
  readonly tlsMode: TlsMode;
  /** Undefined: this node cannot be dialled. */
  readonly listen: Address | undefined;
  /** What peers dial, where it differs from `listen`. */
  readonly advertise: { readonly host: string; readonly port: number | undefined } | undefined;
  readonly mesh: boolean;
  readonly seeds: readonly DialTarget[];
  readonly graceMs: Millis;
  readonly refusedIsDown: boolean;
  readonly tick: TickTimes;
  readonly limits: AdmissionLimits & { readonly handshakeMs: Millis };
}

export interface ControlEvents {
  /** Somebody asked the node to stop. */
  stopRequested(): void;
  /** A function of `[[start]]` could not be started. */
  startRefused(text: string): void;
  /** Where a node listens whose name came without a port; undefined: not known. */
  resolve(name: string): Promise<Address | undefined>;
}

/** What a node is when it is up. */
export interface NodeUpInfo {
  readonly address: Address | undefined;
  readonly functions: readonly HostedFunction[];
}

interface Waiting {
  readonly id: number;
  readonly scheduler: number;
}

/** What a dial ends in when nobody is there, as opposed to somebody who does not want us. */
const ABSENT: ReadonlySet<string> = new Set([
  "connection_refused",
  "connection_reset",
  "connection_timeout",
  "host_unreachable",
  "closed_by_peer",
  "closed_here",
]);

/** Milliseconds that an orderly stop waits for its peers. */
const GOODBYE_MS = 1_500;

export class ControlDriver {
  readonly #setup: ControlSetup;
  readonly #world: ControlWorld;
  readonly #events: ControlEvents;
  readonly #schedulers: SchedulerGroup;
  readonly #peers = new Map<string, PeerDriver>();
  readonly #byNumber = new Map<number, PeerDriver>();
  readonly #dialling: Dialling;
  readonly #admission: Admission;
  readonly #desk: QueryDesk;
  readonly #asked: Requests;
  /** `connect` requests of processes, by the node that is waited for. */
  readonly #connecting = new Map<string, Waiting[]>();
  /** Lanes whose last frame is still on its way, by session. */
  readonly #lanesLeft = new Map<number, number>();
  /** Last frames of our own lanes as the schedulers report them, by session. */
  readonly #lastFrames = new Map<number, (number | undefined)[]>();
  /** Whom a dial did not find, and that has been said; forgotten when it is connected. */
  readonly #absent = new Set<string>();
  #listener: Listener | undefined;
  #address: Address | undefined;
  #nextConnection = 1;
  #nextSession = 1;
  #dialTimer: Timer | undefined;
  #stopping: (() => void) | undefined;

  constructor(options: {
    readonly setup: ControlSetup;
    readonly world: Omit<ControlWorld, "lagMs">;
    readonly ports: readonly ThreadPort[];
    readonly pulses: readonly SharedArrayBuffer[];
    readonly events: ControlEvents;
  }) {
    const { setup, events } = options;
    this.#setup = setup;
    this.#events = events;
    this.#schedulers = new SchedulerGroup({
      ports: options.ports,
      pulses: options.pulses,
      clock: options.world.clock,
      received: (index, message) => this.#fromScheduler(index, message),
    });
    this.#world = { ...options.world, lagMs: () => this.#schedulers.lagMs() };
    this.#dialling = new Dialling(setup.node, () => this.#world.entropy.random());
    this.#admission = new Admission(setup.limits);
    this.#asked = new Requests(this.#clock);
    this.#desk = new QueryDesk({
      setup,
      clock: this.#clock,
      schedulers: this.#schedulers,
      address: () => this.#address,
      peers: () => [...this.#peers.values()],
      connect: (node) => this.#connectFor(node),
      disconnect: (node) => this.#disconnect(node),
      stop: () => events.stopRequested(),
      memoryBytes: () => this.#world.memoryBytes(),
    });
  }

  get #clock(): Clock {
    return this.#world.clock;
  }

  /**
   * Waits for every scheduler, then listens and begins to dial the seeds.
   * @throws {ConfigError} a scheduler could not load its modules @throws {ConnectionError} address_in_use
   */
  async start(): Promise<NodeUpInfo> {
    const { listen, advertise } = this.#setup;
    // First, so that a node started twice is told so before anything of it runs.
    if (listen !== undefined) {
      this.#listener = this.#world.transport.listen(listen, (remoteHost, incoming) =>
        this.#accept(remoteHost, incoming),
      );
      const { port } = this.#listener;
      this.#address = { host: advertise?.host ?? listen.host, port: advertise?.port ?? port };
    }
    await this.#schedulers.ready;
    const now = this.#clock.now();
    for (const target of this.#setup.seeds) {
      this.#dialling.handle({ kind: "seed", target }, now);
    }
    this.#dial();
    return { address: this.#address, functions: this.#schedulers.functions };
  }

  /** Starts a function on scheduler 1. */
  startFunction(functionName: string, args: readonly unknown[]): void {
    this.#schedulers.tell(1, { kind: "start", functionName, args });
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
    if (this.#dialTimer !== undefined) this.#clock.clearTimer(this.#dialTimer);
    this.#listener?.close();
    await this.#schedulers.stop("shutdown");
    await new Promise<void>((resolve) => {
      this.#stopping = resolve;
      const timer = this.#clock.setTimer(GOODBYE_MS, resolve);
      const done = this.#stopping;
      this.#stopping = () => {
        this.#clock.clearTimer(timer);
        done();
      };
      for (const peer of this.#byNumber.values()) this.#leave(peer);
      this.#checkStopped();
    });
    for (const peer of this.#peers.values()) peer.close();
    this.#admission.dropAll(new ConnectionError("closed_here", "the node stops"));
    this.#asked.abandon("the node stops");
    this.#schedulers.close();
  }

  // ---- connections

  #hello(): Hello {
    const { node, creation, hidden, schedulers, tlsMode, graceMs, tick } = this.#setup;
    return {
      versions: { min: PROTOCOL_VERSION_MIN, max: PROTOCOL_VERSION },
      capabilities: { offered: CAPABILITIES_OFFERED, required: CAPABILITIES_REQUIRED },
      tlsMode,
      name: node,
      creation,
      nonce: this.#world.entropy.bytes(NONCE_BYTES),
      address: this.#address,
      schedulers,
      lanePorts: this.#address === undefined ? [] : this.#schedulers.lanePorts,
      hidden,
      tickIntervalMs: tick.intervalMs,
      graceMs,
    };
  }

  #accept(remoteHost: string, incoming: Attempt): HandshakeSocket {
    const socket = this.#handshake("acceptor", remoteHost, undefined, undefined);
    socket.cancel = incoming.cancel;
    this.#admission.add(socket, remoteHost);
    return socket;
  }

  #handshake(
    role: "dialler" | "acceptor",
    remoteHost: string,
    key: string | undefined,
    expectedName: string | undefined,
  ): HandshakeSocket {
    const deadline = this.#clock.now() + this.#setup.limits.handshakeMs;
    return new HandshakeSocket({
      id: this.#nextConnection++,
      role,
      dialKey: key,
      remoteHost,
      clock: this.#clock,
      deadline,
      handshake: (exporter) => ({
        role,
        hello: this.#hello(),
        cookies: this.#setup.cookies,
        digest: this.#world.digest,
        exporter,
        expectedName,
        deadline,
      }),
      events: {
        decide: (socket, decision) => {
          this.#peer(decision.peer.hello.name).decide(socket, decision);
        },
        established: (socket, established) => {
          this.#admission.remove(socket, remoteHost);
          this.#peer(established.peer.hello.name).established(socket, established);
        },
        failed: (socket, failure) => {
          this.#admission.remove(socket, remoteHost);
          this.#handshakeFailed(socket, failure, expectedName);
        },
      },
    });
  }

  #handshakeFailed(
    socket: HandshakeSocket,
    failure: HandshakeFailure,
    expectedName: string | undefined,
  ): void {
    const { error, peer } = failure;
    const name = peer?.hello.name ?? expectedName;
    this.#logFailure(socket, failure, name);
    if (name !== undefined) this.#peers.get(name)?.failed(socket, failure);
    if (socket.dialKey !== undefined && expectedName === undefined) {
      this.#dialFailed(socket.dialKey, error);
    }
  }

  #logFailure(socket: HandshakeSocket, failure: HandshakeFailure, name: string | undefined): void {
    const { error, remote } = failure;
    const fields = { node: name, remote, code: error.code, error: error.message };
    if (socket.role === "acceptor") {
      return this.#world.log.write("warn", "connection refused", fields);
    }
    // That a node is not there is said once; that it refuses, every time.
    const key = socket.dialKey ?? remote;
    const absent = error instanceof ConnectionError && ABSENT.has(error.code);
    const level = absent && this.#absent.has(key) ? "debug" : "warn";
    if (absent) this.#absent.add(key);
    this.#world.log.write(level, "dial failed", fields);
  }

  #dialPeer(peer: PeerDriver, address: Address): HandshakeSocket {
    return this.#dialAddress(address, peer.name, peer.name);
  }

  #dialAddress(address: Address, key: string, expectedName: string | undefined): HandshakeSocket {
    const socket = this.#handshake("dialler", address.host, key, expectedName);
    socket.cancel = this.#world.transport.dial(address, socket).cancel;
    return socket;
  }

  // ---- whom to dial

  #want(node: string): void {
    const parsed = parseNodeName(node);
    if (parsed === undefined) return;
    const { name, host, port } = parsed;
    const address = port === undefined ? undefined : { host, port };
    this.#dialling.handle({ kind: "wanted", target: { name, address } }, this.#clock.now());
    this.#dial();
  }

  #dial(): void {
    for (
      let output = this.#dialling.pollOutput();
      output !== undefined;
      output = this.#dialling.pollOutput()
    ) {
      if (output.kind === "dial") this.#dialTarget(output.key, output.target);
      else this.#unreachable(output.name, output.reason);
    }
    if (this.#dialTimer !== undefined) this.#clock.clearTimer(this.#dialTimer);
    this.#dialTimer = undefined;
    const due = this.#dialling.pollTimeout();
    if (due === undefined || this.#stopping !== undefined) return;
    this.#dialTimer = this.#clock.setTimer(Math.max(0, due - this.#clock.now()), () => {
      this.#dialTimer = undefined;
      this.#dialling.handleTimeout(this.#clock.now());
      this.#dial();
    });
  }

  #dialTarget(key: string, { name, address }: DialTarget): void {
    if (name === undefined) {
      if (address !== undefined) this.#dialAddress(address, key, undefined);
      return;
    }
    if (address !== undefined) return this.#peer(name).connect(address);
    void this.#events.resolve(name).then((found) => {
      if (found !== undefined) return this.#peer(name).connect(found);
      const text = `no node ${name} is known`;
      this.#dialFailed(key, new ConnectionError("name_unresolved", text));
    });
  }

  #dialFailed(key: string, error: ConnectionError | ProtocolError): void {
    const { code: reason } = error;
    const nameTaken = reason === "name_taken";
    this.#dialling.handle({ kind: "failed", key, reason, nameTaken }, this.#clock.now());
    this.#dial();
  }

  #unreachable(node: string, reason: string): void {
    this.#schedulers.tellAll({ kind: "unreachable", node, reason });
    for (const { id, scheduler } of this.#takeConnecting(node)) {
      this.#schedulers.tell(scheduler, { kind: "answer", id, ok: false, value: reason });
    }
    this.#desk.unreachable(node, reason);
  }

  #takeConnecting(node: string): readonly Waiting[] {
    const waiting = this.#connecting.get(node) ?? [];
    this.#connecting.delete(node);
    return waiting;
  }

  #connectFor(node: string): "up" | "waiting" {
    const name = parseNodeName(node)?.name ?? node;
    if ((this.#peers.get(name)?.number ?? 0) > 0 || name === this.#setup.node) return "up";
    this.#want(node);
    return "waiting";
  }

  #disconnect(node: string): boolean {
    const name = parseNodeName(node)?.name ?? node;
    this.#dialling.handle({ kind: "dropped", name }, this.#clock.now());
    const peer = this.#peers.get(name);
    if (peer === undefined || peer.number === 0) return false;
    this.#leave(peer, "disconnect");
    return true;
  }

  // ---- sessions

  #peer(name: string): PeerDriver {
    const known = this.#peers.get(name);
    if (known !== undefined) return known;
    const { node, schedulers, graceMs, refusedIsDown, tick } = this.#setup;
    const peer = new PeerDriver({
      world: this.#world,
      session: {
        self: { name: node, address: this.#address, schedulers },
        peer: name,
        graceMs,
        refusedIsDown,
        tick,
      },
      events: {
        dial: (driver, address) => this.#dialPeer(driver, address),
        up: (driver, info) => this.#up(driver, info),
        over: (driver, reason, text) => this.#over(driver, reason, text),
        connectFailed: (driver, error) => this.#dialFailed(driver.name, error),
        dialLane: (driver, { lane, scheduler }, address) =>
          this.#schedulers.tell(scheduler, {
            kind: "lane_dial",
            number: driver.number,
            lane,
            address,
          }),
        resetLane: (driver, { lane, scheduler }) =>
          this.#schedulers.tell(scheduler, { kind: "lane_reset", number: driver.number, lane }),
        awaitFrames: (driver, lastFrames) => this.#awaitFrames(driver, lastFrames),
        message: (driver, message) => this.#fromPeer(driver, message),
        suspected: (driver, lane, forMs) =>
          this.#world.log.write("warn", "session suspect", { node: driver.name, lane, forMs }),
        recovered: (driver, afterMs) =>
          this.#world.log.write("info", "session recovered", { node: driver.name, afterMs }),
        idle: (driver) => {
          if (this.#peers.get(driver.name) === driver) this.#peers.delete(driver.name);
          driver.close();
        },
      },
    });
    this.#peers.set(name, peer);
    return peer;
  }

  #up(peer: PeerDriver, info: SessionInfo): void {
    const number = this.#nextSession++;
    peer.number = number;
    peer.upSince = this.#clock.now();
    peer.hidden = info.peer.hidden;
    this.#byNumber.set(number, peer);
    const { name: node, creation, hidden, schedulers } = info.peer;
    for (let index = 1; index <= this.#setup.schedulers; index++) {
      const lanes = info.lanes
        .filter((lane) => lane.scheduler === index)
        .map(({ lane, sends }) => ({ lane, sends }));
      this.#schedulers.tell(index, {
        kind: "session_up",
        session: {
          number,
          sessionId: info.id,
          laneKey: info.laneKey,
          node,
          creation,
          hidden,
          lanes,
        },
      });
    }
    this.#absent.delete(node);
    const level = hidden ? "debug" : "info";
    this.#world.log.write(level, "node up", { node, creation, schedulers });
    this.#dialling.handle({ kind: "connected", name: node, dialled: undefined }, peer.upSince);
    this.#dial();
    for (const { id, scheduler } of this.#takeConnecting(node)) {
      this.#schedulers.tell(scheduler, { kind: "answer", id, ok: true, value: node });
    }
    this.#desk.up(node);
    this.#greet(peer);
  }

  /** Tells a new peer what is hosted here and whom else to connect to. */
  #greet(peer: PeerDriver): void {
    const functions = this.#schedulers.functions.map(({ name, version }) => ({
      name,
      version: String(version),
    }));
    peer.send({ kind: "functions", functions });
    if (!this.#setup.mesh || this.#setup.hidden || peer.info?.peer.hidden === true) return;
    const peers = [];
    for (const other of this.#byNumber.values()) {
      const hello = other.info?.peer;
      if (other === peer || hello === undefined || hello.hidden) continue;
      if (hello.address !== undefined) peers.push({ name: hello.name, address: hello.address });
    }
    if (peers.length > 0) peer.send({ kind: "peers", peers });
  }

  #over(peer: PeerDriver, reason: SessionEndReason, text: string): void {
    const { name, number } = peer;
    this.#byNumber.delete(number);
    this.#lanesLeft.delete(number);
    this.#lastFrames.delete(number);
    peer.number = 0;
    this.#schedulers.tellAll({ kind: "session_over", number, reason });
    this.#schedulers.tellAll({ kind: "peer_functions", node: name, functions: [] });
    const level = peer.hidden ? "debug" : "info";
    this.#world.log.write(level, "node down", { node: name, reason, text });
    this.#dialling.handle({ kind: "lost", name }, this.#clock.now());
    this.#dial();
    this.#checkStopped();
  }

  /** Ends a session in order: the schedulers say which frame of each lane is the last. */
  #leave(peer: PeerDriver, reason: SessionEndReason = "shutdown"): void {
    const lanes = peer.info?.lanes.length ?? 0;
    if (lanes === 0) return peer.input({ kind: "end", reason, lastFrames: [] });
    if (this.#lastFrames.has(peer.number)) return;
    this.#lastFrames.set(peer.number, new Array<number | undefined>(lanes).fill(undefined));
    this.#leaving.set(peer.number, reason);
    this.#schedulers.tellAll({ kind: "session_ending", number: peer.number });
  }

  readonly #leaving = new Map<number, SessionEndReason>();

  #laneEnd(number: number, lane: number, frame: number): void {
    const frames = this.#lastFrames.get(number);
    const peer = this.#byNumber.get(number);
    if (frames === undefined || peer === undefined) return;
    frames[lane - 1] = frame;
    if (frames.includes(undefined)) return;
    const reason = this.#leaving.get(number) ?? "shutdown";
    this.#leaving.delete(number);
    peer.input({ kind: "end", reason, lastFrames: frames as number[] });
  }

  #awaitFrames(peer: PeerDriver, lastFrames: readonly number[]): void {
    const lanes = peer.info?.lanes ?? [];
    this.#lanesLeft.set(peer.number, lanes.length);
    if (lanes.length === 0) return peer.input({ kind: "frames_reached" });
    for (const { lane, scheduler } of lanes) {
      const frame = lastFrames[lane - 1] ?? 0;
      this.#schedulers.tell(scheduler, { kind: "lane_last", number: peer.number, lane, frame });
    }
  }

  #laneComplete(number: number): void {
    const left = (this.#lanesLeft.get(number) ?? 0) - 1;
    this.#lanesLeft.set(number, left);
    if (left === 0) this.#byNumber.get(number)?.input({ kind: "frames_reached" });
  }

  #checkStopped(): void {
    if (this.#byNumber.size === 0) this.#stopping?.();
  }

  // ---- what is said to the control thread

  #fromPeer(peer: PeerDriver, message: ControlMessage): void {
    switch (message.kind) {
      case "functions": {
        const functions = message.functions.map(({ name, version }) => ({
          name,
          version: Number(version),
          kind: "function" as const,
        }));
        this.#schedulers.tellAll({ kind: "peer_functions", node: peer.name, functions });
        return this.#compareVersions(peer.name, functions);
      }
      case "peers":
        if (!this.#setup.mesh || this.#setup.hidden) return;
        for (const target of message.peers) {
          if ((this.#peers.get(target.name)?.number ?? 0) > 0) continue;
          this.#dialling.handle({ kind: "heard", target }, this.#clock.now());
        }
        return this.#dial();
      case "query":
        return this.#desk.ask(message.verb, message.term, (ok, term) =>
          peer.send({ kind: "answer", id: message.id, ok, term }),
        );
      case "answer":
        return this.#asked.answer(message.id, message.ok, message.term);
      case "stop":
        return this.#events.stopRequested();
      case "goodbye":
        return;
    }
  }

  #compareVersions(node: string, theirs: readonly HostedFunction[]): void {
    const ours = new Map(this.#schedulers.functions.map(({ name, version }) => [name, version]));
    for (const { name, version } of theirs) {
      const own = ours.get(name);
      if (own === undefined || own === version) continue;
      const text = `${node} hosts version ${version} of "${name}", this node version ${own}`;
      this.#world.log.write("warn", text, { node, function: name, theirs: version, ours: own });
    }
  }

  #fromScheduler(scheduler: number, message: ToControl): void {
    switch (message.kind) {
      case "dial":
        if (this.#peers.get(message.node)?.info?.peer.hidden === true) return;
        return this.#wantFor(message.node);
      case "lane_state":
        return this.#laneState(message.number, message.lane, message.state);
      case "lane_failed": {
        const { code, text } = message;
        const peer = this.#byNumber.get(message.number);
        return peer?.input({ kind: "abort", reason: code as SessionEndReason, text });
      }
      case "lane_end":
        return this.#laneEnd(message.number, message.lane, message.frame);
      case "lane_complete":
        return this.#laneComplete(message.number);
      case "request":
        return this.#request(scheduler, message);
      case "started":
        return this.#world.log.write("info", "started", {
          function: message.functionName,
          pid: message.pid,
        });
      case "start_refused":
        return this.#events.startRefused(message.text);
      case "ready":
      case "start_failed":
      case "stopped":
      case "answer":
        return;
    }
  }

  /** A signal waits for the node; if its session came up meanwhile, the scheduler has been told. */
  #wantFor(node: string): void {
    if ((this.#peers.get(node)?.number ?? 0) === 0) this.#want(node);
  }

  #laneState(
    number: number,
    lane: number,
    state: Extract<ToControl, { kind: "lane_state" }>["state"],
  ): void {
    const peer = this.#byNumber.get(number);
    const kinds = {
      attached: "lane_attached",
      lost: "lane_lost",
      dial_failed: "lane_failed",
      stalled: "lane_stalled",
    } as const;
    peer?.input({ kind: kinds[state], lane });
  }

  #request(scheduler: number, message: Extract<ToControl, { kind: "request" }>): void {
    const { id, verb, node } = message;
    const answer = (ok: boolean, value: unknown): void =>
      this.#schedulers.tell(scheduler, { kind: "answer", id, ok, value });
    switch (verb) {
      case "connect": {
        if (this.#connectFor(node) === "up") return answer(true, node);
        const name = parseNodeName(node)?.name ?? node;
        const waiting = this.#connecting.get(name) ?? [];
        waiting.push({ id, scheduler });
        this.#connecting.set(name, waiting);
        return;
      }
      case "disconnect":
        return answer(true, this.#disconnect(node));
      case "ping": {
        const name = parseNodeName(node)?.name ?? node;
        const since = this.#clock.now();
        if (name === this.#setup.node) return answer(true, 0);
        void this.query(name, "ping", {}, message.timeoutMs).then(
          () => answer(true, this.#clock.now() - since),
          (error: Error) => answer(false, error.message),
        );
        return;
      }
      case "stop":
        answer(true, true);
        return this.#events.stopRequested();
    }
  }
}
