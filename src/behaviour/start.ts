import { CALL_MS } from "../base/limits.ts";
import { ConfigError, MisuseError, SpawnError, StartError } from "../base/error.ts";
import type { Caller, StartOptions, Wait } from "../process/api.ts";
import { demonitor, link, monitor, unlink } from "../process/bonds.ts";
import { ProcessContext } from "../process/context.ts";
import { reasonText } from "../process/exit-reason.ts";
import type { Owner } from "../process/host.ts";
import { Pending } from "../process/pending.ts";
import type { Exit } from "../process/system-message.ts";
import { LIFE_RUNNING } from "../process/life.ts";
import type { Process } from "../process/process.ts";
import type { ChildTerms } from "../process/signal.ts";
import { lookup, nameText } from "../process/registry.ts";
import { Pid } from "../term/pid.ts";
import type { Ref } from "../term/ref.ts";

/** Milliseconds that a child which did not start in time has to be seen dead, so that its name is free when `start` rejects. */
const KILL_SEEN_MS = 5_000;

/**
 * The first argument of a behaviour's process whose starter waits for its init: where the outcome goes. Without it (after
 * `spawnOn`) nobody waits.
 */
interface Starter {
  readonly type: "$start";
  readonly replyTo: Pid<unknown>;
}

/** How init went. `failed`: the process is about to end for that reason. */
export interface StartReport {
  readonly failed?: unknown;
}

/** Takes the starter off the arguments of a behaviour's process. */
export function takeStarter(given: readonly unknown[]): {
  readonly starter: Pid<unknown> | undefined;
  readonly args: readonly unknown[];
} {
  const first = given[0] as Partial<Starter> | null | undefined;
  if (first?.type !== "$start" || !(first.replyTo instanceof Pid)) {
    return { starter: undefined, args: given };
  }
  return { starter: first.replyTo, args: given.slice(1) };
}

/**
 * The context that a caller works with: itself, or a Node's `caller`.
 * @throws {MisuseError} bad_argument
 */
export function contextOfCaller(by: Caller): ProcessContext {
  const context = by instanceof ProcessContext ? by : (by as { readonly caller?: unknown }).caller;
  if (context instanceof ProcessContext) return context;
  throw new MisuseError("bad_argument", "expected a process's ctx or a Node as the caller");
}

/** The process in whose name a caller works. */
export const processOfCaller = (by: Caller): Process => ProcessContext.process(contextOfCaller(by));

/** What is started: `reports` says whether it tells how its init went, as servers and supervisors do. */
export interface StartPlan {
  readonly functionName: string;
  readonly args: readonly unknown[];
  readonly reports: boolean;
  /** Of a supervisor's child. */
  readonly child?: ChildTerms;
  /** Called as soon as there is a process, whose init may still fail. */
  readonly spawned?: (pid: Pid<unknown>) => void;
}

/** A start that waits for init: owns the alias that the report goes to, and watches the new process. */
class StartWait extends Pending<Pid<unknown>> implements Owner {
  readonly alias: Pid<unknown>;
  readonly #plan: StartPlan;
  readonly #options: StartOptions;
  #pid: Pid<unknown> | undefined = undefined;
  #ref: Ref | undefined = undefined;
  /** The report was handled before the spawner's promise got its turn: both come in one batch from another node. */
  #early: StartReport | undefined = undefined;
  /** Why it does not start: told once the process is gone and its name free. */
  #error: unknown = undefined;

  constructor(process: Process, plan: StartPlan, options: StartOptions) {
    super(process);
    this.#plan = plan;
    this.#options = options;
    this.alias = process.host.createPid(this);
  }

