import { CallError } from "../../base/error.ts";
import type { InspectAnswer } from "../../service/query.ts";
import { formatCount, properties } from "../table.ts";
import { JSON_OPTION, TALK_OPTIONS, WATCH_OPTION, nodeOfPid, report, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** One process from all sides. */
export const inspect: Verb = {
  name: "inspect",
  summary:
    "Show everything about one process: its mailbox, links, monitors, names and a server's state.",
  operands: ["pid"],
  options: [JSON_OPTION, WATCH_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node inspect a@127.0.0.1#k2j9x/1.42"],
  run(args, world) {
    const pid = args.operands[0] as string;
    const home = nodeOfPid(pid);
    return talk(args, world, home, ({ connection, timeoutMs }) =>
      report(
        args,
        world,
        async () => {
          const answer = await connection.query(home.name, "inspect", { pid }, timeoutMs);
          if (answer === null) throw new CallError("noproc", pid);
          return answer;
        },
        showProcess,
      ),
    );
  },
};

function showProcess(answer: InspectAnswer): string {
  const list = (items: readonly string[]): string =>
    items.length === 0 ? "none" : items.join(" ");
  return properties([
    ["pid", answer.pid],
    ["function", answer.function],
    ["names", list(answer.names)],
    ["status", answer.status],
    ["parent", answer.parent ?? "none"],
    ["traps exits", answer.trapExit ? "yes" : "no"],
    ["reductions", formatCount(answer.reductions)],
    [
      "mailbox",
      `${formatCount(answer.mailbox)}${answer.mailboxTypes.length > 0 ? `: ${answer.mailboxTypes.join(" ")}` : ""}`,
    ],
    ["links", list(answer.links)],
    ["monitors", list(answer.monitors)],
    ["monitored by", list(answer.monitoredBy)],
    ...(answer.state === undefined ? [] : [["state", answer.state] as const]),
  ]);
}
