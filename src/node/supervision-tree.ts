import { supervisionOf } from "../behaviour/look.ts";
import type { SupervisionView } from "../behaviour/supervisor-api.ts";
import { Process } from "../process/process.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Pid } from "../term/pid.ts";
import type { TreeEntry } from "./query.ts";

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
  for (const { functionName, name, pid } of scheduler.list()) {
    const { owner } = pid as Pid<unknown>;
    const view = owner instanceof Process ? supervisionOf(owner) : undefined;
    if (view === undefined) continue;
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
  const join = (entry: TreeEntry): TreeEntry => ({
    ...entry,
    children: entry.children.map((child) => {
      const root = child.pid === undefined ? undefined : roots.get(child.pid);
      if (root?.pid === undefined) return join(child);
      below.add(root.pid);
      return { ...join(root), id: child.id };
    }),
  });
  const joined = trees.map(join);
  return joined.filter(({ pid }) => pid === undefined || !below.has(pid));
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
    children: view.children.map((child) => {
      const text = child.pid?.toString();
      const found = text === undefined ? undefined : supervisors.get(text);
      if (text !== undefined && found !== undefined)
        return entryOf(supervisors, text, child.id, found);
      const { functionName: started, kind } = child;
      const none = { restarts: undefined, intensity: undefined, children: [] };
      return { pid: text, id: child.id, function: started, kind, ...none };
    }),
  };
}
