import { expect, test } from "bun:test";

import { showTree } from "../../src/cli/verbs/tree.ts";

test("a supervisor whose node does not answer is drawn as one that is not known", () => {
  const none = { restarts: undefined, intensity: undefined, children: [] };
  const branch = {
    pid: "b@h#1/1.2",
    id: "branch",
    function: "branch",
    kind: "supervisor",
    ...none,
  };
  const idle = { ...branch, id: "idle", pid: undefined, node: "c@h" };
  const worker = { ...branch, id: "worker", kind: "worker" };
  expect(showTree([branch, idle, worker] as never)).toBe(
    "branch  b@h#1/1.2  no answer: what is below it is not known\n" +
      "idle  (branch)  not running, last on c@h\n" +
      "worker  (branch)  b@h#1/1.2\n",
  );
});
