import type { Millis } from "../../base/millis.ts";
import type { RestartWindow } from "./intensity.ts";
import type {
  ChildPolicy,
  SupervisionOutput,
  SupervisorAnswer,
  SupervisorRequest,
} from "./supervision-io.ts";

/**
 * `waiting` for its turn in a sequence, `starting` until its init has returned, `running`, `stopping` until its end is seen,
 * `restarting` from a crash to the next start, `stopped` when only the spec is left.
 */
export type ChildState = "waiting" | "starting" | "running" | "stopping" | "restarting" | "stopped";

/** A request and who asked. */
export interface Asked<S, F> {
  readonly request: SupervisorRequest<S>;
  readonly from: F;
}

/** One child. `S`: its spec, `P`: pids, `F`: those who ask. */
export interface Child<S extends ChildPolicy, P, F> {
  readonly spec: S;
  state: ChildState;
  /** The process, while it runs or is being stopped. */
  pid: P | undefined;
  /** Names its present start or wait; 0 when there is none. */
  token: number;
  /** Starts by the supervisor's own decision, since the child was added. */
  restartCount: number;
  /** Restarts of the present row, for the back-off. */
  row: number;
  runningSince: Millis;
  /** While `restarting`: whether that counts against the intensity. */
  isCounted: boolean;
  /** While `starting`: by the supervisor's own decision. */
  isRestart: boolean;
  /** Added at run time: without a place in the order in which a `one_for_one` supervisor ends. */
  readonly isDynamic: boolean;
  /** Has been running once: a dynamic child that never did is removed when its start fails. */
  hasRun: boolean;
  /** While `starting` on request: who asked. */
  starter: F | undefined;
  /** Starts that failed in a row because no node could be reached. */
  missCount: number;
  /** Nodes that it lost. */
  lossCount: number;
  /** Made with the first loss. */
  losses: RestartWindow | undefined;
  /** While `restarting`: a place is looked for. */
  isPlacing: boolean;
  /** Who waits for its end. */
  terminators: F[];
  /** Requests that came while it was on its way from one state to the next. */
  deferred: Asked<S, F>[];
}

/**
 * The children of one supervisor in start order, and the steps of one child from state to state with the outputs they cause. No
 * step depends on how many children there are.
 */
export class Children<S extends ChildPolicy, P, F> {
  readonly outputs: SupervisionOutput<S, P, F>[] = [];
  /** Requests whose child has settled: to be looked at again. */
  readonly again: Asked<S, F>[] = [];
  readonly #byId = new Map<string, Child<S, P, F>>();
  readonly #byToken = new Map<number, Child<S, P, F>>();
  #tokenLast = 0;

  add(spec: S, isDynamic: boolean): Child<S, P, F> {
    const child: Child<S, P, F> = {
      spec,
      state: "waiting",
      pid: undefined,
      token: 0,
      restartCount: 0,
      row: 0,
      runningSince: 0,
      isCounted: false,
      isRestart: false,
      isDynamic,
      hasRun: false,
      starter: undefined,
      missCount: 0,
      lossCount: 0,
      losses: undefined,
      isPlacing: false,
      terminators: [],
      deferred: [],
    };
    this.#byId.set(spec.id, child);
    return child;
  }

  find(id: string): Child<S, P, F> | undefined {
    return this.#byId.get(id);
  }

  findToken(token: number): Child<S, P, F> | undefined {
    return this.#byToken.get(token);
  }

  /** In start order. */
  all(): Iterable<Child<S, P, F>> {
    return this.#byId.values();
  }

