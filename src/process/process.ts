/**
 * One process: its life, its mailbox, its waits. `bonds.ts` has links and monitors, `context.ts` what its code sees,
 * `request.ts` calls. Everything runs on the thread of the process's scheduler.
 *
 *     starting ──first turn──→ running ──returned, threw, exit, signal──→ exiting ──function settled, or slice over──→ dead
 *
 * While running, `waiting` says for what: a message delivered to a process in `WAIT_DIRECT` resumes it at once (the
 * microtask queue is the run queue); everything else queues the message, and the process for a turn if it may care.
 */
import { MisuseError } from "../base/error.ts";
import type { Pid } from "../term/pid.ts";
import type { Wait } from "./api.ts";
import { Bonds } from "./bonds.ts";
import { type ExitReason, isOrderly, ProcessExit, toldReason } from "./exit-reason.ts";
import type { Owner, ProcessBody, ProcessHost } from "./host.ts";
import {
  LIFE_EXITING,
  LIFE_RUNNING,
  LIFE_STARTING,
  WAIT_DIRECT,
  WAIT_LOOP,
  WAIT_NONE,
  WAIT_PLAIN,
  WAIT_SELECTIVE,
} from "./life.ts";
import { Mailbox, messageType } from "./mailbox.ts";
import { rejectPending } from "./pending.ts";
import { type Match, ReceiveWait } from "./receive-wait.ts";
import { type MessageLoop, runLoop } from "./message-loop.ts";
import { Exit } from "./system-message.ts";

/** Queued messages from which a mailbox is reported, and again at every doubling. */
const MAILBOX_HIGH = 16_384;

let resolveCaptured: (value: unknown) => void;
const capture = (resolve: (value: unknown) => void): void => {
  resolveCaptured = resolve;
};
const ignore = (): void => {};
const never = new Promise<never>(ignore);
/** The cheapest promise of a value that is there: the engine inlines it, which it does not do with `Promise.resolve`. */
const settled = async <T>(value: T): Promise<T> => value;

export class Process implements Owner {
  readonly pid: Pid<unknown>;
  readonly host: ProcessHost;
  readonly functionName: string;
  /** The number under which the function is shown to the watchdog. */
  readonly functionId: number;
  readonly parent: Pid | undefined;
  life = LIFE_STARTING;
  waiting = WAIT_NONE;
  /** Has a place in the run queue. */
  queued = false;
  /** The wait is one of `messages()`: it resolves with an iterator's result. */
  iterating = false;
  trapping = false;
  /** Its function has returned or thrown, or never ran. */
  settled = true;
  /** Sent over a lane that is full: receives nothing but system messages until it has room. */
  paused = false;
  /** The one rejection after the end has been handed out: further waits never settle. */
  refused = false;
  reductions = 0;
  mailbox: Mailbox | undefined = undefined;
  /** The message taken last, while it may be the one that is handled: for crash reports. */
  last: unknown = undefined;
  /** Of the pending receive. */
  resolve: ((value: unknown) => void) | undefined = undefined;
  wait: ReceiveWait | MessageLoop | Start | undefined;
  bonds: Bonds | undefined = undefined;
  exitReason: ExitReason = undefined;

  constructor(
    host: ProcessHost,
    functionName: string,
    parent: Pid | undefined,
    body: ProcessBody | undefined,
    args: readonly unknown[],
  ) {
    this.host = host;
    this.functionName = functionName;
    this.functionId = host.functionId(functionName);
    this.parent = parent;
    this.wait = body === undefined ? undefined : new Start(body, args);
    this.pid = host.createPid(this);
  }

  ownBonds(): Bonds {
    return (this.bonds ??= new Bonds());
  }

  /** Takes a message or a system message, in order. */
  deliver(message: unknown): void {
    if (this.waiting === WAIT_DIRECT && this.host.turns.spend()) {
      this.waiting = WAIT_NONE;
      this.reductions++;
      this.last = message;
      this.host.resumed(this);
      const resolve = this.resolve as (value: unknown) => void;
      this.resolve = undefined;
      resolve(this.iterating ? { done: false, value: message } : message);
      return;
    }
    this.#deliverQueued(message);
  }

