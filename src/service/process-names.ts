import { MisuseError } from "../base/error.ts";
import { CALL_MS } from "../base/limits.ts";
import type { ConflictRule } from "../wire/name-entry.ts";
import type { GlobalNames, Name, OnConflict, RegisterOptions, Wait } from "../process/api.ts";
import { LIFE_RUNNING } from "../process/life.ts";
import { timeoutOf } from "../process/pending.ts";
import type { Process } from "../process/process.ts";
import { nameText } from "../process/registry.ts";
import { Pid } from "../term/pid.ts";
import { NameRequest } from "./name-request.ts";
import type { NamesScheduler } from "./names-scheduler.ts";

const WORDS: readonly unknown[] = ["exit_loser", "keep_first", "tell_both"];

/** `ctx.global`: the names service as one process, or a node's own program, has it. */
export class GlobalNamesOf implements GlobalNames {
  readonly #service: NamesScheduler;
  readonly #process: Process;

  constructor(service: NamesScheduler, process: Process) {
    this.#service = service;
    this.#process = process;
  }

  register(
    name: string | Name<never>,
    pid: Pid,
    options?: RegisterOptions,
  ): Promise<{ readonly fence: number }> {
    return this.#register(name, pid, options, false);
  }

  reregister(
    name: string | Name<never>,
    pid: Pid,
    options?: RegisterOptions,
  ): Promise<{ readonly fence: number }> {
    return this.#register(name, pid, options, true);
  }

  unregister(name: string | Name<never>, wait?: Wait): Promise<boolean> {
    const text = nameText(name);
    if (this.#process.life !== LIFE_RUNNING) return this.#process.waitRefused();
    const timeoutMs = timeoutOf(wait?.timeoutMs ?? CALL_MS) ?? Infinity;
    const request = this.#begin({ name: text, registers: false }, wait);
    if (!request.settled) {
      const { id } = request;
      this.#service.tell({ kind: "unregister", id, name: text, fence: 0, timeoutMs });
    }
    return request.promise as Promise<boolean>;
  }

  whereis<M>(name: Name<M>): Pid<M> | undefined;
  whereis(name: string): Pid<unknown> | undefined;
  whereis(name: string | Name<never>): Pid<unknown> | undefined {
    return this.#service.whereis(nameText(name));
  }

  names(wait?: Wait): Promise<readonly string[]> {
    if (this.#process.life !== LIFE_RUNNING) return this.#process.waitRefused();
    const request = this.#begin({ name: "", registers: false }, wait, wait?.timeoutMs ?? CALL_MS);
    if (!request.settled) this.#service.tell({ kind: "list", id: request.id });
    return request.promise as Promise<readonly string[]>;
  }

  #register(
    name: string | Name<never>,
    pid: Pid,
    options: RegisterOptions = {},
    replace: boolean,
  ): Promise<{ readonly fence: number }> {
    const text = nameText(name);
    if (this.#process.life !== LIFE_RUNNING) return this.#process.waitRefused();
    if (!(pid instanceof Pid)) throw new MisuseError("bad_argument", "a global name is a pid's");
    const timeoutMs = timeoutOf(options.timeoutMs ?? CALL_MS) ?? Infinity;
    const rule = ruleOf(options.onConflict);
    const request = this.#begin({ name: text, registers: true }, options);
    if (!request.settled)
      this.#ask(request, { name: text, pid, replace, rule, timeoutMs }, options);
    return request.promise as Promise<{ readonly fence: number }>;
  }

  #ask(
    request: NameRequest,
    order: {
      readonly name: string;
      readonly pid: Pid;
      readonly replace: boolean;
      readonly rule: ConflictRule;
      readonly timeoutMs: number;
    },
    options: RegisterOptions,
  ): void {
    const { local, node, nodeRef } = order.pid;
    const { index } = this.#service.world;
    const isHere = order.pid.isLocal() && order.pid.scheduler === index;
    const isAlive = isHere && this.#service.watch(local);
    if (isHere && !isAlive) {
      return request.answered({ ok: false, problem: "noproc", holder: undefined });
    }
    const pid = { node, creation: nodeRef.creation, local };
    const several = options.severalNames === true;
    this.#service.tell({ kind: "register", id: request.id, ...order, pid, isAlive, several });
  }

  #begin(
    what: { readonly name: string; readonly registers: boolean },
    wait: Wait | undefined,
    timeoutMs = Infinity,
  ): NameRequest {
    const process = this.#process;
    process.host.enter(process);
    const request = new NameRequest(process, this.#service, what);
    const { signal } = wait ?? {};
    request.begin(signal === undefined ? { timeoutMs } : { timeoutMs, signal }, timeoutMs);
    return request;
  }
}

/** @throws {MisuseError} bad_argument */
function ruleOf(onConflict: OnConflict | undefined): ConflictRule {
  if (onConflict === undefined) return "exit_loser";
  if (typeof onConflict === "string" && WORDS.includes(onConflict)) return onConflict;
  const run = (onConflict as { readonly functionName?: unknown }).functionName;
  if (typeof run === "string") return { run };
  const words = WORDS.join(", ");
  throw new MisuseError("bad_argument", `onConflict is ${words}, or a defined function`);
}
