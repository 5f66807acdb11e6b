import { Deadline } from "../base/deadlines.ts";
import { MisuseError } from "../base/error.ts";
import type { Millis } from "../base/millis.ts";
import type { Wait } from "./api.ts";
import type { Bonds } from "./bonds.ts";
import type { Process } from "./process.ts";

/** Longest wait that is a time-out; above it (and for Infinity) there is none. About 285 years. */
const TIMEOUT_MS_MAX = 2 ** 53;

/** Checks a time-out. @returns undefined for "for ever" @throws {MisuseError} bad_argument */
export function timeoutOf(timeoutMs: unknown): Millis | undefined {
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
    throw new MisuseError(
      "bad_argument",
      `a time-out is a number of milliseconds from 0, got ${String(timeoutMs)}`,
    );
  }
  return timeoutMs < TIMEOUT_MS_MAX ? timeoutMs : undefined;
}

let captured: { resolve: (value: never) => void; reject: (error: unknown) => void };
const capture = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  captured = { resolve, reject };
};
const ignore = (): void => {};

/**
 * One promise that a process waits for besides its mailbox: a call, a sleep, a spawn elsewhere. Ends by success, failure,
 * time-out, the caller's abort, or the end of the process; whichever comes first.
 */
export abstract class Pending<T> extends Deadline {
  readonly process: Process;
  readonly promise: Promise<T>;
  #settle: typeof captured | undefined;
  #abortSignal: AbortSignal | undefined = undefined;
  #aborted: (() => void) | undefined = undefined;
  /** Neighbours among the waits of the process. */
  before: Pending<unknown> | undefined = undefined;
  after: Pending<unknown> | undefined = undefined;

  constructor(process: Process) {
    super();
    this.process = process;
    this.promise = new Promise<T>(capture);
    this.#settle = captured;
  }

  get settled(): boolean {
    return this.#settle === undefined;
  }

  /** Starts to wait. Afterwards it may have failed already: by an aborted signal. */
  begin(wait: Wait | undefined, timeoutMsDefault: Millis): void {
    const timeoutMs = timeoutOf(wait?.timeoutMs ?? timeoutMsDefault);
    enlist(this.process.ownBonds(), this);
    if (timeoutMs !== undefined) this.process.host.setDeadline(this, timeoutMs);
    const signal = wait?.signal;
    if (signal === undefined) return;
    if (signal.aborted) {
      this.fail(signal.reason);
      return;
    }
    this.#abortSignal = signal;
    this.#aborted = () => this.fail(signal.reason);
    signal.addEventListener("abort", this.#aborted, { once: true });
  }

  succeed(value: T): void {
    const settle = this.#end();
    if (settle === undefined) return;
    this.process.host.resumed(this.process);
    (settle.resolve as (value: T) => void)(value);
  }

  fail(error: unknown): void {
    const settle = this.#end();
    if (settle === undefined) return;
    this.process.host.resumed(this.process);
    this.process.host.reports.blame(error, this.process);
    settle.reject(error);
  }

  /** The process ends: rejects without a complaint should nobody look. */
  failQuietly(error: unknown): void {
    const settle = this.#end();
    if (settle === undefined) return;
    void this.promise.catch(ignore);
    settle.reject(error);
  }

  /** Takes it out of whatever table it waits in. */
  protected abstract forget(): void;

  #end(): typeof captured | undefined {
    const settle = this.#settle;
    if (settle === undefined) return undefined;
    this.#settle = undefined;
    if (this.index >= 0) this.process.host.clearDeadline(this);
    if (this.#aborted !== undefined) {
      this.#abortSignal?.removeEventListener("abort", this.#aborted);
      this.#aborted = undefined;
    }
    delist(this.process.bonds, this);
    this.forget();
    return settle;
  }
}

function enlist(bonds: Bonds, pending: Pending<unknown>): void {
  pending.after = bonds.pendingFirst;
  if (bonds.pendingFirst !== undefined) bonds.pendingFirst.before = pending;
  bonds.pendingFirst = pending;
}

function delist(bonds: Bonds | undefined, pending: Pending<unknown>): void {
  if (pending.before !== undefined) pending.before.after = pending.after;
  else if (bonds?.pendingFirst === pending) bonds.pendingFirst = pending.after;
  if (pending.after !== undefined) pending.after.before = pending.before;
  pending.before = pending.after = undefined;
}

/** Ends everything that a process waits for besides its mailbox. */
export function rejectPending(bonds: Bonds | undefined, error: Error): void {
  while (bonds?.pendingFirst !== undefined) bonds.pendingFirst.failQuietly(error);
}

/** `sleep`: succeeds when its time has come. */
export class Sleep extends Pending<void> {
  override expired(): void {
    this.succeed(undefined);
  }

  protected override forget(): void {}
}

/** `ready`: succeeds when the scheduler finds room on the lane. */
export class LaneWait extends Pending<void> {
  /** Set while it stands in the scheduler's list; called when it no longer waits. */
  left: (() => void) | undefined = undefined;

  override expired(): void {}

  protected override forget(): void {
    this.left?.();
  }
}
