/** The soak's checker finds what it is for: each test tells one story that must not be, and the same without the fault. */
import { describe, expect, test } from "bun:test";

import { check } from "./checker.ts";
import type { Seen, SoakRecord } from "./records.ts";

const [A, B] = ["a@1.0.0.1#k1/1.1", "b@1.0.0.2#k2/1.1"];
const NODE_OF_A = "a@1.0.0.1";
const DONE = { shutdown: { sent: 3 } };

const told = (by: string, ...seen: readonly Seen[]): SoakRecord[] =>
  seen.map((what) => ({ at: 0, by, ...what }));

const broken = (records: readonly SoakRecord[], ...killed: readonly string[]): readonly string[] =>
  check(records, (start) => killed.includes(start)).violations;

const got = (...numbers: readonly number[]): Seen[] =>
  numbers.map((seq) => ({ what: "got", stream: "s", seq, whole: true }));

const SENDER = told(
  A,
  { what: "sending", stream: "s", upTo: 3 },
  { what: "sent", stream: "s", last: 3 },
  { what: "end", reason: DONE },
);
const RECEIVER: readonly Seen[] = [
  { what: "receiver", stream: "s", from: A },
  { what: "monitor", ref: "r", target: A },
];
const DOWN: Seen = { what: "down", ref: "r", reason: DONE };
const LOST: Seen = { what: "nodedown", node: NODE_OF_A, reason: "net_tick_timeout" };

const pair = (...seen: readonly Seen[]): SoakRecord[] => [
  ...SENDER,
  ...told(B, ...RECEIVER, ...seen),
];

describe("pairs", () => {
  const stories: readonly (readonly [string, string | undefined, readonly Seen[]])[] = [
    ["all in order", undefined, [...got(1, 2, 3), DOWN]],
    ["a gap after a loss", undefined, [...got(1), LOST, ...got(3), DOWN]],
    ["the end is missing after a loss", undefined, [...got(1), LOST, DOWN]],
    ["a gap", "3 came after 1, and nothing was lost", [...got(1, 3), DOWN]],
    [
      "a gap after the one that had a loss",
      "nothing was lost",
      [...got(1), LOST, ...got(1), ...got(3)],
    ],
    ["one twice", "2 came after 2", [...got(1, 2, 2, 3), DOWN]],
    ["another order", "1 came after 2", [LOST, ...got(2, 1, 3), DOWN]],
    ["the end is missing", "3 were sent, 2 came", [...got(1, 2), DOWN]],
    ["one that was never sent", "never sent", [...got(1, 2, 3, 4), DOWN]],
    [
      "one that is not whole",
      "damaged",
      [{ what: "got", stream: "s", seq: 1, whole: false }, ...got(2, 3), DOWN],
    ],
  ];
  test.each(stories)("%s", (_title, violation, seen) => {
    const found = broken(pair(...seen));
    if (violation === undefined) expect(found).toEqual([]);
    else expect(found.join("\n")).toContain(violation);
  });
});

describe("monitors", () => {
  const monitor: Seen = { what: "monitor", ref: "r", target: A };
  const down = (reason: unknown): Seen => ({ what: "down", ref: "r", reason });
  const ended = told(A, { what: "end", reason: "x" });
  const stories: readonly (readonly [string, string | undefined, readonly Seen[]])[] = [
    ["one down", undefined, [monitor, down("x")]],
    ["one that was lost", undefined, [monitor, down("noconnection")]],
    ["taken back", undefined, [monitor, { what: "demonitor", ref: "r" }]],
    ["none", "no down of r", [monitor]],
    ["two", "not open", [monitor, down("x"), down("x")]],
    [
      "one after it was taken back",
      "not open",
      [monitor, { what: "demonitor", ref: "r" }, down("x")],
    ],
    ["with another's reason", 'told as "y"', [monitor, down("y")]],
  ];
  test.each(stories)("%s", (_title, violation, seen) => {
    const found = broken([...ended, ...told(B, ...seen)]);
    if (violation === undefined) expect(found).toEqual([]);
    else expect(found.join("\n")).toContain(violation);
  });

  test("one of a node that was killed may be open for ever", () => {
    expect(broken(told(B, monitor), "b@1.0.0.2#k2")).toEqual([]);
  });
});

