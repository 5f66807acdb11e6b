import type { LogSink } from "../port/log.ts";
import { reasonText } from "../process/exit-reason.ts";
import type { SchedulerEvents } from "../scheduler/events.ts";

/** What schedulers report, as log lines: crash reports, dead letters, full mailboxes. */
export function reportEvents(log: LogSink): SchedulerEvents {
  return {
    crashed(report) {
      log.write("error", "process crashed", {
        pid: report.pid.toString(),
        function: report.functionName,
        reason: reasonText(report.reason),
        parent: report.parent?.toString(),
        links: report.links.map(String),
        mailbox: report.mailboxLength,
        mailboxTypes: report.mailboxTypes,
        reductions: report.reductions,
      });
    },
    deadLetter({ reason, to, messageType, count }) {
      const target = "name" in to ? `${to.node}/${to.name}` : to.toString();
      log.write("debug", "dead letter", { reason, to: target, type: messageType, count });
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
