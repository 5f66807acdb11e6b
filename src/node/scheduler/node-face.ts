import type { Caller, Context, Node, Wait } from "../../process/api.ts";
import { ProcessContext } from "../../process/context.ts";
import { LIFE_RUNNING } from "../../process/life.ts";
import type { SystemMessage } from "../../process/system-message.ts";
import type { Scheduler } from "../../scheduler/scheduler.ts";

/** The face of a node to its program: a caller that can also run processes and stop. `stopNode` is called once. */
export function nodeOf(scheduler: Scheduler, stopNode: () => Promise<void>): Node {
  let stopping: Promise<void> | undefined;
  const stop = (_wait?: Wait): Promise<void> => (stopping ??= stopNode());
  const caller = scheduler.caller();
  const process = ProcessContext.process(caller as unknown as ProcessContext);
  return Object.assign(caller as Caller, {
    run: <R, M = SystemMessage>(fn: (ctx: Context<M>) => Promise<R>): Promise<R> =>
      process.life === LIFE_RUNNING ? scheduler.run(fn) : process.waitRefused(),
    stop,
    [Symbol.asyncDispose]: () => stop(),
  }) as Node;
}
