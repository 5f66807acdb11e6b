import type { LogSink } from "../../port/log.ts";

interface Started {
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

  constructor(start: (functionName: string, args: readonly unknown[]) => void, log: LogSink) {
    this.#start = start;
    this.#log = log;
  }

  start(functionName: string, args: readonly unknown[]): void {
    this.#living.push({ functionName, args, pid: undefined });
    this.#start(functionName, args);
  }

  /** Schedulers start in the order in which they are told to. */
  started(functionName: string, pid: string): void {
    const entry = this.#living.find((one) => one.pid === undefined);
    if (entry?.functionName === functionName) entry.pid = pid;
    this.#log.write("info", "started", { function: functionName, pid });
  }

  ended(pid: string): void {
    this.#living = this.#living.filter((one) => one.pid !== pid);
  }

  /** Their scheduler is there again. `culprit`: the pid for which it was ended. */
  again(culprit: string | undefined): void {
    const lost = this.#living;
    this.#living = [];
    for (const { functionName, args, pid } of lost) {
      if (pid === undefined || pid !== culprit) this.start(functionName, args);
      else this.#log.write("error", "not started again", { function: functionName, pid });
    }
  }
}
