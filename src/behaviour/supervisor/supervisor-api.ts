import type {
  AnyStartable,
  Args,
  ArgsOf,
  Caller,
  ExitReason,
  Name,
  Pid,
  Startable,
  StartOptions,
  UntypedTarget,
  Wait,
} from "../../process/api.ts";
import type { PlacementFunction, PlacementView } from "./placement.ts";
import type { AutoShutdown, Backoff, RestartType, Strategy } from "./restart.ts";

/** The types of a supervisor. Types only; the code is `supervisor.ts` and `child.ts`. */

declare const checked: unique symbol;

/** A child spec whose arguments fit what it starts. Made by `child`; it can be sent. */
export interface Child {
  readonly [checked]: true;
  readonly id: string;
}

/**
 * Chooses a child's node; runs on the supervisor's scheduler, and should be quick. A defined function, of `(ctx, view)`, stands here
 * without its signature: beside it that of a plain function would not be known where one is written down.
 */
export type Placement = PlacementFunction | Startable<string, [view: PlacementView], never>;

/** What `child` takes. Source: OTP supervisor, child_spec. */
export interface ChildSpec<D extends AnyStartable> {
  /** Unique within its supervisor. */
  readonly id: string;
  /** A defined function, a server or a supervisor. */
  readonly start: D;
  readonly args: ArgsOf<D>;
  readonly name?: string | Name<never>;
  /** Default `"permanent"`. */
  readonly restart?: RestartType;
  /** Milliseconds from exit `shutdown` to `kill`; Infinity: no kill. Default 5,000, Infinity for a supervisor. */
  readonly shutdownMs?: number | "brutal_kill";
  /**
   * Node names, the preferred one first; or a function that names them at each start, a defined one of `(ctx, view)` or any
   * of `(view)`, which makes the spec one that cannot be sent. Default: beside the supervisor.
   */
  readonly on?: string | readonly string[] | Placement;
  /** The scheduler there, from 1, or another one at each start. Default: the supervisor's own; the node's choice with `on`. */
  readonly scheduler?: number | "spread";
  /**
   * When its node is lost: `"move"` to the next one of `on`, `"wait"` until the node is back, `"stop"`. It starts elsewhere as
   * soon as nothing of it can run there any more. Default `"move"` where `on` leaves a choice, else `"wait"`.
   */
  readonly onNodeDown?: "move" | "wait" | "stop";
  /** Counts for `autoShutdown`, and is refused where that is never. Default false. A permanent child cannot be significant. */
  readonly significant?: boolean;
}

/** What a supervisor says about one child. */
export interface ChildInfo {
  readonly id: string;
  /** Undefined when it does not run. */
  readonly pid: Pid | undefined;
  readonly state: "waiting" | "starting" | "running" | "stopping" | "restarting" | "stopped";
  readonly kind: "worker" | "supervisor";
  readonly functionName: string;
  readonly restart: RestartType;
  readonly restartCount: number;
  /** Of a child with a place: where it is or was last. */
  readonly node: string | undefined;
  /** How often its node was lost. */
  readonly lossCount: number;
}

/** Source: OTP supervisor, count_children. */
export interface ChildCounts {
  readonly specs: number;
  /** With a process. */
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** What an inspector sees of a supervisor. */
export interface SupervisionView {
  /** Restarts allowed within the period, and those within the one that ends now. */
  readonly intensity: number;
  readonly periodMs: number;
  readonly restarts: number;
  /** In start order. */
  readonly children: readonly ChildInfo[];
}

/** What the author of a supervisor writes. Source: OTP supervisor, sup_flags. */
export interface SupervisorBehaviour<A extends readonly unknown[]> {
  /** Default `"one_for_one"`. */
  readonly strategy?: Strategy;
  /** Restarts allowed within the period. Default 1. */
  readonly intensity?: number;
  /** Milliseconds. Default 5,000. */
  readonly periodMs?: number;
  /**
   * How often one child may lose its node before it waits until the period lets it start again; the supervisor never ends for
   * it, and these restarts are not among those of `intensity`. Default 5 within 60,000 ms.
   */
  readonly nodeLosses?: { readonly intensity: number; readonly periodMs: number };
  /** Default `"never"`. */
  readonly autoShutdown?: AutoShutdown;
  /** A growing wait before each restart of a row. Default: none, as in OTP. */
  readonly backoff?: Backoff;
  /** In start order; they are stopped in the reverse order. */
  readonly children: (...args: A) => readonly Child[];
}

/** A defined supervisor. Its requests go to any supervisor, by pid or name, from anywhere. */
export interface Supervisor<N extends string, A extends readonly unknown[]> extends Startable<
  N,
  A,
  never
> {
  /**
   * Starts one and waits until all its children run. If one does not, those before it are stopped in reverse order.
   * @throws {StartError} init_failed with `{ shutdown: { failed_to_start_child, reason } }`; and as `Server.start`
   */
  start(by: Caller, ...rest: Args<A, StartOptions>): Promise<Pid>;
  /**
   * Adds a child at the end of the order and starts it.
   * @throws {StartError} already_started with the pid as reason, already_present, init_failed @throws {CallError} noproc, timeout, …
   */
  startChild(by: Caller, supervisor: Pid | UntypedTarget, child: Child, wait?: Wait): Promise<Pid>;
  /**
   * Starts a child that was terminated or has ended.
   * @throws {CallError} failed with `{ code }` not_found, running, restarting @throws {StartError} init_failed
   */
  restartChild(by: Caller, supervisor: Pid | UntypedTarget, id: string, wait?: Wait): Promise<Pid>;
  /** Stops a child; its spec stays unless it is temporary. @throws {CallError} failed with `{ code: "not_found" }` */
  terminateChild(
    by: Caller,
    supervisor: Pid | UntypedTarget,
    id: string,
    wait?: Wait,
  ): Promise<void>;
  /** Removes the spec of a stopped child. @throws {CallError} failed with `{ code }` not_found, running, restarting */
  deleteChild(by: Caller, supervisor: Pid | UntypedTarget, id: string, wait?: Wait): Promise<void>;
  /** In start order. */
  whichChildren(
    by: Caller,
    supervisor: Pid | UntypedTarget,
    wait?: Wait,
  ): Promise<readonly ChildInfo[]>;
  countChildren(by: Caller, supervisor: Pid | UntypedTarget, wait?: Wait): Promise<ChildCounts>;
  /** As `Server.stop`, with reason `"shutdown"` unless given: children first, last one first. */
  stop(
    by: Caller,
    supervisor: Pid | UntypedTarget,
    reason?: ExitReason,
    wait?: Wait,
  ): Promise<void>;
}
