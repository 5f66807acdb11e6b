import { Deadline } from "../base/deadlines.ts";
import { REDUCTIONS } from "../base/limits.ts";
import { LIFE_RUNNING, WAIT_LOOP } from "./life.ts";
import type { Process } from "./process.ts";

/**
 * How a behaviour takes its messages: one direct call each, no promise in between. `handle` may return a promise; the
 * next message then waits for it. A throw or rejection ends the loop with that error, `stop` ends it with a value.
 */
export abstract class MessageLoop extends Deadline {
  /** A handler's promise is pending. */
  busy = false;
  #process: Process | undefined = undefined;
  #idleMs: number | undefined = undefined;

  abstract handle(message: unknown): void | Promise<void>;

  /** No message came for the idle time. Called again after each further one. */
  idle(): void | Promise<void> {}

  /** Milliseconds without a message after which `idle` is called; undefined: never. Counts from now. */
  set idleMs(idleMs: number | undefined) {
    this.#idleMs = idleMs;
    this.#restartIdle();
  }

  get idleMs(): number | undefined {
    return this.#idleMs;
  }

  /** Ends the loop: what waits for it gets the value, once the handler that runs now has returned. */
  stop(value: unknown): void {
    const process = this.#process;
    if (process === undefined || process.wait !== this) return;
    process.wake(value);
  }

  /** Ends the loop with an error. @returns false when it was not running (any more) */
  fail(error: unknown): boolean {
    const process = this.#process;
    if (process === undefined || process.wait !== this) return false;
    process.wakeError(error);
    return true;
  }

  /** Called by the process that enters the loop. */
  begin(process: Process): void {
    this.#process = process;
    this.#restartIdle();
  }

  override expired(): void {
    const process = this.#process;
    if (process === undefined || process.wait !== this || process.life !== LIFE_RUNNING) return;
    if (this.busy || (process.mailbox?.length ?? 0) > 0) return;
    process.host.enter(process);
    try {
      const result = this.idle();
      if (result !== undefined) this.#await(process, result);
      else if (process.wait === this) this.#restartIdle();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Hands over one message. @returns whether the next one may follow at once */
  take(process: Process, message: unknown): boolean {
    try {
      const result = this.handle(message);
      if (result === undefined) return process.wait === this;
      return this.#await(process, result);
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** The messages at hand have been taken: starts the idle time anew. */
  drained(): void {
    // What was handled last must not live as long as a server that has nothing to do.
    if (this.#process !== undefined) this.#process.last = undefined;
    if (this.#idleMs !== undefined) this.#restartIdle();
  }

  #await(process: Process, result: Promise<void>): false {
    this.busy = true;
    result.then(
      () => this.#resume(process),
      (error) => this.fail(error),
    );
    return false;
  }

  #resume(process: Process): void {
    this.busy = false;
    if (process.wait !== this || process.queued) return;
    if ((process.mailbox?.length ?? 0) > 0) {
      process.queued = true;
      process.host.turns.enqueue(process);
    } else {
      this.drained();
    }
  }

  #restartIdle(): void {
    const process = this.#process;
    if (process === undefined) return;
    if (this.#idleMs !== undefined) process.host.setDeadline(this, this.#idleMs);
    else if (this.index >= 0) process.host.clearDeadline(this);
  }

  /** The process no longer waits in it. */
  end(): void {
    if (this.index >= 0) this.#process?.host.clearDeadline(this);
  }
}

/** One turn of a process in a loop: messages until none is left, or its reductions, or the slice, are used up. */
export function runLoop(process: Process, loop: MessageLoop): void {
  const { host, mailbox } = process;
  if (loop.busy || mailbox === undefined) return;
  host.enter(process);
  for (let taken = 0; taken < REDUCTIONS; taken++) {
    const message = mailbox.take();
    if (message === undefined) {
      loop.drained();
      return;
    }
    process.reductions++;
    process.last = message;
    if (!loop.take(process, message)) return;
    if (process.life !== LIFE_RUNNING || process.waiting !== WAIT_LOOP) return;
    if (!host.turns.spend()) break;
  }
  if (mailbox.length === 0) {
    loop.drained();
  } else if (!process.queued) {
    process.queued = true;
    host.turns.enqueue(process);
  }
}
