import { expect, test } from "bun:test";

import { bringOlder } from "../../src/room/following/behind.ts";
import type { ToClient } from "../../src/room/client-frame.ts";
import { LocalRoom, Membership, type Seat } from "../../src/room/following/local-room.ts";
import { originText } from "../../src/room/outgoing-message.ts";
import type { RoomTell } from "../../src/wire/room-answer.ts";

const ORIGIN = 77;
const NOW = 10_000;

/** A room that is followed since 9,000, with a member that came back to it and belongs to it since 1,000. */
function cameBack(question: number): { room: LocalRoom; told: ToClient[]; delivered: number[] } {
  const [told, delivered]: [ToClient[], number[]] = [[], []];
  const seat: Seat = {
    id: "a.1",
    isFramed: true,
    enter: () => undefined,
    exit: () => undefined,
    deliver: ({ number }) => void delivered.push(number),
    tell: (frame) => void told.push(frame),
  };
  const room = new LocalRoom("a room", 9_000);
  const member = new Membership({
    seat,
    room,
    resumed: new Map(),
    memberSince: 1_000,
    was: [],
    joined: () => undefined,
  });
  member.question = question;
  room.add(member);
  return { room, told, delivered };
}

/** The answer to a question: two messages from before the room was followed, and one since. */
const answer = (id: number): RoomTell => ({
  kind: "tell",
  room: "a room",
  id,
  origin: ORIGIN,
  scheduler: 1,
  schedulers: 1,
  last: 3,
  first: 1,
  trimmedAgeMs: Infinity,
  entries: [4_000, 3_000, 500].map((ageMs, place) => ({
    number: place + 1,
    ageMs,
    form: "j",
    payload: new Uint8Array([0x31]),
    except: [],
  })) as unknown as RoomTell["entries"],
});

test("a member that came back gets what an origin that nobody knew had said before the room was followed", () => {
  const { room, told, delivered } = cameBack(4);
  bringOlder(room, answer(4), 2, NOW);
  expect(delivered).toEqual([1, 2]);
  expect(told).toEqual([]);
});

test("an answer to a question from before it came is too short for it, and it is told of the gap", () => {
  const { room, told, delivered } = cameBack(5);
  bringOlder(room, answer(4), 2, NOW);
  expect(delivered).toEqual([]);
  expect(told).toEqual([
    {
      type: "gap",
      room: "a room",
      origin: originText(ORIGIN),
      ...{ after: 0, upTo: 2, cause: "origin_lost" },
    },
  ]);
});
