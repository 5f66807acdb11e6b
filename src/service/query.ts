/**
 * What a node can be asked from outside, by the command line's verbs: the arguments and the answer of each. All of it is
 * plain terms: pids are text, times are milliseconds, memory is bytes. Answered by the control thread.
 */

/** A scheduler as `status` shows it. */
export interface SchedulerStatus {
  /** From 1. */
  readonly index: number;
  readonly processes: number;
  /** Processes that could run now. */
  readonly runQueue: number;
  /** Entries in its other tables: timers, requests that wait, bonds with other nodes. What never shrinks is a leak. */
  readonly tables: Readonly<Record<string, number>>;
  /** How late its tick came last, in milliseconds. */
  readonly lagMs: number;
  /** The process that keeps it from turning; `certain` false: the best guess. */
  readonly stuck:
    { readonly pid: string; readonly function: string; readonly certain: boolean } | undefined;
}

export interface StatusAnswer {
  readonly name: string;
  /** `host:port` where it listens. */
  readonly address: string;
  readonly version: string;
  readonly creation: number;
  readonly uptimeMs: number;
  readonly tls: "auto" | "ca" | "off";
  readonly schedulers: readonly SchedulerStatus[];
  /** Peers with a session that is up or suspect. */
  readonly sessions: number;
  readonly memoryBytes: number;
  readonly functions: number;
  /** Messages that could not be delivered since the start, by reason. */
  readonly deadLetters: Readonly<Record<string, number>>;
  /** Errors in the actors' code that nobody caught and that belonged to no process, since the schedulers started. */
  readonly strayErrors: number;
}

export interface NodeEntry {
  readonly name: string;
  /** `host:port` that is dialled. */
  readonly address: string;
  readonly state: "up" | "suspect" | "connecting" | "down";
  readonly hidden: boolean;
  /** undefined while it was never connected. */
  readonly creation: number | undefined;
  /** Milliseconds since the session is up; undefined when it is not. */
  readonly upMs: number | undefined;
  /** Lanes that stand. */
  readonly lanes: number;
}

export interface ProcessEntry {
  readonly pid: string;
  readonly function: string;
  readonly names: readonly string[];
  readonly status: "running" | "runnable" | "waiting" | "paused" | "exiting";
  /** Messages in the mailbox. */
  readonly mailbox: number;
  readonly reductions: number;
  readonly links: number;
  readonly monitors: number;
}

export interface FunctionEntry {
  readonly name: string;
  readonly version: string | undefined;
  readonly kind: "function" | "server" | "supervisor";
}

/** Everything about one process. */
export interface InspectAnswer {
  readonly pid: string;
  readonly function: string;
  readonly names: readonly string[];
  readonly status: ProcessEntry["status"];
  readonly parent: string | undefined;
  readonly trapExit: boolean;
  readonly reductions: number;
  readonly mailbox: number;
  /** Types of the first messages in the mailbox, oldest first. */
  readonly mailboxTypes: readonly string[];
  readonly links: readonly string[];
  /** What it monitors: pids, or `name` and node as `node/name`. */
  readonly monitors: readonly string[];
  readonly monitoredBy: readonly string[];
  /** A server's state, cut to a readable length; undefined for other processes. */
  readonly state: string | undefined;
}

/** A supervisor or a worker in the supervision tree. */
export interface TreeEntry {
  /** undefined: the child is not running. */
  readonly pid: string | undefined;
  readonly id: string;
  readonly function: string;
  readonly kind: "supervisor" | "worker";
  /** Restarts within the supervisor's period, and how many of them it allows; undefined for workers. */
  readonly restarts: number | undefined;
  readonly intensity: number | undefined;
  /** Of a supervisor: milliseconds of its period. */
  readonly periodMs?: number | undefined;
  /** Of a child with a place: where it is, or was last. */
  readonly node?: string | undefined;
  /** Of a child: how often its supervisor has started it again, and how often it had lost its node. */
  readonly restartCount?: number;
  readonly lossCount?: number;
  readonly children: readonly TreeEntry[];
}

/** A sample of the messages that reached nobody. */
export interface DeadLetterRow {
  /** Of the scheduler that saw it; from 1. */
  readonly scheduler: number;
  readonly serial: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string;
  /** A pid, or `node/name`. */
  readonly to: string;
  /** The message's literal `type`, or what kind of value it is; never its contents. */
  readonly type: string;
  /** Dead letters for this reason on that scheduler so far. */
  readonly count: number;
}

/** A global name and its holder. */
export interface NameRow {
  readonly name: string;
  readonly node: string;
  readonly pid: string;
  /** Grows with every holder. */
  readonly fence: number;
}

/** A process group. */
export interface GroupEntry {
  readonly scope: string;
  readonly group: string;
  /** Processes in it: of the node that is asked, of all connected nodes. */
  readonly local: number;
  readonly members: number;
}

/** Verb → its arguments and its answer. */
export interface Queries {
  status: { readonly args: Record<never, never>; readonly answer: StatusAnswer };
  nodes: { readonly args: Record<never, never>; readonly answer: readonly NodeEntry[] };
  ps: {
    readonly args: { readonly sort: "mailbox" | "reductions" | "pid"; readonly limit: number };
    readonly answer: {
      readonly processes: readonly ProcessEntry[];
      readonly total: number;
      /** In words, the schedulers whose processes are missing because they do not answer. */
      readonly silent: readonly string[];
    };
  };
  /** `after`: for each scheduler, from the first one on, the serial number behind which it is asked; 0: all that is kept. */
  dead_letters: {
    readonly args: { readonly after: readonly number[] };
    readonly answer: readonly DeadLetterRow[];
  };
  names: { readonly args: Record<never, never>; readonly answer: readonly NameRow[] };
  groups: { readonly args: Record<never, never>; readonly answer: readonly GroupEntry[] };
  functions: { readonly args: Record<never, never>; readonly answer: readonly FunctionEntry[] };
  /** null: no such process. */
  inspect: { readonly args: { readonly pid: string }; readonly answer: InspectAnswer | null };
  /** `isAlone`: without the subtrees that other nodes have. */
  tree: { readonly args: { readonly isAlone?: boolean }; readonly answer: readonly TreeEntry[] };
  /** `node` as an operator writes it, with or without a port. Answers when the session is up. */
  connect: { readonly args: { readonly node: string }; readonly answer: { readonly name: string } };
  /** `connected`: whether there was a session to end. */
  disconnect: {
    readonly args: { readonly node: string };
    readonly answer: { readonly connected: boolean };
  };
  /** Answers before the node begins to stop. */
  stop: { readonly args: Record<never, never>; readonly answer: { readonly name: string } };
}

export type QueryVerb = keyof Queries;
export type QueryArgs<V extends QueryVerb> = Queries[V]["args"];
export type QueryAnswer<V extends QueryVerb> = Queries[V]["answer"];
