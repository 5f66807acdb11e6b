/**
 * What an actor author types against: addresses, definitions, `Caller` and `Context`. Types only; `context.ts` and
 * `registry.ts` are the code behind them. `Pid<M>` is contravariant: a `Pid<A | B>` fits where a
 * `Pid<A>` is wanted; `Pid` can be linked, monitored and printed, never sent to; `Pid<unknown>` takes anything, unchecked.
 */
import type {
  Down,
  Exit,
  GroupChange,
  NameConflict,
  NodeDown,
  NodeUp,
  SystemMessage,
} from "./system-message.ts";
import type { Rooms } from "./room-api.ts";
import type { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import type { ExitReason } from "./exit-reason.ts";

declare const typed: unique symbol;
declare const started: unique symbol;
declare const grouped: unique symbol;

/** A name of one node with the messages its holder takes. Made by `named`. */
export interface Name<in M> {
  readonly [typed]: (message: M) => void;
  readonly name: string;
}

/** Whoever can be sent to, with its message type checked. */
export type Target<M> = Pid<M> | Name<M> | { readonly name: Name<M>; readonly node: string };

/** A target whose messages are not checked: the only hole in the types. */
export type UntypedTarget = string | { readonly name: string; readonly node: string };

/**
 * Where to spawn: a node's name (a `:port` hint is accepted), beside a pid, or a scheduler: by number from 1, or
 * `"spread"` for the next one in turn. Without a node: this node.
 */
export type Place =
  string | Pid | { readonly node?: string; readonly scheduler?: number | "spread" };

/** Default 5,000 ms for call, rpc, start and spawnOn; Infinity waits for ever. An abort rejects with `signal.reason`. */
export interface Wait {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface SpawnOptions {
  /** Registered before the first step. @throws {MisuseError} name_taken */
  readonly name?: string | Name<never>;
  /** Messages waiting above which the process ends with `mailbox_overflow`, from 0. Default: no bound, as in OTP, nor with Infinity. */
  readonly mailboxMax?: number;
}

export interface StartOptions extends Wait {
  /** Default: this scheduler. */
  readonly on?: Place;
  readonly link?: boolean;
  readonly name?: string | Name<never>;
  readonly mailboxMax?: number;
}

/** Of a spawn elsewhere whose end the spawner is to hear of, as a `Down`. */
export interface MonitorOptions<M> extends StartOptions {
  readonly monitor: [Down] extends [M] ? true : Requires<Down>;
}

/** A new process, and the ref of the monitor that its spawner has on it. */
export interface Monitored<M> {
  readonly pid: Pid<M>;
  readonly ref: Ref;
}

export type UserMessage<M> = Exclude<M, SystemMessage>;

/** What the type checker shows where a process does not list a system message that it asks for. */
export interface Requires<S> {
  readonly requires: S;
}
type If<S, M, F> = [S] extends [M] ? F : Requires<S>;
type TypeOf<M> = M extends { readonly type: infer T extends string } ? T : never;
type Requests<M> = M extends { readonly replyTo: Pid<infer _> } ? Omit<M, "replyTo"> : never;
type AnswerOf<M, Q> = M extends { readonly replyTo: Pid<infer R> }
  ? Q extends Omit<M, "replyTo">
    ? R
    : never
  : never;

/** What can be started by name: a defined function, a server, a supervisor. */
export interface Startable<N extends string, A extends readonly unknown[], M> {
  readonly functionName: N;
  readonly [started]: (args: A) => M;
}
// eslint-disable-next-line typescript/no-explicit-any -- the arguments of anything that can be started
export type AnyStartable = Startable<string, any, any>;
// eslint-disable-next-line typescript/no-explicit-any -- infers the arguments whatever the messages are
export type ArgsOf<D> = D extends Startable<string, infer A, any> ? A : never;
// eslint-disable-next-line typescript/no-explicit-any -- infers the messages whatever the arguments are
export type MessageOf<D> = D extends Startable<string, any, infer M> ? M : never;
export type PidOf<D> = Pid<MessageOf<D>>;

/** The code of a process. Its return ends the process with reason `"normal"`; the value goes to `rpc` and `run` only. */
export type ProcessFunction<M, A extends readonly unknown[], R = unknown> = (
  ctx: Context<M>,
  ...args: A
) => Promise<R>;

/** A function with a name: can be spawned from another scheduler and from another node. Made by `define`. */
export interface Definition<N extends string, A extends readonly unknown[], M, R> extends Startable<
  N,
  A,
  UserMessage<M>
> {
  (ctx: Context<M>, ...args: A): Promise<R>;
}

/** Arguments may be left out where the function takes none. */
export type Args<A extends readonly unknown[], O> = A extends readonly []
  ? [args?: A, options?: O]
  : [args: A, options?: O];

/** Whoever may send and call: a process's ctx, or a Node (HTTP handlers, scripts, tests). Helpers take a Caller. */
export interface Caller {
  /**
   * Never waits; a dead or unknown target is a dead letter, not an error.
   * @throws {EncodeError} with the path to what cannot be sent @throws {LaneFullError} @throws {MessageTooLarge}
   */
  send<M>(to: Target<M> | UntypedTarget, message: NoInfer<M>): void;
  /** An exit signal: `"kill"` cannot be trapped, `"normal"` ends nobody but a process that sends it to itself. */
  sendExit(to: Pid, reason: ExitReason): void;
  /**
   * Sends a request and waits for its answer: fills `replyTo` with a one-shot alias, so that a late answer goes nowhere.
   * @throws {CallError} noproc, noconnection, timeout, exit (with the reason), calling_self
   */
  call<M, const Q extends Requests<M>>(
    to: Target<M>,
    request: Q,
    wait?: Wait,
  ): Promise<AnswerOf<M, Q>>;
  /** @throws {SpawnError} noconnection, undef, badarg, name_taken, timeout */
  spawnOn<D extends AnyStartable>(
    where: Place,
    start: D | D["functionName"],
    args: ArgsOf<D>,
    options?: StartOptions,
  ): Promise<PidOf<D>>;
  spawnOn(
    where: Place,
    name: string,
    args: readonly unknown[],
    options?: StartOptions,
  ): Promise<Pid<unknown>>;
  /**
   * Runs a defined function on a node in a fresh process, for its value.
   * @throws {CallError} exit, with what it threw as `cause`; noproc: not defined there; noconnection, timeout
   */
  rpc<A extends readonly unknown[], R, M>(
    node: string,
    fn: Definition<string, A, M, R>,
    args: NoInfer<A>,
    wait?: Wait,
  ): Promise<R>;
  /** `rpc` to many nodes at once; results in the order of `nodes`, in the time of the slowest. */
  multiRpc<A extends readonly unknown[], R, M>(
    nodes: readonly string[],
    fn: Definition<string, A, M, R>,
    args: NoInfer<A>,
    wait?: Wait,
  ): Promise<PromiseSettledResult<R>[]>;
  /** The holder of a name of this node. */
  whereis<M>(name: Name<M>): Pid<M> | undefined;
  whereis(name: string): Pid<unknown> | undefined;
  readonly global: GlobalNames;
  readonly groups: Groups;
  readonly rooms: Rooms;
  readonly node: NodeView;
  readonly log: Log;
}

/**
 * `spawnOn` with `{ monitor: true }`: the monitor stands before the child's first step, so its `Down` tells how the child
 * ended, however soon. Source: OTP, erlang:spawn_request/5.
 */
export interface MonitoredSpawnOn<M> {
  <D extends AnyStartable>(
    where: Place,
    start: D | D["functionName"],
    args: ArgsOf<D>,
    options: MonitorOptions<M>,
  ): Promise<Monitored<MessageOf<D>>>;
  (
    where: Place,
    name: string,
    args: readonly unknown[],
    options: MonitorOptions<M>,
  ): Promise<Monitored<unknown>>;
}

/** `receive` and `messages` belong to the process's own function; all else may be used by anything the process started. */
export interface Context<M> extends Caller {
  spawnOn: Caller["spawnOn"] & MonitoredSpawnOn<M>;
  readonly self: Pid<UserMessage<M>>;
  readonly groups: ProcessGroups<M>;
  /** Aborts when the process ends. */
  readonly signal: AbortSignal;
  /**
   * Of a supervisor's child: a number above that of every earlier start of it, on whatever node. Shown with each write, it
   * lets a database refuse one that is no longer the child. Undefined for every other process.
   */
  readonly fence: number | undefined;
  /** The next message; by its `type`; or by a predicate. The others stay queued in order. `undefined`: time is up. */
  receive(): Promise<M>;
  receive(wait: Wait): Promise<M | undefined>;
  receive<T extends TypeOf<M>>(type: T): Promise<Extract<M, { readonly type: T }>>;
  receive<T extends TypeOf<M>>(
    type: T,
    wait: Wait,
  ): Promise<Extract<M, { readonly type: T }> | undefined>;
  receive<T extends M>(match: (message: M) => message is T): Promise<T>;
  receive<T extends M>(match: (message: M) => message is T, wait: Wait): Promise<T | undefined>;
  receive(match: (message: M) => boolean): Promise<M>;
  receive(match: (message: M) => boolean, wait: Wait): Promise<M | undefined>;
  messages(): AsyncIterableIterator<M>;
  /** A new process on this scheduler. The function need not be defined. */
  spawn<N, A extends readonly unknown[]>(
    fn: ProcessFunction<N, A>,
    ...rest: Args<A, SpawnOptions>
  ): Pid<UserMessage<N>>;
  spawnLink<N, A extends readonly unknown[]>(
    fn: ProcessFunction<N, A>,
    ...rest: Args<A, SpawnOptions>
  ): Pid<UserMessage<N>>;
  spawnMonitor: If<
    Down,
    M,
    <N, A extends readonly unknown[]>(
      fn: ProcessFunction<N, A>,
      ...rest: Args<A, SpawnOptions>
    ) => { readonly pid: Pid<UserMessage<N>>; readonly ref: Ref }
  >;
  /** One `Down`, whatever happens to the target. By name: resolved once, now. */
  monitor: If<Down, M, (target: Pid | Name<never> | UntypedTarget) => Ref>;
  monitorNodes: If<NodeUp | NodeDown, M, (on: boolean) => void>;
  /** While on, exit signals other than `"kill"` become `Exit` messages. */
  trapExit: If<Exit, M, (on: boolean) => void>;
  /** No `Down` of this monitor comes any more; with `flush` one that is in the mailbox goes too. */
  demonitor(ref: Ref, options?: { readonly flush?: boolean }): void;
  link(pid: Pid): void;
  unlink(pid: Pid): void;
  /** Takes a name of this node. @throws {MisuseError} name_taken */
  register<N>(
    name: Name<N>,
    ...accepts: [N] extends [UserMessage<M>] ? [] : [error: Requires<N>, never]
  ): void;
  register(name: string): void;
  /** @returns whether this process held it */
  unregister(name: string | Name<never>): boolean;
  /** Sends later, in milliseconds, unless this process has ended by then. */
  sendAfter<T>(to: Target<T>, message: NoInfer<T>, afterMs: number): Ref;
  /** @returns false when it has fired or is unknown */
  cancelTimer(ref: Ref): boolean;
  /** Waits until the lane to the target is below its high-water mark. */
  ready(to: Pid | UntypedTarget): Promise<void>;
  /** A second, revocable address of this process; with { once: true } it dies with its first message. Late replies to a dead alias are dropped. */
  alias(options?: { readonly once?: boolean }): Pid<UserMessage<M>>;
  /** @returns whether it was alive */
  unalias(alias: Pid): boolean;
  sleep(ms: number): Promise<void>;
  /** Ends this process. Default `"normal"`. */
  exit(reason?: ExitReason): never;
}

/** This node and what it is connected to. */
export interface NodeView {
  readonly name: string;
  list(): readonly string[];
  connect(name: string, wait?: Wait): Promise<void>;
  disconnect(name: string): void;
  /** Milliseconds there and back. @throws {ConnectionError} when the node cannot be reached */
  ping(name: string, wait?: Wait): Promise<number>;
  functions(name: string): readonly string[];
}

/** Structured log; lines carry pid and function of the process. No secrets, no message contents. */
export type Log = {
  readonly [level in "debug" | "info" | "warn" | "error"]: (text: string, fields?: object) => void;
};

/**
 * Who decides when a heal brings two holders of one name together, which one keeps it: a defined function that is given the
 * name and both pids, the one that claimed earlier first. It returns the one that keeps the name; undefined, anything else,
 * an error or no answer within five seconds: neither does. It runs once, on the node of the first.
 */
export type ConflictFunction = Definition<
  string,
  [name: string, first: Pid<unknown>, second: Pid<unknown>],
  never,
  Pid | undefined
>;

/**
 * What becomes of two holders of one name that a heal brings together. `"exit_loser"`: the earlier claim stays, the other
 * process gets an exit signal `"name_conflict"`; `"keep_first"`: the same without the exit; `"tell_both"`: nobody keeps the
 * name. Of two rules the one of the earlier claim counts. Both processes get a `NameConflict` in every case.
 */
export type OnConflict = "exit_loser" | "keep_first" | "tell_both" | ConflictFunction;

export interface RegisterOptions extends Wait {
  /** Default `"exit_loser"`. */
  readonly onConflict?: OnConflict;
  /** Whether the process may hold other global names too. Default false. Source: OTP, global_multi_name_action. */
  readonly severalNames?: boolean;
}

/**
 * Names that one process in the whole cluster holds. `send`, `call`, clients and `monitor` take them too: a name without a
 * node is looked for among the names of this node first, then among the global ones. Source: OTP, global, without its locks.
 */
export interface GlobalNames {
  /**
   * Claims a name for a process, which lives anywhere: resolves when every connected node sees it. The first wins. After
   * the time-out it is not registered. The name goes with the process. `fence` grows with every holder of the name.
   * @throws {NameError} name_taken (with the holder), already_named, timeout, noproc, noconnection, full
   */
  register<M>(
    name: Name<M>,
    pid: Pid<NoInfer<M>>,
    options?: RegisterOptions,
  ): Promise<{ readonly fence: number }>;
  register(name: string, pid: Pid, options?: RegisterOptions): Promise<{ readonly fence: number }>;
  /** As `register`, in place of whoever holds the name: no node sees it free in between. @throws {NameError} */
  reregister<M>(
    name: Name<M>,
    pid: Pid<NoInfer<M>>,
    options?: RegisterOptions,
  ): Promise<{ readonly fence: number }>;
  reregister(
    name: string,
    pid: Pid,
    options?: RegisterOptions,
  ): Promise<{ readonly fence: number }>;
  /** Resolves when no connected node sees it any more, with whether anybody held it. @throws {NameError} */
  unregister(name: string | Name<never>, wait?: Wait): Promise<boolean>;
  /** The holder, as this node knows: no waiting. */
  whereis<M>(name: Name<M>): Pid<M> | undefined;
  whereis(name: string): Pid<unknown> | undefined;
  /** All global names that this node knows, in order. */
  names(wait?: Wait): Promise<readonly string[]>;
}

export interface Group<in M> {
  readonly [grouped]: (message: M) => void;
  readonly name: string;
  readonly scope: string;
}

/**
 * Process groups over the cluster. Every node knows all members of all connected nodes, so looking costs no waiting; a
 * change is seen at once on the scheduler of the process and soon everywhere. Source: OTP, pg.
 */
export interface Groups {
  /**
   * Processes of this node join; the same one twice is in it twice. A process leaves when it ends, before anybody hears of
   * its end on its scheduler. @throws {MisuseError} not_an_owner: a process of another node, then none has joined
   */
  join<M>(group: Group<M>, pids: Pid<NoInfer<M>> | readonly Pid<NoInfer<M>>[]): void;
  /** Takes each out once; who is not in it is passed over. @throws {MisuseError} not_an_owner */
  leave(group: Group<never>, pids: Pid | readonly Pid[]): void;
  /** As often as each has joined. */
  members<M>(group: Group<M>): readonly Pid<M>[];
  /** Those of this node. */
  localMembers<M>(group: Group<M>): readonly Pid<M>[];
  /** Names of the groups of a scope that have members. Default: of the scope of groups that were made without one. */
  which(scope?: string): readonly string[];
  /**
   * Sends to every member, once each, however often it has joined; one frame to each node that has members.
   * @throws {EncodeError} @throws {MessageTooLarge} @throws {LaneFullError} some node got nothing; all others did
   */
  publish<M>(group: Group<M>, message: NoInfer<M>): void;
  /**
   * One member; undefined when there is none. With a `key` every node picks the same one for it, and few keys move when
   * members come or go. Without: one of this node if there is one, else any.
   */
  pick<M>(group: Group<M>, options?: { readonly key?: string }): Pid<M> | undefined;
}

/** What `groups.monitor` starts with. */
export interface GroupMonitor {
  readonly ref: Ref;
  /** Members by group, as often as each has joined; all changes after this come as `GroupChange`. */
  readonly members: ReadonlyMap<string, readonly Pid<unknown>[]>;
}

/** The groups as a process has them: it can be told of changes. */
export interface ProcessGroups<M> extends Groups {
  /** Of one group, or of all groups of a scope. */
  monitor: If<GroupChange, M, (what: Group<never> | { readonly scope: string }) => GroupMonitor>;
  /** No `GroupChange` of this monitor comes any more. @returns whether there was one */
  demonitor(ref: Ref): boolean;
}

/** A node in one's own program. */
export interface Node extends Caller, AsyncDisposable {
  /** A process for as long as the function runs. */
  run<R, M = SystemMessage>(fn: (ctx: Context<M>) => Promise<R>): Promise<R>;
  stop(wait?: Wait): Promise<void>;
}

export type {
  Down,
  Exit,
  ExitReason,
  GroupChange,
  NameConflict,
  NodeDown,
  NodeUp,
  Pid,
  Ref,
  SystemMessage,
};
