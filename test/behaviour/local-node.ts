import type { Clock, Timer } from "../../src/port/clock.ts";
import type { LogLevel } from "../../src/port/log.ts";
import type { Caller, Context } from "../../src/process/api.ts";
import type { CrashReport } from "../../src/scheduler/events.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import { createSerials } from "../../src/scheduler/serials.ts";
import { createNames } from "../../src/scheduler/shared-names.ts";
import { Identities } from "../../src/term/identities.ts";
import { decode, encode } from "../../src/term/stf.ts";

/** A clock that stands still until a test moves it. */
class TestClock implements Clock {
  #now = 1_000;
  readonly #timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  setTimer(afterMs: number, callback: () => void): Timer {
    const timer = { at: this.#now + afterMs, callback };
    this.#timers.push(timer);
    return timer;
  }

  clearTimer(timer: Timer): void {
    const index = this.#timers.indexOf(timer as never);
    if (index >= 0) this.#timers.splice(index, 1);
  }

  afterIo(callback: () => void): void {
    setImmediate(callback);
  }

  /** Fires the timers that fall due within `ms`, in order, everything settling after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.splice(this.#timers.indexOf(due), 1);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
      await settled();
    }
    this.#now = end;
  }
}

/** Everything that needs no time has happened. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** One scheduler on this thread without anything around it, and a caller on it. */
export interface LocalNode {
  readonly scheduler: Scheduler;
  readonly caller: Caller;
  readonly clock: TestClock;
  readonly crashes: CrashReport[];
  readonly log: LogLine[];
  readonly run: <R, M = never>(fn: (ctx: Context<M>) => Promise<R>) => Promise<R>;
}

/** In strict mode unless told otherwise: every message is encoded and decoded. */
export function localNode(options: { readonly strict?: boolean } = {}): LocalNode {
  const clock = new TestClock();
  const identities = new Identities("a@test", 1);
  const crashes: CrashReport[] = [];
  const log: LogLine[] = [];
  const unreachable = (): never => {
    throw new Error("no other node here");
  };
  const scheduler: Scheduler = new Scheduler({
    index: 1,
    identities,
    names: createNames(),
    serials: createSerials(),
    clock,
    outbound: {
      message: unreachable,
      ready: () => true,
      hint: () => undefined,
      signal: (signal) => queueMicrotask(() => scheduler.undeliverable(signal)),
    },
    log: { write: (level, text, fields) => log.push({ level, text, fields }) },
    events: { crashed: (report) => crashes.push(report) },
    ...((options.strict ?? true) && {
      copy: (message: unknown) => decode(encode(message), { identities }),
    }),
  });
  const caller = scheduler.caller();
  const run = <R, M>(fn: (ctx: Context<M>) => Promise<R>): Promise<R> => scheduler.run(fn);
  return { scheduler, caller, clock, crashes, log, run };
}

/** What a promise rejects with. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<Error & { code?: string; reason?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected a rejection");
}
