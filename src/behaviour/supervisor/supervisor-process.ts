import { Deadline } from "../../base/deadlines.ts";
import type { Millis } from "../../base/millis.ts";
import { ProcessContext } from "../../process/context.ts";
import { LIFE_RUNNING } from "../../process/life.ts";
import type { Process } from "../../process/process.ts";
import { sendPid } from "../../process/request.ts";
import { Exit } from "../../process/system-message.ts";
import type { Pid } from "../../term/pid.ts";
import type { ChildData } from "./child.ts";
import { ChildJobs } from "./child-jobs.ts";
import type { ServerProcessContext } from "../server/server-loop.ts";
import { type CallAnswer, type FromVerdict, stop } from "../server/server-message.ts";
import { Supervision } from "./supervision.ts";
import type {
  SupervisionInput,
  SupervisionOptions,
  SupervisionOutput,
  SupervisionReport,
  SupervisorAnswer,
  SupervisorRequest,
} from "./supervision-io.ts";
import type { ChildCounts, ChildInfo, SupervisionView } from "./supervisor-api.ts";

type Input = SupervisionInput<ChildData, Pid<unknown>, FromVerdict>;
type Output = SupervisionOutput<ChildData, Pid<unknown>, FromVerdict>;

const TEXTS: { readonly [what in SupervisionReport]: string } = {
  child_crashed: "child crashed",
  child_start_failed: "child did not start",
  node_lost: "child lost its node",
  nodes_lost_too_often: "child lost its nodes too often: it waits",
  gives_up: "too many restarts: the supervisor ends",
};

/** Fires when the back-off of a child's restart is over. */
class RetryTimer extends Deadline {
  readonly #due: () => void;

  constructor(due: () => void) {
    super();
    this.#due = due;
  }

  override expired(): void {
    this.#due();
  }
}

/** Drives the core of one supervisor process: feeds it what happens, carries out what it says. */
export class SupervisorDriver {
  readonly #ctx: ServerProcessContext;
  readonly #process: Process;
  readonly #core: Supervision<ChildData, Pid<unknown>, FromVerdict>;
  readonly #jobs: ChildJobs;
  readonly #options: SupervisionOptions;
  /** Of the present wait for the first start or for the end. */
  #waiting: ((output: Output) => void) | undefined = undefined;
  #isOver = false;
  /** Of the first start of a child that may take long. */
  #patience: RetryTimer | undefined = undefined;
  /** Outputs are being carried out: what they cause is fed in, and comes out behind them. */
  #isDraining = false;

