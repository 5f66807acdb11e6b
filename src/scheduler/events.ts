import type { Millis } from "../base/millis.ts";
import type { Pid } from "../term/pid.ts";
import type { ExitReason } from "../process/exit-reason.ts";
import type { DeadLetterReason } from "../process/host.ts";
import type { Process } from "../process/process.ts";
import type { NameOnNode } from "../process/signal.ts";

/** A message that reached nobody. */
export interface DeadLetter {
  readonly reason: DeadLetterReason;
  readonly to: Pid | NameOnNode;
  /** Its kind, never its contents: the literal `type`, or what kind of value it is. */
  readonly messageType: string;
  /** Dead letters for this reason so far. */
  readonly count: number;
}

/** Why a process crashed and what it was doing. */
export interface CrashReport {
  readonly pid: Pid;
  readonly functionName: string;
  readonly reason: ExitReason;
  readonly parent: Pid | undefined;
  readonly links: readonly Pid[];
  readonly mailboxLength: number;
  /** Types of the oldest messages that were still waiting. */
  readonly mailboxTypes: readonly string[];
  /** Literal type of the message that it was handling, if it had one. */
  readonly lastMessageType: string | undefined;
  readonly reductions: number;
}

/** What a scheduler tells the node that it belongs to. All are called synchronously; none may throw. */
export interface SchedulerEvents {
  /** The first of each reason, then every one at a power of two. */
  deadLetter?(letter: DeadLetter): void;
  crashed?(report: CrashReport): void;
  /** For whoever keeps the spellings of names. */
  registered?(name: string, pid: Pid): void;
  unregistered?(name: string, pid: Pid): void;
  /** A process with `bonds.tracked` has ended; its links and monitors are told after this. */
  ended?(process: Process): void;
  /** Children of supervisors on that node wait for, or live under, a lease of so many milliseconds. */
  leaseWanted?(node: string, leaseMs: Millis): void;
  /** Whether that start of a node has ended is to be found out. */
  nodeDoubted?(node: string, creation: number): void;
  /** Somebody asked for a function that is not defined here. */
  spawnRefused?(functionName: string, from: Pid): void;
  mailboxHigh?(pid: Pid, functionName: string, length: number): void;
  /** A stray rejection or throw that belongs to no process. */
  strayError?(error: unknown): void;
}
