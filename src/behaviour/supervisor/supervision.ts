/**
 * What a supervisor decides, as a core: it learns what happened to its children and what it was asked, and says what to do next.
 * It never waits, so a supervisor serves everybody while a child starts or stops.
 *
 *   waiting ─► starting ─► running ─► stopping ─► stopped (the spec stays) or removed
 *                 ▲  │         │
 *                 │  ▼         ▼
 *              restarting ◄── crash
 *
 * What has an order (the first start, the restart of a group, the end) is a `Sequence`. Only one runs at a time; crashes
 * meanwhile queue up, which leads to the decisions of OTP's supervisor, which blocks at each step.
 */
import { unreachable } from "../../base/assert.ts";
import type { Millis } from "../../base/millis.ts";
import { Children, type Asked, type Child } from "./children.ts";
import { RestartWindow } from "./intensity.ts";
import { pauseMs } from "./placement.ts";
import { afterExit, backoffMs, concerned } from "./restart.ts";
import { Sequence } from "./sequence.ts";
import type {
  ChildPolicy,
  SupervisionInput,
  SupervisionOptions,
  SupervisionOutput,
  SupervisionReport,
} from "./supervision-io.ts";
import { handleRequest } from "./supervisor-requests.ts";

/** The core of one supervisor. `S`: its child specs, `P`: pids, `F`: those who ask. */
export class Supervision<S extends ChildPolicy, P, F> {
  readonly #options: SupervisionOptions;
  readonly #window: RestartWindow;
  readonly #children = new Children<S, P, F>();
  #sequence: Sequence<S, P, F> | undefined;
  /** Children whose restart is due as soon as no sequence runs. */
  #due: Child<S, P, F>[] = [];
  /** Requests that wait for the end of a sequence. */
  #deferred: Asked<S, F>[] = [];
  #outputNext = 0;
  #isOver = false;

  constructor(options: SupervisionOptions) {
    this.#options = options;
    this.#window = new RestartWindow(options);
  }

  /** The children in start order, for inspection. */
  children(): Iterable<Readonly<Child<S, P, F>>> {
    return this.#children.all();
  }

  /** Restarts that count against `intensity` at `now`. */
  restartsWithinPeriod(now: Millis): number {
    return this.#window.count(now);
  }

  handle(input: SupervisionInput<S, P, F>, now: Millis): void {
    if (this.#isOver) return;
    switch (input.kind) {
      case "init":
        for (const spec of input.specs) this.#children.add(spec, false);
        this.#sequence = Sequence.ofInit(this.#children, this.#options.strategy);
        break;
      case "started":
        this.#handleStarted(input.token, input.pid, now);
        break;
      case "start_failed":
        this.#handleStartFailed(input.token, input.reason, now);
        break;
      case "ended":
        this.#handleEnded(input.token, input.reason, now);
        break;
      case "retry": {
        const child = this.#children.findToken(input.token);
        if (child?.state === "restarting") this.#due.push(child);
        break;
      }
      case "patience_over":
        this.#sequence?.patienceOver(input.token);
        break;
      case "placed": {
        const child = this.#children.findToken(input.token);
        if (child === undefined) break;
        this.#children.settlePlaced(child);
        this.#due.push(child);
        break;
      }
      case "request":
        this.#children.again.push(input);
        break;
      case "shutdown":
        this.#beginExit(input.reason);
        break;
      default:
        unreachable(input);
    }
    this.#proceed(now);
  }

  pollOutput(): SupervisionOutput<S, P, F> | undefined {
    const { outputs } = this.#children;
    const output = outputs[this.#outputNext++];
    if (output === undefined) {
      outputs.length = 0;
      this.#outputNext = 0;
    }
    return output;
  }

  #handleStarted(token: number, pid: P, now: Millis): void {
    const child = this.#children.findToken(token);
    if (child === undefined) return;
    this.#children.settleStarted(child, pid, now);
    if (child.state === "running") this.#sequence?.settled(child);
  }

  #handleStartFailed(token: number, reason: unknown, now: Millis): void {
    const child = this.#children.findToken(token);
    if (child === undefined) return;
    if (child.state === "stopping") return this.#settleStopped(child);
    const sequence = this.#sequence?.isStarting(child) === true ? this.#sequence : undefined;
    sequence?.settled(child);
    if (child.starter !== undefined) return this.#children.settleStartFailed(child, reason);
    this.#report("child_start_failed", child, reason);
    const isLost = isNodeLoss(child.spec, reason);
    if (sequence?.purpose === "init" && !(isLost && this.#options.strategy === "one_for_one")) {
      this.#children.settleEnded(child, false);
      return this.#beginExit({ shutdown: { failed_to_start_child: child.spec.id, reason } });
    }
    if (sequence?.purpose === "restart") {
      // The rest of the group stays as it is; the next try takes it along.
      for (const other of sequence.dropStarts()) this.#children.settleEnded(other, false);
    }
    if (isLost) this.#enterLost(child, now);
    else this.#enterCrashed(child);
  }

  #handleEnded(token: number, reason: unknown, now: Millis): void {
    const child = this.#children.findToken(token);
    if (child?.state === "stopping") return this.#settleStopped(child);
    if (child?.state !== "running") return;
    const { backoff } = this.#options;
    if (backoff !== undefined && now - child.runningSince >= backoff.maxMs) child.row = 0;
    if (isNodeLoss(child.spec, reason)) {
      this.#report("node_lost", child, reason);
      if (child.spec.restart !== "temporary") return this.#enterLost(child, now);
    }
    const isGivenUp = child.spec.onNodeDown === "stop" && reason === "noconnection";
    const verdict = isGivenUp ? "keep" : afterExit(child.spec.restart, reason);
    if (verdict === "restart") {
      this.#report("child_crashed", child, reason);
      return this.#enterCrashed(child);
    }
    this.#children.settleEnded(child, verdict === "forget");
    if (child.spec.significant) this.#checkAutoShutdown();
  }

