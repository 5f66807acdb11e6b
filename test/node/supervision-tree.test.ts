import { expect, test } from "bun:test";

import { child } from "../../src/behaviour/supervisor/child.ts";
import { defineServer } from "../../src/behaviour/server/server.ts";
import { defineSupervisor } from "../../src/behaviour/supervisor/supervisor.ts";
import { answerQuery } from "../../src/node/scheduler/scheduler-query.ts";
import { joinTrees, treesOf } from "../../src/node/supervision-tree.ts";
import { localNode } from "../behaviour/local-node.ts";

const leaf = defineServer("tree.leaf", { init: () => ({ seen: new Map([["a", 1n]]) }) });
const inner = defineSupervisor("tree.inner", {
  children: () => [child({ id: "leaf", start: leaf, args: [] })],
});
const outer = defineSupervisor("tree.outer", {
  intensity: 7,
  children: () => [
    child({ id: "inner", start: inner, args: [] }),
    child({ id: "own", start: leaf, args: [], restart: "temporary" }),
  ],
});

test("the tree has each supervisor once, with its budget, and the children below it in start order", async () => {
  const { caller, scheduler } = localNode();
  const pid = await outer.start(caller, [], { name: "top" });
  const [tree, ...others] = treesOf(scheduler);
  expect(others).toEqual([]);
  expect(tree).toMatchObject({
    pid: String(pid),
    id: "top",
    kind: "supervisor",
    intensity: 7,
    restarts: 0,
  });
  expect(tree?.children.map(({ id, kind }) => [id, kind])).toEqual([
    ["inner", "supervisor"],
    ["own", "worker"],
  ]);
  expect(tree?.children[0]?.children.map(({ id }) => id)).toEqual(["leaf"]);
});

test("inspect shows a server's state and a supervisor's children", async () => {
  const { caller, scheduler } = localNode();
  const { identities } = scheduler;
  const state = (pid: unknown): string => {
    const answer = answerQuery(scheduler, identities, "inspect", { pid: String(pid) });
    return (answer.value as { state: string }).state;
  };
  expect(state(await leaf.start(caller))).toBe('{ seen: Map(1) { "a" → 1n } }');
  expect(state(await inner.start(caller))).toContain('id: "leaf"');
});

test("a supervisor whose own supervisor is on another scheduler is shown below it", () => {
  const entry = (pid: string, ...children: object[]) => ({ pid, id: pid, children }) as never;
  const leafOf = (pid: string, id: string) => ({ pid, id, children: [] });
  const trees = [
    entry("1.2", leafOf("2.9", "far"), leafOf("1.3", "near")),
    entry("2.9", leafOf("2.10", "worker")),
    entry("2.20"),
  ];
  expect(joinTrees(trees)).toMatchObject([
    {
      pid: "1.2",
      children: [
        { pid: "2.9", id: "far", children: [{ id: "worker" }] },
        { pid: "1.3", children: [] },
      ],
    },
    { pid: "2.20", children: [] },
  ]);
});

test("nodes whose supervisors are said to be below themselves are drawn all the same", () => {
  const entry = (pid: string, ...children: object[]) => ({ pid, id: pid, children }) as never;
  const leafOf = (pid: string) => ({ pid, id: pid, children: [] });
  const trees = [
    entry("1.1", leafOf("2.1")),
    entry("2.1", leafOf("3.1")),
    entry("3.1", leafOf("2.1")),
  ];
  expect(joinTrees(trees)).toMatchObject([
    { id: "1.1", children: [{ id: "2.1", children: [{ id: "3.1", children: [{ id: "2.1" }] }] }] },
  ]);
});
