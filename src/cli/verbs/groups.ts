import { table } from "../table.ts";
import { JSON_OPTION, TALK_OPTIONS, WATCH_OPTION, report, talk, widthOf } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** Process groups as a node sees them. */
export const groups: Verb = {
  name: "groups",
  summary: "List the process groups that have members, as a node sees them.",
  about: "HERE counts the members on the node that is asked, MEMBERS those on all connected nodes.",
  operands: [],
  options: [JSON_OPTION, WATCH_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node groups --node b@127.0.0.1:4370 --watch"],
  run: (args, world) =>
    talk(args, world, undefined, ({ connection, timeoutMs }) =>
      report(
        args,
        world,
        () => connection.query(connection.node, "groups", {}, timeoutMs),
        (answer) =>
          table(
            [
              { title: "SCOPE", cell: (row) => row.scope },
              { title: "GROUP", cell: (row) => row.group },
              { title: "HERE", cell: (row) => String(row.local), align: "right" },
              { title: "MEMBERS", cell: (row) => String(row.members), align: "right" },
            ],
            answer,
            widthOf(world),
          ),
      ),
    ),
};