  start(child: Child<S, P, F>, how: { readonly isRestart: boolean; readonly starter?: F }): void {
    child.state = "starting";
    child.isRestart = how.isRestart;
    child.starter = how.starter;
    this.outputs.push({ kind: "start", spec: child.spec, token: this.#renewToken(child) });
  }

  /** Its process is there: `running`, or to be stopped at once because the start was given up. */
  settleStarted(child: Child<S, P, F>, pid: P, now: Millis): void {
    child.pid = pid;
    child.hasRun = true;
    if (child.state === "stopping") {
      this.outputs.push({ kind: "stop", spec: child.spec, token: child.token, pid });
      return;
    }
    child.state = "running";
    child.runningSince = now;
    child.missCount = 0;
    if (child.isRestart) child.restartCount += 1;
    this.#answerStarter(child, { kind: "started", pid });
    this.#settle(child);
  }

  /** A start that somebody asked for has failed: he is told, and nothing else follows. */
  settleStartFailed(child: Child<S, P, F>, reason: unknown): void {
    this.#clearToken(child);
    child.state = "stopped";
    this.#answerStarter(child, { kind: "failed", reason });
    if (child.isDynamic && !child.hasRun) this.#forget(child);
    this.#settle(child);
  }

  /** Makes the child stop whatever it does; one that has no process is stopped when this returns. */
  stop(child: Child<S, P, F>): void {
    switch (child.state) {
      case "running":
        child.state = "stopping";
        this.outputs.push({ kind: "stop", spec: child.spec, token: child.token, pid: child.pid! });
        break;
      case "starting":
        child.state = "stopping";
        this.outputs.push({ kind: "cancel", spec: child.spec, token: child.token });
        break;
      case "stopping":
        break;
      case "waiting":
      case "restarting":
      case "stopped":
        this.settleStopped(child);
        break;
    }
  }

  /** Its process is gone, and was to go. A temporary child goes with it. Source: OTP supervisor, terminate_child. */
  settleStopped(child: Child<S, P, F>): void {
    this.#clearToken(child);
    child.pid = undefined;
    child.state = "stopped";
    this.#answerStarter(child, { kind: "failed", reason: "shutdown" });
    for (const from of child.terminators.splice(0)) this.reply(from, { kind: "done" });
    const isNever = child.isDynamic && !child.hasRun;
    if (isNever || child.spec.restart === "temporary") this.#forget(child);
    this.#settle(child);
  }

  /** Its process is gone by itself, and stays so. */
  settleEnded(child: Child<S, P, F>, isForgotten: boolean): void {
    this.#clearToken(child);
    child.pid = undefined;
    child.state = "stopped";
    if (isForgotten) this.#forget(child);
    this.#settle(child);
  }

  /** It has to start again, later: `afterMs` from now `retry` comes with its token; at 0 ms no retry is asked for. */
  enterRestarting(
    child: Child<S, P, F>,
    how: { readonly isCounted: boolean; readonly afterMs: Millis },
  ): void {
    this.#clearToken(child);
    child.pid = undefined;
    child.state = "restarting";
    child.isCounted = how.isCounted;
    if (how.afterMs === 0) return;
    this.outputs.push({
      kind: "retry_after",
      token: this.#renewToken(child),
      afterMs: how.afterMs,
    });
  }

  /** Should a child with a place not run by then, `patience_over` comes with its token. */
  limitPatience(child: Child<S, P, F>, afterMs: Millis): void {
    this.outputs.push({ kind: "patience", token: child.token, afterMs });
  }

  /** It has lost its node, or none could be reached: `placed` comes with its token when it can start again. */
  enterPlacing(child: Child<S, P, F>, afterMs: Millis): void {
    this.enterRestarting(child, { isCounted: false, afterMs: 0 });
    child.isPlacing = true;
    const token = this.#renewToken(child);
    this.outputs.push({ kind: "place", spec: child.spec, token, afterMs });
  }

  /** There is a node for it. */
  settlePlaced(child: Child<S, P, F>): void {
    child.isPlacing = false;
    this.#clearToken(child);
  }

  remove(child: Child<S, P, F>): void {
    this.#clearToken(child);
    this.#forget(child);
  }

  reply(from: F, answer: SupervisorAnswer<P>): void {
    this.outputs.push({ kind: "reply", from, answer });
  }

  #forget(child: Child<S, P, F>): void {
    this.#byId.delete(child.spec.id);
    if (child.spec.onNodeDown !== undefined)
      this.outputs.push({ kind: "forget", id: child.spec.id });
  }

  #answerStarter(child: Child<S, P, F>, answer: SupervisorAnswer<P>): void {
    if (child.starter !== undefined) this.reply(child.starter, answer);
    child.starter = undefined;
    child.isRestart = false;
  }

  #settle(child: Child<S, P, F>): void {
    if (child.deferred.length > 0) this.again.push(...child.deferred.splice(0));
  }

  #renewToken(child: Child<S, P, F>): number {
    this.#clearToken(child);
    child.token = ++this.#tokenLast;
    this.#byToken.set(child.token, child);
    return child.token;
  }

  #clearToken(child: Child<S, P, F>): void {
    if (child.isPlacing) this.outputs.push({ kind: "unplace", token: child.token });
    child.isPlacing = false;
    this.#byToken.delete(child.token);
    child.token = 0;
  }
}
