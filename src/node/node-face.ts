import type { Caller, Context, Node, Wait } from "../process/api.ts";
import type { SystemMessage } from "../process/system-message.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";

/** The face of a node to its program: a caller that can also run processes and stop. `stopNode` is called once. */
export function nodeOf(scheduler: Scheduler, stopNode: () => Promise<void>): Node {
  let stopping: Promise<void> | undefined;
  const stop = (_wait?: Wait): Promise<void> => (stopping ??= stopNode());
  return Object.assign(scheduler.caller() as Caller, {
    run: <R, M = SystemMessage>(fn: (ctx: Context<M>) => Promise<R>): Promise<R> =>
      scheduler.run(fn),
    stop,
    [Symbol.asyncDispose]: () => stop(),
  }) as Node;
}
