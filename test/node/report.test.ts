import { expect, test } from "bun:test";

import { reportEvents, sourceOf } from "../../src/node/scheduler/report.ts";
import { Identities } from "../../src/term/identities.ts";

const pid = new Identities("a@h", 10).localPid(2 ** 42 + 7);

/** What is written, as level, text and fields. */
function logged() {
  const lines: [string, string, Readonly<Record<string, unknown>>][] = [];
  return { lines, log: { write: (...line: (typeof lines)[number]) => void lines.push(line) } };
}

test("a crash report says who, why, where in the source, and what was waiting", () => {
  const { lines, log } = logged();
  const error = new RangeError("over the top");
  reportEvents(log).crashed?.({
    pid,
    functionName: "worker",
    reason: error,
    parent: pid,
    links: [pid],
    mailboxLength: 2,
    mailboxTypes: ["add", "read"],
    lastMessageType: "divide",
    reductions: 9,
  });
  expect(lines).toEqual([
    [
      "error",
      "process crashed",
      {
        pid: pid.toString(),
        function: "worker",
        reason: "RangeError: over the top",
        at: expect.stringMatching(/\/test\/node\/report\.test\.ts:\d+:\d+$/),
        parent: pid.toString(),
        links: [pid.toString()],
        mailbox: 2,
        mailboxTypes: ["add", "read"],
        lastMessage: "divide",
        reductions: 9,
        error,
      },
    ],
  ]);
});

test("a long mailbox is a warning with the process, its function and the length", () => {
  const { lines, log } = logged();
  reportEvents(log).mailboxHigh?.(pid, "worker", 16_384);
  const fields = { pid: pid.toString(), function: "worker", mailbox: 16_384 };
  expect(lines).toEqual([["warn", "mailbox high", fields]]);
});

test("the place of an error is the first frame of the author's own files", () => {
  const error = new Error("x");
  const at = (...frames: string[]): string | undefined => {
    error.stack = ["Error: x", ...frames.map((frame) => `    at ${frame}`)].join("\n");
    return sourceOf(error);
  };
  expect(at("send (/$bunfs/root/snow.js:1:2)", "run (/app/a.ts:3:4)")).toBe("/app/a.ts:3:4");
  expect(at("async /app/b.ts:5:6")).toBe("/app/b.ts:5:6");
  expect(at("run (file:///app/with space/c.ts:7:8)")).toBe("/app/with space/c.ts:7:8");
  // The executable's own frames, as its source map shows them.
  expect(at("listen (src/bun/web.ts:1:2)", "run (/my app/a.ts:3:4)")).toBe("/my app/a.ts:3:4");
  expect(at("async src/node/a.ts:1:2")).toBeUndefined();
  expect(at("map (native:1:11)", "<anonymous>")).toBeUndefined();
  const ours = new Error("x");
  ours.stack =
    "Error: x\n    at walk (/srv/node_modules/snow-node/src/bun/index-1.js:11:4)\n    at <anonymous> (/srv/a.ts:6:9)";
  expect(sourceOf(ours)).toBe("/srv/a.ts:6:9");
  expect(sourceOf("killed")).toBeUndefined();
});

test.each([
  ["noproc", "debug"],
  ["stale_creation", "debug"],
  ["noname", "warn"],
  ["noconnection", "warn"],
  ["undecodable", "warn"],
] as const)(
  "a dead letter for %s is logged as %s, with its kind and never its contents",
  (reason, level) => {
    const { lines, log } = logged();
    const to = { name: "acme", node: "b@h" };
    reportEvents(log).deadLetter?.({ reason, to, messageType: "add", count: 4 });
    expect(lines).toEqual([
      [level, "dead letter", { reason, to: "b@h/acme", type: "add", count: 4 }],
    ]);
  },
);
