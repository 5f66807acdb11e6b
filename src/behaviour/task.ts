import { CallError, MisuseError } from "../base/error.ts";
import { CALL_MS } from "../base/limits.ts";
import type { Args, Caller, Place, ProcessFunction, Wait } from "../process/api.ts";
import { demonitor, link, monitor, unlink } from "../process/bonds.ts";
import type { ProcessContext } from "../process/context.ts";
import { type ExitReason, ProcessExit } from "../process/exit-reason.ts";
import type { Owner, ProcessBody } from "../process/host.ts";
import { Pending } from "../process/pending.ts";
import { LIFE_RUNNING } from "../process/life.ts";
import type { Process } from "../process/process.ts";
import type { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";
import { processOfCaller } from "./start.ts";

/** What the scheduler's `rpc` runs elsewhere: a function for its value, its throw told and not thrown. */
const RUN_FOR_VALUE = "$rpc";

export interface TaskOptions extends Wait {
  /** Default: this scheduler. Elsewhere the function has to be a defined one. */
  readonly on?: Place;
}

/** What a task's process says before it ends. */
type TaskAnswer =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

/** A task that is awaited. */
class TaskWait extends Pending<unknown> implements Owner {
  readonly alias: Pid<unknown>;
  readonly #name: string;
  #pid: Pid<unknown> | undefined = undefined;
  #ref: Ref | undefined = undefined;

  constructor(process: Process, name: string) {
    super(process);
    this.#name = name;
    this.alias = process.host.createPid(this);
  }

  spawned(pid: Pid<unknown>): void {
    this.#pid = pid;
    if (this.settled) this.#kill();
    else this.#ref = monitor(this.process, pid, (reason) => this.#ended(reason));
  }

  deliver(message: unknown): void {
    const answer = message as TaskAnswer;
    this.#pid = undefined;
    if (answer.ok) this.succeed(answer.value);
    else this.fail(new CallError("exit", this.#name, answer.error, { cause: answer.error }));
  }

  override expired(): void {
    this.fail(new CallError("timeout", this.#name));
  }

  /** Whoever no longer waits no longer wants it done. */
  protected override forget(): void {
    this.alias.owner = undefined;
    if (this.#ref !== undefined) demonitor(this.process, this.#ref, false);
    this.#kill();
  }

  #kill(): void {
    const { process } = this;
    const pid = this.#pid;
    if (pid === undefined || process.life !== LIFE_RUNNING) return;
    unlink(process, pid);
    process.host.dispatch({ kind: "exit", from: process.pid, to: pid, reason: "kill" });
  }

  #ended(reason: ExitReason): void {
    this.#ref = undefined;
    this.#pid = undefined;
    const code = reason === "noconnection" ? reason : "exit";
    this.fail(new CallError(code, this.#name, reason));
  }
}

/**
 * Runs a function once in a process of its own, for its value: `await task(ctx, work, [1])`. The process is linked to the
 * caller's: it ends with it, and with the wait (time-out, by default 5,000 ms, or abort). What the function throws rejects the
 * promise and nothing else. Source: Elixir, Task.async and Task.await.
 * @throws {CallError} exit with what it threw as `cause`, or with its exit reason; timeout, noconnection
 * @throws {SpawnError} undef, noconnection: elsewhere
 */
export function task<M, A extends readonly unknown[], R>(
  by: Caller,
  fn: ProcessFunction<M, A, R>,
  ...[args, options = {}]: Args<A, TaskOptions>
): Promise<R> {
  const process = processOfCaller(by);
  const given: readonly unknown[] = args ?? [];
  const { functionName } = fn as { readonly functionName?: string };
  const name = functionName ?? (fn.name === "" ? "anonymous" : fn.name);
  if (options.on !== undefined && functionName === undefined) {
    throw new MisuseError("not_defined", `task ${name}: only a defined function can run elsewhere`);
  }
  if (process.life !== LIFE_RUNNING) return process.waitRefused();
  const wait = new TaskWait(process, name);
  wait.begin(options, CALL_MS);
  if (wait.settled) return wait.promise as Promise<R>;
  if (options.on === undefined) {
    const child = process.host.spawn(bodyOf(fn as unknown as ProcessBody, wait), given, {
      functionName: name,
      parent: process.pid,
      name: undefined,
      mailboxMax: undefined,
    });
    link(process, child.pid);
    wait.spawned(child.pid);
  } else {
    // The wait of the task covers the spawn; one that comes later is ended by `spawned`.
    const spawn = { link: true, timeoutMs: Infinity };
    process.host.spawning
      .spawnOn(process, options.on, RUN_FOR_VALUE, [functionName, given, wait.alias], spawn)
      .then(
        (pid) => wait.spawned(pid),
        (error: unknown) => wait.fail(error),
      );
  }
  return wait.promise as Promise<R>;
}

/** As `rpc` runs it elsewhere, but with the error itself and the value by reference. */
function bodyOf(fn: ProcessBody, wait: TaskWait): ProcessBody {
  const run = fn as unknown as (ctx: ProcessContext, ...args: unknown[]) => Promise<unknown>;
  return (async (ctx: ProcessContext, ...args: unknown[]): Promise<void> => {
    let answer: TaskAnswer;
    try {
      answer = { ok: true, value: await run(ctx, ...args) };
    } catch (error) {
      if (error instanceof ProcessExit) throw error;
      answer = { ok: false, error };
    }
    if (!wait.settled) wait.deliver(answer);
  }) as unknown as ProcessBody;
}
