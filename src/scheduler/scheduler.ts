/**
 * One scheduler: owns the processes of one thread outright. No I/O: time, the way out and everything to tell come as
 * objects. The same code runs in a worker, on the calling thread, and many times on one thread in the simulator.
 *
 *     lanes, ports ──handleSignal──→ processes ──dispatch──→ processes here · Outbound (other schedulers, other nodes)
 *                    clock ──timers, slices──↗
 */
import type { Deadline } from "../base/deadlines.ts";
import { CallError, MisuseError } from "../base/error.ts";
import type { Millis } from "../base/millis.ts";
import type { Clock } from "../port/clock.ts";
import type { LogLevel, LogSink } from "../port/log.ts";
import { ambient } from "../term/ambient.ts";
import type { Identities } from "../term/identities.ts";
import { Pid, SERIAL_LIMIT } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import type { Caller, Context, Place, StartOptions, Wait } from "../process/api.ts";
import { bondsLost, handleDemonitor, handleLink, handleMonitor } from "../process/bonds.ts";
import { type ExitReason, reasonText } from "../process/exit-reason.ts";
import type {
  DeadLetterReason,
  NodeServices,
  Owner,
  ProcessBody,
  ProcessHost,
  SpawnPlan,
} from "../process/host.ts";
import { setHost } from "../process/hosts.ts";
import type { Outbound } from "../process/outbound.ts";
import type { LaneWait } from "../process/pending.ts";
import { LIFE_DEAD, LIFE_EXITING } from "../process/life.ts";
import { Process } from "../process/process.ts";
import { Call, targetText } from "../process/request.ts";
import type { NameOnNode, Signal, SpawnResult } from "../process/signal.ts";
import { NodeDown, NodeUp } from "../process/system-message.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Endings } from "./endings.ts";
import type { SchedulerEvents } from "./events.ts";
import { callerOf, NodeCaller } from "./node-caller.ts";
import { NodeBonds } from "./node-bonds.ts";
import { LaneWaits } from "./lane-waits.ts";
import { assertArgs, placeOf } from "./place.ts";
import { type ProcessSnapshot, type ProcessSummary, snapshotOf, summaryOf } from "./inspect.ts";
import { Pulse } from "./pulse.ts";
import { bodyOf } from "./rpc.ts";
import { RunQueue } from "./run-queue.ts";
import { SendTimers } from "./send-timers.ts";
import { Serials } from "./serials.ts";
import { SharedNames } from "./shared-names.ts";
import { handleMonitorNamed, handleSignalTo, NamedWatches, undeliverable } from "./signals.ts";
import { SpawnRequests } from "./spawn-requests.ts";
import { Stray } from "./stray.ts";
import { Timers } from "./timers.ts";
import { unavailable } from "./unavailable.ts";

export interface SchedulerOptions {
  /** From 1; 0 is the control thread. */
  readonly index: number;
  /** Schedulers of the node, for places that spread. Default 1. */
  readonly schedulers?: number;
  /** One per node and thread; the scheduler sets its `findLocal`. */
  readonly identities: Identities;
  /** `createNames()`, `createSerials()`, once per node; `createPulse()`, once per scheduler. */
  readonly names: SharedArrayBuffer;
  readonly serials: SharedArrayBuffer;
  readonly pulse?: SharedArrayBuffer;
  readonly clock: Clock;
  readonly outbound: Outbound;
  readonly log: LogSink;
  readonly events?: SchedulerEvents;
  readonly services?: Partial<NodeServices>;
  /** Strict mode: gives what a receiver would get from far away, and freezes what was sent. */
  readonly copy?: (message: unknown) => unknown;
}

/** Entries in every table of a scheduler: all 0 when nothing lives and nothing is pending. */
export interface SchedulerTables {
  readonly processes: number;
  readonly timers: number;
  readonly sendTimers: number;
  readonly spawnRequests: number;
  readonly namedWatches: number;
  readonly nodeBonds: number;
  readonly nodeMonitors: number;
  readonly laneWaits: number;
  readonly ending: number;
  readonly runQueue: number;
}

export class Scheduler implements ProcessHost {
  readonly index: number;
  readonly nodeName: string;
  readonly identities: Identities;
  readonly turns: RunQueue;
  readonly outbound: Outbound;
  readonly services: NodeServices;
  readonly copy: ((message: unknown) => unknown) | undefined;
  /** The process whose code was last seen running. */
  current: Process | undefined = undefined;
  #certain = false;
  #resumedLast: Process | undefined = undefined;

