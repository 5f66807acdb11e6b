/**
 * What a supervisor decides, as a core: it learns what happened to its children and what it was asked, and says what to do next.
 * It never waits, so a supervisor serves everybody while a child starts or stops.
 *
 *   waiting ─► starting ─► running ─► stopping ─► stopped (the spec stays) or removed
 *                 ▲  │         │
 *                 │  ▼         ▼
 *              restarting ◄── crash
 *
 * What has an order (the first start, the restart of a group, the end) is a *sequence*: stops one after the other, then starts. Only
 * one runs at a time; crashes meanwhile queue up, which leads to the decisions of OTP's supervisor, which blocks at each step.
 */
import { unreachable } from "../base/assert.ts";
import type { Millis } from "../base/millis.ts";
import { Children, type Asked, type Child } from "./children.ts";
import { RestartWindow } from "./intensity.ts";
import { pauseMs } from "./placement.ts";
import { afterExit, backoffMs, concerned } from "./restart.ts";
import type {
  ChildPolicy,
  SupervisionInput,
  SupervisionOptions,
  SupervisionOutput,
  SupervisionReport,
} from "./supervision-io.ts";
import { handleRequest } from "./supervisor-requests.ts";

/** Milliseconds that the first start of a `one_for_one` tree waits for a child with a place before it goes on without such ones. */
const FIRST_START_MS = 1_000;

interface Sequence<C> {
  readonly purpose: "init" | "restart" | "exit";
  /** Batches, the next one last; those of a batch are stopped at the same time. */
  readonly stops: C[][];
  /** Those of the present batch whose end has not been seen. */
  readonly stopping: Set<C>;
  /** Turned into starts when all stops are done. */
  readonly group: readonly C[];
  /** The next one last. */
  starts: C[] | undefined;
  starting: C | undefined;
  /** False: children with a place are not waited for any more. */
  isPatient: boolean;
  /** Of an exit. */
  readonly reason: unknown;
}

/** The core of one supervisor. `S`: its child specs, `P`: pids, `F`: those who ask. */
export class Supervision<S extends ChildPolicy, P, F> {
  readonly #options: SupervisionOptions;
  readonly #window: RestartWindow;
  readonly #children = new Children<S, P, F>();
  #sequence: Sequence<Child<S, P, F>> | undefined;
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
        this.#begin(
          "init",
          [],
          input.specs.map((spec) => this.#children.add(spec, false)),
        );
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
      case "patience_over": {
        const sequence = this.#sequence;
        const { starting } = sequence ?? {};
        if (sequence === undefined || starting?.token !== input.token) break;
        sequence.isPatient = false;
        sequence.starting = undefined;
        break;
      }
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
    if (this.#sequence?.starting === child && child.state === "running")
      this.#sequence.starting = undefined;
  }

  #handleStartFailed(token: number, reason: unknown, now: Millis): void {
    const child = this.#children.findToken(token);
    if (child === undefined) return;
    if (child.state === "stopping") return this.#settleStopped(child);
    const sequence = this.#sequence?.starting === child ? this.#sequence : undefined;
    if (sequence !== undefined) sequence.starting = undefined;
    if (child.starter !== undefined) return this.#children.settleStartFailed(child, reason);
    this.#report("child_start_failed", child, reason);
    const isLost = isNodeLoss(child.spec, reason);
    if (sequence?.purpose === "init" && !(isLost && this.#options.strategy === "one_for_one")) {
      this.#children.settleEnded(child, false);
      return this.#beginExit({ shutdown: { failed_to_start_child: child.spec.id, reason } });
    }
    if (sequence?.purpose === "restart") {
      // The rest of the group stays as it is; the next try takes it along.
      for (const other of sequence.starts?.splice(0) ?? [])
        this.#children.settleEnded(other, false);
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
    const sequence = this.#sequence;
    sequence?.stopping.delete(child);
    if (sequence?.starting === child) sequence.starting = undefined;
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
        if (!this.#advance(this.#sequence)) return;
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
    const all = [...this.#children.all()];
    const group = concerned(this.#options.strategy, all, all.indexOf(child));
    this.#begin(
      "restart",
      group.map((member) => [member]),
      group,
    );
  }

  #begin(
    purpose: "init" | "restart" | "exit",
    stops: Child<S, P, F>[][],
    group: readonly Child<S, P, F>[],
    reason?: unknown,
  ): void {
    const starts = purpose === "init" ? group.toReversed() : undefined;
    this.#sequence = {
      purpose,
      stops,
      group,
      starts,
      stopping: new Set(),
      starting: undefined,
      isPatient: true,
      reason,
    };
  }

  /** All children stop: dynamic ones of `one_for_one` together, for they have no order, the others one by one, last first. */
  #beginExit(reason: unknown): void {
    if (this.#sequence?.purpose === "exit") return;
    this.#due = [];
    for (const asked of this.#deferred.splice(0)) this.#children.again.push(asked);
    const together: Child<S, P, F>[] = [];
    const inTurn: Child<S, P, F>[][] = [];
    for (const child of this.#children.all()) {
      if (child.isDynamic && this.#options.strategy === "one_for_one") together.push(child);
      else inTurn.push([child]);
    }
    inTurn.push(together);
    this.#begin("exit", inTurn, [], reason);
  }

  /** False if the sequence has to wait for an input. */
  #advance(sequence: Sequence<Child<S, P, F>>): boolean {
    while (sequence.stopping.size === 0) {
      const batch = sequence.stops.pop();
      if (batch === undefined) break;
      for (const child of batch) {
        this.#children.stop(child);
        if (child.state === "stopping") sequence.stopping.add(child);
      }
    }
    if (sequence.stopping.size > 0 || sequence.starting !== undefined) return false;
    sequence.starts ??= this.#turnToStarts(sequence.group);
    for (;;) {
      const child = sequence.starts.pop();
      if (child === undefined) break;
      if (child.state !== "waiting") continue;
      sequence.starting = child;
      this.#children.start(child, { isRestart: sequence.purpose === "restart" });
      if (sequence.purpose !== "init" || this.#options.strategy !== "one_for_one") return false;
      if (child.spec.onNodeDown === undefined) return false;
      if (sequence.isPatient) {
        this.#children.limitPatience(child, FIRST_START_MS);
        return false;
      }
      sequence.starting = undefined;
    }
    this.#end(sequence);
    return true;
  }

  /** Temporary children are never started again, not even after they were stopped with others. */
  #turnToStarts(group: readonly Child<S, P, F>[]): Child<S, P, F>[] {
    const starts = group.filter(
      (child) => this.#children.find(child.spec.id) === child && child.state === "stopped",
    );
    for (const child of starts) child.state = "waiting";
    return starts.reverse();
  }

  #end(sequence: Sequence<Child<S, P, F>>): void {
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
