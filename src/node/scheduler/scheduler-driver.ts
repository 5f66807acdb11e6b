/**
 * Drives one scheduler: joins its core to the ports of the other threads, to the lanes that end here, and to the clock.
 * It is the same on a worker, on the calling thread of a user's program, and many times on one thread in tests.
 */
import type { Timer } from "../../port/clock.ts";
import type { ThreadPort } from "../../port/threads.ts";
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
import { leaseEvents } from "../../service/lease-service.ts";
import { LaneListener } from "./lanes/lane-listener.ts";
import { LaneReports } from "./lanes/lane-reports.ts";
import { laneWorldOf } from "./lanes/lane-world.ts";
import { NodeLink } from "./node-link.ts";
import { Partings } from "./partings.ts";
import { type PortEvents, PortLinks } from "./ports/port-links.ts";
import { reportEvents } from "./report.ts";
import { RoomDriver } from "./rooms/room-driver.ts";
import { Routes } from "./routes.ts";
import { SchedulerInbox } from "./scheduler-inbox.ts";
import { SchedulerServices } from "./scheduler-services.ts";
import { SchedulerSessions, type SessionsEvents } from "./scheduler-sessions.ts";
import type { SchedulerPorts, SchedulerWorld } from "./scheduler-world.ts";
import { SCHEDULER_SERVICES } from "../services.ts";
import { StartedFunctions } from "./started-functions.ts";
import { BEAT_MS } from "../control/schedulers/watchdog.ts";
import type { HostedFunction, SchedulerSetup, ToControl } from "../thread-message.ts";

export class SchedulerDriver {
  readonly scheduler: Scheduler;
  readonly #setup: SchedulerSetup;
  readonly #world: SchedulerWorld;
  readonly #control: ThreadPort;
  readonly #identities: Identities;
  readonly #links: PortLinks;
  readonly #routes: Routes;
  readonly #sessions: SchedulerSessions;
  readonly #listener: LaneListener;
  readonly #reports: LaneReports;
  readonly #nodeLink: NodeLink;
  readonly #services: SchedulerServices;
  readonly #rooms: RoomDriver;
  readonly #partings: Partings;
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
    this.#links = new PortLinks({
      ports: ports.others,
      world,
      identities: this.#identities,
      limits: setup.limits,
      events: (scheduler) => this.#portEvents(scheduler),
      lanesOf: (session) => this.#sessions.lanesOf(session),
      waitsFor: (scheduler) => this.scheduler.running.waitsFor(scheduler),
    });
    const links = this.#links.list;
    this.#routes = new Routes({
      identities: this.#identities,
      ports: links,
      hardBytes: setup.limits.laneHardBytes,
      messageBytesMax: setup.limits.messageBytes,
      events: {
        dial: (node, hint) => this.#tell({ kind: "dial", node, hint }),
        undeliverable: (signal, reason) =>
          this.scheduler.undeliverable(signal, reason === "noconnection" ? reason : "noproc"),
      },
    });
    const lanes = laneWorldOf(setup, world, this.#identities);
    this.#reports = new LaneReports(world.log, (message) => this.#tell(message));
    this.#sessions = new SchedulerSessions(lanes, this.#sessionsEvents(), this.#reports);
    this.#listener = new LaneListener(lanes, setup.limits, this.#sessions, world.log);
    this.#partings = new Partings(this.#sessions, links, (message) => this.#tell(message));
    this.#nodeLink = new NodeLink({
      name: setup.node,
      clock: world.clock,
      tell: (message) => this.#tell(message),
      list: () => this.#sessions.list(),
    });
    this.#rooms = new RoomDriver({ setup, world, link: (scheduler) => links[scheduler] });
    this.#services = this.#createServices();
    this.scheduler = this.#createScheduler();
    this.#arrivals = new Arrivals(setup.index, world.log, {
      scheduler: this.scheduler,
      rooms: this.#rooms,
      services: this.#services,
      link: (scheduler) => links[scheduler],
    });
    this.#started = new StartedFunctions(this.scheduler, (message) => this.#tell(message));
    this.#createInbox().open(ports.control);
  }

  /**
   * Listens for lanes and tells the control thread that this scheduler is ready, with the functions defined by now: the
   * caller has loaded the user's modules before.
   * @throws {ConnectionError} address_in_use
   */
  start(): void {
    const { lanes } = this.#setup;
    const lanePort = lanes === undefined ? 0 : this.#listener.listen(lanes.host, lanes.ports);
    this.#links.open();
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
    return this.#sessions.heldBytes;
  }

  close(): void {
    if (this.#beatTimer !== undefined) this.#world.clock.clearTimer(this.#beatTimer);
    this.#beatTimer = undefined;
    this.#departures.flush();
    this.#listener.close();
    this.#sessions.close();
    this.#nodeLink.close();
    this.#services.close();
    this.#links.close();
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

  #sessionsEvents(): SessionsEvents {
    return {
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
      pending: (lane) => this.#departures.add(lane),
      ready: () => this.#ready(),
    };
  }

  #createServices(): SchedulerServices {
    const links = this.#links.list;
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
      post: (scheduler, signal, origin) => links[scheduler]?.signal(signal, origin),
    });
  }

  #createScheduler(): Scheduler {
    const { index, leaseMs, schedulers, shared, strict } = this.#setup;
    const { clock, log } = this.#world;
    const { fences, names, pulses, serials } = shared;
    const pulse = pulses[index - 1];
    return new Scheduler({
      ...{ index, schedulers, names, serials, fences, leaseMs, clock, log },
      ...(pulse === undefined ? {} : { pulse }),
      ...(strict ? { copy: strictCopy(this.#identities, clock) } : {}),
      identities: this.#identities,
      outbound: this.#routes,
      events: this.#schedulerEvents(),
      services: { ...this.#services.api, node: this.#nodeLink } satisfies Partial<NodeServices>,
    });
  }

  #createInbox(): SchedulerInbox {
    return new SchedulerInbox({
      world: this.#world,
      scheduler: this.scheduler,
      links: this.#links,
      sessions: this.#sessions,
      routes: this.#routes,
      departures: this.#departures,
      partings: this.#partings,
      rooms: this.#rooms,
      services: this.#services,
      started: this.#started,
      nodeLink: this.#nodeLink,
      tell: (message) => this.#tell(message),
      close: () => this.close(),
    });
  }

  #portEvents(scheduler: number): PortEvents {
    return {
      pending: (link) => this.#departures.add(link),
      meet: (origin) => this.#sessions.meet(origin),
      signal: (signal, origin) => this.#arrivals.fromPort(signal, origin, scheduler),
      ready: () => this.#ready(),
    };
  }

  #ready(): void {
    this.scheduler.laneReady();
    this.#rooms.lanesReady();
  }

  #beat(): void {
    const now = this.#world.clock.now();
    this.scheduler.beat(now);
    this.#rooms.beat(now);
    this.#links.beat(now);
    this.#reports.check(this.#sessions.lanes(), now);
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