  /** There is a process. */
  spawned(pid: Pid<unknown>): void {
    this.#pid = pid;
    if (this.settled || this.#error !== undefined) {
      this.#kill();
      if (this.settled) return;
    }
    this.#plan.spawned?.(pid);
    // Before the monitor: of a process that has ended meanwhile it would tell less.
    if (this.#early !== undefined) this.deliver(this.#early);
    if (this.settled) return;
    this.#ref = monitor(this.process, pid, (reason) => this.#ended(reason));
    if (!this.#plan.reports && this.#error === undefined) this.succeed(pid);
  }

  /** The report of init. */
  deliver(message: unknown): void {
    const report = message as StartReport;
    if (this.#pid === undefined) {
      this.#early = report;
      return;
    }
    if (!("failed" in report)) this.succeed(this.#pid);
    else this.#error ??= this.#initFailed(report.failed);
  }

  /** Not in time: the process must not come up later. */
  override expired(): void {
    if (this.#error !== undefined) {
      this.fail(this.#error);
      return;
    }
    this.#error = new StartError("timeout", `${this.#plan.functionName} did not start in time`);
    if (this.#pid === undefined) {
      this.fail(this.#error);
      return;
    }
    this.process.host.setDeadline(this, KILL_SEEN_MS);
    this.#kill();
  }

  protected override forget(): void {
    this.alias.owner = undefined;
    if (this.#ref !== undefined) demonitor(this.process, this.#ref, false);
  }

  /** Also after an abort: a process that nobody knows of must not stay. */
  override fail(error: unknown): void {
    const isPending = !this.settled && this.#error === undefined;
    super.fail(error);
    if (isPending && this.#ref !== undefined) this.#kill();
  }

  #ended(reason: unknown): void {
    this.#ref = undefined;
    const pid = this.#pid!;
    // One that could not unlink itself, for it ended in a foreign await: the promise tells it, not the link as well.
    if (this.#options.link === true) {
      unlink(this.process, pid);
      if (this.process.trapping)
        this.process.mailbox?.drop("exit", (exit) => (exit as Exit).from === (pid as unknown));
    }
    this.fail(this.#error ?? this.#initFailed(reason));
  }

  #initFailed(reason: unknown): StartError {
    const cause = reason instanceof Error ? { cause: reason } : undefined;
    if (reason === "noconnection") {
      return new StartError("noconnection", `${this.#plan.functionName}: node lost`, reason, cause);
    }
    const text = `${this.#plan.functionName} did not start: ${reasonText(reason)}`;
    return new StartError("init_failed", text, reason, cause);
  }

  /** Its end is no concern of the starter any more. Source: OTP proc_lib, start_link with a time-out. */
  #kill(): void {
    const { process } = this;
    const pid = this.#pid!;
    if (process.life !== LIFE_RUNNING) return;
    if (this.#options.link === true) unlink(process, pid);
    process.host.dispatch({ kind: "exit", from: process.pid, to: pid, reason: "kill" });
  }
}

/**
 * Starts something by name and waits until its init has returned; with a plain function, until it is spawned. When it
 * rejects, the process is gone and its name free.
 * @throws {StartError}
 */
export function startProcess(
  process: Process,
  plan: StartPlan,
  options: StartOptions = {},
): Promise<Pid<unknown>> {
  if (process.life !== LIFE_RUNNING) return process.waitRefused();
  const wait = new StartWait(process, plan, options);
  wait.begin(options, CALL_MS);
  if (wait.settled) return wait.promise;
  const starter: Starter = { type: "$start", replyTo: wait.alias };
  const args = plan.reports ? [starter, ...plan.args] : plan.args;
  if (options.on === undefined) {
    try {
      wait.spawned(spawnHere(process, plan, args, options));
    } catch (error) {
      wait.fail(startErrorOf(process, error, options));
    }
    return wait.promise;
  }
  const { host } = process;
  const { child } = plan;
  const spawn = { ...spawnOptions(options), ...(child !== undefined && { child }) };
  host.spawning.spawnOn(process, options.on, plan.functionName, args, spawn).then(
    (pid) => wait.spawned(pid),
    (error: unknown) => wait.fail(startErrorOf(process, error, options)),
  );
  return wait.promise;
}

function spawnHere(
  process: Process,
  { functionName, child: terms }: StartPlan,
  args: readonly unknown[],
  options: StartOptions,
): Pid<unknown> {
  const entry = lookup(functionName, process.host.definitions);
  if (entry === undefined) {
    throw new StartError("undef", `no function ${functionName} is defined here`);
  }
  const child = process.host.spawn(entry.run, args, {
    functionName,
    parent: process.pid,
    name: options.name === undefined ? undefined : nameText(options.name),
    mailboxMax: options.mailboxMax,
    ...(terms !== undefined && { fence: terms.fence }),
  });
  if (options.link === true) link(process, child.pid);
  return child.pid;
}

/** The spawn itself has no time-out of its own: the start's covers it. */
function spawnOptions(options: StartOptions): StartOptions {
  const { link: isLinked, name, mailboxMax, signal } = options;
  const wait: Wait = { timeoutMs: options.timeoutMs ?? CALL_MS, ...(signal && { signal }) };
  return {
    ...wait,
    ...(isLinked !== undefined && { link: isLinked }),
    ...(name !== undefined && { name }),
    ...(mailboxMax !== undefined && { mailboxMax }),
  };
}

/** What went wrong before there was a process, as a StartError; misuse and aborts stay what they are. */
function startErrorOf(process: Process, error: unknown, options: StartOptions): unknown {
  if (error instanceof ConfigError || error instanceof StartError) return error;
  const isTaken =
    (error instanceof MisuseError || error instanceof SpawnError) && error.code === "name_taken";
  if (isTaken) {
    const name = nameText(options.name ?? "");
    const holder = options.on === undefined ? process.host.whereis(name) : undefined;
    return new StartError("already_started", `the name ${name} is taken`, holder, { cause: error });
  }
  if (!(error instanceof SpawnError)) return error;
  const code = error.code === "name_taken" ? "already_started" : error.code;
  return new StartError(code, error.message, undefined, { cause: error });
}
