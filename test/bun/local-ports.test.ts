import { expect, test } from "bun:test";

import { createLocalPorts } from "../../src/bun/local-ports.ts";

/** A pair whose deliveries happen when the test says so. */
function manualPair() {
  const due: (() => void)[] = [];
  const [left, right] = createLocalPorts((callback) => due.push(callback));
  const run = () => {
    for (const callback of due.splice(0)) callback();
  };
  return { left, right, run, due };
}

test("messages arrive in order, as they are, and never inside post", () => {
  const { left, right, run } = manualPair();
  const received: unknown[] = [];
  right.receive((message) => received.push(message));
  const message = { not: "cloned" };
  left.post(message);
  left.post(2);
  expect(received).toEqual([]);
  run();
  expect(received).toEqual([message, 2]);
  expect(received[0]).toBe(message);
});

test("messages wait for the first receiver", () => {
  const { left, right, run } = manualPair();
  left.post("early");
  run();
  const received: unknown[] = [];
  right.receive((message) => received.push(message));
  left.post("late");
  run();
  expect(received).toEqual(["early", "late"]);
});

test("an answer posted while receiving comes in the next delivery", () => {
  const { left, right, run } = manualPair();
  const log: string[] = [];
  right.receive((message) => {
    log.push(`right got ${String(message)}`);
    if (message === "ask") right.post("answer");
  });
  left.receive((message) => log.push(`left got ${String(message)}`));
  left.post("ask");
  left.post("more");
  run();
  run();
  expect(log).toEqual(["right got ask", "right got more", "left got answer"]);
});

test("a receiver that throws loses its own message only", () => {
  const { left, right, run, due } = manualPair();
  const received: unknown[] = [];
  right.receive((message) => {
    if (message === "bad") throw new Error("bad");
    received.push(message);
  });
  for (const message of ["a", "bad", "b"]) left.post(message);
  expect(run).toThrow("bad");
  expect(due).toHaveLength(1);
  run();
  expect(received).toEqual(["a", "b"]);
});

test("nothing arrives after close", () => {
  const { left, right, run } = manualPair();
  const received: unknown[] = [];
  right.receive((message) => received.push(message));
  right.close();
  left.post("late");
  run();
  expect(received).toEqual([]);
});

test("microtasks deliver by default", async () => {
  const [left, right] = createLocalPorts();
  const got = new Promise((resolve) => right.receive(resolve));
  left.post("hello");
  expect(await got).toBe("hello");
});
