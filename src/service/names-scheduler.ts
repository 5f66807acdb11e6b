import { Queue } from "../base/queue.ts";
import type { NamesAnswer } from "../cluster/names/names-io.ts";
import { CALL_MS, ENDED_PIDS_MAX } from "../base/limits.ts";
import { reasonText } from "../process/exit-reason.ts";
import { LIFE_DEAD } from "../process/life.ts";
import type { Process } from "../process/process.ts";
import { lookup } from "../process/registry.ts";
import { NameConflict } from "../process/system-message.ts";
import { GlobalTableReader } from "../scheduler/global-table.ts";
import { Pid } from "../term/pid.ts";
import type { HolderPid } from "../wire/names-message.ts";
import type { NameRequest } from "./name-request.ts";
import type { NamesToControl, NamesToScheduler } from "./names-message.ts";
import type { SchedulerService, SchedulerServiceWorld } from "./service.ts";

/** What the loser of a conflict is ended with. */
export const NAME_CONFLICT = "name_conflict";

/**
 * The names service on one scheduler: asks the control thread on behalf of processes, says when processes that hold names
 * end, and finds holders in shared memory.
 */
export class NamesScheduler implements SchedulerService {
  readonly world: SchedulerServiceWorld;
  readonly #table: GlobalTableReader;
  readonly #requests = new Map<number, NameRequest>();
  /** Registrations that nobody waits for any more, by number: what was done all the same is undone. */
  readonly #abandoned = new Map<number, string>();
  /** Local ids whose end the control thread is to hear of. */
  readonly #watched = new Set<number>();
  /** Processes elsewhere whose end was told here, so that nobody who heard of it still finds them. */
  readonly #ended = new Set<Pid>();
  readonly #endedOrder = new Queue<Pid>();
  /** Functions that decide a conflict. */
  readonly #resolving = new Map<number, Process>();
  #messages: NamesToControl[] = [];
  #nextId = 1;

  constructor(world: SchedulerServiceWorld) {
    this.world = world;
    this.#table = new GlobalTableReader(world.globals, world.identities);
  }

  get size(): number {
    const { length } = this.#messages;
    const waiting = this.#requests.size + this.#abandoned.size + this.#resolving.size;
    return waiting + this.#watched.size + length;
  }

  /** Who holds the name. */
  whereis(name: string): Pid<unknown> | undefined {
    const pid = this.#table.whereis(name);
    if (pid === undefined || !this.#hasEnded(pid)) return pid;
    return undefined;
  }

  /** Whether anybody holds any global name. */
  get isEmpty(): boolean {
    return this.#table.count === 0;
  }

  /** Says something to the control thread when the slice ends; in order. */
  tell(message: NamesToControl): void {
    this.#messages.push(message);
    this.world.flushLater(this);
  }

  /** Enters a request, which is answered by its number. */
  open(request: NameRequest): number {
    const id = this.#nextId++;
    this.#requests.set(id, request);
    return id;
  }

  /** Nobody waits for the answer any more. */
  abandon(id: number): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    this.#requests.delete(id);
    if (request.registers !== undefined) this.#abandoned.set(id, request.registers);
    this.tell({ kind: "cancel", id });
  }

  /** Watches a process for the control thread. False: it does not live here. */
  watch(local: number): boolean {
    const process = this.#living(local);
    if (process === undefined) return false;
    process.ownBonds().tracked = true;
    this.#watched.add(local);
    return true;
  }

  receive(raw: unknown): void {
    for (const message of raw as readonly NamesToScheduler[]) this.#handle(message);
  }

  processEnded({ pid }: Process): void {
    if (!this.#watched.delete(pid.local)) return;
    // Leaves before what tells anybody elsewhere of the end.
    this.tell({ kind: "ended", local: pid.local });
  }

  endedElsewhere(pid: Pid): void {
    if (this.isEmpty || this.#ended.has(pid)) return;
    this.#ended.add(pid);
    this.#endedOrder.push(pid);
    if (this.#endedOrder.length > ENDED_PIDS_MAX) this.#ended.delete(this.#endedOrder.shift()!);
  }

  flush(): void {
    const messages = this.#messages;
    this.#messages = [];
    if (messages.length > 0) this.world.tell(messages);
  }

  #hasEnded(pid: Pid): boolean {
    if (pid.scheduler === this.world.index && pid.isLocal()) {
      return (pid as Pid<unknown>).owner === undefined;
    }
    return this.#ended.size > 0 && this.#ended.has(pid);
  }

  #handle(message: NamesToScheduler): void {
    switch (message.kind) {
      case "answer":
        return this.#answered(message.id, message.answer);
      case "listed": {
        const request = this.#requests.get(message.id);
        this.#requests.delete(message.id);
        return request?.succeed(message.names);
      }
      case "watch": {
        const { local } = message;
        this.tell({ kind: this.watch(local) ? "alive" : "ended", local });
        return this.flush();
      }
      case "tell":
        return this.#conflict(message);
      case "resolve":
        return this.#resolve(message);
      case "abandon":
        this.#resolving.get(message.id)?.terminate("killed");
        return;
    }
  }

  #answered(id: number, answer: NamesAnswer): void {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    const name = this.#abandoned.get(id);
    this.#abandoned.delete(id);
    if (request !== undefined) return request.answered(answer);
    if (name === undefined || !answer.ok || answer.fence === 0) return;
    // It was done before word came that nobody waits: the asker was told that it failed.
    const { fence } = answer;
    this.tell({ kind: "unregister", id: this.#nextId++, name, fence, timeoutMs: CALL_MS });
  }

  #conflict({ local, conflict, exit }: Extract<NamesToScheduler, { kind: "tell" }>): void {
    const process = this.#living(local);
    if (process === undefined) return;
    const [kept, lost] = [this.#pid(conflict.kept), this.#pid(conflict.lost)];
    process.deliver(new NameConflict(conflict.name, kept, lost, conflict.fence));
    if (exit) process.exitSignal(kept, NAME_CONFLICT, false);
  }

  #resolve(message: Extract<NamesToScheduler, { kind: "resolve" }>): void {
    const { id, name, run } = message;
    const entry = lookup(run);
    const decided = (kept: "first" | "second" | "neither", text: string): void => {
      this.#resolving.delete(id);
      this.tell({ kind: "decided", id, kept, text });
    };
    if (entry === undefined) return decided("neither", `no function "${run}" is defined`);
    const [first, second] = [this.#pid(message.first), this.#pid(message.second)];
    const process = this.world.host().spawn(entry.run, [name, first, second], {
      functionName: run,
      parent: undefined,
      name: undefined,
      mailboxMax: undefined,
      ended: (reason, value) => {
        if (reason !== "normal") decided("neither", `${run} ended: ${reasonText(reason)}`);
        else if (value === first) decided("first", run);
        else if (value === second) decided("second", run);
        else decided("neither", value === undefined ? run : `${run} returned no holder`);
      },
    });
    if (process.life !== LIFE_DEAD) this.#resolving.set(id, process);
  }

  #living(local: number): Process | undefined {
    const { world } = this;
    return world.host().livingHere(world.identities.localPid(local));
  }

  #pid({ node, creation, local }: HolderPid): Pid<unknown> {
    return Pid.fromRemote(node, creation, local, this.world.identities);
  }
}
