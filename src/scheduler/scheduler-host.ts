import type { Deadline } from "../base/deadlines.ts";
import type { Millis } from "../base/millis.ts";
import type { Clock } from "../port/clock.ts";
import { FenceClock } from "../base/fence.ts";
import { ambient } from "../term/ambient.ts";
import type { Identities } from "../term/identities.ts";
import { type Pid, SERIAL_LIMIT } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import { ProcessContext } from "../process/context.ts";
import type { NodeServices, Owner, ProcessBody, ProcessHost, SpawnPlan } from "../process/host.ts";
import { setHost } from "../process/hosts.ts";
import { currentDefinitions, type Definitions } from "../process/registry.ts";
import { LIFE_EXITING } from "../process/life.ts";
import type { Outbound } from "../process/outbound.ts";
import type { LaneWait } from "../process/pending.ts";
import { Process } from "../process/process.ts";
import type { NameOnNode, Signal } from "../process/signal.ts";
import type { SchedulerEvents } from "./events.ts";
import { LaneWaits } from "./lane-waits.ts";
import { LeasedChildren } from "./leased-children.ts";
import { NodeBonds } from "./node-bonds.ts";
import { PeerSessions } from "./peer-sessions.ts";
import { ProcessReports } from "./reports/process-reports.ts";
import { ProcessTable } from "./process-table.ts";
import { Routing } from "./routing.ts";
import { RunQueue } from "./run/run-queue.ts";
import { Running } from "./run/running.ts";
import { LEASE_MS, type SchedulerOptions } from "./scheduler-options.ts";
import { SendTimers } from "./run/send-timers.ts";
import { Serials } from "./serials.ts";
import { SharedNames } from "./shared-names.ts";
import { NamedWatches } from "./signals.ts";
import { Spawning } from "./spawn/spawning.ts";
import { Timers } from "./run/timers.ts";
import { unavailable } from "./unavailable.ts";

/** The half of a scheduler that its processes see: what they call, and the tables behind it. */
export class SchedulerHost implements ProcessHost {
  readonly index: number;
  readonly nodeName: string;
  readonly identities: Identities;
  readonly definitions: Definitions = currentDefinitions();
  readonly turns: RunQueue;
  readonly outbound: Outbound;
  readonly services: NodeServices;
  readonly copy: ((message: unknown) => unknown) | undefined;
  readonly leaseMs: Millis;
  readonly spawning: Spawning;
  readonly reports: ProcessReports;

  // The parts: for `Scheduler`, which extends this, and for nobody else.
  readonly clock: Clock;
  readonly events: SchedulerEvents;
  readonly processes: ProcessTable;
  readonly running: Running;
  readonly timers: Timers;
  readonly sendTimers: SendTimers;
  readonly routing: Routing;
  readonly watches = new NamedWatches();
  readonly bonds: NodeBonds;
  readonly laneWaits: LaneWaits;
  readonly peers = new PeerSessions((node, creation) => this.events.nodeDoubted?.(node, creation));
  readonly leased: LeasedChildren;
  readonly nodeMonitors = new Set<Process>();
  readonly #base: number;
  readonly #names: SharedNames;
  readonly #serials: Serials;
  readonly #fences: FenceClock;

  constructor(options: SchedulerOptions) {
    const { clock, identities, index } = options;
    this.index = index;
    this.identities = identities;
    this.nodeName = identities.local.name;
    this.outbound = options.outbound;
    this.copy = options.copy;
    this.services = unavailable(options.services);
    this.turns = new RunQueue(clock);
    this.clock = clock;
    this.events = options.events ?? {};
    this.running = new Running(identities, options.pulse);
    this.timers = new Timers(clock);
    this.sendTimers = new SendTimers(this);
    this.leased = new LeasedChildren({
      now: () => clock.now(),
      setDeadline: (entry, afterMs) => this.timers.set(entry, afterMs),
      clearDeadline: (entry) => this.timers.clear(entry),
      wantLease: (node, leaseMs) => this.events.leaseWanted?.(node, leaseMs),
      afterIo: (callback) => clock.afterIo(callback),
    });
    this.spawning = new Spawning(this, this.leased, index, options.schedulers ?? 1, (name, from) =>
      this.events.spawnRefused?.(name, from),
    );
    this.routing = new Routing(this, index, this.watches, this.spawning);
    this.bonds = new NodeBonds(this.nodeName, index);
    this.laneWaits = new LaneWaits(options.outbound);
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    this.#fences = new FenceClock(options.fences);
    this.#names = new SharedNames(options.names, index);
    this.processes = new ProcessTable({
      ...{ host: this, index, clock, events: this.events },
      names: this.#names,
      fences: this.#fences,
      forget: (process) => this.#forget(process),
    });
    this.reports = new ProcessReports(clock, this.events, options.log);
    this.#base = index * SERIAL_LIMIT;
    this.#serials = new Serials(options.serials, index);
    setHost(identities, this);
    ambient.identities = identities;
  }