  constructor(ctx: ServerProcessContext, options: SupervisionOptions) {
    this.#ctx = ctx;
    this.#process = ProcessContext.process(ctx);
    this.#core = new Supervision(options);
    this.#options = options;
    this.#jobs = new ChildJobs(ctx, (news) => {
      if (news.kind === "started" || news.kind === "start_failed") this.#endPatience();
      this.#handle(news);
    });
  }

  /** Starts the children in order. @returns undefined, or the reason why the supervisor has to end */
  async init(specs: readonly ChildData[]): Promise<{ readonly reason: unknown } | undefined> {
    const output = await this.#until(() => this.#handle({ kind: "init", specs }));
    return output.kind === "exit" ? { reason: output.reason } : undefined;
  }

  /** Stops the children in reverse order. */
  async shutdown(reason: unknown): Promise<void> {
    if (this.#isOver) return;
    await this.#until(() => this.#handle({ kind: "shutdown", reason }));
  }

  request(request: SupervisorRequest<ChildData>, from: FromVerdict): void {
    this.#handle({ kind: "request", request, from });
  }

  /** Every other message. Exit signals that are nobody's are dropped, as in OTP. */
  info(message: unknown): void {
    if (message instanceof Exit) {
      this.#jobs.exited(message.from as Pid<unknown>, message.reason);
      return;
    }
    this.#ctx.log.warn("a supervisor got a message");
  }

  /** For inspection. */
  look(): SupervisionView {
    return {
      intensity: this.#options.intensity,
      periodMs: this.#options.periodMs,
      restarts: this.#core.restartsWithinPeriod(this.#process.host.now()),
      children: this.whichChildren(),
    };
  }

  whichChildren(): ChildInfo[] {
    return [...this.#core.children()].map(({ spec, pid, state, restartCount, lossCount }) => ({
      id: spec.id,
      pid: state === "running" ? pid : undefined,
      state,
      kind: spec.kind,
      functionName: spec.functionName,
      restart: spec.restart,
      restartCount,
      node: this.#jobs.nodeOf(spec.id),
      lossCount,
    }));
  }

  countChildren(): ChildCounts {
    const counts = { specs: 0, active: 0, supervisors: 0, workers: 0 };
    for (const { spec, pid } of this.#core.children()) {
      counts.specs += 1;
      if (pid !== undefined) counts.active += 1;
      counts[spec.kind === "worker" ? "workers" : "supervisors"] += 1;
    }
    return counts;
  }

  #until(begin: () => void): Promise<Output> {
    const { promise, resolve } = Promise.withResolvers<Output>();
    this.#waiting = resolve;
    begin();
    return promise;
  }

  #handle(input: Input): void {
    if (this.#process.life !== LIFE_RUNNING) return;
    this.#core.handle(input, this.#process.host.now());
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (;;) {
        const output = this.#core.pollOutput();
        if (output === undefined) return;
        this.#carryOut(output);
      }
    } finally {
      this.#isDraining = false;
    }
  }

  #carryOut(output: Output): void {
    switch (output.kind) {
      case "start":
        this.#jobs.start(output.spec, output.token);
        break;
      case "cancel":
        this.#jobs.cancel(output.token);
        break;
      case "stop":
        this.#jobs.stop(output.spec, output.token, output.pid);
        break;
      case "retry_after": {
        const { token } = output;
        const timer = new RetryTimer(() => this.#handle({ kind: "retry", token }));
        this.#process.host.setDeadline(timer, output.afterMs);
        break;
      }
      case "patience":
        this.#beginPatience(output.token, output.afterMs);
        break;
      case "place":
        this.#jobs.place(output.spec, output.token, output.afterMs);
        break;
      case "unplace":
        this.#jobs.unplace(output.token);
        break;
      case "forget":
        this.#jobs.forget(output.id);
        break;
      case "reply":
        sendPid(this.#process, output.from.replyTo, answerOf(output.answer));
        break;
      case "report":
        this.#report(output);
        break;
      case "ready":
        this.#settle(output);
        break;
      case "exit":
        this.#isOver = true;
        if (this.#waiting !== undefined) this.#settle(output);
        else this.#ctx.end(stop(output.reason));
        break;
    }
  }

  #beginPatience(token: number, afterMs: Millis): void {
    this.#endPatience();
    this.#patience = new RetryTimer(() => this.#handle({ kind: "patience_over", token }));
    this.#process.host.setDeadline(this.#patience, afterMs);
    this.#ctx.signal.addEventListener("abort", () => this.#endPatience(), { once: true });
  }

  #endPatience(): void {
    if (this.#patience !== undefined) this.#process.host.clearDeadline(this.#patience);
    this.#patience = undefined;
  }

  #settle(output: Output): void {
    this.#waiting?.(output);
    this.#waiting = undefined;
  }

  #report({ what, id, reason }: Output & { kind: "report" }): void {
    if (what === "node_lost" || what === "nodes_lost_too_often") {
      const fields = what === "node_lost" ? {} : { waitsMs: reason };
      this.#ctx.log.warn(TEXTS[what], { child: id, node: this.#jobs.nodeOf(id), ...fields });
    } else this.#ctx.log.error(TEXTS[what], { child: id, reason });
  }
}

function answerOf(answer: SupervisorAnswer<Pid<unknown>>): CallAnswer {
  switch (answer.kind) {
    case "started":
      return { ok: answer.pid };
    case "done":
      return { ok: undefined };
    case "failed":
      return { fail: "init_failed", detail: answer.reason };
    case "refused":
      return { fail: answer.code, detail: answer.pid };
  }
}
