import type { TreeEntry } from "../../service/query.ts";
import { JSON_OPTION, TALK_OPTIONS, WATCH_OPTION, report, talk } from "../talk.ts";
import type { Verb } from "../verb.ts";

/** Who supervises whom. */
export const tree: Verb = {
  name: "tree",
  summary: "Draw the supervision tree of a node.",
  operands: [],
  options: [JSON_OPTION, WATCH_OPTION, ...TALK_OPTIONS],
  examples: ["snow-node tree --node a@127.0.0.1:4369"],
  run: (args, world) =>
    talk(args, world, undefined, ({ connection, timeoutMs }) =>
      report(args, world, () => connection.query(connection.node, "tree", {}, timeoutMs), showTree),
    ),
};

/** The entries as lines; a level is drawn with the strokes that Unix trees have. */
export function showTree(entries: readonly TreeEntry[]): string {
  if (entries.length === 0) return "no supervisor is running\n";
  return entries.map((entry) => `${label(entry)}\n${branches(entry.children, "")}`).join("");
}

function branches(children: readonly TreeEntry[], indent: string): string {
  return children
    .map((child, index) => {
      const last = index === children.length - 1;
      const below = branches(child.children, indent + (last ? "   " : "│  "));
      return `${indent}${last ? "└─ " : "├─ "}${label(child)}\n${below}`;
    })
    .join("");
}

function label(entry: TreeEntry): string {
  const parts = [entry.id];
  if (entry.function !== entry.id) parts.push(`(${entry.function})`);
  const { intensity, lossCount = 0, node, periodMs, pid, restartCount = 0, restarts } = entry;
  parts.push(pid ?? (node === undefined ? "not running" : `not running, last on ${node}`));
  if (intensity !== undefined) {
    const period = periodMs === undefined ? "" : ` in ${periodMs / 1_000} s`;
    parts.push(`restarts ${restarts ?? 0} of ${intensity}${period}`);
  } else if (entry.kind === "supervisor" && pid !== undefined) {
    parts.push("no answer: what is below it is not known");
  }
  if (restartCount > 0) parts.push(`restarted ${times(restartCount)}`);
  if (lossCount > 0) parts.push(`lost its node ${times(lossCount)}`);
  return parts.join("  ");
}

const times = (count: number): string => (count === 1 ? "1 time" : `${count} times`);