  #deliverQueued(message: unknown): void {
    if (this.life >= LIFE_EXITING) {
      this.host.reports.deadLetter("noproc", this.pid, message);
      return;
    }
    const { wait } = this;
    if (this.waiting === WAIT_SELECTIVE && !this.queued) {
      const type = this.paused ? undefined : (wait as ReceiveWait).type;
      if (type !== undefined && messageType(message) === type && this.host.turns.spend()) {
        this.wake(message);
        return;
      }
    }
    const mailbox = (this.mailbox ??= new Mailbox());
    mailbox.push(message);
    const length = mailbox.length;
    if (length >= MAILBOX_HIGH && (length & (length - 1)) === 0)
      this.host.reports.mailboxHigh(this, length);
    if (this.bonds !== undefined && length > this.bonds.mailboxMax) {
      this.terminate("mailbox_overflow");
      return;
    }
    if (this.waiting === WAIT_NONE || this.queued) return;
    if (this.waiting === WAIT_DIRECT) this.waiting = WAIT_PLAIN;
    else if (this.waiting === WAIT_SELECTIVE && !(wait as ReceiveWait).mayTake(message)) return;
    else if (this.waiting === WAIT_LOOP && (wait as MessageLoop).busy) return;
    this.#enqueue();
  }

  /** The next message; the promise is settled already where there is one. @throws {MisuseError} already_receiving */
  receive(): Promise<unknown> {
    if (this.life !== LIFE_RUNNING || this.waiting !== WAIT_NONE) return this.#notReceiving();
    this.iterating = false;
    const { mailbox } = this;
    if (mailbox === undefined || this.paused) return this.#receiveUnlessPaused();
    if (!this.host.turns.spend()) return this.#awaitTurnFor(mailbox);
    const message = mailbox.take();
    if (message === undefined) return this.#awaitMessage();
    this.reductions++;
    this.last = message;
    return settled(message);
  }

  /** As `receive`, for an iterator. */
  receiveNext(): Promise<IteratorResult<unknown>> {
    if (this.life !== LIFE_RUNNING || this.waiting !== WAIT_NONE) return this.#notReceiving();
    this.iterating = true;
    const { mailbox } = this;
    let next: Promise<unknown>;
    if (mailbox === undefined || this.paused) {
      next = this.#receiveUnlessPaused();
    } else if (this.host.turns.spend()) {
      const value = mailbox.take();
      if (value !== undefined) {
        this.reductions++;
        this.last = value;
        return settled({ done: false, value });
      }
      next = this.#awaitMessage();
    } else {
      next = this.#awaitTurnFor(mailbox);
    }
    return next as Promise<IteratorResult<unknown>>;
  }

  #receiveUnlessPaused(): Promise<unknown> {
    if (this.paused && this.host.isPaused(this)) {
      return this.#select(undefined, undefined, undefined);
    }
    const { mailbox } = this;
    return mailbox === undefined ? this.#awaitMessage() : this.#awaitTurnFor(mailbox);
  }

  #awaitMessage(): Promise<unknown> {
    this.waiting = WAIT_DIRECT;
    this.last = undefined;
    this.host.left(this);
    const promise = new Promise(capture);
    this.resolve = resolveCaptured;
    return promise;
  }

  /** The slice is over, for what is in the mailbox. */
  #awaitTurnFor(mailbox: Mailbox): Promise<unknown> {
    return mailbox.length > 0 ? this.#awaitTurn() : this.#awaitMessage();
  }

  /** The next message of a type, or that matches; with a time-out `undefined` when it has passed. */
  receiveSelective(
    type: string | undefined,
    match: Match | undefined,
    options: Wait | undefined,
  ): Promise<unknown> {
    if (this.life !== LIFE_RUNNING || this.waiting !== WAIT_NONE) return this.#notReceiving();
    this.iterating = false;
    if (this.paused) this.host.isPaused(this);
    return this.#select(type, match, options);
  }

  #select(
    type: string | undefined,
    match: Match | undefined,
    options: Wait | undefined,
  ): Promise<unknown> {
    const wait = new ReceiveWait(this, type, match, options);
    if (this.mailbox !== undefined && this.mailbox.length > 0) {
      const message = wait.takeFrom(this.mailbox);
      if (message !== undefined) {
        if (this.host.turns.spend()) {
          this.reductions++;
          this.last = message;
          return Promise.resolve(this.iterating ? { done: false, value: message } : message);
        }
        wait.held = message;
      }
    }
    if (wait.held === undefined && wait.timeoutMs === 0) return Promise.resolve(undefined);
    this.waiting = WAIT_SELECTIVE;
    this.wait = wait;
    this.last = undefined;
    this.host.left(this);
    const promise = new Promise(capture);
    this.resolve = resolveCaptured;
    if (wait.held === undefined) wait.begin();
    else this.#enqueue();
    return promise;
  }

  /** The lane has room again. */
  unpause(): void {
    this.paused = false;
    if (this.waiting === WAIT_SELECTIVE && !this.queued) {
      (this.wait as ReceiveWait).lookAgain = true;
      this.#enqueue();
    }
  }

  /** Hands every message to a behaviour by a direct call, until the loop is stopped. */
  loop(loop: MessageLoop): Promise<unknown> {
    if (this.life !== LIFE_RUNNING || this.waiting !== WAIT_NONE) return this.#notReceiving();
    this.iterating = false;
    this.waiting = WAIT_LOOP;
    this.wait = loop;
    const promise = new Promise(capture);
    this.resolve = resolveCaptured;
    if (this.mailbox !== undefined && this.mailbox.length > 0) this.#enqueue();
    loop.begin(this);
    return promise;
  }

  /** Resumes the pending receive with a value. */
  wake(value: unknown): void {
    const { resolve, wait } = this;
    wait?.end();
    this.wait = undefined;
    this.resolve = undefined;
    this.waiting = WAIT_NONE;
    this.reductions++;
    this.last = value;
    this.host.resumed(this);
    resolve?.(this.iterating ? { done: false, value } : value);
  }

  /** Makes the pending receive reject. */
  wakeError(error: unknown): void {
    const { resolve, wait } = this;
    wait?.end();
    this.wait = undefined;
    this.resolve = undefined;
    this.waiting = WAIT_NONE;
    const rejected = Promise.reject(error);
    rejected.catch(ignore);
    resolve?.(rejected);
  }

  /** Its place in the run queue has come. */
  turn(): void {
    this.queued = false;
    if (this.wait instanceof Start) {
      if (this.life === LIFE_STARTING) this.#start(this.wait);
      return;
    }
    if (this.life !== LIFE_RUNNING) return;
    if (this.waiting === WAIT_PLAIN || this.waiting === WAIT_DIRECT) {
      const message = this.mailbox?.take();
      // Nothing is left when what it was queued for has been taken or flushed since.
      if (message === undefined) this.waiting = WAIT_DIRECT;
      else this.wake(message);
    } else if (this.waiting === WAIT_SELECTIVE) {
      const wait = this.wait as ReceiveWait;
      try {
        const message = wait.held ?? (this.mailbox && wait.takeNewFrom(this.mailbox));
        if (message !== undefined) this.wake(message);
      } catch (error) {
        this.wakeError(error);
      }
    } else if (this.waiting === WAIT_LOOP) {
      runLoop(this, this.wait as MessageLoop);
    }
  }

  /** An exit signal. `linked`: from a linked process that ended, so that "kill" is a reason like any other. */
  exitSignal(from: Pid, reason: ExitReason, linked: boolean): void {
    if (this.life >= LIFE_EXITING) return;
    if (reason === "kill" && !linked) this.terminate("killed");
    else if (this.trapping) this.deliver(new Exit(from, toldReason(this.host.copy, reason)));
    else if (reason !== "normal" || (from === this.pid && !linked)) this.terminate(reason);
  }

  /** Ends the process: its waits reject, and it is released when its `finally` blocks have had their chance. */
  terminate(reason: ExitReason): void {
    if (this.life >= LIFE_EXITING) return;
    const neverRan = this.life === LIFE_STARTING;
    this.#exiting(reason);
    if (this.waiting !== WAIT_NONE) this.wakeError(new ProcessExit(reason));
    this.#dropWaits(reason);
    if (neverRan) this.host.release(this);
    else this.host.ending(this);
  }

  /** `ctx.exit`: as `terminate`, by the process itself, so that a reason that is not orderly is a crash. */
  exit(reason: ExitReason): void {
    this.terminate(reason);
    this.#reportCrash(reason);
  }

  /** The awaiting calls of `ctx` after the end: the first rejects, the others never settle. */
  waitRefused(): Promise<never> {
    if (this.refused) return never;
    this.refused = true;
    const rejected = Promise.reject<never>(new ProcessExit(this.exitReason));
    // Whoever does not await it need not hear of it.
    rejected.catch(ignore);
    return rejected;
  }

  /** Every other call of `ctx`. @throws {ProcessExit} when the process has ended */
  assertRunning(): void {
    if (this.life !== LIFE_RUNNING) throw new ProcessExit(this.exitReason);
  }

  #start(start: Start): void {
    this.life = LIFE_RUNNING;
    this.settled = false;
    this.wait = undefined;
    this.reductions++;
    this.host.enter(this);
    let result: unknown;
    try {
      result = start.body(...([this.host.createContext(this), ...start.args] as never[]));
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (result instanceof Promise) {
      result.then(
        (value) => this.#returned(value),
        (error) => this.#failed(error),
      );
    } else {
      this.#returned(result);
    }
  }

  #returned(value: unknown): void {
    this.settled = true;
    if (this.life === LIFE_RUNNING) {
      if (this.bonds?.ended !== undefined) this.bonds.value = value;
      this.#exiting("normal");
      this.#dropWaits("normal");
    }
    this.host.release(this);
  }

  #failed(error: unknown): void {
    this.settled = true;
    if (this.life === LIFE_RUNNING) {
      const reason = error instanceof ProcessExit ? error.reason : (error ?? String(error));
      this.#exiting(reason);
      this.#dropWaits(reason);
      this.#reportCrash(reason);
    }
    this.host.release(this);
  }

  #reportCrash(reason: ExitReason): void {
    // Whoever waits for the function's value is told the reason.
    if (!isOrderly(reason) && this.bonds?.ended === undefined)
      this.host.reports.crashed(this, reason);
  }

  #exiting(reason: ExitReason): void {
    this.life = LIFE_EXITING;
    this.exitReason = reason;
  }

  #dropWaits(reason: ExitReason): void {
    const { bonds } = this;
    this.wait = undefined;
    if (bonds === undefined) return;
    if (bonds.pendingFirst === undefined && bonds.controller === undefined) return;
    const error = new ProcessExit(reason);
    rejectPending(bonds, error);
    bonds.controller?.abort(error);
  }

  #awaitTurn(): Promise<unknown> {
    this.waiting = WAIT_PLAIN;
    const promise = new Promise(capture);
    this.resolve = resolveCaptured;
    this.#enqueue();
    return promise;
  }

  #enqueue(): void {
    this.queued = true;
    this.host.turns.enqueue(this);
  }

  #notReceiving(): Promise<never> {
    if (this.life !== LIFE_RUNNING) return this.waitRefused();
    throw new MisuseError("already_receiving", "another receive of this process is pending");
  }
}

/** What a process is to run, until its first turn. */
class Start {
  readonly body: ProcessBody;
  readonly args: readonly unknown[];

  constructor(body: ProcessBody, args: readonly unknown[]) {
    this.body = body;
    this.args = args;
  }

  end(): void {}
}
