/** Who waits for what was spawned elsewhere: for its pid, or for the value of an `rpc`. */
import { CallError, SpawnError } from "../../base/error.ts";
import { SmallMap } from "../../base/small-map.ts";
import type { Pid } from "../../term/pid.ts";
import type { Ref } from "../../term/ref.ts";
import type { Monitored } from "../../process/api.ts";
import { addMonitor, demonitor, Monitor } from "../../process/bonds.ts";
import type { ExitReason } from "../../process/exit-reason.ts";
import type { Owner } from "../../process/host.ts";
import { Pending } from "../../process/pending.ts";
import { LIFE_EXITING, LIFE_RUNNING } from "../../process/life.ts";
import type { Process } from "../../process/process.ts";
import type { SpawnFailure, SpawnRequestOptions, SpawnResult } from "../../process/signal.ts";
import type { PlainPlace } from "./place.ts";
import type { RpcAnswer } from "./rpc.ts";

const FAILURES: { readonly [code in SpawnFailure]: string } = {
  undef: "is not defined",
  badarg: "was given arguments that are no list",
  noconnection: "could not be spawned: its node cannot be reached",
  name_taken: "could not be spawned: its name is taken",
};

/** Who waits for the reply to a spawn request. */
export interface Requester {
  readonly node: string;
  /** On this node: which scheduler is to spawn. */
  readonly scheduler: number | "spread";
  replied(result: SpawnResult): void;
}

/** What a child has with its spawner from its first step on. */
export type SpawnBonds = Pick<SpawnRequestOptions, "link" | "monitor">;

/** The child of an `rpc` ends by itself: its time travels with the request. */
const NO_BONDS: SpawnBonds = { link: false, monitor: false };

/** Where a wait comes from: it says when it is over. */
export interface WaitTable {
  /** The request is no longer waited for; if it is not answered yet, its child will have to hear of that. */
  left(wait: SpawnWait, reason: ExitReason, bonds: SpawnBonds): void;
}

/** Any of them. */
export type SpawnWait = SpawnRequest<unknown> | RpcRequest;

/** `spawnOn`, waiting: what it resolves with is made of the child's pid. */
export abstract class SpawnRequest<T> extends Pending<T> implements Requester {
  readonly ref: Ref;
  readonly node: string;
  readonly scheduler: number | "spread";
  readonly functionName: string;
  readonly #table: WaitTable;
  readonly #link: boolean;

  constructor(
    table: WaitTable,
    process: Process,
    { node, scheduler }: PlainPlace,
    functionName: string,
    link: boolean,
  ) {
    super(process);
    this.#table = table;
    this.node = node;
    this.scheduler = scheduler;
    this.ref = process.host.createRef();
    this.functionName = functionName;
    this.#link = link;
  }

  replied(result: SpawnResult): void {
    if (!result.ok) {
      const wanted = `${this.functionName} on ${this.node}`;
      this.fail(new SpawnError(result.code, `${wanted} ${FAILURES[result.code]}`));
      return;
    }
    const { process } = this;
    // The child is linked from its side since before its first step.
    if (this.#link && process.life === LIFE_RUNNING) {
      const bonds = process.ownBonds();
      (bonds.links ??= new SmallMap()).set(result.pid, 0);
      process.host.bondAdded(process, result.pid);
    }
    this.succeed(this.answer(result.pid));
  }

  override expired(): void {
    this.fail(
      new SpawnError("timeout", `${this.functionName} on ${this.node} was not spawned in time`),
    );
  }

  /** The child gets a monitor whose ref is that of the request. */
  abstract readonly monitor: boolean;
  protected abstract answer(pid: Pid<unknown>): T;

  protected override forget(): void {
    const { process } = this;
    const reason = process.life >= LIFE_EXITING ? process.exitReason : "abandoned";
    this.#table.left(this, reason, { link: this.#link, monitor: this.monitor });
  }
}

export class PidRequest extends SpawnRequest<Pid<unknown>> {
  readonly monitor = false;

  protected override answer(pid: Pid<unknown>): Pid<unknown> {
    return pid;
  }
}

/** The child has had the monitor since before its first step; its other end is entered here. */
export class MonitoredRequest extends SpawnRequest<Monitored<unknown>> {
  readonly monitor = true;

  protected override answer(pid: Pid<unknown>): Monitored<unknown> {
    const { process, ref } = this;
    if (process.life === LIFE_RUNNING) {
      addMonitor(process, new Monitor(process, ref, pid, pid, undefined));
    }
    return { pid, ref };
  }
}

/** `rpc`, waiting: for the process over there, then for what it says, or its end. */
export class RpcRequest extends Pending<unknown> implements Requester, Owner {
  readonly ref: Ref;
  readonly node: string;
  readonly scheduler: number | "spread";
  readonly alias: Pid<unknown>;
  readonly #table: WaitTable;
  readonly #target: string;
  #monitored = false;

  constructor(
    table: WaitTable,
    process: Process,
    { node, scheduler }: PlainPlace,
    functionName: string,
  ) {
    super(process);
    this.#table = table;
    this.node = node;
    this.scheduler = scheduler;
    this.ref = process.host.createRef();
    this.alias = process.host.createPid(this);
    this.#target = `${functionName} on ${node}`;
  }

  replied(result: SpawnResult): void {
    if (!result.ok) {
      this.#ended(result.code === "undef" ? "noproc" : result.code);
      return;
    }
    if (this.settled) return;
    this.#monitored = true;
    const told = (reason: ExitReason): void => this.#ended(reason);
    addMonitor(this.process, new Monitor(this.process, this.ref, result.pid, result.pid, told));
  }

  deliver(message: unknown): void {
    const answer = message as RpcAnswer;
    if (answer.ok) this.succeed(answer.value);
    else if (answer.undef === true) this.fail(new CallError("noproc", this.#target, "undef"));
    else this.fail(new CallError("exit", this.#target, answer.error, { cause: answer.error }));
  }

  override expired(): void {
    this.fail(new CallError("timeout", this.#target));
  }

  protected override forget(): void {
    this.alias.owner = undefined;
    if (this.#monitored) demonitor(this.process, this.ref, false);
    this.#table.left(this, undefined, NO_BONDS);
  }

  #ended(reason: ExitReason): void {
    const code = reason === "noproc" || reason === "noconnection" ? reason : "exit";
    this.fail(new CallError(code, this.#target, reason));
  }
}
