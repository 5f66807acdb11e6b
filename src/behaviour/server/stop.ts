import { CallError } from "../../base/error.ts";
import { CALL_MS } from "../../base/limits.ts";
import type { Caller, UntypedTarget, Wait } from "../../process/api.ts";
import { demonitor, monitor } from "../../process/bonds.ts";
import { targetOf } from "../../process/target.ts";
import { Pending } from "../../process/pending.ts";
import type { Process } from "../../process/process.ts";
import { sendPid, targetText } from "../../process/request.ts";
import type { NameOnNode } from "../../process/signal.ts";
import { Pid } from "../../term/pid.ts";
import type { Ref } from "../../term/ref.ts";
import { STOP_TYPE } from "./server-message.ts";
import { processOfCaller } from "../start.ts";

/** Waits for the end of a process, by a monitor that only it sees. */
class StopWait extends Pending<void> {
  readonly #target: Pid | NameOnNode;
  readonly #reason: unknown;
  #ref: Ref | undefined = undefined;

  constructor(process: Process, target: Pid | NameOnNode, reason: unknown) {
    super(process);
    this.#target = target;
    this.#reason = reason;
  }

  watch(): void {
    this.#ref = monitor(this.process, this.#target, (reason) => this.#ended(reason));
  }

  override expired(): void {
    this.fail(new CallError("timeout", targetText(this.#target)));
  }

  protected override forget(): void {
    if (this.#ref !== undefined) demonitor(this.process, this.#ref, false);
  }

  #ended(reason: unknown): void {
    this.#ref = undefined;
    // As they are after a message or a file: equal values need not be the same object.
    if (reason === this.#reason || sameText(reason, this.#reason)) {
      this.succeed();
      return;
    }
    const code = reason === "noproc" || reason === "noconnection" ? reason : "exit";
    const cause = reason instanceof Error ? { cause: reason } : undefined;
    this.fail(new CallError(code, targetText(this.#target), reason, cause));
  }
}

/**
 * Asks a server or supervisor to end with a reason, and waits until it has. Source: OTP gen_server, stop/3.
 * @throws {CallError} noproc, noconnection, timeout, calling_self; exit when it ended for another reason
 */
export function stopProcess(
  by: Caller,
  to: Pid | UntypedTarget,
  reason: unknown,
  wait: Wait | undefined,
): Promise<void> {
  const process = processOfCaller(by);
  const target = targetOf(to, process.host);
  if (target === process.pid) {
    return Promise.reject(new CallError("calling_self", targetText(target)));
  }
  const stopping = new StopWait(process, target, reason);
  stopping.begin(wait, CALL_MS);
  if (stopping.settled) return stopping.promise;
  stopping.watch();
  if (stopping.settled) return stopping.promise;
  const message = { type: STOP_TYPE, reason };
  if (target instanceof Pid) sendPid(process, target, message);
  else process.host.sendNamed(process, target.name, target.node, message);
  return stopping.promise;
}

function sameText(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one instanceof Error) return false;
  try {
    return JSON.stringify(one) === JSON.stringify(other);
  } catch {
    return false;
  }
}
