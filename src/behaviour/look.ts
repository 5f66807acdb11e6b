import type { Process } from "../process/process.ts";
import { ServerLoop } from "./server/server-loop.ts";
import type { SupervisionView } from "./supervisor/supervisor-api.ts";
import { SupervisorDriver } from "./supervisor/supervisor-process.ts";

/** The state of a server's process; undefined for other processes, and until init has returned. */
export function serverStateOf(process: Process): unknown {
  const { wait } = process;
  return wait instanceof ServerLoop ? wait.inspect() : undefined;
}

/** The children of a supervisor's process; undefined for other processes, and until the first start is over. */
export function supervisionOf(process: Process): SupervisionView | undefined {
  const { wait } = process;
  if (!(wait instanceof ServerLoop)) return undefined;
  const { state } = wait.ctx;
  return state instanceof SupervisorDriver ? state.look() : undefined;
}
