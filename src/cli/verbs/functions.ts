import { table } from "../table.ts";
import { JSON_OPTION, TALK_OPTIONS, WATCH_OPTION, report, talk, widthOf } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** What can be spawned at a node. */
export const functions: Verb = {
  name: "functions",
  summary: "List the functions, servers and supervisors that can be spawned at a node.",
  operands: [],
  options: [JSON_OPTION, WATCH_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node functions --node b@127.0.0.1:4370"],
  run: (args, world) =>
    talk(args, world, undefined, ({ connection, timeoutMs }) =>
      report(
        args,
        world,
        () => connection.query(connection.node, "functions", {}, timeoutMs),
        (answer) =>
          table(
            [
              { title: "FUNCTION", cell: (row) => row.name },
              { title: "KIND", cell: (row) => row.kind },
              { title: "VERSION", cell: (row) => row.version ?? "-" },
            ],
            answer,
            widthOf(world),
          ),
      ),
    ),
};
