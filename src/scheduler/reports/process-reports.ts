/**
 * What becomes known of a scheduler's processes without their asking: dead letters, full mailboxes, crashes, the lines that
 * they log, and errors that nobody caught. It goes to the log and, as events, to the node.
 */
import type { LogLevel, LogSink } from "../../port/log.ts";
import type { Clock } from "../../port/clock.ts";
import type { Pid } from "../../term/pid.ts";
import type { ExitReason } from "../../process/exit-reason.ts";
import type { DeadLetterReason, Reports } from "../../process/host.ts";
import { typeText } from "../../process/mailbox.ts";
import type { Process } from "../../process/process.ts";
import type { NameOnNode } from "../../process/signal.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { SchedulerEvents } from "../events.ts";
import { snapshotOf } from "./inspect.ts";
import { Stray } from "./stray.ts";

export class ProcessReports implements Reports {
  readonly deadLetters: DeadLetters;
  readonly stray: Stray;
  readonly #events: SchedulerEvents;
  readonly #log: LogSink;

  constructor(clock: Clock, events: SchedulerEvents, log: LogSink) {
    this.deadLetters = new DeadLetters(clock, events);
    this.stray = new Stray(events, log);
    this.#events = events;
    this.#log = log;
  }

  deadLetter(reason: DeadLetterReason, to: Pid | NameOnNode, message: unknown): void {
    this.deadLetters.add(reason, to, message);
  }

  mailboxHigh(process: Process, length: number): void {
    this.#events.mailboxHigh?.(process.pid, process.functionName, length);
  }

  log(process: Process, level: LogLevel, text: string, fields: object | undefined): void {
    const { functionName, pid } = process;
    this.#log.write(level, text, { ...fields, pid: pid.toString(), function: functionName });
  }

  blame(error: unknown, process: Process): void {
    this.stray.blame(error, process);
  }

  crashed(process: Process, reason: ExitReason): void {
    const report = snapshotOf(process);
    const lastMessageType = process.last === undefined ? undefined : typeText(process.last);
    this.#events.crashed?.({ ...report, reason, lastMessageType });
  }

  /** A promise rejected and nobody looked, or something threw outside of any promise. */
  strayError(error: unknown): void {
    this.stray.handle(error, (process) => this.crashed(process, error));
  }

  /** The same, if the error belongs to a process; false: it is left to others. */
  takeStray(error: unknown): boolean {
    return this.stray.take(error, (process) => this.crashed(process, error));
  }
}
