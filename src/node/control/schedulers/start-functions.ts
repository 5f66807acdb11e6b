import type { LogSink } from "../../../port/log.ts";

interface Started {
  /** Which entry of `[[start]]`: from 1, as they are written. */
  readonly number: number;
  readonly functionName: string;
  readonly args: readonly unknown[];
  /** Undefined until the scheduler has said so. */
  pid: string | undefined;
}

/**
 * The functions of `[[start]]`, which nobody supervises. When their scheduler is ended for somebody else's fault, those
 * that lived are started again; the one that was at fault is not, as after a crash.
 */
export class StartFunctions {
  readonly #start: (functionName: string, args: readonly unknown[]) => void;
  readonly #log: LogSink;
  #living: Started[] = [];
  #count = 0;

  constructor(start: (functionName: string, args: readonly unknown[]) => void, log: LogSink) {
    this.#start = start;
    this.#log = log;
  }

  start(functionName: string, args: readonly unknown[]): void {
    this.#launch(++this.#count, functionName, args);
  }

  #launch(number: number, functionName: string, args: readonly unknown[]): void {
    this.#living.push({ number, functionName, args, pid: undefined });
    this.#start(functionName, args);
  }

  /** Schedulers start in the order in which they are told to. */
  started(functionName: string, pid: string): void {
    const entry = this.#living.find((one) => one.pid === undefined);
    if (entry?.functionName === functionName) entry.pid = pid;
    this.#log.write("info", "started", { function: functionName, pid });
  }

  /** `crash`: the reason as text, unless it was done or told to end. The node stays up; one line says what it lacks now. */
  ended(pid: string, crash?: string): void {
    const entry = this.#living.find((one) => one.pid === pid);
    if (entry !== undefined && crash !== undefined) {
      const fields = { start: entry.number, function: entry.functionName, pid, reason: crash };
      this.#log.write("error", "a function of [[start]] has crashed, the node stays up", fields);
    }
    this.#living = this.#living.filter((one) => one.pid !== pid);
  }

  /** Their scheduler is there again. `culprit`: the pid for which it was ended. */
  again(culprit: string | undefined): void {
    const lost = this.#living;
    this.#living = [];
    for (const { number, functionName, args, pid } of lost) {
      if (pid === undefined || pid !== culprit) this.#launch(number, functionName, args);
      else this.#log.write("error", "not started again", { function: functionName, pid });
    }
  }
}