  #settleStopped(child: Child<S, P, F>): void {
    this.#sequence?.settled(child);
    this.#children.settleStopped(child);
  }

  /** Its restart has a budget of its own, which slows it and ends nobody. */
  #enterLost(child: Child<S, P, F>, now: Millis): void {
    const isMissed = child.state === "starting";
    child.missCount += isMissed ? 1 : 0;
    child.lossCount += isMissed ? 0 : 1;
    const losses = (child.losses ??= new RestartWindow(this.#options.nodeLosses));
    const waitMs = isMissed ? 0 : losses.waitMs(now);
    if (!isMissed) losses.add(now + waitMs);
    if (waitMs > 0) this.#report("nodes_lost_too_often", child, waitMs);
    this.#children.enterPlacing(child, isMissed ? pauseMs(child.missCount) : waitMs);
  }

  #enterCrashed(child: Child<S, P, F>): void {
    child.row += 1;
    this.#enterRestarting(child, {
      isCounted: true,
      afterMs: backoffMs(this.#options.backoff, child.row),
    });
  }

  #enterRestarting(
    child: Child<S, P, F>,
    how: { readonly isCounted: boolean; readonly afterMs: Millis },
  ): void {
    this.#children.enterRestarting(child, how);
    if (how.afterMs === 0) this.#due.push(child);
  }

  /** Goes on until something has to be waited for. */
  #proceed(now: Millis): void {
    for (;;) {
      const asked = this.#children.again.shift();
      if (asked !== undefined) {
        handleRequest(this.#children, this.#business(), asked);
      } else if (this.#sequence !== undefined) {
        if (!this.#sequence.advance()) return;
        this.#end(this.#sequence);
      } else {
        const child = this.#due.shift();
        if (child === undefined) return;
        // One that was stopped, or restarted with another's group, has nothing due any more.
        if (child.state === "restarting") this.#restart(child, now);
      }
    }
  }

  #business(): { isExiting: boolean; isInSequence: boolean; defer: (asked: Asked<S, F>) => void } {
    return {
      isExiting: this.#sequence?.purpose === "exit",
      isInSequence: this.#sequence !== undefined,
      defer: (asked) => this.#deferred.push(asked),
    };
  }

  #restart(child: Child<S, P, F>, now: Millis): void {
    if (child.isCounted && !this.#window.add(now)) {
      this.#report("gives_up", child, "shutdown");
      this.#beginExit("shutdown");
      return;
    }
    if (this.#options.strategy === "one_for_one") {
      this.#children.start(child, { isRestart: true });
      return;
    }
    const { strategy } = this.#options;
    const all = [...this.#children.all()];
    const group = concerned(strategy, all, all.indexOf(child));
    this.#sequence = Sequence.ofRestart(this.#children, strategy, group);
  }

  #beginExit(reason: unknown): void {
    if (this.#sequence?.purpose === "exit") return;
    this.#due = [];
    for (const asked of this.#deferred.splice(0)) this.#children.again.push(asked);
    this.#sequence = Sequence.ofExit(this.#children, this.#options.strategy, reason);
  }

  #end(sequence: Sequence<S, P, F>): void {
    this.#sequence = undefined;
    this.#children.again.push(...this.#deferred.splice(0));
    if (sequence.purpose === "init") this.#children.outputs.push({ kind: "ready" });
    if (sequence.purpose !== "exit") return;
    this.#children.outputs.push({ kind: "exit", reason: sequence.reason });
    this.#isOver = true;
  }

  #checkAutoShutdown(): void {
    const { autoShutdown } = this.#options;
    if (autoShutdown === "never") return;
    if (autoShutdown === "all_significant") {
      for (const child of this.#children.all())
        if (child.spec.significant && child.state !== "stopped") return;
    }
    this.#beginExit("shutdown");
  }

  #report(what: SupervisionReport, child: Child<S, P, F>, reason: unknown): void {
    this.#children.outputs.push({ kind: "report", what, id: child.spec.id, reason });
  }
}

/** The node is gone, not the child's fault: its restarts do not count. */
function isNodeLoss(spec: ChildPolicy, reason: unknown): boolean {
  return reason === "noconnection" && (spec.onNodeDown === "move" || spec.onNodeDown === "wait");
}
