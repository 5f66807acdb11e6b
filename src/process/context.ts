import { EncodeError, MisuseError } from "../base/error.ts";
import { shown } from "../base/shown.ts";
import { CALL_MS } from "../base/limits.ts";
import { Pid } from "../term/pid.ts";
import { Ref } from "../term/ref.ts";
import { Alias } from "./alias.ts";
import type {
  Args,
  Monitored,
  GlobalNames,
  Groups,
  Place,
  SpawnOptions,
  StartOptions,
  Wait,
} from "./api.ts";
import { demonitor, link, monitor, unlink } from "./bonds.ts";
import { type ExitReason, ProcessExit } from "./exit-reason.ts";
import type { NodeServices, Owner, ProcessBody } from "./host.ts";
import { MessageIterator } from "./message-iterator.ts";
import type { MessageLoop } from "./message-loop.ts";
import { LaneWait, Sleep, timeoutOf } from "./pending.ts";
import { LIFE_RUNNING } from "./life.ts";
import { assertMessage, mailboxMaxOf } from "./mailbox.ts";
import type { Process } from "./process.ts";
import { ProcessLog } from "./process-log.ts";
import type { Match } from "./receive-wait.ts";
import { nameText } from "./registry.ts";
import { type Answered, request, type RequestMessage, sendPid } from "./request.ts";
import type { Rooms } from "./room-api.ts";
import { type AnyTarget, bareName, targetOf } from "./target.ts";

/**
 * What a process's code holds: the face of one `Process`. `Context` in `api.ts` is its typed form. Behaviours extend it.
 */