  functionId(functionName: string): number {
    return this.running.functionId(functionName);
  }

  enter(process: Process): void {
    this.running.enter(process);
  }

  resumed(process: Process): void {
    this.running.resumed(process);
  }

  left(process: Process): void {
    this.running.left(process);
  }

  createContext(process: Process): object {
    return new ProcessContext(process);
  }

  createPid(owner: Owner): Pid<unknown> {
    const pid = this.identities.createLocalPid(this.#base + this.#serials.next());
    pid.owner = owner;
    return pid;
  }

  createRef(): Ref {
    return this.identities.createRef(this.#base + this.#serials.next());
  }

  spawn(body: ProcessBody, args: readonly unknown[], plan: SpawnPlan): Process {
    return this.processes.spawn(body, args, plan);
  }

  dispatch(signal: Signal): void {
    this.routing.dispatch(signal);
  }

  sendAway(by: Process, to: Pid<unknown>, message: unknown): void {
    if (this.routing.isHere(to) || this.routing.isStale(to)) {
      this.dispatch({ kind: "message", from: by.pid, to, message });
      return;
    }
    this.outbound.message(by.pid, to, message);
    this.laneWaits.sent(by, to.node, to.scheduler);
  }

  sendNamed(by: Process, name: string, node: string, message: unknown): void {
    if (node === this.nodeName) {
      const copied = this.copy === undefined ? message : this.copy(message);
      this.routing.messageNamed(by.pid, name, copied);
      return;
    }
    this.outbound.signal({ kind: "message_named", from: by.pid, name, node, message });
    this.laneWaits.sent(by, node, undefined);
  }

  livingHere(pid: Pid): Process | undefined {
    const { owner } = pid as Pid<unknown>;
    return owner instanceof Process && owner.life < LIFE_EXITING ? owner : undefined;
  }

  whereis(name: string): Pid<unknown> | undefined {
    const local = this.#names.whereis(name);
    return local === undefined ? undefined : this.identities.localPid(local);
  }

  register(process: Process, name: string): void {
    this.processes.register(process, name);
  }

  unregister(process: Process, name: string): boolean {
    return this.processes.unregister(process, name);
  }

  monitorNodes(process: Process, on: boolean): void {
    if (on) this.nodeMonitors.add(process);
    else this.nodeMonitors.delete(process);
  }

  nextFence(): number {
    return this.#fences.next(this.clock.wall());
  }

  parentEnded(process: Process): void {
    this.leased.parentEnded(process);
  }

  now(): Millis {
    return this.clock.now();
  }

  setDeadline(entry: Deadline, afterMs: Millis): void {
    this.timers.set(entry, afterMs);
  }

  clearDeadline(entry: Deadline): void {
    this.timers.clear(entry);
  }

  sendAfter(by: Process, to: Pid | NameOnNode | string, message: unknown, afterMs: Millis): Ref {
    return this.sendTimers.set(by, to, message, afterMs);
  }

  cancelTimer(ref: Ref): boolean {
    return this.sendTimers.cancel(ref);
  }

  isPaused(process: Process): boolean {
    return this.laneWaits.isPaused(process);
  }

  awaitLane(wait: LaneWait, node: string, scheduler: number | undefined): void {
    this.laneWaits.add(wait, node, scheduler);
  }

  ending(process: Process): void {
    this.processes.ending(process);
  }

  release(process: Process): void {
    this.processes.release(process);
  }

  bondAdded(process: Process, peer: Pid | NameOnNode): void {
    this.bonds.add(process, peer);
  }

  bondRemoved(process: Process, peer: Pid | NameOnNode, count = 1): void {
    this.bonds.remove(process, peer, count);
  }

  namedWatchEnded(ref: Ref): void {
    this.watches.take(ref);
  }

  /** What the parts know of a process that is released. */
  #forget(process: Process): void {
    const { bonds } = process;
    if (bonds?.tracked === true) this.events.ended?.(process);
    if (bonds?.hasTerms === true) this.leased.ended(process);
    this.running.left(process);
    if (this.nodeMonitors.size > 0) this.nodeMonitors.delete(process);
    if (process.paused) this.laneWaits.remove(process);
  }
}
