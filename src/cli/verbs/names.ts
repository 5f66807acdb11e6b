import { table } from "../table.ts";
import { JSON_OPTION, TALK_OPTIONS, WATCH_OPTION, report, talk, widthOf } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** Global names as a node sees them. */
export const names: Verb = {
  name: "names",
  summary: "List the global names and who holds them, as a node sees them.",
  about: "FENCE grows with every holder of a name.",
  operands: [],
  options: [JSON_OPTION, WATCH_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node names --node b@127.0.0.1:4370 --watch"],
  run: (args, world) =>
    talk(args, world, undefined, ({ connection, timeoutMs }) =>
      report(
        args,
        world,
        () => connection.query(connection.node, "names", {}, timeoutMs),
        (answer) =>
          table(
            [
              { title: "NAME", cell: (row) => row.name },
              { title: "PID", cell: (row) => row.pid },
              { title: "FENCE", cell: (row) => String(row.fence), align: "right" },
            ],
            answer,
            widthOf(world),
          ),
      ),
    ),
};