export class ProcessContext {
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
  }

  /** The process behind a context, for behaviours: they work on it where a context would cost more. */
  static process(context: ProcessContext): Process {
    return context.#process;
  }

  get self(): Pid<unknown> {
    return this.#process.pid;
  }

  get signal(): AbortSignal {
    const process = this.#process;
    const bonds = process.life === LIFE_RUNNING ? process.ownBonds() : process.bonds;
    if (bonds === undefined) return AbortSignal.abort(new ProcessExit(process.exitReason));
    return (bonds.controller ??= new AbortController()).signal;
  }

  get global(): GlobalNames {
    return this.#process.host.services.global(this.#process);
  }

  get groups(): Groups {
    return this.#process.host.services.groups(this.#process);
  }

  get rooms(): Rooms {
    return this.#process.host.services.rooms(this.#process);
  }

  get node(): NodeServices["node"] {
    return this.#process.host.services.node;
  }

  get fence(): number | undefined {
    return this.#process.bonds?.fence;
  }

  get log(): ProcessLog {
    return new ProcessLog(this.#process);
  }

  send(to: AnyTarget, message: unknown): void {
    const process = this.#process;
    if (process.life !== LIFE_RUNNING) process.assertRunning();
    const { host } = process;
    host.enter(process);
    if (message === undefined) assertMessage(message);
    if (to instanceof Pid) {
      const owner = (to as Pid<unknown>).owner as Owner | undefined;
      if (owner !== undefined && host.copy === undefined) owner.deliver(message);
      else sendPid(process, to as Pid<unknown>, message);
      return;
    }
    const target = targetOf(to, host);
    if (target instanceof Pid) sendPid(process, target, message);
    else host.sendNamed(process, target.name, target.node, message);
  }

  sendExit(to: Pid, reason: ExitReason): void {
    const process = this.#enter();
    if (reason === undefined) {
      throw new EncodeError("not_encodable", "reason", "undefined cannot be sent on its own");
    }
    process.host.dispatch({ kind: "exit", from: process.pid, to, reason });
    process.assertRunning();
  }

  call(to: AnyTarget, message: object, wait?: Wait): Promise<unknown> {
    return this.request(to, (replyTo) => ({ ...message, replyTo }), wait);
  }

  /** What `call` and the clients of servers are made of: `message` gets the address that the answer is to go to. */
  request(
    to: AnyTarget,
    message: RequestMessage,
    wait?: Wait,
    answered?: Answered,
  ): Promise<unknown> {
    const process = this.#process;
    if (process.life !== LIFE_RUNNING) return process.waitRefused();
    process.host.enter(process);
    return request(process, targetOf(to, process.host), message, wait, answered);
  }

  spawnOn(
    where: Place,
    start: string | { readonly functionName: string },
    args: readonly unknown[],
    options: StartOptions & { readonly monitor?: boolean } = {},
  ): Promise<Pid<unknown> | Monitored<unknown>> {
    const process = this.#process;
    if (process.life !== LIFE_RUNNING) return process.waitRefused();
    const functionName = typeof start === "string" ? start : start.functionName;
    const { host } = process;
    return options.monitor === true
      ? host.spawning.spawnMonitored(process, where, functionName, args, options)
      : host.spawning.spawnOn(process, where, functionName, args, options);
  }

  rpc(
    node: string,
    fn: string | { readonly functionName: string },
    args: readonly unknown[],
    wait: Wait = {},
  ): Promise<unknown> {
    const process = this.#process;
    if (process.life !== LIFE_RUNNING) return process.waitRefused();
    const functionName = typeof fn === "string" ? fn : fn.functionName;
    return process.host.spawning.rpc(process, node, functionName, args, wait);
  }

  multiRpc(
    nodes: readonly string[],
    fn: string | { readonly functionName: string },
    args: readonly unknown[],
    wait: Wait = {},
  ): Promise<PromiseSettledResult<unknown>[]> {
    return Promise.allSettled(nodes.map((node) => this.rpc(node, fn, args, wait)));
  }

  whereis(name: string | { readonly name: string }): Pid<unknown> | undefined {
    return this.#enter().host.whereis(typeof name === "string" ? name : name.name);
  }

  receive(selector?: string | Match | Wait, wait?: Wait): Promise<unknown> {
    if (selector === undefined && wait === undefined) return this.#process.receive();
    if (typeof selector === "string") {
      return this.#process.receiveSelective(selector, undefined, wait);
    }
    if (typeof selector === "function") {
      return this.#process.receiveSelective(undefined, selector, wait);
    }
    return this.#process.receiveSelective(undefined, undefined, selector ?? wait);
  }

  messages(): AsyncIterableIterator<unknown> {
    return new MessageIterator(this.#process);
  }

  /** Hands every message to a behaviour by a direct call until its loop stops; resolves with what it stopped with. */
  loop(loop: MessageLoop): Promise<unknown> {
    return this.#process.loop(loop);
  }

  spawn(fn: ProcessBody, ...[args, options]: Args<readonly [], SpawnOptions>): Pid<unknown> {
    return this.#spawn(fn, args, options).pid;
  }

  spawnLink(fn: ProcessBody, ...[args, options]: Args<readonly [], SpawnOptions>): Pid<unknown> {
    const child = this.#spawn(fn, args, options);
    link(this.#process, child.pid);
    return child.pid;
  }

  spawnMonitor(
    fn: ProcessBody,
    ...[args, options]: Args<readonly [], SpawnOptions>
  ): Monitored<unknown> {
    const { pid } = this.#spawn(fn, args, options);
    return { pid, ref: monitor(this.#process, pid) };
  }

  monitor(target: AnyTarget): Ref {
    const process = this.#enter();
    return monitor(process, targetOf(target, process.host));
  }

  demonitor(ref: Ref, options?: { readonly flush?: boolean }): void {
    if (!(ref instanceof Ref)) throw new MisuseError("bad_argument", "demonitor wants a ref");
    demonitor(this.#enter(), ref, options?.flush === true);
  }

  monitorNodes(on: boolean): void {
    const process = this.#enter();
    process.host.monitorNodes(process, on);
  }

  trapExit(on: boolean): void {
    this.#enter().trapping = on;
  }

  link(pid: Pid): void {
    if (!(pid instanceof Pid)) throw new MisuseError("bad_argument", "link wants a pid");
    link(this.#enter(), pid);
  }

  unlink(pid: Pid): void {
    if (!(pid instanceof Pid)) throw new MisuseError("bad_argument", "unlink wants a pid");
    unlink(this.#enter(), pid);
  }

  register(name: string | { readonly name: string }): void {
    const process = this.#enter();
    process.host.register(process, nameText(name));
  }

  unregister(name: string | { readonly name: string }): boolean {
    const process = this.#enter();
    return process.host.unregister(process, nameText(name));
  }

  sendAfter(to: AnyTarget, message: unknown, afterMs: number): Ref {
    const process = this.#enter();
    assertMessage(message);
    const delay = timeoutOf(afterMs);
    if (delay === undefined) throw new MisuseError("bad_argument", "sendAfter wants a finite time");
    // A name without a node is looked up when the time has come.
    const target = bareName(to) ?? targetOf(to, process.host);
    return process.host.sendAfter(process, target, message, delay);
  }

  cancelTimer(ref: Ref): boolean {
    return this.#enter().host.cancelTimer(ref);
  }

  ready(to: AnyTarget): Promise<void> {
    const process = this.#process;
    if (process.life !== LIFE_RUNNING) return process.waitRefused();
    const target = targetOf(to, process.host);
    const scheduler = target instanceof Pid ? target.scheduler : undefined;
    if (process.host.outbound.ready(target.node, scheduler, process.pid)) {
      // Who sends and asks without end, and is always told yes, must not keep the sockets from their turn.
      return process.host.turns.spend() ? Promise.resolve() : this.sleep(0);
    }
    const wait = new LaneWait(process);
    wait.begin(undefined, Infinity);
    process.host.awaitLane(wait, target.node, scheduler);
    return wait.promise;
  }

  alias(options?: { readonly once?: boolean }): Pid<unknown> {
    return new Alias(this.#enter(), options?.once === true).pid;
  }

  unalias(alias: Pid): boolean {
    const { owner } = alias as Pid<unknown>;
    if (!(owner instanceof Alias) || owner.process !== this.#enter()) return false;
    owner.revoke();
    return true;
  }

  sleep(ms: number): Promise<void> {
    const process = this.#process;
    if (process.life !== LIFE_RUNNING) return process.waitRefused();
    const wait = new Sleep(process);
    wait.begin({ timeoutMs: ms }, CALL_MS);
    return wait.promise;
  }

  exit(reason: ExitReason = "normal"): never {
    const process = this.#enter();
    process.exit(reason);
    throw new ProcessExit(reason);
  }

  #enter(): Process {
    const process = this.#process;
    process.assertRunning();
    process.host.enter(process);
    return process;
  }

  #spawn(fn: ProcessBody, args: readonly unknown[] = [], options: SpawnOptions = {}): Process {
    const process = this.#enter();
    if (typeof fn !== "function")
      throw new MisuseError("bad_argument", `spawn wants a function, got ${shown(fn)}`);
    const { functionName } = fn as ProcessBody & { functionName?: string };
    const { host } = process;
    return host.spawn(fn, args, {
      functionName: functionName ?? (fn.name === "" ? "anonymous" : fn.name),
      parent: process.pid,
      name: options.name === undefined ? undefined : nameText(options.name),
      mailboxMax: mailboxMaxOf(options.mailboxMax),
    });
  }
}
