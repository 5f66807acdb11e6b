import type { LogLevel, LogSink } from "../../port/log.ts";
import { reasonText } from "../../process/exit-reason.ts";
import type { DeadLetterReason } from "../../process/host.ts";
import type { SchedulerEvents } from "../../scheduler/events.ts";

/**
 * Messages to processes that have ended are part of life, and late answers of a call end there too; that nobody holds a
 * name, or that a message cannot be read, is most likely a mistake.
 */
const DEAD_LETTER_LEVEL: { readonly [reason in DeadLetterReason]: LogLevel } = {
  noproc: "debug",
  stale_creation: "debug",
  noconnection: "warn",
  noname: "warn",
  undecodable: "warn",
  name_on_other_node: "warn",
};

/** Characters of a function's name that somebody else made up. */
const NAME_CHARS_SHOWN = 100;

/** What schedulers report, as log lines: crash reports, dead letters, full mailboxes. */
export function reportEvents(log: LogSink): SchedulerEvents {
  let refusals = 0;
  return {
    crashed(report) {
      const { reason } = report;
      log.write("error", "process crashed", {
        pid: report.pid.toString(),
        function: report.functionName,
        reason: reasonText(reason),
        at: sourceOf(reason),
        parent: report.parent?.toString(),
        links: report.links.map(String),
        mailbox: report.mailboxLength,
        mailboxTypes: report.mailboxTypes,
        lastMessage: report.lastMessageType,
        reductions: report.reductions,
        error: reason instanceof Error ? reason : undefined,
      });
    },
    deadLetter({ reason, to, messageType, count }) {
      const target = "name" in to ? `${to.node}/${to.name}` : to.toString();
      const fields = { reason, to: target, type: messageType, count };
      log.write(DEAD_LETTER_LEVEL[reason], "dead letter", fields);
    },
    spawnRefused(functionName, from) {
      refusals++;
      // The first, then at each power of two: a peer that asks again and again fills no log.
      if ((refusals & (refusals - 1)) !== 0) return;
      const wanted = functionName.slice(0, NAME_CHARS_SHOWN);
      const fields = { function: wanted, from: from.toString(), count: refusals };
      log.write("warn", "spawn refused: the function is not defined here", fields);
    },
    mailboxHigh(pid, functionName, length) {
      log.write("warn", "mailbox high", {
        pid: pid.toString(),
        function: functionName,
        mailbox: length,
      });
    },
  };
}

/** `file:line:column` where an error was thrown: the first frame that is neither the engine's nor ours. */
export function sourceOf(reason: unknown): string | undefined {
  if (!(reason instanceof Error) || typeof reason.stack !== "string") return undefined;
  for (const line of reason.stack.split("\n")) {
    const place = /^\s*at (?:.*?[ (])?((?:file:\/\/)?\/[^()]*:\d+:\d+)\)?$/.exec(line)?.[1];
    const ours = /\/\$bunfs\/|\/node_modules\/snow-node\//;
    if (place !== undefined && !ours.test(place)) return place.replace(/^file:\/\//, "");
  }
  return undefined;
}
