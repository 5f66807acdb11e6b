import type { QueryAnswer, QueryArgs } from "../../service/query.ts";
import { usage, valueOf, type Arguments } from "../arguments.ts";
import { formatCount, table } from "../table.ts";
import { JSON_OPTION, TALK_OPTIONS, WATCH_OPTION, report, talk, widthOf } from "../talk.ts";
import type { Verb } from "../verb.ts";

const SORTS = ["mailbox", "reductions", "pid"] as const;
const LIMIT = 50;
const LIMIT_MAX = 10_000;

/** What runs on a node. */
export const ps: Verb = {
  name: "ps",
  summary: "List the processes of a node, those with the most work first.",
  operands: [],
  options: [
    { name: "--sort", value: SORTS.join("|"), doc: "What comes first. Default: mailbox." },
    { name: "--limit", value: "COUNT", doc: `How many at most. Default: ${LIMIT}.` },
    JSON_OPTION,
    WATCH_OPTION,
    ...TALK_OPTIONS,
  ],
  examples: ["snow-node ps --node a@127.0.0.1:4369 --sort reductions --limit 20 --watch=2s"],
  run(args, world) {
    const asked = { sort: sortOf(args), limit: limitOf(args) };
    return talk(args, world, undefined, ({ connection, timeoutMs }) =>
      report(
        args,
        world,
        () => connection.query(connection.node, "ps", asked, timeoutMs),
        (answer) => showProcesses(answer, widthOf(world)),
      ),
    );
  },
};

function sortOf(args: Arguments): QueryArgs<"ps">["sort"] {
  const text = valueOf(args, "--sort") ?? "mailbox";
  const sort = SORTS.find((known) => known === text);
  if (sort === undefined)
    throw usage(`--sort: expected mailbox, reductions or pid, got ${JSON.stringify(text)}`);
  return sort;
}

function limitOf(args: Arguments): number {
  const text = valueOf(args, "--limit") ?? String(LIMIT);
  const limit = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > LIMIT_MAX) {
    throw usage(
      `--limit: expected a whole number from 1 to ${LIMIT_MAX}, got ${JSON.stringify(text)}`,
    );
  }
  return limit;
}

function showProcesses(answer: QueryAnswer<"ps">, width: number): string {
  const shown = table(
    [
      { title: "PID", cell: (row) => row.pid },
      { title: "FUNCTION", cell: (row) => row.function },
      { title: "NAMES", cell: (row) => row.names.join(" ") },
      { title: "STATUS", cell: (row) => row.status },
      { title: "MAILBOX", align: "right", cell: (row) => formatCount(row.mailbox) },
      { title: "REDUCTIONS", align: "right", cell: (row) => formatCount(row.reductions) },
      { title: "LINKS", align: "right", cell: (row) => formatCount(row.links) },
      { title: "MONITORS", align: "right", cell: (row) => formatCount(row.monitors) },
    ],
    answer.processes,
    width,
  );
  const rest = answer.total - answer.processes.length;
  const more = rest > 0 ? `and ${formatCount(rest)} more\n` : "";
  const without = answer.silent.map((why) => `not shown: ${why}\n`).join("");
  return `${shown}${more}${without}`;
}
