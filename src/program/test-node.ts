/** Nodes for tests: inline, strict, with probes. */
import type { Node, Pid, Wait } from "../process/api.ts";
import type { Pid as LocalPid } from "../term/pid.ts";
import { CallError } from "../base/error.ts";
import { clock } from "../bun/clock.ts";
import type { SchedulerDriver } from "../node/scheduler/scheduler-driver.ts";
import type { FakeClock } from "./fake-clock.ts";
import type { NodeOptions } from "./options.ts";
import { launchNode, type StartedNode } from "./start-node.ts";

/** Milliseconds that a probe waits for a message unless told otherwise. */
const RECEIVE_MS = 5_000;

/** A pid whose messages a test awaits. */
export interface Probe<M> extends AsyncDisposable {
  readonly pid: Pid<M>;
  /** The next message. @throws {CallError} timeout */
  receive(wait?: Wait): Promise<M>;
  /** Resolves when nothing came for so long; throws with what came. */
  receiveNone(withinMs: number): Promise<void>;
}

/** A node in a test. */
export interface TestNode extends Node {
  probe<M>(): Probe<M>;
}

export interface TestNodeOptions extends NodeOptions {
  /** Time that the test moves; see `FakeClock`. Only for a node on the calling thread, as test nodes are. */
  readonly clock?: FakeClock;
}

/** Starts a node on the calling thread, in strict mode, on a port of its own, with a cookie of its own. */
export async function testNode(options: TestNodeOptions = {}): Promise<TestNode> {
  const { clock: time, ...rest } = options;
  return testNodeOf(await launchNode(testOptions(rest), time && { clock: time }));
}

/** What tests want where they say nothing. */
export function testOptions(options: NodeOptions): NodeOptions {
  return {
    schedulers: "inline",
    strict: true,
    cookie: "a cookie for tests and nothing else",
    logLevel: "error",
    ...options,
  };
}

/** Adds probes to a node. */
export function testNodeOf({ node, driver }: StartedNode): TestNode {
  return Object.assign(node, { probe: <M>() => new LocalProbe<M>(driver) });
}

interface Waiting<M> {
  readonly resolve: (message: M) => void;
}

class LocalProbe<M> implements Probe<M> {
  readonly pid: Pid<M>;
  readonly #messages: M[] = [];
  readonly #waiting: Waiting<M>[] = [];

  constructor({ scheduler }: SchedulerDriver) {
    const deliver = (message: unknown): void => {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#messages.push(message as M);
      else waiting.resolve(message as M);
    };
    this.pid = scheduler.createPid({ deliver }) as unknown as Pid<M>;
  }

  receive(wait: Wait = {}): Promise<M> {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift() as M);
    return new Promise((resolve, reject) => {
      const timeoutMs = wait.timeoutMs ?? RECEIVE_MS;
      const waiting: Waiting<M> = {
        resolve: (message) => {
          if (timer !== undefined) clock.clearTimer(timer);
          resolve(message);
        },
      };
      const timer =
        timeoutMs === Infinity
          ? undefined
          : clock.setTimer(timeoutMs, () => {
              this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
              reject(new CallError("timeout", this.pid.toString()));
            });
      this.#waiting.push(waiting);
    });
  }

  async receiveNone(withinMs: number): Promise<void> {
    const message = await this.receive({ timeoutMs: withinMs }).catch((error: unknown) => {
      if (error instanceof CallError) return NOTHING;
      throw error;
    });
    if (message === NOTHING) return;
    throw new Error(`expected no message within ${withinMs} ms, got ${JSON.stringify(message)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (this.pid as unknown as LocalPid<unknown>).owner = undefined;
  }
}

const NOTHING = Symbol("nothing");
