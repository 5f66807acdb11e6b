import { expect, test } from "bun:test";

import type { PeerSession } from "../../src/process/peer-session.ts";
import { PeerSessions } from "../../src/scheduler/peer-sessions.ts";

const B = "b@host";

function fixture() {
  const doubts: string[] = [];
  const seen: string[] = [];
  const peers = new PeerSessions((node, creation) => doubts.push(`${node} ${creation}`));
  const watcher = {
    sessionUp: ({ node }: PeerSession) => void seen.push(`up ${node}`),
    nodeGone: () => void seen.push("gone"),
  };
  peers.watch(B, watcher);
  return { peers, doubts, seen, watcher };
}

test("a session that ended says when it was heard last, and whether its node may still run", () => {
  const { peers } = fixture();
  peers.up(B, 1);
  const session = peers.sessionOf(B)!;
  expect([session.heardAt, session.incarnation.isGone]).toEqual([undefined, false]);
  peers.down(B, 40, false);
  expect([session.heardAt, session.incarnation.isGone]).toEqual([40, false]);
  expect(peers.sessionOf(B)).toBeUndefined();
});

test("all sessions with one start of a node are over once it is gone, by whatever is learnt of that", () => {
  const { peers, seen } = fixture();
  peers.up(B, 1);
  const first = peers.sessionOf(B)!;
  peers.down(B, 40, false);
  peers.up(B, 1);
  const second = peers.sessionOf(B)!;
  expect(first.incarnation.isGone).toBe(false);
  peers.down(B, 90, false);
  peers.gone(B, 1);
  expect([first.incarnation.isGone, second.incarnation.isGone]).toEqual([true, true]);
  expect(seen).toEqual([`up ${B}`, `up ${B}`, "gone"]);
});

test("another start of the node means that the one before is gone", () => {
  const { peers, seen } = fixture();
  peers.up(B, 1);
  const session = peers.sessionOf(B)!;
  peers.down(B, 40, false);
  peers.up(B, 2);
  expect(session.incarnation.isGone).toBe(true);
  expect(seen).toEqual([`up ${B}`, "gone", `up ${B}`]);
});

test("a node is doubted only while there is no session, and word of an older start changes nothing", () => {
  const { peers, doubts, seen } = fixture();
  peers.doubt(B);
  peers.up(B, 1);
  peers.doubt(B);
  expect(doubts).toEqual([]);
  peers.gone(B, 1);
  peers.down(B, 40, false);
  peers.doubt(B);
  expect(doubts).toEqual([`${B} 1`]);
  peers.gone(B, 0);
  expect(seen).toEqual([`up ${B}`]);
});

test("who watches no more is told no more, and leaves nothing behind", () => {
  const { peers, seen, watcher } = fixture();
  expect(peers.size).toBe(1);
  peers.unwatch(B, watcher);
  peers.up(B, 1);
  expect([seen, peers.size]).toEqual([[], 0]);
});
