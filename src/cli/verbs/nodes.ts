import { formatSpan, table } from "../table.ts";
import { JSON_OPTION, TALK_OPTIONS, WATCH_OPTION, report, talk, widthOf } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** Whom a node knows. */
export const nodes: Verb = {
  name: "nodes",
  summary: "List the nodes that a node knows, and the state of each session.",
  operands: [],
  options: [JSON_OPTION, WATCH_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node nodes --node a@127.0.0.1:4369", "snow-node nodes --json"],
  run: (args, world) =>
    talk(args, world, undefined, ({ connection, timeoutMs }) =>
      report(
        args,
        world,
        () => connection.query(connection.node, "nodes", {}, timeoutMs),
        (answer) =>
          table(
            [
              { title: "NODE", cell: (row) => row.name },
              { title: "ADDRESS", cell: (row) => row.address },
              { title: "STATE", cell: (row) => (row.hidden ? `${row.state} (hidden)` : row.state) },
              {
                title: "UP",
                align: "right",
                cell: (row) => (row.upMs === undefined ? "-" : formatSpan(row.upMs)),
              },
              { title: "LANES", align: "right", cell: (row) => String(row.lanes) },
              { title: "CREATION", cell: (row) => row.creation?.toString(36) ?? "-" },
            ],
            answer,
            widthOf(world),
          ),
      ),
    ),
};
