import { expect, test } from "bun:test";

import { ClientRoom, type Gap } from "../../src/browser/client-room.ts";
import type { ToClient } from "../../src/room/client-frame.ts";

const ORIGIN = "7";

function joined(): {
  got: number[];
  gaps: Gap[];
  takes: (...numbers: number[]) => void;
  told: (frame: Extract<ToClient, { room: string }>) => void;
  givenUp: (after: number) => void;
} {
  const [got, gaps]: [number[], Gap[]] = [[], []];
  const owner = {
    tell: () => undefined,
    publish: () => Promise.resolve(),
    forget: () => undefined,
    now: () => 0,
  };
  const join = {
    message: (_event: unknown, { number }: { number: number }) => void got.push(number),
    gap: (gap: Gap) => void gaps.push(gap),
  };
  const room = new ClientRoom("a room", owner, { join, isGiven: false });
  const told = room.told.bind(room);
  told({ type: "joined", room: "a room", cursor: {} });
  return {
    got,
    gaps,
    told,
    takes: (...numbers) => {
      for (const number of numbers)
        room.take({ room: "a room", origin: ORIGIN, number, form: "j", payload: `${number}` });
    },
    givenUp: (after) =>
      told({
        type: "gap",
        room: "a room",
        origin: ORIGIN,
        ...{ after, upTo: null, cause: "origin_lost" },
      }),
  };
}

test("what came before an origin was given up does not come again, whatever a node that knows less of it says", () => {
  const { got, takes, told, givenUp } = joined();
  takes(1, 2, 3);
  givenUp(3);
  // Another node hears late of the origin, says where it is, and goes on from there.
  told({ type: "cursor", room: "a room", cursor: { [ORIGIN]: 1 } });
  takes(2, 3, 4);
  expect(got).toEqual([1, 2, 3, 4]);
});

test("an origin that is given up twice is remembered by the later message", () => {
  const { got, gaps, takes, givenUp } = joined();
  takes(1, 2, 3);
  givenUp(3);
  givenUp(1);
  takes(2, 3, 4);
  expect(got).toEqual([1, 2, 3, 4]);
  expect(gaps).toHaveLength(2);
});
