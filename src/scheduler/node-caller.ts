import { MisuseError } from "../base/error.ts";
import type { Caller } from "../process/api.ts";
import { ProcessContext } from "../process/context.ts";
import type { ProcessHost } from "../process/host.ts";
import { LIFE_DEAD, LIFE_RUNNING } from "../process/life.ts";
import { rejectPending } from "../process/pending.ts";
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
    this.host.reports.deadLetter("noproc", this.pid, message);
  }

  /** Nothing that it is linked to can end it. */
  override exitSignal(): void {}

  /** Nor an error that its program let go unhandled: there is no process that it would end. */
  override terminate(): void {}

  override waitRefused(): Promise<never> {
    return Promise.reject(stopped());
  }

  override assertRunning(): void {
    if (this.life !== LIFE_RUNNING) throw stopped();
  }

  /** The node has stopped: what still waits rejects, and so does everything from here on. */
  stop(): void {
    this.life = LIFE_DEAD;
    this.pid.owner = undefined;
    rejectPending(this.bonds, stopped());
  }
}

const stopped = (): MisuseError => new MisuseError("not_running", "the node has stopped");

/** The face of a node-level caller: a context's, of which only the part of `Caller` is used. */
export const callerOf = (process: NodeCaller): Caller =>
  new ProcessContext(process) as unknown as Caller;
