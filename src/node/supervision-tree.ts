import { supervisionOf } from "../behaviour/look.ts";
import type { ChildInfo, SupervisionView } from "../behaviour/supervisor/supervisor-api.ts";
import { summaryOf } from "../scheduler/reports/inspect.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import { parseIdentity } from "../term/pid.ts";
import type { TreeEntry } from "../service/query.ts";

interface Found {
  readonly functionName: string;
  readonly name: string | undefined;
  readonly view: SupervisionView;
}

/**
 * The supervision trees of one scheduler: from each supervisor that no other one here supervises. A child that lives
 * elsewhere is a leaf.
 */
export function treesOf(scheduler: Scheduler): TreeEntry[] {
  const supervisors = new Map<string, Found>();
  const supervised = new Set<string>();
  // Not its list: of a million processes a few are supervisors.
  for (const process of scheduler.processes.values()) {
    const view = supervisionOf(process);
    if (view === undefined) continue;
    const { functionName, name, pid } = summaryOf(process);
    supervisors.set(pid.toString(), { functionName, name, view });
    for (const child of view.children) {
      if (child.pid !== undefined) supervised.add(child.pid.toString());
    }
  }
  const roots = [...supervisors].filter(([pid]) => !supervised.has(pid));
  return roots.map(([pid, found]) =>
    entryOf(supervisors, pid, found.name ?? found.functionName, found),
  );
}

/** The trees of several schedulers as one: a supervisor whose own supervisor is on another scheduler is put below it. */
export function joinTrees(trees: readonly TreeEntry[]): TreeEntry[] {
  const roots = new Map(trees.map((tree) => [tree.pid, tree]));
  const below = new Set<string>();
  const join = (entry: TreeEntry, above: readonly string[]): TreeEntry => ({
    ...entry,
    children: entry.children.map((child) => {
      const root = child.pid === undefined ? undefined : roots.get(child.pid);
      // Whatever the nodes say: nobody is below itself.
      if (root?.pid === undefined || above.includes(root.pid)) return join(child, above);
      below.add(root.pid);
      const { id, lossCount, node, restartCount } = child;
      const joined = join(root, [...above, root.pid]);
      return { ...joined, id, node, restartCount, lossCount } as TreeEntry;
    }),
  });
  const joined = trees.map((tree) => join(tree, tree.pid === undefined ? [] : [tree.pid]));
  return joined.filter(({ pid }) => pid === undefined || !below.has(pid));
}

/** Nodes that have supervisors of these trees, other than `own`. */
export function farNodes(trees: readonly TreeEntry[], own: string): string[] {
  const found = new Set<string>();
  const visit = (entry: TreeEntry): void => {
    const node = entry.kind === "supervisor" ? nodeOf(entry) : undefined;
    if (node !== undefined && node !== own) found.add(node);
    for (const child of entry.children) visit(child);
  };
  for (const tree of trees) visit(tree);
  return [...found];
}

/** The node that its process is on. */
export function nodeOf({ pid }: TreeEntry): string | undefined {
  return pid === undefined ? undefined : parseIdentity(pid)?.name;
}

function entryOf(
  supervisors: ReadonlyMap<string, Found>,
  pid: string,
  id: string,
  { functionName, view }: Found,
): TreeEntry {
  return {
    pid,
    id,
    function: functionName,
    kind: "supervisor",
    restarts: view.restarts,
    intensity: view.intensity,
    periodMs: view.periodMs,
    children: view.children.map((child) => childEntryOf(supervisors, child)),
  };
}

function childEntryOf(supervisors: ReadonlyMap<string, Found>, child: ChildInfo): TreeEntry {
  const { functionName, id, kind, lossCount, node, restartCount } = child;
  const pid = child.pid?.toString();
  const history = { node, restartCount, lossCount };
  const found = pid === undefined ? undefined : supervisors.get(pid);
  if (pid !== undefined && found !== undefined)
    return { ...entryOf(supervisors, pid, id, found), ...history };
  const none = { restarts: undefined, intensity: undefined, children: [] };
  return { pid, id, function: functionName, kind, ...none, ...history };
}
