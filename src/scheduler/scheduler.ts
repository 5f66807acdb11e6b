/**
 * One scheduler: owns the processes of one thread outright. No I/O: time, the way out and everything to tell come as
 * objects. The same code runs in a worker, on the calling thread, and many times on one thread in the simulator.
 *
 *     lanes, ports ──handleSignal──→ processes ──dispatch──→ processes here · Outbound (other schedulers, other nodes)
 *                    clock ──timers, slices──↗
 *
 * This file is what the node's driver calls; `scheduler-host.ts` is what processes call, with their table in
 * `process-table.ts`.
 */
import { CallError } from "../base/error.ts";
import type { Millis } from "../base/millis.ts";
import { Pid } from "../term/pid.ts";
import type { Caller, Context } from "../process/api.ts";
import { bondsLost } from "../process/bonds.ts";
import type { ExitReason } from "../process/exit-reason.ts";
import type { DeadLetterReason, ProcessBody } from "../process/host.ts";
import { Process } from "../process/process.ts";
import { Call, targetText } from "../process/request.ts";
import type { NameOnNode, Signal } from "../process/signal.ts";
import { NodeDown, NodeUp } from "../process/system-message.ts";
import {
  snapshotOf,
  summariesOf,
  type ProcessSnapshot,
  type ProcessSummary,
  type SummaryOrder,
} from "./reports/inspect.ts";
import type { KeptLetter } from "./reports/dead-letters.ts";
import { callerOf, NodeCaller } from "./node-caller.ts";
import { SchedulerHost } from "./scheduler-host.ts";
import { undeliverable } from "./signals.ts";

/** How a session ended. */
export interface NodeEnd {
  readonly hidden?: boolean;
  /** The node's program has ended: nothing runs there any more. */
  readonly isGone?: boolean;
  /** Everything that it had sent is here. */
  readonly isWhole?: boolean;
  /** Milliseconds since the last byte from there. */
  readonly silentMs?: Millis;
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
  /** Children on terms, and starts that wait for a lease. */
  readonly leased: number;
  /** Nodes that some supervisor waits for. */
  readonly peerWatches: number;
}

export class Scheduler extends SchedulerHost {
  readonly #callers = new Set<NodeCaller>();

  /** A signal from a lane or from another thread of this node. */
  handleSignal(signal: Signal): void {
    this.dispatch(signal);
  }

  /** `outbound` could not bring a signal to its target: what that means for its sender follows. */
  undeliverable(signal: Signal, reason: "noconnection" | "noproc" = "noconnection"): void {
    undeliverable(this, signal, reason);
  }

  /** A session stands: comes before its first signal. */
  nodeUp(node: string, creation = 0, hidden = false): void {
    if (!hidden) {
      this.leased.nodeUp(node);
      for (const process of this.nodeMonitors) process.deliver(new NodeUp(node));
    }
    this.peers.up(node, creation);
  }

  /**
   * A session is over, after its last signal: ends all bonds with that incarnation of the node and earlier ones with
   * `noconnection`, then tells `NodeDown`.
   */
  nodeDown(node: string, creation: number, reason: ExitReason, end: NodeEnd = {}): void {
    const { hidden = false, isGone = false, silentMs = 0 } = end;
    // Before the exits: who gets one may ask at once how it ended.
    this.peers.down(node, this.clock.now() - silentMs, isGone);
    const lost = (peer: Pid | NameOnNode): boolean =>
      peer.node === node && !(peer instanceof Pid && peer.nodeRef.creation > creation);
    // First: a supervisor that hears of a lost child asks for another one at once, and that request is not of this session.
    this.spawning.nodeDown(node);
    for (const process of this.bonds.ofNode(node)) bondsLost(process, lost, "noconnection");
    this.leased.nodeDown(node);
    this.laneWaits.recheck();
    // Nobody was told that a hidden node is there.
    if (hidden) return;
    for (const process of this.nodeMonitors) process.deliver(new NodeDown(node, reason));
  }

