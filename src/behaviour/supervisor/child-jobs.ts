import { StartError } from "../../base/error.ts";
import { Deadline } from "../../base/deadlines.ts";
import type { Millis } from "../../base/millis.ts";
import type { Place } from "../../process/api.ts";
import { monitor, unlink } from "../../process/bonds.ts";
import { ProcessContext } from "../../process/context.ts";
import { LIFE_RUNNING } from "../../process/life.ts";
import type { Process } from "../../process/process.ts";
import type { ChildTerms } from "../../process/signal.ts";
import type { Pid } from "../../term/pid.ts";
import type { ChildData } from "./child.ts";
import { ChildPlaces, isPlaced } from "./child-places.ts";
import { startProcess } from "../start.ts";

/** Milliseconds that a child without a limit to its shutdown has when its lease is over: who replaces it must know an end. */
const LEASE_SHUTDOWN_MS = 5_000;

/** What fits the wire: 49 days. */
const TERM_MS_MAX = 2 ** 32 - 1;

/** What came of a start, a stop, or the search for a place. `token` is the one that it was begun with. */
export type ChildNews =
  | { readonly kind: "started"; readonly token: number; readonly pid: Pid<unknown> }
  | { readonly kind: "placed"; readonly token: number }
  | { readonly kind: "start_failed" | "ended"; readonly token: number; readonly reason: unknown };

/** A start that is not over. */
interface Starting {
  readonly token: number;
  readonly spec: ChildData;
  pid: Pid<unknown> | undefined;
  isCancelled: boolean;
  /** While its place is asked for: ends that. */
  giveUp: (() => void) | undefined;
  /** Its exit came before the news of its start: told after it. */
  exit: { readonly reason: unknown } | undefined;
}

/**
 * Starts, watches and stops the processes of a supervisor's children, and tells the news. It decides nothing.
 * A running child is watched by its link; one that is being stopped by a fresh monitor, since it may have unlinked itself.
 */
export class ChildJobs {
  readonly #process: Process;
  readonly #tell: (news: ChildNews) => void;
  readonly #running = new Map<Pid<unknown>, { readonly token: number; readonly id: string }>();
  readonly #starting = new Map<number, Starting>();
  readonly #startingByPid = new Map<Pid<unknown>, Starting>();
  readonly #stopping = new Set<number>();
  readonly #places: ChildPlaces;

  constructor(ctx: ProcessContext, tell: (news: ChildNews) => void) {
    this.#process = ProcessContext.process(ctx);
    this.#tell = tell;
    this.#places = new ChildPlaces(ctx);
  }

  /** The node that a child with a place is on, or was last. */
  nodeOf(id: string): string | undefined {
    return this.#places.lastOf(id);
  }

  /** Tells `placed` when there is a node for the child that can be reached, and no earlier process of it can run any more. */
  place(spec: ChildData, token: number, afterMs: Millis): void {
    this.#places.search(spec, token, afterMs, () => this.#tell({ kind: "placed", token }));
  }

  /** Looks for no place any more. */
  unplace(token: number): void {
    this.#places.abandon(token);
  }

