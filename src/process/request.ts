import { CallError } from "../base/error.ts";
import { CALL_MS } from "../base/limits.ts";
import { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import type { Wait } from "./api.ts";
import { demonitor, type LocalWatcher, monitor, unwatchLocally, watchLocally } from "./bonds.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { Owner } from "./host.ts";
import { Pending } from "./pending.ts";
import { LIFE_EXITING } from "./life.ts";
import { Process } from "./process.ts";
import type { NameOnNode } from "./signal.ts";

/**
 * Makes the message of a request. `monitor` is the ref of the caller's monitor where the callee does not live on the same
 * scheduler: while the callee has that watcher, the caller still waits.
 */
export type RequestMessage = (replyTo: Pid<unknown>, monitor: Ref | undefined) => unknown;

/** What an answer does to the promise of its call; without one the promise gets the answer as it is. */
export type Answered = (answer: unknown, call: Pending<unknown>) => void;

/** How a target reads in an error: a pid, a name, or name and node. */
export const targetText = (target: Pid | NameOnNode): string =>
  target instanceof Pid ? target.toString() : `${target.name} on ${target.node}`;

/**
 * A call that waits for its answer: owns the one-shot alias that the answer is sent to. Watches the callee: in its list
 * of callers if that lives on this scheduler, else by a monitor.
 */
export class Call extends Pending<unknown> implements Owner, LocalWatcher {
  readonly alias: Pid<unknown>;
  readonly target: Pid | NameOnNode;
  readonly #answered: Answered | undefined;
  #callee: Process | undefined = undefined;
  #ref: Ref | undefined = undefined;
  watcherBefore: LocalWatcher | undefined = undefined;
  watcherAfter: LocalWatcher | undefined = undefined;

  constructor(process: Process, target: Pid | NameOnNode, answered: Answered | undefined) {
    super(process);
    this.alias = process.host.createPid(this);
    this.target = target;
    this.#answered = answered;
  }

  /** How the target reads in an error. */
  get targetText(): string {
    return targetText(this.target);
  }

  /** Of the monitor on a callee that lives elsewhere. */
  get monitorRef(): Ref | undefined {
    return this.#ref;
  }

  /** The answer: a message to the alias. */
  deliver(message: unknown): void {
    if (this.#answered === undefined) this.succeed(message);
    else this.#answered(message, this);
  }

  /** Watches the callee, so that its end ends the call. */
  watch(callee: Process | undefined): void {
    if (callee === undefined) {
      const told = (reason: ExitReason): void => this.targetEnded(reason);
      this.#ref = monitor(this.process, this.target, told);
      return;
    }
    this.#callee = callee;
    watchLocally(callee, this);
  }

  targetEnded(reason: ExitReason): void {
    const code = reason === "noproc" || reason === "noconnection" ? reason : "exit";
    const cause = reason instanceof Error ? { cause: reason } : undefined;
    this.fail(new CallError(code, targetText(this.target), reason, cause));
  }

  override expired(): void {
    this.fail(new CallError("timeout", targetText(this.target)));
  }

  protected override forget(): void {
    this.alias.owner = undefined;
    if (this.#ref !== undefined) demonitor(this.process, this.#ref, false);
    if (this.#callee !== undefined) unwatchLocally(this.#callee, this);
  }
}

/**
 * Sends what `message` makes of a one-shot reply address, and waits for the answer: what `ctx.call` and the clients of
 * servers are made of.
 */
export function request(
  process: Process,
  to: Pid | NameOnNode,
  message: RequestMessage,
  wait?: Wait,
  answered?: Answered,
): Promise<unknown> {
  const { host } = process;
  let target: Pid | undefined;
  if (to instanceof Pid) target = to;
  else if (to.node === host.nodeName) {
    target = host.whereis(to.name);
    if (target === undefined) return refused(process, "noproc", to);
  }
  if (target === process.pid) return refused(process, "calling_self", to);
  const owner = target?.owner;
  const callee = owner instanceof Process && owner.life < LIFE_EXITING ? owner : undefined;
  const call = new Call(process, to, answered);
  call.begin(wait, CALL_MS);
  if (call.settled) return call.promise;
  call.watch(callee);
  if (call.settled) return call.promise;
  try {
    const value = message(call.alias, call.monitorRef);
    if (target === undefined) {
      host.sendNamed(process, (to as NameOnNode).name, (to as NameOnNode).node, value);
    } else {
      sendPid(process, target as Pid<unknown>, value);
    }
  } catch (error) {
    call.fail(error);
  }
  return call.promise;
}

/** Sends to a pid: at once to whoever owns it on this scheduler, else by the way out. */
export function sendPid(process: Process, to: Pid<unknown>, message: unknown): void {
  const owner = to.owner as Owner | undefined;
  const { host } = process;
  if (owner !== undefined) owner.deliver(host.copy === undefined ? message : host.copy(message));
  else host.sendAway(process, to, message);
}

function refused(
  process: Process,
  code: "noproc" | "calling_self",
  to: Pid | NameOnNode,
): Promise<never> {
  const error = new CallError(code, targetText(to));
  process.host.reports.blame(error, process);
  return Promise.reject(error);
}
