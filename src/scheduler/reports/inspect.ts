import type { Pid } from "../../term/pid.ts";
import { Monitor } from "../../process/bonds.ts";
import type { ExitReason } from "../../process/exit-reason.ts";
import { LIFE_EXITING, LIFE_STARTING, WAIT_NONE, WAIT_SELECTIVE } from "../../process/life.ts";
import type { Process } from "../../process/process.ts";
import type { ReceiveWait } from "../../process/receive-wait.ts";

/** Message types shown of a mailbox. */
const TYPES_SHOWN = 10;

/** A line of `ps`. Pids are objects of this thread; whoever sends a summary away turns them into text or encodes them. */
export interface ProcessSummary {
  readonly pid: Pid;
  readonly functionName: string;
  /** First of its names. */
  readonly name: string | undefined;
  readonly state: "starting" | "receiving" | "running" | "exiting";
  readonly mailboxLength: number;
  /** Messages and turns taken so far. */
  readonly reductions: number;
}

/** `inspect`: all that is known of one process. */
export interface ProcessSnapshot extends ProcessSummary {
  readonly parent: Pid | undefined;
  readonly names: readonly string[];
  readonly links: readonly Pid[];
  readonly monitors: readonly (Pid | { readonly name: string; readonly node: string })[];
  readonly monitoredBy: readonly Pid[];
  readonly trapExit: boolean;
  /** Types of the oldest messages. */
  readonly mailboxTypes: readonly string[];
  /** What a selective receive waits for. */
  readonly receivingType: string | undefined;
  readonly exitReason: ExitReason;
}

/** What comes first: the longest mailbox, the most reductions, or the process that is there the longest. */
export type SummaryOrder = "mailbox" | "reductions" | "pid";

/**
 * The first processes in an order, of equals the older ones. Of a million only those are made into summaries: the scheduler
 * runs nobody meanwhile.
 */
export function summariesOf(
  processes: Iterable<Process>,
  sort: SummaryOrder,
  limit: number,
): ProcessSummary[] {
  const best: Process[] = [];
  if (sort === "pid") {
    for (const process of processes) {
      if (best.length >= limit) break;
      best.push(process);
    }
    return best.map(summaryOf);
  }
  const sizeOf = sort === "mailbox" ? mailboxLength : reductionsOf;
  let least = -1;
  for (const process of processes) {
    if (sizeOf(process) <= least) continue;
    best.push(process);
    // Now and then is enough, and costs each of them a logarithm.
    if (best.length >= 2 * limit) least = trim(best, sizeOf, limit);
  }
  trim(best, sizeOf, limit);
  return best.map(summaryOf);
}

/** Leaves the largest; the size of the last of them. */
function trim(best: Process[], sizeOf: (process: Process) => number, limit: number): number {
  best.sort((a, b) => sizeOf(b) - sizeOf(a));
  if (best.length > limit) best.length = limit;
  return best.length === 0 ? 0 : sizeOf(best.at(-1)!);
}

const mailboxLength = ({ mailbox }: Process): number => mailbox?.length ?? 0;

const reductionsOf = ({ reductions }: Process): number => reductions;

export function summaryOf(process: Process): ProcessSummary {
  return {
    pid: process.pid,
    functionName: process.functionName,
    name: process.bonds?.names?.values().next().value,
    state: stateOf(process),
    mailboxLength: mailboxLength(process),
    reductions: process.reductions,
  };
}

export function snapshotOf(process: Process): ProcessSnapshot {
  const { bonds, mailbox } = process;
  const links = (bonds?.links?.entries() ?? [])
    .filter(([, state]) => state === 0)
    .map(([pid]) => pid);
  return {
    ...summaryOf(process),
    parent: process.parent,
    names: [...(bonds?.names ?? [])],
    links,
    monitors: (bonds?.monitors?.values() ?? []).map(({ target }) => target),
    monitoredBy: watchersOf(process),
    trapExit: process.trapping,
    mailboxTypes: mailbox?.types(TYPES_SHOWN) ?? [],
    receivingType:
      process.waiting === WAIT_SELECTIVE
        ? (process.wait as ReceiveWait | undefined)?.type
        : undefined,
    exitReason: process.exitReason,
  };
}

function watchersOf(process: Process): Pid[] {
  const { bonds } = process;
  const pids = (bonds?.watchers?.values() ?? []).map(({ from }) => from);
  for (let local = bonds?.localFirst; local !== undefined; local = local.watcherAfter) {
    if (local instanceof Monitor) pids.push(local.holder.pid);
  }
  return pids;
}

function stateOf(process: Process): ProcessSummary["state"] {
  if (process.life === LIFE_STARTING) return "starting";
  if (process.life >= LIFE_EXITING) return "exiting";
  return process.waiting === WAIT_NONE ? "running" : "receiving";
}
