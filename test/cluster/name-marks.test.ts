import { expect, test } from "bun:test";
import { NameMarks } from "../../src/cluster/names/name-marks.ts";
import type { NamesOutput } from "../../src/cluster/names/names-io.ts";

/** Marks among the nodes, and what they said and who passed, in order. */
function marks(...nodes: string[]) {
  const peers = new Map(nodes.map((node) => [node, 1]));
  const seen: string[] = [];
  const emit = (output: NamesOutput): void => {
    if (output.kind === "send" && output.message.kind === "confirm")
      seen.push(`ask ${output.peer} ${output.message.mark}`);
  };
  const all = new NameMarks(peers, emit);
  const wait = (who: string): number => all.set(() => seen.push(`${who} passed`));
  return { all, peers, seen, wait };
}

test("those who begin to wait together share one question, and pass with its last answer", () => {
  const { all, seen, wait } = marks("b", "c");
  wait("x");
  wait("y");
  all.send();
  all.send();
  expect(seen).toEqual(["ask b 1", "ask c 1"]);
  all.confirmed("b", 1);
  expect(seen).toHaveLength(2);
  all.confirmed("c", 1);
  expect(seen.slice(2)).toEqual(["x passed", "y passed"]);
  expect(all.size).toBe(0);
});

test("who does not wait any more does not pass, and keeps nobody else from it", () => {
  const { all, seen, wait } = marks("b");
  const forgotten = wait("x");
  wait("y");
  all.send();
  all.forget(forgotten);
  all.confirmed("b", 1);
  expect(seen).toEqual(["ask b 1", "y passed"]);
});

test("a node that is lost need not answer, also before it is asked; one that comes up has to", () => {
  const { all, peers, seen, wait } = marks("b");
  wait("x");
  all.send();
  peers.set("c", 1);
  all.nodeUp("c");
  all.nodeDown("b");
  expect(seen).toEqual(["ask b 1", "ask c 1"]);
  wait("y");
  peers.clear();
  all.nodeDown("c");
  all.send();
  expect(seen.slice(2)).toEqual(["x passed", "y passed"]);
  expect(all.size).toBe(0);
});
