import type { Caller } from "../process/api.ts";
import { ProcessContext } from "../process/context.ts";
import type { ProcessHost } from "../process/host.ts";
import { LIFE_RUNNING } from "../process/life.ts";
import { Process } from "../process/process.ts";

/**
 * Who calls when no process does: an HTTP handler, a script, a test. Has a pid, so that it can be answered, and never
 * receives: what else is sent to it is a dead letter. Lives as long as its scheduler.
 */
export class NodeCaller extends Process {
  constructor(host: ProcessHost) {
    super(host, "node", undefined, undefined, []);
    this.life = LIFE_RUNNING;
  }

  override deliver(message: unknown): void {
    this.host.deadLetter("noproc", this.pid, message);
  }

  /** Nothing that it is linked to can end it. */
  override exitSignal(): void {}
}

/** The face of a node-level caller: a context's, of which only the part of `Caller` is used. */
export const callerOf = (process: NodeCaller): Caller =>
  new ProcessContext(process) as unknown as Caller;