describe("links", () => {
  const end = (linker: boolean): Seen => ({ what: "end", reason: { shutdown: { linker } } });
  const reason = { shutdown: { linker: true } };
  const link: Seen = { what: "link", to: B };
  const sure: Seen = { what: "sure", to: B };
  const exitOf = (from: string, why: unknown): Seen => ({ what: "exit", from, reason: why });
  const downOf = (why: unknown): Seen[] => [
    { what: "monitor", ref: "r", target: A },
    { what: "down", ref: "r", reason: why },
  ];

  test("both hear of the end", () => {
    const near = told(A, link, sure, end(true));
    const far = told(B, ...downOf(reason), exitOf(A, reason));
    expect(broken([...near, ...far])).toEqual([]);
    const deaf = told(B, ...downOf(reason));
    expect(broken([...near, ...deaf]).join("\n")).toContain("did not hear of the end");
  });

  test("an end is not heard of without a link", () => {
    const unlinked = { shutdown: { linker: false } };
    const near = told(A, link, { what: "unlink", to: B }, end(false));
    const far = told(B, ...downOf(unlinked), exitOf(A, unlinked));
    expect(broken([...near, ...far]).join("\n")).toContain("without a link");
    const late = told(A, link, { what: "unlink", to: B }, exitOf(B, "noconnection"));
    expect(broken([...late, ...told(B)]).join("\n")).toContain("not linked");
  });

  test("both notice a loss", () => {
    const near = told(A, link, sure, exitOf(B, "noconnection"));
    expect(broken([...near, ...told(B, exitOf(A, "noconnection"))])).toEqual([]);
    const far = told(B, { what: "monitor", ref: "r", target: A }, { what: "demonitor", ref: "r" });
    expect(broken([...near, ...far]).join("\n")).toContain("noticed 0");
  });
});

describe("calls and spawns", () => {
  const call: Seen = { what: "call", id: "1", kind: "call" };
  const served: Seen = { what: "served", id: "1" };
  const answered: Seen = { what: "answered", id: "1", right: true };
  const failed: Seen = { what: "failed", id: "1", code: "timeout" };
  const stories: readonly (readonly [string, string | undefined, SoakRecord[]])[] = [
    ["answered", undefined, [...told(A, call, answered), ...told(B, served)]],
    ["failed, though it was served", undefined, [...told(A, call, failed), ...told(B, served)]],
    [
      "answered and failed",
      "ended twice",
      [...told(A, call, answered, failed), ...told(B, served)],
    ],
    ["neither", "never ended", told(A, call)],
    ["served twice", "served 2 times", [...told(A, call, answered), ...told(B, served, served)]],
    ["answered by nobody", "by nobody", told(A, call, answered)],
    ["a late answer in the mailbox", "got 7", told(A, { what: "stray", message: "7" })],
    [
      "a child that was born twice",
      "made 2 processes",
      [...told(A, { what: "born", id: "1" }), ...told(B, { what: "born", id: "1" })],
    ],
    [
      "another child than was told",
      "wrong pid",
      [
        ...told(A, { what: "spawned", id: "1", pid: "c@1#k/1.1" }),
        ...told(B, { what: "born", id: "1" }),
      ],
    ],
    [
      "a child that outlives its parent",
      "heard of 0 ends",
      [
        ...told(A, { what: "spawn", id: "1", linked: true }, { what: "end", reason: "x" }),
        ...told(B, { what: "born", id: "1" }),
      ],
    ],
    [
      "a node that comes twice",
      "twice",
      told(
        A,
        { what: "nodes", present: ["b"] },
        { what: "nodedown", node: "b", reason: "" },
        { what: "nodeup", node: "b" },
        { what: "nodeup", node: "b" },
      ),
    ],
  ];
  test.each(stories)("%s", (_title, violation, records) => {
    const found = broken(records);
    if (violation === undefined) expect(found).toEqual([]);
    else expect(found.join("\n")).toContain(violation);
  });
});