  /** A message arrived that cannot be decoded here: a dead letter, or the failure of the call that it answers. */
  undecodable(to: Pid | NameOnNode): void {
    const owner = to instanceof Pid ? (to as Pid<unknown>).owner : undefined;
    if (owner instanceof Call) owner.fail(new CallError("undecodable", targetText(owner.target)));
    else this.reports.deadLetter("undecodable", to, undefined);
  }

  /** Another scheduler of this node was ended; its last signals have been handled. */
  schedulerDown(scheduler: number): void {
    const lost = (peer: Pid | NameOnNode): boolean =>
      peer instanceof Pid && peer.isLocal() && peer.scheduler === scheduler;
    this.spawning.schedulerDown(scheduler);
    for (const process of this.bonds.ofScheduler(scheduler)) bondsLost(process, lost, "killed");
    this.laneWaits.recheck();
  }

  /** Some lane, or the port to some scheduler, has room again. */
  laneReady(): void {
    this.laneWaits.recheck();
  }

  /** Shows that the event loop turns; every 100 ms, from a timer of the driver. */
  beat(now: Millis): void {
    this.running.beat(now);
  }

  /** A promise rejected and nobody looked, or something threw outside of any promise. */
  strayError(error: unknown): void {
    this.reports.strayError(error);
  }

  /** The same on a thread that is not all ours: an error that belongs to no process is left to others, with false. */
  takeStray(error: unknown): boolean {
    return this.reports.takeStray(error);
  }

  /** A caller that is no process: for HTTP handlers, scripts, tests. One for a whole program; it lives until `stop`. */
  caller(): Caller {
    const caller = new NodeCaller(this);
    this.#callers.add(caller);
    return callerOf(caller);
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

  /** Every process, or for `ps` the first of them in that order. */
  list(sort: SummaryOrder = "pid", limit = Infinity): ProcessSummary[] {
    return summariesOf(this.processes.values(), sort, limit);
  }

  /** One process in detail. */
  inspect(pid: Pid): ProcessSnapshot | undefined {
    const { owner } = pid as Pid<unknown>;
    return owner instanceof Process ? snapshotOf(owner) : undefined;
  }

  /** Messages that reached nobody, by reason. */
  deadLetterCounts(): ReadonlyMap<DeadLetterReason, number> {
    return this.reports.deadLetters.counts;
  }

  /** Samples of what reached nobody, behind that serial number. */
  deadLettersSince(serial: number): readonly KeptLetter[] {
    return this.reports.deadLetters.since(serial);
  }

  /** Errors that nobody caught and that belonged to no process. */
  strayCount(): number {
    return this.reports.stray.count;
  }

  tables(): SchedulerTables {
    return {
      processes: this.processes.size,
      timers: this.timers.length,
      sendTimers: this.sendTimers.size,
      spawnRequests: this.spawning.pending,
      namedWatches: this.watches.size,
      nodeBonds: this.bonds.size,
      nodeMonitors: this.nodeMonitors.size,
      laneWaits: this.laneWaits.size,
      ending: this.processes.endingCount,
      runQueue: this.turns.length,
      leased: this.leased.size,
      peerWatches: this.peers.size,
    };
  }

  /**
   * Ends every process and lets go of the clock. Children of supervisors elsewhere end as if the connection were lost: for
   * them the node is, and it is no crash.
   */
  stop(reason: ExitReason = "shutdown"): void {
    for (const process of this.processes.values()) {
      process.terminate(this.leased.isElsewheres(process) ? "noconnection" : reason);
    }
    this.sendTimers.clear();
    this.timers.stop();
    // After the processes: a call to one of them fails because of its end.
    this.clock.afterIo(() => {
      for (const caller of this.#callers) caller.stop();
      this.#callers.clear();
    });
  }
}
