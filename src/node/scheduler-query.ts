/** What one scheduler answers when the command line asks about its processes. */
import { serverStateOf } from "../behaviour/look.ts";
import { Process } from "../process/process.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { ProcessSummary } from "../scheduler/inspect.ts";
import type { Identities } from "../term/identities.ts";
import { Pid } from "../term/pid.ts";
import type { InspectAnswer, ProcessEntry } from "./query.ts";
import { treesOf } from "./supervision-tree.ts";

/** Characters of a server's state that `inspect` shows: a screen or two. */
const STATE_CHARS_MAX = 4_000;

export type QueryResult =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly value: string };

/** What `status` wants to know of a scheduler. */
export interface SchedulerCounts {
  readonly processes: number;
  readonly runQueue: number;
  readonly deadLetters: Readonly<Record<string, number>>;
}

export function answerQuery(
  scheduler: Scheduler,
  identities: Identities,
  verb: string,
  args: unknown,
): QueryResult {
  switch (verb) {
    case "counts":
      return { ok: true, value: countsOf(scheduler) };
    case "ps":
      return { ok: true, value: scheduler.list().map(entryOf(scheduler)) };
    case "inspect":
      return { ok: true, value: inspect(scheduler, identities, (args as { pid: string }).pid) };
    case "tree":
      return { ok: true, value: treesOf(scheduler) };
    default:
      return { ok: false, value: `unknown query ${verb}` };
  }
}

function countsOf(scheduler: Scheduler): SchedulerCounts {
  const { processes, runQueue } = scheduler.tables();
  return { processes, runQueue, deadLetters: Object.fromEntries(scheduler.deadLetterCounts()) };
}

function entryOf(scheduler: Scheduler): (summary: ProcessSummary) => ProcessEntry {
  return (summary) => {
    const snapshot = scheduler.inspect(summary.pid);
    return {
      pid: summary.pid.toString(),
      function: summary.functionName,
      names: snapshot?.names ?? [],
      status: statusOf(summary.state),
      mailbox: summary.mailboxLength,
      reductions: summary.reductions,
      links: snapshot?.links.length ?? 0,
      monitors: snapshot?.monitors.length ?? 0,
    };
  };
}

function inspect(
  scheduler: Scheduler,
  identities: Identities,
  text: string,
): InspectAnswer | undefined {
  const snapshot = scheduler.inspect(Pid.parse(text, identities));
  if (snapshot === undefined) return undefined;
  return {
    pid: snapshot.pid.toString(),
    function: snapshot.functionName,
    names: snapshot.names,
    status: statusOf(snapshot.state),
    parent: snapshot.parent?.toString(),
    trapExit: snapshot.trapExit,
    reductions: snapshot.reductions,
    mailbox: snapshot.mailboxLength,
    mailboxTypes: snapshot.mailboxTypes,
    links: snapshot.links.map(String),
    monitors: snapshot.monitors.map((target) =>
      target instanceof Pid ? target.toString() : `${target.node}/${target.name}`,
    ),
    monitoredBy: snapshot.monitoredBy.map(String),
    state: stateText(snapshot.pid),
  };
}

/** A server's state as JSON, with Maps as lists of pairs and Sets as lists, cut to a readable length. */
function stateText(pid: Pid): string | undefined {
  const { owner } = pid as Pid<unknown>;
  const state = owner instanceof Process ? serverStateOf(owner) : undefined;
  if (state === undefined) return undefined;
  let text: string;
  try {
    text = JSON.stringify(state, readable) ?? typeof state;
  } catch {
    text = `${typeof state} that contains itself`;
  }
  return text.length > STATE_CHARS_MAX ? `${text.slice(0, STATE_CHARS_MAX)}…` : text;
}

function readable(_key: string, value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) return [...value];
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}

/** Schedulers know more states than people need. */
function statusOf(state: ProcessSummary["state"]): ProcessEntry["status"] {
  switch (state) {
    case "starting":
      return "runnable";
    case "receiving":
      return "waiting";
    default:
      return state;
  }
}
