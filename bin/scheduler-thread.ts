/**
 * The entry of every thread that a node starts: a scheduler, or the control thread of a node inside a user's program.
 * Nothing may be awaited before the ports are taken.
 */
import { createLog } from "../src/bun/log.ts";
import { loadModules, registerVirtualModules } from "../src/bun/modules.ts";
import { createThreads, startedThread } from "../src/bun/worker-threads.ts";
import { ConfigError } from "../src/base/error.ts";
import * as snowNode from "../src/index.ts";
import type { SchedulerDriver } from "../src/node/scheduler/scheduler-driver.ts";
import type { ToControl } from "../src/node/thread-message.ts";
import type { ThreadPort } from "../src/port/threads.ts";
import { runControlThread, type ControlThreadData } from "../src/program/control-thread.ts";
import {
  makeSchedulerDriver,
  type Begin,
  type SchedulerThreadData,
} from "../src/program/thread.ts";
import * as sim from "../src/sim.ts";
import * as testing from "../src/testing.ts";

const { role, data, port } = startedThread();

/** Set once the driver stands: whatever nobody caught before belongs to loading. */
let driver: SchedulerDriver | undefined;

process.on("uncaughtException", stray);
process.on("unhandledRejection", stray);

function stray(error: unknown): void {
  if (driver !== undefined) driver.strayError(error);
  else throw error;
}

if (role === "scheduler") await runScheduler(data as SchedulerThreadData, port);
else await runControlThread(data as ControlThreadData, port);

async function runScheduler(given: SchedulerThreadData, starter: ThreadPort): Promise<void> {
  const { setup, modules } = given;
  const threads = createThreads();
  const others = given.others.map((end) => (end === undefined ? undefined : threads.port(end)));
  const control = given.control === undefined ? starter : threads.port(given.control);
  const begun = new Promise<Begin>((resolve) =>
    starter.receive((message) => resolve(message as Begin)),
  );
  try {
    registerVirtualModules({
      "snow-node": snowNode,
      "snow-node/testing": testing,
      "snow-node/sim": sim,
    });
    await loadModules(modules);
    const { tls } = await begun;
    const made = makeSchedulerDriver(setup, { control, others }, tls, createLog(given.log));
    made.start();
    driver = made;
  } catch (error) {
    await begun;
    const code = error instanceof ConfigError ? error.code : "module_failed";
    const text = error instanceof Error ? error.message : String(error);
    control.post({ kind: "start_failed", index: setup.index, code, text } satisfies ToControl);
  }
}
