import { Supervision } from "../../src/behaviour/supervisor/supervision.ts";
import type {
  ChildPolicy,
  SupervisionInput,
  SupervisionOptions,
  SupervisionOutput,
  SupervisorAnswer,
} from "../../src/behaviour/supervisor/supervision-io.ts";

type Output = SupervisionOutput<ChildPolicy, number, number>;
type Input = SupervisionInput<ChildPolicy, number, number>;

/** A child spec with defaults. */
export const policy = (id: string, rest: Partial<ChildPolicy> = {}): ChildPolicy => ({
  id,
  restart: "permanent",
  significant: false,
  onNodeDown: undefined,
  ...rest,
});

/** Options with defaults: one_for_one, and so many restarts that intensity never matters. */
export const options = (rest: Partial<SupervisionOptions> = {}): SupervisionOptions => ({
  strategy: "one_for_one",
  intensity: 1_000,
  periodMs: 1_000,
  autoShutdown: "never",
  backoff: undefined,
  nodeLosses: { intensity: 5, periodMs: 60_000 },
  ...rest,
});

/**
 * Carries out what a supervisor's core says on processes that are only numbers. By default at once, in order; with
 * `isManual` a test chooses which of the pending jobs is done next.
 */
export class SupervisionWorld {
  readonly core: Supervision<ChildPolicy, number, number>;
  readonly trace: string[] = [];
  readonly answers = new Map<number, SupervisorAnswer<number>>();
  /** pid → child; a pid is the token it was started with. */
  readonly alive = new Map<number, string>();
  /** Starts and stops to be carried out. */
  readonly jobs: Output[] = [];
  /** How many of the next starts of a child fail, and with which reason. */
  readonly failing = new Map<string, { times: number; reason: unknown }>();
  readonly #isManual: boolean;
  now = 0;
  exited: unknown = undefined;

  constructor(core: SupervisionOptions, isManual = false) {
    this.core = new Supervision(core);
    this.#isManual = isManual;
  }

  handle(input: Input): void {
    this.core.handle(input, this.now);
    this.#drain();
    while (!this.#isManual && this.jobs.length > 0) this.work(0);
  }

  /** Carries out one pending job. */
  work(index: number): void {
    const job = this.jobs.splice(index, 1)[0]!;
    switch (job.kind) {
      case "start": {
        const failing = this.failing.get(job.spec.id);
        if (failing !== undefined && failing.times > 0) {
          failing.times -= 1;
          this.handle({ kind: "start_failed", token: job.token, reason: failing.reason });
          return;
        }
        this.alive.set(job.token, job.spec.id);
        this.handle({ kind: "started", token: job.token, pid: job.token });
        return;
      }
      case "stop":
        this.alive.delete(job.pid);
        this.handle({ kind: "ended", token: job.token, reason: "shutdown" });
        return;
      case "retry_after":
        this.now += job.afterMs;
        this.handle({ kind: "retry", token: job.token });
        return;
      case "place":
        this.now += job.afterMs;
        this.handle({ kind: "placed", token: job.token });
        return;
      default:
        throw new Error(`no job: ${job.kind}`);
    }
  }

  /** The process of a child ends by itself. */
  end(id: string, reason: unknown): void {
    for (const [pid, owner] of this.alive) {
      if (owner !== id) continue;
      this.alive.delete(pid);
      this.handle({ kind: "ended", token: pid, reason });
      return;
    }
  }

  /** What happened since the last look. */
  take(): string[] {
    return this.trace.splice(0);
  }

  #drain(): void {
    for (;;) {
      const output = this.core.pollOutput();
      if (output === undefined) return;
      switch (output.kind) {
        case "start":
        case "stop":
          this.trace.push(`${output.kind} ${output.spec.id}`);
          this.jobs.push(output);
          break;
        case "retry_after":
        case "place":
          this.jobs.push(output);
          break;
        case "unplace":
          this.jobs.splice(
            this.jobs.findIndex((job) => job.kind === "place" && job.token === output.token),
            1,
          );
          break;
        case "cancel": {
          // The start is still among the jobs: it never happens.
          const index = this.jobs.findIndex(
            (job) => job.kind === "start" && job.token === output.token,
          );
          this.trace.push(`cancel ${output.spec.id}`);
          this.jobs.splice(index, 1);
          this.core.handle(
            { kind: "start_failed", token: output.token, reason: "shutdown" },
            this.now,
          );
          break;
        }
        case "patience":
        case "forget":
          break;
        case "reply":
          if (this.answers.has(output.from)) throw new Error(`answered twice: ${output.from}`);
          this.answers.set(output.from, output.answer);
          break;
        case "ready":
          this.trace.push("ready");
          break;
        case "report":
          break;
        case "exit":
          this.exited = output.reason;
          this.trace.push("exit");
          break;
      }
    }
  }
}
