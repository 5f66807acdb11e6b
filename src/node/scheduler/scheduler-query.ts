/** What one scheduler answers when the command line asks about its processes. */
import { messageOf } from "../../base/error.ts";
import { serverStateOf } from "../../behaviour/look.ts";
import { Process } from "../../process/process.ts";
import type { Scheduler } from "../../scheduler/scheduler.ts";
import type { ProcessSummary } from "../../scheduler/reports/inspect.ts";
import type { Identities } from "../../term/identities.ts";
import { Pid } from "../../term/pid.ts";
import type {
  DeadLetterRow,
  InspectAnswer,
  ProcessEntry,
  QueryAnswer,
  QueryArgs,
} from "../../service/query.ts";
import { treesOf } from "../supervision-tree.ts";
import { termText } from "./term-text.ts";

/** Characters of a server's state that `inspect` shows: a screen or two. */
const STATE_CHARS_MAX = 4_000;

export type QueryResult =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly value: string };

/** What `status` wants to know of a scheduler. */
export interface SchedulerCounts {
  readonly processes: number;
  readonly runQueue: number;
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly strayErrors: number;
  readonly tables: Readonly<Record<string, number>>;
}

/** Answers, or says in words why not; a question never ends a scheduler. */
export function answerQuery(
  scheduler: Scheduler,
  identities: Identities,
  verb: string,
  args: unknown,
): QueryResult {
  try {
    return { ok: true, value: answer(scheduler, identities, verb, args) };
  } catch (error) {
    return { ok: false, value: messageOf(error) };
  }
}

function answer(
  scheduler: Scheduler,
  identities: Identities,
  verb: string,
  args: unknown,
): unknown {
  switch (verb) {
    case "counts":
      return countsOf(scheduler);
    case "ps":
      return list(scheduler, args as QueryArgs<"ps">);
    case "inspect":
      return inspect(scheduler, identities, (args as QueryArgs<"inspect">).pid);
    case "tree":
      return treesOf(scheduler);
    case "dead_letters":
      return deadLetters(scheduler, args as Partial<QueryArgs<"dead_letters">> | null);
    default:
      throw new Error(`unknown query ${verb}`);
  }
}

/** As many as are wanted, in order; details are gathered of those alone. */
function list(scheduler: Scheduler, { sort, limit }: QueryArgs<"ps">): QueryAnswer<"ps"> {
  const processes = scheduler.list(sort, limit).map(entryOf(scheduler));
  return { processes, total: scheduler.tables().processes, silent: [] };
}

function deadLetters(
  scheduler: Scheduler,
  args: Partial<QueryArgs<"dead_letters">> | null,
): readonly DeadLetterRow[] {
  // A peer wrote it: it may be anything.
  const after = Array.isArray(args?.after) ? Number(args.after[scheduler.index - 1] ?? 0) : 0;
  return scheduler.deadLettersSince(after).map(({ at, count, messageType, reason, serial, to }) => {
    const target = to instanceof Pid ? to.toString() : `${to.node}/${to.name}`;
    return { scheduler: scheduler.index, serial, at, reason, to: target, type: messageType, count };
  });
}

function countsOf(scheduler: Scheduler): SchedulerCounts {
  const { processes, runQueue, ...tables } = scheduler.tables();
  const deadLetters = Object.fromEntries(scheduler.deadLetterCounts());
  return { processes, runQueue, tables, deadLetters, strayErrors: scheduler.strayCount() };
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

function stateText(pid: Pid): string | undefined {
  const { owner } = pid as Pid<unknown>;
  const state = owner instanceof Process ? serverStateOf(owner) : undefined;
  return state === undefined ? undefined : termText(state, STATE_CHARS_MAX);
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
