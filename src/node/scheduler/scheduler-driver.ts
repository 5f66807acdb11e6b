/**
 * Drives one scheduler: joins its core to the ports of the other threads, to the lanes that end here, and to the clock.
 * It is the same on a worker, on the calling thread of a user's program, and many times on one thread in tests.
 */
import type { ConnectionError, ProtocolError } from "../../base/error.ts";
import { RELAY_BYTES_MAX } from "../../base/limits.ts";
import type { Timer } from "../../port/clock.ts";
import type { PortEnd, ThreadPort } from "../../port/threads.ts";
import type { NodeServices } from "../../process/host.ts";
import type { Process } from "../../process/process.ts";
import { listEntries } from "../../process/registry.ts";
import type { SchedulerEvents } from "../../scheduler/events.ts";
import type { RoomCounts } from "../../room/own-origin.ts";
import { Scheduler } from "../../scheduler/scheduler.ts";
import { strictCopy } from "../../scheduler/strict.ts";
import { Identities } from "../../term/identities.ts";
import { Arrivals } from "./arrivals.ts";
import { Departures } from "./departures.ts";
import type { LaneDriver, LaneWorld } from "./lane-driver.ts";
import { leaseEvents } from "../../service/lease-service.ts";
import { LaneListener } from "./lane-listener.ts";
import { laneWorldOf } from "./lane-world.ts";
import { NodeLink } from "./node-link.ts";
import { Partings } from "./partings.ts";
import { PortLink } from "./port-link.ts";
import { RelayGate } from "./relay-gate.ts";
import { reportEvents } from "./report.ts";
import { RoomDriver } from "./room-driver.ts";
import { Routes } from "./routes.ts";
import { answerQuery } from "./scheduler-query.ts";
import { SchedulerServices } from "./scheduler-services.ts";
import { SchedulerSessions } from "./scheduler-sessions.ts";
import type { SchedulerPorts, SchedulerWorld } from "./scheduler-world.ts";
import { SCHEDULER_SERVICES } from "../services.ts";
import { StartedFunctions } from "./started-functions.ts";
import { BEAT_MS } from "../control/watchdog.ts";
import type { HostedFunction, SchedulerSetup, ToControl, ToScheduler } from "../thread-message.ts";

export class SchedulerDriver {
  readonly scheduler: Scheduler;
  readonly #setup: SchedulerSetup;
  readonly #world: SchedulerWorld;
  readonly #control: ThreadPort;
  readonly #identities: Identities;
  readonly #links: (PortLink | undefined)[];
  readonly #routes: Routes;
  readonly #sessions: SchedulerSessions;
  readonly #listener: LaneListener;
  readonly #nodeLink: NodeLink;
  readonly #services: SchedulerServices;
  readonly #rooms: RoomDriver;
  readonly #partings: Partings;
  readonly #relays: RelayGate;
  /** What has to be flushed when the slice ends. */
  readonly #departures: Departures;
  readonly #arrivals: Arrivals;
  readonly #started: StartedFunctions;
  #beatTimer: Timer | undefined;