  readonly #clock: Clock;
  readonly #schedulers: number;
  readonly #base: number;
  readonly #log: LogSink;
  readonly #events: SchedulerEvents;
  readonly #names: SharedNames;
  readonly #pidSerials: Serials;
  readonly #pulse: Pulse | undefined;
  readonly #processes = new Map<number, Process>();
  readonly #timers: Timers;
  readonly #sendTimers: SendTimers;
  readonly #requests: SpawnRequests;
  readonly #watches = new NamedWatches();
  readonly #bonds: NodeBonds;
  readonly #laneWaits: LaneWaits;
  readonly #endings: Endings;
  readonly #deadLetters: DeadLetters;
  readonly #stray: Stray;
  readonly #nodeMonitors = new Set<Process>();
  #spreadNext: number;

  constructor(options: SchedulerOptions) {
    this.index = options.index;
    this.identities = options.identities;
    this.nodeName = options.identities.local.name;
    this.outbound = options.outbound;
    this.copy = options.copy;
    this.services = unavailable(options.services);
    this.turns = new RunQueue(options.clock);
    this.#clock = options.clock;
    this.#schedulers = options.schedulers ?? 1;
    this.#spreadNext = options.index;
    this.#base = options.index * SERIAL_LIMIT;
    this.#log = options.log;
    this.#events = options.events ?? {};
    this.#names = new SharedNames(options.names, options.index);
    this.#pidSerials = new Serials(options.serials, options.index);
    this.#pulse = options.pulse === undefined ? undefined : new Pulse(options.pulse);
    this.#timers = new Timers(options.clock);
    this.#sendTimers = new SendTimers(this);
    this.#requests = new SpawnRequests(this);
    this.#bonds = new NodeBonds(this.nodeName, options.index);
    this.#laneWaits = new LaneWaits(options.outbound);
    this.#endings = new Endings(options.clock, (process) => this.release(process));
    this.#deadLetters = new DeadLetters(this.#events);
    this.#stray = new Stray(this.#events, options.log);
    setHost(options.identities, this);
    options.identities.findLocal = (local) => this.#processes.get(local - this.#base)?.pid;
    ambient.identities = options.identities;
  }

  // ---- what the node's driver calls

  /** A signal from a lane or from another thread of this node. */
  handleSignal(signal: Signal): void {
    this.dispatch(signal);
  }

  /** `outbound` could not bring a signal to its target: what that means for its sender follows. */
  undeliverable(signal: Signal, reason: "noconnection" | "noproc" = "noconnection"): void {
    undeliverable(this, signal, reason);
  }

