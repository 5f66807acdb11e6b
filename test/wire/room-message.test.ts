import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DecodeError } from "../../src/base/error.ts";
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
    const bytes = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.uint8Array({ maxLength: 200 }));
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
