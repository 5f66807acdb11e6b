import type { Millis } from "../base/millis.ts";
import type { Clock, Timer } from "../port/clock.ts";

interface Waiting {
  /** The node that was asked; undefined: a thread of this one. */
  readonly node: string | undefined;
  readonly done: (ok: boolean, value: unknown) => void;
  readonly timer: Timer | undefined;
}

/** Questions to other threads or nodes that wait for their answer, by number. Each is answered exactly once. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>();
  readonly #clock: Clock;
  #next = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps `done` until an answer or until `timeoutMs` are over (`ok` false, value `"timeout"`); `node`: the one that is asked. */
  open(timeoutMs: Millis, done: (ok: boolean, value: unknown) => void, node?: string): number {
    const id = this.#next++;
    const timer =
      timeoutMs === Infinity
        ? undefined
        : this.#clock.setTimer(timeoutMs, () => this.answer(id, false, "timeout"));
    this.#waiting.set(id, { node, done, timer });
    return id;
  }

  /** Late and unknown answers are dropped. */
  answer(id: number, ok: boolean, value: unknown): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (waiting.timer !== undefined) this.#clock.clearTimer(waiting.timer);
    waiting.done(ok, value);
  }

  /** As `answer`, from a node: only the one that was asked can. */
  answeredBy(node: string, id: number, ok: boolean, value: unknown): void {
    if (this.#waiting.get(id)?.node === node) this.answer(id, ok, value);
  }

  /** The session with a node is over: no answer of it will come. */
  nodeDown(node: string): void {
    for (const [id, waiting] of [...this.#waiting])
      if (waiting.node === node) this.answer(id, false, "noconnection");
  }

  /** Answers everything that waits: the node stops. */
  abandon(reason: string): void {
    for (const id of [...this.#waiting.keys()]) this.answer(id, false, reason);
  }

  get size(): number {
    return this.#waiting.size;
  }
}
