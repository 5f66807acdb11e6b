import type { SchedulerStatus, StatusAnswer } from "../../service/query.ts";
import { formatBytes, formatCount, formatSpan, properties, table, type Column } from "../table.ts";
import { JSON_OPTION, TALK_OPTIONS, WATCH_OPTION, report, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** How a node is. */
export const status: Verb = {
  name: "status",
  summary: "Show how a node is: its schedulers, sessions, memory, dead letters and stray errors.",
  operands: [],
  options: [JSON_OPTION, WATCH_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node status --node a@127.0.0.1:4369 --watch"],
  run: (args, world) =>
    talk(args, world, undefined, ({ connection, timeoutMs }) =>
      report(
        args,
        world,
        () => connection.query(connection.node, "status", {}, timeoutMs),
        showStatus,
      ),
    ),
};

const STUCK: Column<SchedulerStatus> = {
  title: "STUCK IN",
  cell: ({ stuck }) => (stuck ? `${stuck.function} ${stuck.pid}` : ""),
};

function showStatus(answer: StatusAnswer): string {
  const letters = Object.entries(answer.deadLetters).filter(([, count]) => count > 0);
  const head = properties([
    ["name", answer.name],
    ["address", answer.address],
    ["version", answer.version],
    ["up", formatSpan(answer.uptimeMs)],
    ["creation", answer.creation.toString(36)],
    ["tls", answer.tls],
    ["sessions", formatCount(answer.sessions)],
    ["functions", formatCount(answer.functions)],
    ["memory", formatBytes(answer.memoryBytes)],
    [
      "dead letters",
      letters.length === 0
        ? "none"
        : letters.map(([reason, count]) => `${formatCount(count)} ${reason}`).join(", "),
    ],
    ["stray errors", answer.strayErrors === 0 ? "none" : formatCount(answer.strayErrors)],
  ]);
  const schedulers = table(
    [
      { title: "SCHEDULER", align: "right", cell: (row) => String(row.index) },
      { title: "PROCESSES", align: "right", cell: (row) => formatCount(row.processes) },
      { title: "RUN QUEUE", align: "right", cell: (row) => formatCount(row.runQueue) },
      { title: "LAG", align: "right", cell: (row) => formatSpan(row.lagMs) },
      ...(answer.schedulers.some(({ stuck }) => stuck) ? [STUCK] : []),
    ],
    answer.schedulers,
  );
  return `${head}\n${schedulers}`;
}
