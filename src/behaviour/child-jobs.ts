import { StartError } from "../base/error.ts";
import { Deadline } from "../base/deadlines.ts";
import type { Place } from "../process/api.ts";
import { monitor, unlink } from "../process/bonds.ts";
import { LIFE_RUNNING } from "../process/life.ts";
import type { Process } from "../process/process.ts";
import type { Pid } from "../term/pid.ts";
import type { ChildData } from "./child.ts";
import { startProcess } from "./start.ts";

/** What came of a start or a stop. `token` is the one that it was begun with. */
export type ChildNews =
  | { readonly kind: "started"; readonly token: number; readonly pid: Pid<unknown> }
  | { readonly kind: "start_failed" | "ended"; readonly token: number; readonly reason: unknown };

/** A start that is not over. */
interface Starting {
  readonly token: number;
  readonly spec: ChildData;
  pid: Pid<unknown> | undefined;
  isCancelled: boolean;
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
  readonly #running = new Map<Pid<unknown>, number>();
  readonly #starting = new Map<number, Starting>();
  readonly #startingByPid = new Map<Pid<unknown>, Starting>();
  readonly #stopping = new Set<number>();
  /** Where each child with a choice of nodes was last started. */
  readonly #placed = new Map<string, string>();

  constructor(process: Process, tell: (news: ChildNews) => void) {
    this.#process = process;
    this.#tell = tell;
  }

  start(spec: ChildData, token: number): void {
    const starting: Starting = { token, spec, pid: undefined, isCancelled: false, exit: undefined };
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
    if (starting.pid !== undefined) this.stop(starting.spec, token, starting.pid);
  }

  /** Source: OTP supervisor, shutdown/1: a fresh monitor, then exit, then kill. */
  stop(spec: ChildData, token: number, pid: Pid<unknown>): void {
    this.#running.delete(pid);
    if (this.#stopping.has(token)) return;
    this.#stopping.add(token);
    const process = this.#process;
    const kill = new KillTimer(process, pid);
    monitor(process, pid, (reason) => {
      process.host.clearDeadline(kill);
      this.#stopping.delete(token);
      this.#tell({ kind: "ended", token, reason });
    });
    unlink(process, pid);
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
    const token = this.#running.get(from);
    if (token === undefined) return false;
    this.#running.delete(from);
    this.#tell({ kind: "ended", token, reason });
    return true;
  }

  async #startSomewhere(starting: Starting): Promise<Pid<unknown>> {
    const { spec } = starting;
    if (spec.on.length === 0) return this.#startOn(starting, undefined);
    const last = this.#placed.get(spec.id);
    // A child that waits for its node goes nowhere else once it has been there.
    const nodes = spec.onNodeDown === "wait" && last !== undefined ? [last] : spec.on;
    let lost: unknown;
    for (const node of nodes) {
      try {
        const pid = await this.#startOn(starting, node);
        this.#placed.set(spec.id, node);
        return pid;
      } catch (error) {
        if (!(error instanceof StartError) || error.code !== "noconnection") throw error;
        if (starting.isCancelled) throw error;
        lost = error;
      }
    }
    throw lost;
  }

  #startOn(starting: Starting, node: string | undefined): Promise<Pid<unknown>> {
    const { spec } = starting;
    const spawned = (pid: Pid<unknown>): void => {
      starting.pid = pid;
      this.#startingByPid.set(pid, starting);
      if (starting.isCancelled) this.stop(spec, starting.token, pid);
    };
    const { functionName, args, reports } = spec;
    return startProcess(
      this.#process,
      { functionName, args, reports, spawned },
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
    this.#running.set(pid, token);
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