  /** A session stands: comes before its first signal. */
  nodeUp(node: string): void {
    for (const process of this.#nodeMonitors) process.deliver(new NodeUp(node));
  }

  /**
   * A session is over, after its last signal: ends all bonds with that incarnation of the node and earlier ones with
   * `noconnection`, then tells `NodeDown`.
   */
  nodeDown(node: string, creation: number, reason: ExitReason, hidden = false): void {
    const lost = (peer: Pid | NameOnNode): boolean =>
      peer.node === node && !(peer instanceof Pid && peer.nodeRef.creation > creation);
    for (const process of this.#bonds.ofNode(node)) bondsLost(process, lost, "noconnection");
    this.#requests.nodeDown(node);
    this.#laneWaits.recheck();
    // Nobody was told that a hidden node is there.
    if (hidden) return;
    for (const process of this.#nodeMonitors) process.deliver(new NodeDown(node, reason));
  }

  /** A message arrived that cannot be decoded here: a dead letter, or the failure of the call that it answers. */
  undecodable(to: Pid | NameOnNode): void {
    const owner = to instanceof Pid ? (to as Pid<unknown>).owner : undefined;
    if (owner instanceof Call) owner.fail(new CallError("undecodable", targetText(owner.target)));
    else this.deadLetter("undecodable", to, undefined);
  }

  /** Another scheduler of this node was ended; its last signals have been handled. */
  schedulerDown(scheduler: number): void {
    const lost = (peer: Pid | NameOnNode): boolean =>
      peer instanceof Pid && peer.isLocal() && peer.scheduler === scheduler;
    for (const process of this.#bonds.ofScheduler(scheduler)) bondsLost(process, lost, "killed");
  }

  /** Some lane, or the port to some scheduler, has room again. */
  laneReady(): void {
    this.#laneWaits.recheck();
  }

  /** Shows that the event loop turns; every 100 ms, from a timer of the driver. */
  beat(now: Millis): void {
    if (this.#pulse !== undefined) this.#pulse.beat = now;
  }

  /** A promise rejected and nobody looked, or something threw outside of any promise. */
  strayError(error: unknown): void {
    this.#stray.handle(error, (process) => this.crashed(process, error));
  }

  /** A caller that is no process: for HTTP handlers, scripts, tests. */
  caller(): Caller {
    return callerOf(new NodeCaller(this));
  }

  /** Runs a function as a process; rejects with what it threw, or with why it ended. */
  run<R, M>(fn: (ctx: Context<M>) => Promise<R>, functionName = "run"): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const ended = (reason: ExitReason, value: unknown): void => {
        if (reason === "normal") resolve(value as R);
        else reject(reason);
      };
      const plan = {
        functionName,
        parent: undefined,
        name: undefined,
        mailboxMax: undefined,
        ended,
      };
      this.spawn(fn as unknown as ProcessBody, [], plan);
    });
  }

  /** Every process, for `ps`. */
  list(): ProcessSummary[] {
    return [...this.#processes.values()].map(summaryOf);
  }

  /** One process in detail. */
  inspect(pid: Pid): ProcessSnapshot | undefined {
    const { owner } = pid as Pid<unknown>;
    return owner instanceof Process ? snapshotOf(owner) : undefined;
  }

  /** Messages that reached nobody, by reason. */
  deadLetterCounts(): ReadonlyMap<DeadLetterReason, number> {
    return this.#deadLetters.counts;
  }

  tables(): SchedulerTables {
    return {
      processes: this.#processes.size,
      timers: this.#timers.length,
      sendTimers: this.#sendTimers.size,
      spawnRequests: this.#requests.size,
      namedWatches: this.#watches.size,
      nodeBonds: this.#bonds.size,
      nodeMonitors: this.#nodeMonitors.size,
      laneWaits: this.#laneWaits.size,
      ending: this.#endings.size,
      runQueue: this.turns.length,
    };
  }

  /** Ends every process and lets go of the clock. */
  stop(reason: ExitReason = "shutdown"): void {
    for (const process of this.#processes.values()) process.terminate(reason);
    this.#sendTimers.clear();
    this.#timers.stop();
  }

  // ---- ProcessHost: what processes call

  enter(process: Process): void {
    if (this.current === process && this.#certain) return;
    this.current = process;
    this.#certain = true;
    ambient.identities = this.identities;
    this.#showPulse(process, true);
  }

  resumed(process: Process): void {
    this.#resumedLast = process;
    if (this.current !== undefined) return;
    // Nobody's code was running: the next that runs is this one's.
    this.current = process;
    this.#certain = false;
    this.#showPulse(process, false);
  }

  left(process: Process): void {
    if (this.current !== process) return;
    const next = this.#resumedLast;
    this.current = next === process ? undefined : next;
    this.#resumedLast = undefined;
    this.#certain = false;
    this.#showPulse(this.current, false);
  }

  createPid(owner: Owner): Pid<unknown> {
    const pid = this.identities.createLocalPid(this.#base + this.#pidSerials.next());
    pid.owner = owner;
    return pid;
  }

  createRef(): Ref {
    return this.identities.createRef(this.#base + this.#pidSerials.next());
  }

  spawn(body: ProcessBody, args: readonly unknown[], plan: SpawnPlan): Process {
    assertArgs(args);
    const process = new Process(this, plan.functionName, plan.parent, body, args);
    if (plan.name !== undefined) this.register(process, plan.name);
    if (plan.mailboxMax !== undefined) process.ownBonds().mailboxMax = plan.mailboxMax;
    if (plan.ended !== undefined) process.ownBonds().ended = plan.ended;
    this.#processes.set(process.pid.local - this.#base, process);
    this.turns.enqueue(process);
    return process;
  }

  spawnOn(
    by: Process,
    where: Place,
    functionName: string,
    args: readonly unknown[],
    options: StartOptions,
  ): Promise<Pid<unknown>> {
    try {
      assertArgs(args);
      const place = placeOf(where, this.nodeName, this.index);
      return this.#requests.spawn(by, place, functionName, args, options);
    } catch (error) {
      this.blame(error, by);
      return Promise.reject(error);
    }
  }

  rpc(
    by: Process,
    where: Place,
    functionName: string,
    args: readonly unknown[],
    wait: Wait,
  ): Promise<unknown> {
    try {
      assertArgs(args);
      const place = placeOf(where, this.nodeName, this.index);
      return this.#requests.rpc(by, place, functionName, args, wait);
    } catch (error) {
      this.blame(error, by);
      return Promise.reject(error);
    }
  }

  dispatch(signal: Signal): void {
    switch (signal.kind) {
      case "message_named":
      case "monitor_named":
        if (signal.node !== this.nodeName) this.outbound.signal(signal);
        else if (signal.kind === "monitor_named") handleMonitorNamed(this, this.#watches, signal);
        else this.#messageNamed(signal.from, signal.name, signal.message);
        return;
      case "spawn_request":
        this.#spawnRequest(signal);
        return;
      case "demonitor":
        if (!(signal.to instanceof Pid)) {
          this.#demonitorNamed(signal, signal.to);
          return;
        }
        break;
      default:
        break;
    }
    const to = signal.to as Pid<unknown>;
    if (to.owner !== undefined || this.#isHere(to)) {
      if (signal.kind === "spawn_reply") this.#requests.replied(signal.ref, signal.result);
      else handleSignalTo(this, to, signal);
    } else if (to.nodeRef !== this.identities.local && to.node === this.nodeName) {
      // A pid of this node's name from an earlier start: whoever it was is dead.
      undeliverable(this, signal, "noproc");
    } else if (signal.kind === "message" && signal.from !== undefined) {
      this.outbound.message(signal.from, to, signal.message);
    } else {
      this.#signalAway(signal);
    }
  }

  sendAway(by: Process, to: Pid<unknown>, message: unknown): void {
    if (this.#isHere(to) || (to.nodeRef !== this.identities.local && to.node === this.nodeName)) {
      this.dispatch({ kind: "message", from: by.pid, to, message });
      return;
    }
    this.outbound.message(by.pid, to, message);
    this.#laneWaits.sent(by, to.node, to.scheduler);
  }

  sendNamed(by: Process, name: string, node: string, message: unknown): void {
    if (node === this.nodeName) {
      this.#messageNamed(by.pid, name, this.copy === undefined ? message : this.copy(message));
    } else {
      this.outbound.signal({ kind: "message_named", from: by.pid, name, node, message });
    }
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
    const result = this.#names.register(name, process.pid.local);
    if (result !== true) {
      const problem = result === "full" ? "no room for" : "already registered:";
      throw new MisuseError("name_taken", `${problem} ${name}`);
    }
    const bonds = process.ownBonds();
    (bonds.names ??= new Set()).add(name);
    this.#events.registered?.(name, process.pid);
  }

  unregister(process: Process, name: string): boolean {
    if (!this.#names.unregister(name, process.pid.local)) return false;
    process.bonds?.names?.delete(name);
    this.#events.unregistered?.(name, process.pid);
    return true;
  }

  monitorNodes(process: Process, on: boolean): void {
    if (on) this.#nodeMonitors.add(process);
    else this.#nodeMonitors.delete(process);
  }

  now(): Millis {
    return this.#clock.now();
  }

  setDeadline(entry: Deadline, afterMs: Millis): void {
    this.#timers.set(entry, afterMs);
  }

  clearDeadline(entry: Deadline): void {
    this.#timers.clear(entry);
  }

  sendAfter(by: Process, to: Pid | NameOnNode, message: unknown, afterMs: Millis): Ref {
    return this.#sendTimers.set(by, to, message, afterMs);
  }

  cancelTimer(ref: Ref): boolean {
    return this.#sendTimers.cancel(ref);
  }

  isPaused(process: Process): boolean {
    return this.#laneWaits.isPaused(process);
  }

  awaitLane(wait: LaneWait, node: string, scheduler: number | undefined): void {
    this.#laneWaits.add(wait, node, scheduler);
  }

  ending(process: Process): void {
    this.#endings.add(process);
  }

  release(process: Process): void {
    if (process.life === LIFE_DEAD) return;
    this.#endings.release(process, this.#dissolve);
  }

  bondAdded(process: Process, peer: Pid | NameOnNode): void {
    this.#bonds.add(process, peer);
  }

  bondRemoved(process: Process, peer: Pid | NameOnNode): void {
    this.#bonds.remove(process, peer);
  }

  namedWatchEnded(ref: Ref): void {
    this.#watches.take(ref);
  }

  deadLetter(reason: DeadLetterReason, to: Pid | NameOnNode, message: unknown): void {
    this.#deadLetters.add(reason, to, message);
  }

  mailboxHigh(process: Process, length: number): void {
    this.#events.mailboxHigh?.(process.pid, process.functionName, length);
  }

  log(process: Process, level: LogLevel, text: string, fields: object | undefined): void {
    const { functionName, pid } = process;
    this.#log.write(level, text, { ...fields, pid: pid.toString(), function: functionName });
  }

  blame(error: unknown, process: Process): void {
    this.#stray.blame(error, process);
  }

  crashed(process: Process, reason: ExitReason): void {
    const report = snapshotOf(process);
    this.#events.crashed?.({ ...report, reason });
  }

  readonly #dissolve = (process: Process): void => {
    const { bonds, pid } = process;
    for (const name of [...(bonds?.names ?? [])]) this.unregister(process, name);
    for (const alias of bonds?.aliases ?? []) (alias as Pid<unknown>).owner = undefined;
    pid.owner = undefined;
    process.life = LIFE_DEAD;
    process.mailbox = undefined;
    this.left(process);
    this.#processes.delete(pid.local - this.#base);
    if (this.#nodeMonitors.size > 0) this.#nodeMonitors.delete(process);
    if (process.paused) this.#laneWaits.remove(process);
  };

  #showPulse(process: Process | undefined, certain: boolean): void {
    const pulse = this.#pulse;
    if (pulse === undefined) return;
    if (process === undefined) pulse.show(0, 0, certain);
    else pulse.show(process.pid.local, pulse.functionId(process.functionName), certain);
  }

  #isHere(pid: Pid): boolean {
    return pid.nodeRef === this.identities.local && pid.scheduler === this.index;
  }

  /** An exit reason is whatever a process threw: one that cannot be sent travels as text, so that the end is heard of. */
  #signalAway(signal: Signal): void {
    if (signal.kind !== "down" && signal.kind !== "link_exit") {
      this.outbound.signal(signal);
      return;
    }
    try {
      this.outbound.signal(signal);
    } catch {
      this.outbound.signal({ ...signal, reason: reasonText(signal.reason) });
    }
  }

  #messageNamed(from: Pid | undefined, name: string, message: unknown): void {
    const to = this.whereis(name);
    if (to === undefined) this.deadLetter("noname", { name, node: this.nodeName }, message);
    else this.dispatch({ kind: "message", from, to, message });
  }

  #demonitorNamed(signal: Extract<Signal, { kind: "demonitor" }>, to: NameOnNode): void {
    if (to.node !== this.nodeName) {
      this.outbound.signal(signal);
      return;
    }
    // A monitor that was put on a process of another scheduler is not in the table: whoever holds the name now is most
    // likely still the one. If not, the monitor stays where it is until that process ends, and its `Down` is ignored.
    const pid = this.#watches.take(signal.ref) ?? this.whereis(to.name);
    if (pid === undefined) return;
    const { owner } = pid as Pid<unknown>;
    if (owner instanceof Process) handleDemonitor(owner, signal.ref);
    else this.dispatch({ kind: "demonitor", from: signal.from, to: pid, ref: signal.ref });
  }

  #spawnRequest(signal: Extract<Signal, { kind: "spawn_request" }>): void {
    if (signal.node !== this.nodeName) {
      this.outbound.signal(signal);
      return;
    }
    let { scheduler } = signal;
    if (scheduler === "spread") {
      scheduler = this.#spreadNext;
      this.#spreadNext = (this.#spreadNext % this.#schedulers) + 1;
    }
    const { from, ref } = signal;
    if (scheduler > this.#schedulers) {
      const result = { ok: false, code: "badarg" } as const;
      this.dispatch({ kind: "spawn_reply", from: undefined, to: from, ref, result });
    } else if (scheduler !== this.index) {
      this.outbound.signal({ ...signal, scheduler });
    } else {
      const result = this.#spawnRequested(signal);
      const child = result.ok ? result.pid : undefined;
      this.dispatch({ kind: "spawn_reply", from: child, to: from, ref, result });
    }
  }

  #spawnRequested(signal: Extract<Signal, { kind: "spawn_request" }>): SpawnResult {
    const { args, from, functionName, options, ref } = signal;
    const body = bodyOf(functionName);
    if (body === undefined) return { ok: false, code: "undef" };
    if (!Array.isArray(args)) return { ok: false, code: "badarg" };
    const { name, mailboxMax } = options;
    let child: Process;
    try {
      child = this.spawn(body, args, { functionName, parent: from, name, mailboxMax });
    } catch (error) {
      if (error instanceof MisuseError) return { ok: false, code: "name_taken" };
      throw error;
    }
    if (options.link) handleLink(child, from);
    if (options.monitor) handleMonitor(child, { from, ref, target: child.pid });
    return { ok: true, pid: child.pid };
  }
}
