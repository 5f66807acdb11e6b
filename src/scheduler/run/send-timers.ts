import { Deadline } from "../../base/deadlines.ts";
import type { Millis } from "../../base/millis.ts";
import { Pid } from "../../term/pid.ts";
import type { Ref } from "../../term/ref.ts";
import { targetOf } from "../../process/target.ts";
import type { ProcessHost } from "../../process/host.ts";
import type { Process } from "../../process/process.ts";
import { sendPid } from "../../process/request.ts";
import type { NameOnNode } from "../../process/signal.ts";

/** A name without a node is looked up when the time has come. */
type Target = Pid | NameOnNode | string;

/** Messages that are to be sent later. They outlive who set them. Source: OTP, erlang:send_after/3. */
export class SendTimers {
  readonly #host: ProcessHost;
  readonly #timers = new Map<number, SendTimer>();

  constructor(host: ProcessHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#timers.size;
  }

  set(by: Process, to: Target, message: unknown, afterMs: Millis): Ref {
    const ref = this.#host.createRef();
    const timer = new SendTimer(this.#timers, ref, by, to, message);
    this.#timers.set(ref.id, timer);
    this.#host.setDeadline(timer, afterMs);
    return ref;
  }

  /** @returns false when it has fired, or was never set here */
  cancel(ref: Ref): boolean {
    const timer = this.#timers.get(ref.id);
    if (timer === undefined || !timer.ref.equals(ref)) return false;
    this.#timers.delete(ref.id);
    this.#host.clearDeadline(timer);
    return true;
  }

  clear(): void {
    for (const timer of this.#timers.values()) this.#host.clearDeadline(timer);
    this.#timers.clear();
  }
}

class SendTimer extends Deadline {
  readonly #timers: Map<number, SendTimer>;
  readonly ref: Ref;
  readonly #by: Process;
  readonly #to: Target;
  readonly #message: unknown;

  constructor(timers: Map<number, SendTimer>, ref: Ref, by: Process, to: Target, message: unknown) {
    super();
    this.#timers = timers;
    this.ref = ref;
    this.#by = by;
    this.#to = to;
    this.#message = message;
  }

  override expired(): void {
    this.#timers.delete(this.ref.id);
    const by = this.#by;
    try {
      const to = typeof this.#to === "string" ? targetOf(this.#to, by.host) : this.#to;
      if (to instanceof Pid) sendPid(by, to as Pid<unknown>, this.#message);
      else by.host.sendNamed(by, to.name, to.node, this.#message);
    } catch (error) {
      // Nobody is there to catch it: the process that set the timer is to blame, as for a rejection that it ignored.
      by.host.reports.log(by, "warn", "a delayed message could not be sent", {
        error: String(error),
      });
    }
  }
}
