import type { DeadLetterRow } from "../../service/query.ts";
import { isOn } from "../arguments.ts";
import { jsonLine } from "../show.ts";
import { table } from "../table.ts";
import { JSON_OPTION, TALK_OPTIONS, talk, WATCH_OPTION, watchMsOf, widthOf } from "../talk.ts";
import type { Verb } from "../verb.ts";
import type { World } from "../world.ts";

/** What reached nobody, as it happens. */
export const deadLetters: Verb = {
  name: "dead-letters",
  summary: "Show the last messages that reached nobody on a node, and why.",
  about:
    "A sample of them, at most ten a second of each reason; COUNT says how many there were by then on that scheduler. " +
    "With --watch those that follow, as they come; with --json a line for each.",
  operands: [],
  options: [JSON_OPTION, WATCH_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node dead-letters --node b@127.0.0.1:4370 --watch --json"],
  run: (args, world) =>
    talk(args, world, undefined, async ({ connection, timeoutMs }) => {
      const everyMs = watchMsOf(args);
      const after: number[] = [];
      let isFirst = true;
      do {
        const asked = { after: [...after] };
        // oxlint-disable-next-line no-await-in-loop -- again and again
        const rows = await connection.query(connection.node, "dead_letters", asked, timeoutMs);
        for (const { scheduler, serial } of rows) {
          while (after.length < scheduler) after.push(0);
          after[scheduler - 1] = serial;
        }
        if (isOn(args, "--json")) for (const row of rows) world.terminal.write(jsonLine(row));
        else if (isFirst || rows.length > 0) world.terminal.write(shown(rows, world, isFirst));
        isFirst = false;
        // oxlint-disable-next-line no-await-in-loop -- the same
      } while (everyMs !== undefined && (await world.sleep(everyMs)));
      return 0;
    }),
};

function shown(rows: readonly DeadLetterRow[], world: World, withTitles: boolean): string {
  const text = table(
    [
      { title: "TIME", cell: ({ at }) => new Date(at).toISOString() },
      { title: "REASON", cell: ({ reason }) => reason },
      { title: "TO", cell: ({ to }) => to },
      { title: "TYPE", cell: ({ type }) => type },
      { title: "COUNT", cell: ({ count }) => String(count), align: "right" },
    ],
    rows,
    widthOf(world),
  );
  return withTitles ? text : text.slice(text.indexOf("\n") + 1);
}
