import { afterExit } from "../../src/behaviour/supervisor/restart.ts";
import type {
  ChildPolicy,
  SupervisionOptions,
} from "../../src/behaviour/supervisor/supervision-io.ts";

interface ModelChild {
  readonly spec: ChildPolicy;
  state: "running" | "restarting" | "stopped";
}

/**
 * OTP's supervisor as it is written there: each step is done before the next thing is looked at. The model that the core is
 * held against; time stands still, so `intensity` counts all restarts. Source: OTP supervisor.erl.
 */
export class OtpSupervisor {
  readonly trace: string[] = [];
  readonly answers: string[] = [];
  readonly failing = new Map<string, number>();
  children: ModelChild[] = [];
  isOver = false;
  readonly #options: SupervisionOptions;
  #restarts = 0;

  constructor(options: SupervisionOptions, specs: readonly ChildPolicy[]) {
    this.#options = options;
    for (const spec of specs) {
      this.trace.push(`start ${spec.id}`);
      this.children.push({ spec, state: "running" });
    }
    this.trace.push("ready");
  }

  end(id: string, reason: unknown): void {
    const child = this.#find(id);
    if (this.isOver || child?.state !== "running") return;
    const verdict = afterExit(child.spec.restart, reason);
    child.state = "stopped";
    if (verdict === "forget") this.#remove(child);
    if (verdict === "restart") this.#restart(child);
  }

  startChild(spec: ChildPolicy): void {
    const child = this.#find(spec.id);
    if (this.isOver) return;
    if (child !== undefined) {
      this.answers.push(child.state === "running" ? "already_started" : "already_present");
      return;
    }
    const started: ModelChild = { spec, state: "stopped" };
    this.answers.push(this.#start(started) ? "started" : "failed");
    if (started.state === "running") this.children.push(started);
  }

  restartChild(id: string): void {
    const child = this.#find(id);
    if (this.isOver) return;
    if (child === undefined) this.answers.push("not_found");
    else if (child.state === "running") this.answers.push("running");
    else this.answers.push(this.#start(child) ? "started" : "failed");
  }

  terminateChild(id: string): void {
    const child = this.#find(id);
    if (this.isOver) return;
    this.answers.push(child === undefined ? "not_found" : "done");
    if (child !== undefined) this.#terminate(child);
  }

  deleteChild(id: string): void {
    const child = this.#find(id);
    if (this.isOver) return;
    if (child === undefined) this.answers.push("not_found");
    else if (child.state === "running") this.answers.push("running");
    else {
      this.#remove(child);
      this.answers.push("done");
    }
  }

  shutdown(): void {
    if (this.isOver) return;
    for (const child of this.children.toReversed()) this.#terminate(child);
    this.trace.push("exit");
    this.isOver = true;
  }

  #restart(child: ModelChild): void {
    for (let origin: ModelChild | undefined = child; origin !== undefined;) {
      this.#restarts += 1;
      if (this.#restarts > this.#options.intensity) {
        this.shutdown();
        return;
      }
      origin = this.#restartOnce(origin);
    }
  }

  /** The child whose start failed: it is tried again. */
  #restartOnce(child: ModelChild): ModelChild | undefined {
    const at = this.children.indexOf(child);
    const { strategy } = this.#options;
    if (strategy === "one_for_one") return this.#start(child) ? undefined : child;
    const from = strategy === "one_for_all" ? 0 : at;
    for (const other of this.children.slice(from).reverse()) this.#terminate(other);
    for (const other of this.children.slice(from)) if (!this.#start(other)) return other;
    return undefined;
  }

  #start(child: ModelChild): boolean {
    this.trace.push(`start ${child.spec.id}`);
    const failures = this.failing.get(child.spec.id) ?? 0;
    child.state = failures > 0 ? "stopped" : "running";
    if (failures > 0) this.failing.set(child.spec.id, failures - 1);
    return failures === 0;
  }

  #terminate(child: ModelChild): void {
    if (child.state === "running") this.trace.push(`stop ${child.spec.id}`);
    child.state = "stopped";
    if (child.spec.restart === "temporary") this.#remove(child);
  }

  #remove(child: ModelChild): void {
    this.children = this.children.filter((other) => other !== child);
  }

  #find(id: string): ModelChild | undefined {
    return this.children.find((child) => child.spec.id === id);
  }
}