  constructor(setup: SchedulerSetup, ports: SchedulerPorts, world: SchedulerWorld) {
    this.#setup = setup;
    this.#world = world;
    this.#departures = new Departures(world.clock, () => this.#partings.check());
    this.#control = ports.control;
    this.#identities = world.identities ?? new Identities(setup.node, setup.creation);
    this.#links = ports.others.map((port, index) =>
      port === undefined ? undefined : this.#portLink(index, port),
    );
    this.#routes = new Routes({
      identities: this.#identities,
      ports: this.#links,
      hardBytes: setup.limits.laneHardBytes,
      messageBytesMax: setup.limits.messageBytes,
      events: {
        dial: (node, hint) => this.#tell({ kind: "dial", node, hint }),
        undeliverable: (signal, reason) =>
          this.scheduler.undeliverable(signal, reason === "noconnection" ? reason : "noproc"),
      },
    });
    const lanes = laneWorldOf(setup, world, this.#identities);
    this.#sessions = this.#createSessions(lanes);
    this.#listener = new LaneListener(lanes, setup.limits, this.#sessions, world.log);
    this.#partings = new Partings(this.#sessions, this.#links, (message) => this.#tell(message));
    this.#relays = new RelayGate({
      clock: world.clock,
      log: world.log,
      lanesOf: (session) => this.#sessions.lanesOf(session),
      waitsFor: (scheduler) => this.scheduler.running.waitsFor(scheduler),
    });
    this.#nodeLink = new NodeLink({
      name: setup.node,
      clock: world.clock,
      tell: (message) => this.#tell(message),
      list: () => this.#sessions.list(),
    });
    this.#rooms = this.#createRooms();
    this.#services = this.#createServices();
    this.scheduler = new Scheduler({
      index: setup.index,
      schedulers: setup.schedulers,
      identities: this.#identities,
      names: setup.shared.names,
      serials: setup.shared.serials,
      fences: setup.shared.fences,
      leaseMs: setup.leaseMs,
      ...(setup.shared.pulses[setup.index - 1] === undefined
        ? {}
        : { pulse: setup.shared.pulses[setup.index - 1]! }),
      clock: world.clock,
      outbound: this.#routes,
      log: world.log,
      events: this.#schedulerEvents(),
      services: { ...this.#services.api, node: this.#nodeLink } satisfies Partial<NodeServices>,
      ...(setup.strict ? { copy: strictCopy(this.#identities, world.clock) } : {}),
    });
    this.#arrivals = this.#createArrivals();
    this.#started = new StartedFunctions(this.scheduler, (message) => this.#tell(message));
    ports.control.receive((message) => this.#receive(message as ToScheduler));
  }

  /**
   * Listens for lanes and tells the control thread that this scheduler is ready, with the functions defined by now: the
   * caller has loaded the user's modules before.
   * @throws {ConnectionError} address_in_use
   */
  start(): void {
    const { lanes } = this.#setup;
    const lanePort = lanes === undefined ? 0 : this.#listener.listen(lanes.host, lanes.ports);
    for (const link of this.#links) link?.open();
    this.#beat();
    const functions = (this.#world.functions ?? hostedFunctions)();
    this.#nodeLink.learn(this.#setup.node, functions);
    this.#tell({ kind: "ready", index: this.#setup.index, lanePort, functions });
  }

  /** An error that nobody caught on this thread. */
  strayError(error: unknown): void {
    this.scheduler.strayError(error);
  }

  /** What was published in rooms from here, and how often it left for elsewhere. */
  get roomCounts(): RoomCounts {
    return this.#rooms.counts;
  }

  /** This node as processes and programs see it. */
  get nodeLink(): NodeLink {
    return this.#nodeLink;
  }

  /** Signals that wait for a node without a session, lane connections without one, entries of services: for leak checks. */
  get waiting(): number {
    return this.#routes.waiting + this.#listener.strangers + this.#services.size;
  }

  /** Bytes that the lanes of this scheduler keep: not sent yet, or not acknowledged. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { core } of this.#sessions.lanes())
      bytes += core.room.queuedBytes + core.unackedBytes;
    return bytes;
  }

  close(): void {
    if (this.#beatTimer !== undefined) this.#world.clock.clearTimer(this.#beatTimer);
    this.#beatTimer = undefined;
    this.#departures.flush();
    this.#listener.close();
    this.#sessions.close();
    this.#nodeLink.close();
    this.#services.close();
    for (const link of this.#links) link?.close();
    this.scheduler.stop();
  }

  #schedulerEvents(): SchedulerEvents {
    const { clock, log } = this.#world;
    const aboutLeases = leaseEvents(clock, (message) =>
      this.#tell({ kind: "service", service: "leases", message }),
    );
    const ended = (process: Process): void => this.#services.processEnded(process);
    return { ...reportEvents(log), ended, ...aboutLeases };
  }

  #createSessions(lanes: LaneWorld): SchedulerSessions {
    return new SchedulerSessions(lanes, {
      nodeUp: (nodeRef, hidden) => {
        if (!hidden) this.#services.nodeUp(nodeRef);
        this.scheduler.nodeUp(nodeRef.name, nodeRef.creation, hidden);
      },
      nodeDown: (nodeRef, reason, end) => {
        // What it had published is all here, and nothing will follow.
        this.#rooms.nodeDown(nodeRef.name, end.isWhole === true && end.isGone === true);
        if (end.hidden !== true) this.#services.nodeDown(nodeRef);
        this.scheduler.nodeDown(nodeRef.name, nodeRef.creation, reason, end);
      },
      sink: (origin) => this.#arrivals.sink(origin),
      routeAdded: (route) => {
        this.#routes.add(route);
        this.#rooms.routeAdded(route);
      },
      routeRemoved: (route) => {
        this.#routes.remove(route);
        this.#rooms.routeRemoved(route);
      },
      routeMissed: (node, creation) => this.#routes.missed(node, creation),
      laneAttached: (lane) => this.#laneState(lane, "attached"),
      laneLost: (lane, error) => this.#laneLost(lane, "lost", error),
      laneDialFailed: (lane, error) => this.#laneLost(lane, "dial_failed", error),
      laneFailed: (lane, error) => this.#laneFailed(lane, error),
      pending: (lane) => this.#departures.add(lane),
      ready: () => this.#ready(),
    });
  }

  #createRooms(): RoomDriver {
    const { clock, entropy, log, web } = this.#world;
    return new RoomDriver({
      setup: this.#setup,
      world: { clock, entropy, log, web },
      link: (scheduler) => this.#links[scheduler],
    });
  }

  #createServices(): SchedulerServices {
    return new SchedulerServices({
      makers: { ...SCHEDULER_SERVICES, rooms: (world) => this.#rooms.join(world) },
      world: {
        index: this.#setup.index,
        schedulers: this.#setup.schedulers,
        clock: this.#world.clock,
        log: this.#world.log,
        identities: this.#identities,
        globals: this.#setup.shared.globals,
        host: () => this.scheduler,
        random: () => this.#world.entropy.random(),
        flushLater: (what) => this.#departures.addAhead(what),
      },
      tell: (service, message) => this.#tell({ kind: "service", service, message }),
      send: (signal) => this.#routes.signal(signal),
      post: (scheduler, signal, origin) => this.#links[scheduler]?.signal(signal, origin),
    });
  }

  #createArrivals(): Arrivals {
    return new Arrivals(this.#setup.index, this.#world.log, {
      scheduler: this.scheduler,
      rooms: this.#rooms,
      services: this.#services,
      link: (scheduler) => this.#links[scheduler],
    });
  }

  #receive(message: ToScheduler): void {
    switch (message.kind) {
      case "session_up":
        return this.#sessions.up(message.session);
      case "session_over":
        return this.#sessions.over(message.number, message.reason, message);
      case "unreachable":
        // A dial of ours came to nothing, and one of theirs did not: what waits leaves with that session.
        if (this.#sessions.isComing(message.node)) return;
        return this.#routes.unreachable(message.node);
      case "peer_functions":
        return this.#nodeLink.learn(message.node, message.functions);
      case "service":
        return this.#services.receive(message.service, message.message);
      case "query": {
        const { id, verb, args } = message;
        const { ok, value } = answerQuery(this.scheduler, this.#identities, verb, args);
        return this.#tell({ kind: "answer", id, ok, value });
      }
      case "answer":
        return this.#nodeLink.answer(message.id, message.ok, message.value);
      case "start":
        return this.#started.start(message.functionName, message.args);
      case "stop":
        return this.#rooms.moveClients(() => this.#stopProcesses(message.reason));
      case "close":
        return this.close();
      case "scheduler_gone":
        return this.#schedulerGone(message.scheduler, message.port, -1);
      case "lane_dial":
        return this.#sessions.laneOf(message.number, message.lane)?.dial(message.address);
      case "tls_keys":
        return this.#world.transport.renew?.(message.keys);
      case "lane_reset":
        return this.#sessions.laneOf(message.number, message.lane)?.reset();
      case "session_ending":
        return this.#partings.ending(message.number);
      case "lane_last":
        return this.#partings.last(message.number, message.lane, message.frame);
    }
  }

  #stopProcesses(reason: string): void {
    for (const link of this.#links) if (link !== undefined) link.isStopping = true;
    this.scheduler.stop(reason);
    // What dying processes say goes out first: it is flushed with the slice that ends them.
    this.#world.clock.afterIo(() =>
      this.#world.clock.afterIo(() => {
        this.#departures.flush();
        this.#tell({ kind: "stopped" });
      }),
    );
  }

  /** What the dead scheduler had posted is on its way through the event loop: it is handled before the news of its death. */
  #schedulerGone(scheduler: number, port: PortEnd, receivedBefore: number): void {
    const old = this.#links[scheduler];
    const received = old?.received ?? 0;
    if (received !== receivedBefore) {
      return this.#world.clock.afterIo(() =>
        this.#world.clock.afterIo(() => this.#schedulerGone(scheduler, port, received)),
      );
    }
    old?.abandon();
    const end = this.#world.port?.(port);
    const next = end === undefined ? undefined : this.#portLink(scheduler, end);
    this.#links[scheduler] = next;
    next?.open();
    this.scheduler.schedulerDown(scheduler);
    this.#rooms.schedulerDown(scheduler);
    this.#tell({ kind: "scheduler_drained" });
  }

  #portLink(index: number, port: ThreadPort): PortLink {
    const { limits } = this.#setup;
    const link: PortLink = new PortLink({
      scheduler: index,
      port,
      identities: this.#identities,
      limits: {
        messageBytesMax: limits.messageBytes,
        highWaterBytes: limits.laneHighWaterBytes,
        hardBytes: limits.laneHardBytes,
        relayBytes: RELAY_BYTES_MAX,
      },
      events: {
        pending: () => this.#departures.add(link),
        meet: (origin) => this.#sessions.meet(origin),
        signal: (signal, origin) => this.#arrivals.fromPort(signal, origin, index),
        ready: () => this.#ready(),
        full: (origin) => this.#relays.full(index, origin),
        roomy: () => this.#relays.roomy(index),
      },
    });
    return link;
  }

  #ready(): void {
    this.scheduler.laneReady();
    this.#rooms.lanesReady();
  }

  #laneState(lane: LaneDriver, state: "attached" | "lost" | "dial_failed" | "stalled"): void {
    const { number } = lane.session;
    this.#tell({ kind: "lane_state", number, lane: lane.plan.lane, state });
  }

  #laneLost(
    lane: LaneDriver,
    state: "lost" | "dial_failed",
    error: ConnectionError | ProtocolError | undefined,
  ): void {
    const { node } = lane.session;
    const text = error?.message ?? "closed by the peer";
    this.#world.log.write("debug", `lane ${state}`, { node, lane: lane.plan.lane, error: text });
    this.#laneState(lane, state);
  }

  #laneFailed(lane: LaneDriver, error: ProtocolError): void {
    const { number, node } = lane.session;
    const fields = { node, lane: lane.plan.lane, code: error.code, error: error.message };
    this.#world.log.write("warn", "lane failed", fields);
    const { code, message: text } = error;
    this.#tell({ kind: "lane_failed", number, lane: lane.plan.lane, code, text });
  }

  #beat(): void {
    const now = this.#world.clock.now();
    this.scheduler.beat(now);
    this.#rooms.beat(now);
    this.#relays.beat(now);
    for (const lane of this.#sessions.lanes()) {
      if (lane.isStalled(now)) this.#laneState(lane, "stalled");
    }
    this.#partings.check();
    this.#started.check();
    this.#beatTimer = this.#world.clock.setTimer(BEAT_MS, () => this.#beat());
  }

  #tell(message: ToControl): void {
    this.#control.post(message);
  }
}

/** All that can be spawned here by name. */
export function hostedFunctions(): HostedFunction[] {
  return listEntries().map(({ name, version, kind }) => ({ name, version, kind }));
}