  start(spec: ChildData, token: number): void {
    const starting: Starting = {
      token,
      spec,
      pid: undefined,
      isCancelled: false,
      giveUp: undefined,
      exit: undefined,
    };
    this.#starting.set(token, starting);
    this.#startSomewhere(starting).then(
      (pid) => this.#started(starting, pid),
      (error: unknown) => this.#startFailed(starting, error),
    );
  }

  /** Gives up a start: what has come up of it is stopped. */
  cancel(token: number): void {
    const starting = this.#starting.get(token);
    if (starting === undefined) return;
    starting.isCancelled = true;
    starting.giveUp?.();
    if (starting.pid !== undefined) this.stop(starting.spec, token, starting.pid);
  }

  /** Remembers no place of that child; what may still run of it is remembered until it cannot. */
  forget(id: string): void {
    this.#places.forget(id);
  }

  /**
   * A fresh monitor, then exit, then kill. Source: OTP supervisor, shutdown/1. The link to a child elsewhere stays: should this
   * supervisor end meanwhile, the child hears of it.
   */
  stop(spec: ChildData, token: number, pid: Pid<unknown>): void {
    this.#running.delete(pid);
    if (this.#stopping.has(token)) return;
    this.#stopping.add(token);
    const process = this.#process;
    const kill = new KillTimer(process, pid);
    monitor(process, pid, (reason) => {
      process.host.clearDeadline(kill);
      this.#stopping.delete(token);
      this.#places.ended(spec.id, reason);
      this.#tell({ kind: "ended", token, reason });
    });
    if (!isPlaced(spec)) unlink(process, pid);
    const isBrutal = spec.shutdownMs === "brutal_kill";
    const reason = isBrutal ? "kill" : "shutdown";
    process.host.dispatch({ kind: "exit", from: process.pid, to: pid, reason });
    if (spec.shutdownMs === "brutal_kill" || spec.shutdownMs === Infinity) return;
    if (this.#stopping.has(token)) process.host.setDeadline(kill, spec.shutdownMs);
  }

  /** An exit signal of a linked process. @returns false when it is none of the children's */
  exited(from: Pid<unknown>, reason: unknown): boolean {
    const starting = this.#startingByPid.get(from);
    if (starting !== undefined) {
      starting.exit = { reason };
      return true;
    }
    const running = this.#running.get(from);
    if (running === undefined) return false;
    const { id, token } = running;
    this.#running.delete(from);
    this.#places.ended(id, reason);
    this.#tell({ kind: "ended", token, reason });
    return true;
  }

  async #startSomewhere(starting: Starting): Promise<Pid<unknown>> {
    const { spec } = starting;
    if (!isPlaced(spec)) return this.#startOn(starting, undefined);
    const places = this.#places;
    if (places.isLost(spec.id)) {
      const text = `child ${spec.id}: its node was lost, and it may still run there`;
      throw new StartError("noconnection", text, "noconnection");
    }
    let lost: unknown;
    for (const node of await this.#nodesFor(starting)) {
      const terms = this.#termsOf(spec);
      const stay = places.begin(spec, node, terms.shutdownMs);
      try {
        const pid = await this.#startOn(starting, node, terms, (spawned) => stay?.spawned(spawned));
        return pid;
      } catch (error) {
        const isLost = error instanceof StartError && error.code === "noconnection";
        stay?.ended(isLost ? "noconnection" : error);
        // Where the request was on its way nobody knows what came of it: no other node may have the child meanwhile.
        if (!isLost || starting.isCancelled || stay?.isLost === true) throw error;
        lost = error;
      }
    }
    throw lost;
  }

  /** Where to start it; whoever gives the start up does not wait for a placement function. */
  #nodesFor(starting: Starting): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const { spec } = starting;
      starting.giveUp = () =>
        reject(new StartError("noconnection", `child ${spec.id}: its start was given up`));
      this.#places
        .nodesOf(spec)
        .then(resolve, reject)
        .finally(() => (starting.giveUp = undefined));
    });
  }

  #termsOf({ shutdownMs }: ChildData): ChildTerms {
    const { host } = this.#process;
    const most =
      shutdownMs === "brutal_kill" ? 0 : shutdownMs === Infinity ? LEASE_SHUTDOWN_MS : shutdownMs;
    return {
      fence: host.nextFence(),
      leaseMs: Math.min(TERM_MS_MAX, Math.ceil(host.leaseMs)),
      shutdownMs: Math.min(TERM_MS_MAX, Math.ceil(most)),
    };
  }

  #startOn(
    starting: Starting,
    node: string | undefined,
    child: ChildTerms = this.#termsOf(starting.spec),
    isSpawned?: (pid: Pid<unknown>) => void,
  ): Promise<Pid<unknown>> {
    const { spec } = starting;
    const spawned = (pid: Pid<unknown>): void => {
      starting.pid = pid;
      isSpawned?.(pid);
      this.#startingByPid.set(pid, starting);
      if (starting.isCancelled) this.stop(spec, starting.token, pid);
    };
    const { functionName, args, reports } = spec;
    return startProcess(
      this.#process,
      { functionName, args, reports, spawned, child },
      {
        link: true,
        timeoutMs: Infinity,
        ...(spec.name !== undefined && { name: spec.name }),
        ...placeOf(node, spec.scheduler),
      },
    );
  }

  #started(starting: Starting, pid: Pid<unknown>): void {
    const { token, exit, spec } = starting;
    this.#settle(starting);
    if (this.#process.life !== LIFE_RUNNING) return;
    if (spec.restart === "temporary") (spec as { args: readonly unknown[] }).args = [];
    this.#running.set(pid, { token, id: spec.id });
    this.#places.started(spec.id);
    this.#tell({ kind: "started", token, pid });
    if (exit !== undefined) this.exited(pid, exit.reason);
  }

  #startFailed(starting: Starting, error: unknown): void {
    this.#settle(starting);
    if (this.#process.life !== LIFE_RUNNING) return;
    this.#tell({ kind: "start_failed", token: starting.token, reason: reasonOf(error) });
  }

  #settle(starting: Starting): void {
    this.#starting.delete(starting.token);
    if (starting.pid !== undefined) this.#startingByPid.delete(starting.pid);
  }
}

/** Where a child is started; nothing: beside its supervisor. */
function placeOf(
  node: string | undefined,
  scheduler: ChildData["scheduler"],
): { readonly on?: Place } {
  if (scheduler === undefined) return node === undefined ? {} : { on: node };
  return { on: node === undefined ? { scheduler } : { node, scheduler } };
}

/** Ends a child that did not end when it was told to. */
class KillTimer extends Deadline {
  readonly #process: Process;
  readonly #pid: Pid;

  constructor(process: Process, pid: Pid) {
    super();
    this.#process = process;
    this.#pid = pid;
  }

  override expired(): void {
    const process = this.#process;
    if (process.life !== LIFE_RUNNING) return;
    process.host.dispatch({ kind: "exit", from: process.pid, to: this.#pid, reason: "kill" });
  }
}

/** Why a child did not start, as the exit reason it stands for. Source: OTP supervisor, {already_started, Pid}. */
function reasonOf(error: unknown): unknown {
  if (!(error instanceof StartError)) return error;
  if (error.code === "init_failed") return error.reason;
  return error.code === "already_started" ? { already_started: error.reason } : error.code;
}
