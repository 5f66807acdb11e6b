import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DecodeError } from "../../src/base/error.ts";
import {
  ROOM_EXCEPT_MAX,
  ROOM_FRAME_BYTES_MAX,
  ROOM_MESSAGE_BYTES_MAX,
  ROOM_NAME_CHARS_MAX,
} from "../../src/base/limits.ts";
import { encodeAnswer } from "../../src/wire/room-answer.ts";
import { SOCKET_ID_CHARS_MAX } from "../../src/wire/room-entry.ts";
import { decodeRoomFrame, encodeRoomFrame, type RoomFrame } from "../../src/wire/room-message.ts";

const payload = new TextEncoder().encode("hello");
const message = { form: "text", payload, except: ["a.1", "b.2"] } as const;

const FRAMES: readonly RoomFrame[] = [
  { kind: "post", room: "lobby", origin: 2 ** 47 + 5, number: 7, message },
  {
    kind: "post",
    room: "ä",
    origin: 1,
    number: 1,
    message: { ...message, form: "json", except: [] },
  },
  {
    kind: "ask",
    room: "lobby",
    scheduler: 3,
    id: 9,
    ageMs: 12,
    cursor: new Map([
      [5, 0],
      [6, 2 ** 40],
    ]),
  },
  {
    kind: "tell",
    room: "lobby",
    id: 9,
    origin: 5,
    scheduler: 2,
    schedulers: 63,
    last: 12,
    first: 11,
    trimmedAgeMs: 400,
    entries: [
      { ...message, number: 11, ageMs: 30 },
      { form: "bytes", payload, except: [], number: 12, ageMs: 0 },
    ],
  },
  {
    kind: "tell",
    room: "lobby",
    id: 1,
    origin: 5,
    scheduler: 1,
    schedulers: 1,
    last: 0,
    first: 1,
    trimmedAgeMs: Infinity,
    entries: [],
  },
  {
    kind: "part",
    room: "lobby",
    id: 9,
    origin: 5,
    entries: [
      { ...message, number: 3, ageMs: 30 },
      { form: "json", payload, except: [], number: 4, ageMs: 0 },
    ],
  },
  { kind: "leave", room: "lobby", scheduler: 1, id: 9 },
  { kind: "stale", room: "lobby", origin: 5 },
];

describe("a room message", () => {
  test("comes back as it was", () => {
    for (const frame of FRAMES) expect(decodeRoomFrame(encodeRoomFrame(frame))).toEqual(frame);
  });

  test("cut anywhere is an error of decoding or a shorter payload, never anything else", () => {
    for (const frame of FRAMES) {
      const whole = encodeRoomFrame(frame);
      for (let length = 0; length < whole.length; length++) {
        try {
          expect(decodeRoomFrame(whole.subarray(0, length)).kind).toBe("post");
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }
    }
  });

  test("of any bytes throws nothing but DecodeError", () => {
    const bytes = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.uint8Array({ maxLength: 200 }));
    fc.assert(
      fc.property(bytes, ([kind, rest]) => {
        try {
          decodeRoomFrame(new Uint8Array([kind, ...rest]));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

test("the longest message that a room takes fits one frame, alone and in an answer", () => {
  const room = "\u{ffff}".repeat(ROOM_NAME_CHARS_MAX);
  const longest = {
    form: "bytes",
    payload: new Uint8Array(ROOM_MESSAGE_BYTES_MAX),
    except: new Array<string>(ROOM_EXCEPT_MAX).fill("x".repeat(SOCKET_ID_CHARS_MAX)),
  } as const;
  const post = encodeRoomFrame({ kind: "post", room, origin: 1, number: 1, message: longest });
  // The signal around it has a head too.
  expect(post.length).toBeLessThan(ROOM_FRAME_BYTES_MAX - 16);
  const entries = [1, 2, 3].map((number) => ({ ...longest, number, ageMs: 0 }));
  const answer = encodeAnswer({
    ...{ kind: "tell", room, id: 1, origin: 1, scheduler: 1, schedulers: 1 },
    ...{ last: 3, first: 1, trimmedAgeMs: Infinity, entries },
  });
  expect(answer.map((frame) => decodeRoomFrame(frame).kind)).toEqual(["part", "part", "tell"]);
  for (const frame of answer) expect(frame.length).toBeLessThan(ROOM_FRAME_BYTES_MAX - 16);
});
