import type { Deadline } from "../base/deadlines.ts";
import type { Millis } from "../base/millis.ts";
import type { LogLevel } from "../port/log.ts";
import type { Identities } from "../term/identities.ts";
import type { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import type { GlobalNames, Groups, Monitored, NodeView, StartOptions, Place, Wait } from "./api.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { Outbound } from "./outbound.ts";
import type { Peers } from "./peer-session.ts";
import type { Pending } from "./pending.ts";
import type { Process } from "./process.ts";
import type { Definitions } from "./registry.ts";
import type { Rooms } from "./room-api.ts";
import type { ChildTerms, NameOnNode, Signal } from "./signal.ts";
import type { WebService } from "./web-host.ts";

/** Who takes messages sent to a local pid: what `Pid.owner` is on the pid's own thread. */
export interface Owner {
  deliver(message: unknown): void;
}

/** Whose turn it is. One slice is what runs between two looks at I/O. */
export interface Turns {
  /** Takes one reduction; false when the slice is used up: queue what would run. */
  spend(): boolean;
  /** Gives the process a turn: in this slice if there is budget left, else in the next. */
  enqueue(process: Process): void;
}

/** Why a message was not delivered. */
export type DeadLetterReason =
  "noproc" | "noname" | "noconnection" | "undecodable" | "stale_creation" | "name_on_other_node";

/** What a spawn on this scheduler is told besides function and arguments. */
export interface SpawnPlan {
  readonly functionName: string;
  readonly parent: Pid | undefined;
  readonly name: string | undefined;
  readonly mailboxMax: number | undefined;
  /** `ctx.fence`: only of a supervisor's child. */
  readonly fence?: number;
  /** Told when the process is released, with the function's value if it returned one; instead of a crash report. */
  readonly ended?: (reason: ExitReason, value: unknown) => void;
}

// A process's code takes what the spawner gave it; the types are checked where it is spawned.
export type ProcessBody = (...args: never[]) => unknown;

/** What of the node a process reaches through its context: names, groups, other nodes. `by` is who asks. */
export interface NodeServices {
  global(by: Process): GlobalNames;
  groups(by: Process): Groups;
  rooms(by: Process): Rooms;
  /** Serves sites on this thread. */
  readonly web: WebService;
  readonly node: NodeView;
  /** The holder of a global name, as this node knows it now. */
  whereisGlobal(name: string): Pid<unknown> | undefined;
}

/** Starts at a place, on this node or another, of functions that are known there by name. `by` is who asks. */
export interface PlacedSpawns {
  spawnOn(
    by: Process,
    where: Place,
    functionName: string,
    args: readonly unknown[],
    options: StartOptions & { readonly child?: ChildTerms },
  ): Promise<Pid<unknown>>;
  /** As `spawnOn`, with a monitor that stands before the first step. */
  spawnMonitored(
    by: Process,
    where: Place,
    functionName: string,
    args: readonly unknown[],
    options: StartOptions,
  ): Promise<Monitored<unknown>>;
  rpc(
    by: Process,
    where: Place,
    functionName: string,
    args: readonly unknown[],
    wait: Wait,
  ): Promise<unknown>;
}

/** What of processes is told to the node and its operator. */
export interface Reports {
  deadLetter(reason: DeadLetterReason, to: Pid | NameOnNode, message: unknown): void;
  mailboxHigh(process: Process, length: number): void;
  log(process: Process, level: LogLevel, text: string, fields: object | undefined): void;
  /** Remembers whose promise rejected with this error, for when nobody handles it. */
  blame(error: unknown, process: Process): void;
  /** A function ended with an uncaught error, or left through `exit` with a reason that is not orderly. */
  crashed(process: Process, reason: ExitReason): void;
}

/** What a process needs of the scheduler that it lives on. */
export interface ProcessHost {
  readonly nodeName: string;
  readonly identities: Identities;
  /** What can be started here by name. */
  readonly definitions: Definitions;
  readonly turns: Turns;
  readonly outbound: Outbound;
  readonly services: NodeServices;
  readonly peers: Peers;
  readonly spawning: PlacedSpawns;
  readonly reports: Reports;
  /** What a child on another node may live on without a sign of life from here; see `ChildTerms`. */
  readonly leaseMs: Millis;
  /** In strict mode: what the receiver gets, as if it had travelled; freezes the original. Otherwise undefined. */
  readonly copy: ((message: unknown) => unknown) | undefined;

  /** A number for a function's name, for the watchdog. */
  functionId(functionName: string): number;
  /** Says that this process's code runs now. */
  enter(process: Process): void;
  /** Says that this process will run when the microtasks before it have. */
  resumed(process: Process): void;
  /** Says that this process waits from here on: who was resumed last is the best guess for who runs next. */
  left(process: Process): void;
  /** What the process's code is given. */
  createContext(process: Process): object;
  createPid(owner: Owner): Pid<unknown>;
  createRef(): Ref;

  spawn(body: ProcessBody, args: readonly unknown[], plan: SpawnPlan): Process;

  /** Sends a signal on its way: at once to a process of this scheduler, else through `outbound`. */
  dispatch(signal: Signal): void;
  /** Sends a message off this scheduler; pauses the sender at its next receive if the way there is full. */
  sendAway(by: Process, to: Pid, message: unknown): void;
  sendNamed(by: Process, name: string, node: string, message: unknown): void;
  /** The process, if it lives on this scheduler and is not ending. */
  livingHere(pid: Pid): Process | undefined;
  whereis(name: string): Pid<unknown> | undefined;
  register(process: Process, name: string): void;
  unregister(process: Process, name: string): boolean;
  monitorNodes(process: Process, on: boolean): void;

  /** A number above all that were given out before, on any node that this one has heard of. */
  nextFence(): number;
  /** The parent of a process with `bonds.hasTerms` is no more, or out of reach. */
  parentEnded(process: Process): void;

  /** On the clock that deadlines are counted on. */
  now(): Millis;
  setDeadline(entry: Deadline, afterMs: Millis): void;
  clearDeadline(entry: Deadline): void;
  /** A target given as text is a name without a node, to be looked up when the time has come. */
  sendAfter(by: Process, to: Pid | NameOnNode | string, message: unknown, afterMs: Millis): Ref;
  cancelTimer(ref: Ref): boolean;
  /** Whether a paused process has to wait on. */
  isPaused(process: Process): boolean;
  /** Wakes the wait when some lane has room again. */
  awaitLane(pending: Pending<void>, node: string, scheduler: number | undefined): void;

  /** The process has been told to end: release it when its function has settled, or after this slice. */
  ending(process: Process): void;
  /** The process's function has settled, or has never run: frees its names, then tells links and monitors. */
  release(process: Process): void;
  /** A bond to another node or scheduler was made or ended. */
  bondAdded(process: Process, peer: Pid | NameOnNode): void;
  /** `count` of them, all to where that peer is; default 1. */
  bondRemoved(process: Process, peer: Pid | NameOnNode, count?: number): void;

  /** A monitor by name on a process of this scheduler is over. */
  namedWatchEnded(ref: Ref): void;
}
