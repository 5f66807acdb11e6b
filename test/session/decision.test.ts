import { expect, test } from "bun:test";
import { decide, type Decision } from "../../src/session/decision.ts";
import { describe as describeSession, startLive, type Live } from "../../src/session/live.ts";
import type { DecisionRequest, SessionOptions } from "../../src/session/session-io.ts";
import { startTick } from "../../src/session/tick.ts";
import { makeHello } from "../support/handshake-pair.ts";

const ID = new Uint8Array(16).fill(1);
const OTHER = new Uint8Array(16).fill(2);
const FRESH = new Uint8Array(16).fill(3);
const OPTIONS: SessionOptions = {
  self: makeHello("b@host"),
  peer: "a@host",
  graceMs: 5_000,
  tick: { intervalMs: 60_000, timeoutMs: 15_000 },
  refusedIsDown: true,
};

/** A session that was committed at 10,000. */
function live(control: "attached" | "lost"): Live {
  const peer = {
    hello: makeHello("a@host"),
    agreement: { version: 1, capabilities: 0 },
    resume: undefined,
  };
  const info = describeSession(OPTIONS, {
    kind: "established",
    role: "dialler",
    peer,
    session: ID,
    resumed: false,
    laneKey: ID,
    rest: ID,
  });
  const session = startLive(OPTIONS, info, { connection: 1, since: 10_000 }, startTick(10_000));
  if (control === "lost") session.control = undefined;
  return session;
}

function request(
  changes: Partial<DecisionRequest> & { creation?: number; resume?: Uint8Array } = {},
): DecisionRequest {
  const { creation = 77, resume, ...rest } = changes;
  return {
    kind: "decision",
    connection: 2,
    dialled: false,
    stage: "commit",
    authenticated: true,
    startedAt: 20_000,
    fresh: FRESH,
    ...rest,
    peer: {
      hello: makeHello("a@host", creation),
      agreement: { version: 1, capabilities: 0 },
      resume,
    },
  };
}

const TABLE: readonly [
  what: string,
  request: DecisionRequest,
  live: Live | undefined,
  expected: Partial<Decision>,
][] = [
  [
    "nobody knows the peer: commit",
    request(),
    undefined,
    { kind: "commit", session: FRESH, over: false },
  ],
  [
    "nobody knows the peer: admit",
    request({ stage: "admit" }),
    undefined,
    { kind: "admit", resume: undefined },
  ],
  [
    "same creation: admit with the session",
    request({ stage: "admit" }),
    live("attached"),
    { kind: "admit", resume: ID },
  ],
  [
    "both resume",
    request({ resume: ID }),
    live("attached"),
    { kind: "commit", session: ID, over: false },
  ],
  [
    "both resume without a connection",
    request({ resume: ID, startedAt: 1 }),
    live("lost"),
    { kind: "commit", session: ID, over: false },
  ],
  ["the peer gave up", request(), live("attached"), { kind: "commit", session: FRESH, over: true }],
  [
    "the peer has another session",
    request({ resume: OTHER }),
    live("lost"),
    { kind: "commit", session: FRESH, over: true },
  ],
  [
    "a crossing dial that began before the commit",
    request({ resume: ID, startedAt: 10_000 }),
    live("attached"),
    { kind: "refuse", code: "already_connected" },
  ],
  [
    "a peer that may not know of the commit yet",
    request({ startedAt: 10_900 }),
    live("attached"),
    { kind: "refuse", code: "already_connected" },
  ],
  [
    "another creation beside a connection",
    request({ creation: 78 }),
    live("attached"),
    { kind: "ping" },
  ],
  [
    "an older creation beside a connection",
    request({ creation: 5 }),
    live("attached"),
    { kind: "ping" },
  ],
  [
    "another creation, proved, no connection",
    request({ creation: 78 }),
    live("lost"),
    { kind: "restarted" },
  ],
  [
    "another creation, not proved, no connection",
    request({ creation: 78, stage: "admit", authenticated: false }),
    live("lost"),
    { kind: "admit", resume: undefined },
  ],
];

test.each(TABLE)("%s", (_what, asked, session, expected) => {
  expect(decide(asked, session)).toMatchObject(expected);
});
