import type { TreeEntry } from "../node/query.ts";
import { JSON_OPTION, TALK_OPTIONS, WATCH_OPTION, report, talk } from "./talk.ts";
import type { Verb } from "./verb.ts";

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
  parts.push(entry.pid ?? "not running");
  if (entry.intensity !== undefined)
    parts.push(`restarts ${entry.restarts ?? 0} of ${entry.intensity}`);
  return parts.join("  ");
}
