import { clock } from "../../src/bun/clock.ts";
import type { Pid } from "../../src/process/api.ts";
import type { Outbound } from "../../src/process/outbound.ts";
import type { Signal } from "../../src/process/signal.ts";
import type { CrashReport, DeadLetter } from "../../src/scheduler/events.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import { createSerials } from "../../src/scheduler/serials.ts";
import { createNames } from "../../src/scheduler/shared-names.ts";
import { strictCopy } from "../../src/scheduler/strict.ts";
import { Identities } from "../../src/term/identities.ts";
import { decode, encode } from "../../src/term/stf.ts";

/** What the schedulers of a test node said besides signals. */
export interface Heard {
  readonly crashes: CrashReport[];
  readonly deadLetters: DeadLetter[];
  readonly stray: unknown[];
  readonly logged: string[];
  /** Lengths at which a mailbox was said to be long. */
  readonly mailboxes: number[];
}

/** Schedulers of one node on one thread: signals between them are encoded, queued, and decoded after I/O. */
export class TestSchedulers {
  readonly schedulers: Scheduler[] = [];
  readonly identities: Identities[] = [];
  readonly heard: Heard = { crashes: [], deadLetters: [], stray: [], logged: [], mailboxes: [] };
  /** Signals on their way between schedulers. */
  inFlight = 0;
  /** Called with every signal for another node, which cannot be reached. */
  readonly away: Signal[] = [];
  /** Nodes that signals are kept for in `away` instead of failing. */
  readonly silentNodes = new Set<string>();
  /** While true nothing has room. */
  full = false;
  readonly #queues: Uint8Array[][] = [];

  constructor(count: number, strict: boolean, name = "a@test", pulse?: SharedArrayBuffer) {
    const names = createNames();
    const serials = createSerials();
    const { heard } = this;
    for (let index = 1; index <= count; index++) {
      const identities = new Identities(name, 7);
      this.identities.push(identities);
      this.#queues.push([]);
      this.schedulers.push(
        new Scheduler({
          index,
          schedulers: count,
          identities,
          names,
          serials,
          ...(pulse === undefined ? {} : { pulse }),
          clock,
          outbound: this.#outbound(index),
          log: { write: (level, text) => heard.logged.push(`${level} ${text}`) },
          events: {
            crashed: (report) => heard.crashes.push(report),
            deadLetter: (letter) => heard.deadLetters.push(letter),
            strayError: (error) => heard.stray.push(error),
            mailboxHigh: (_pid, _functionName, length) => heard.mailboxes.push(length),
          },
          ...(strict ? { copy: strictCopy(identities) } : {}),
        }),
      );
    }
  }

  get first(): Scheduler {
    return this.schedulers[0] as Scheduler;
  }

  /** Resolves when nothing is on its way, nothing waits for a turn and nobody is ending. */
  async settled(): Promise<void> {
    for (let calm = 0; calm < 3; calm++) {
      // oxlint-disable-next-line no-await-in-loop -- each look must see another turn of the event loop
      await new Promise<void>((resolve) => clock.afterIo(resolve));
      const busy = this.schedulers
        .map((scheduler) => scheduler.tables())
        .some(({ ending, runQueue }) => ending + runQueue > 0);
      if (busy || this.inFlight > 0) calm = 0;
    }
  }

  /** Names of the tables that are not empty. */
  leaks(): string[] {
    return this.schedulers.flatMap((scheduler) =>
      Object.entries(scheduler.tables())
        .filter(([, size]) => size !== 0)
        .map(([table, size]) => `scheduler ${scheduler.index}: ${table} ${String(size)}`),
    );
  }

  stop(): void {
    for (const scheduler of this.schedulers) scheduler.stop();
  }

  #outbound(from: number): Outbound {
    return {
      message: (sender, to, message) =>
        this.#send(from, to, { kind: "message", from: sender, to, message }),
      signal: (signal) => this.#signal(from, signal),
      hint: () => undefined,
      ready: () => !this.full,
    };
  }

  #signal(from: number, signal: Signal): void {
    if (signal.kind === "spawn_request" && signal.node === this.first.nodeName) {
      this.#post(from, signal.scheduler as number, signal);
    } else if ("to" in signal && "nodeRef" in signal.to) {
      this.#send(from, signal.to, signal);
    } else {
      this.#unreachable(from, signal);
    }
  }

  #send(from: number, to: Pid, signal: Signal): void {
    if (to.isLocal()) this.#post(from, to.scheduler, signal);
    else this.#unreachable(from, signal);
  }

  #unreachable(from: number, signal: Signal): void {
    this.away.push(signal);
    const node = "to" in signal ? signal.to.node : signal.node;
    if (this.silentNodes.has(node)) return;
    clock.afterIo(() => this.schedulers[from - 1]?.undeliverable(signal));
  }

  #post(from: number, to: number, signal: Signal): void {
    const queue = this.#queues[to - 1];
    const target = this.schedulers[to - 1];
    const identities = this.identities[to - 1];
    if (queue === undefined || target === undefined || identities === undefined) {
      throw new Error(`no scheduler ${to}, from ${from}`);
    }
    queue.push(encode(signal));
    this.inFlight++;
    if (queue.length > 1) return;
    clock.afterIo(() => {
      const batch = queue.splice(0);
      for (const bytes of batch) {
        this.inFlight--;
        target.handleSignal(decode(bytes, { identities }) as Signal);
      }
    });
  }
}
