import { define } from "../../src/process/registry.ts";
import type { Context } from "../../src/process/api.ts";
import { ProcessContext } from "../../src/process/context.ts";
import type { Scheduler, SchedulerTables } from "../../src/scheduler/scheduler.ts";
import { Pid } from "../../src/term/pid.ts";
import type { Any } from "./scenario.ts";

const schedulerOf = (ctx: Context<Any>): Scheduler =>
  ProcessContext.process(ctx as unknown as ProcessContext).host as unknown as Scheduler;

/** The tables of the scheduler that it runs on, without what looking itself takes: its process, its caller's monitor, its deadline. */
export const tables = define("conformance.tables", async (ctx: Context<Any>) => {
  const all: SchedulerTables = schedulerOf(ctx).tables();
  return {
    ...all,
    processes: all.processes - 1,
    nodeBonds: all.nodeBonds - 1,
    timers: all.timers - 1,
  };
});

/** Text forms of the pids that a process of that scheduler is linked to. */
export const linksOf = define("conformance.links_of", async (ctx: Context<Any>, pid: string) => {
  const scheduler = schedulerOf(ctx);
  return (scheduler.inspect(Pid.parse(pid, scheduler.identities))?.links ?? []).map(String);
});

/** Ends every other process of that scheduler. */
export const endAll = define("conformance.end_all", async (ctx: Context<Any>) => {
  const scheduler = schedulerOf(ctx);
  for (const { pid } of scheduler.list()) {
    if (pid !== ctx.self) scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
  }
});
