import type { PortEnd, ThreadPort } from "../../../port/threads.ts";

/**
 * Who can end and start the threads of schedulers: the program that started them. Where scheduler 1 is the program's own
 * thread, that one cannot be ended.
 */
export interface SchedulerKeeper {
  /** Names of the node, in shared memory: those of a dead scheduler's processes are freed. */
  readonly names: SharedArrayBuffer;
  /** Whether that scheduler is on a thread of its own. */
  canEnd(scheduler: number): boolean;
  /** Ends the thread, whatever it does; resolves when nothing of it runs any more. */
  end(scheduler: number): Promise<void>;
  /** A channel between two schedulers. */
  channel(): readonly [PortEnd, PortEnd];
  /** Starts a thread for the scheduler. `others` by scheduler number, from 1. @returns the way to it */
  start(scheduler: number, others: readonly (PortEnd | undefined)[]): ThreadPort;
}
