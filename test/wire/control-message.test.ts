import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DecodeError } from "../../src/base/error.ts";
import { Identities } from "../../src/term/identities.ts";
import {
  decodeControlMessage,
  decodeControlReady,
  decodeSessionEnd,
  decodeSuspect,
  decodeTick,
  encodeControlMessage,
  encodeControlReady,
  encodeSessionEnd,
  encodeSuspect,
  encodeTick,
} from "../../src/wire/control-message.ts";
import { CONTROL_MESSAGES } from "../support/frame-vectors.ts";

const identities = new Identities("b@host", 2);

/** Frames without a number, with their decoders. */
const FRAMES: readonly [
  name: string,
  frame: Uint8Array,
  decode: (body: Uint8Array) => unknown,
  value: unknown,
][] = [
  ["CONTROL_READY", encodeControlReady(2 ** 40), decodeControlReady, 2 ** 40],
  [
    "TICK",
    encodeTick({ probe: true, stamp: 12_345.6, echo: 99, fence: 7, lagMs: [0, 101.4, 2 ** 40] }),
    decodeTick,
    { probe: true, stamp: 12_345, echo: 99, fence: 7, lagMs: [0, 101, 2 ** 32 - 1] },
  ],
  ["SUSPECT", encodeSuspect(3), decodeSuspect, 3],
  [
    "SESSION_END",
    encodeSessionEnd("scheduler_killed", "s 2"),
    decodeSessionEnd,
    { reason: "scheduler_killed", text: "s 2" },
  ],
];

describe("control messages", () => {
  test.each(CONTROL_MESSAGES.map((message) => [message.kind, message] as const))(
    "%s comes out as it went in",
    (_kind, message) => {
      expect(decodeControlMessage(encodeControlMessage(message), identities)).toEqual(message);
    },
  );

  test.each(CONTROL_MESSAGES.map((message) => [message.kind, message] as const))(
    "%s cut at any length is refused",
    (kind, message) => {
      const bytes = encodeControlMessage(message);
      for (let length = 0; length < bytes.length; length++) {
        expect(() => decodeControlMessage(bytes.slice(0, length), identities), kind).toThrow(
          DecodeError,
        );
      }
    },
  );

  test.each(FRAMES)(
    "%s comes out as it went in, and is refused when it is cut",
    (_name, frame, decode, value) => {
      const body = frame.slice(4);
      expect(decode(body)).toEqual(value);
      for (let length = 1; length < body.length; length++)
        expect(() => decode(body.slice(0, length))).toThrow(DecodeError);
    },
  );

  test("any bytes are a message or a DecodeError", () => {
    const seeds = CONTROL_MESSAGES.map(encodeControlMessage);
    const hostile = fc.tuple(
      fc.nat(seeds.length - 1),
      fc.nat(60),
      fc.uint8Array({ minLength: 1, maxLength: 12 }),
    );
    fc.assert(
      fc.property(hostile, ([which, at, noise]) => {
        const bytes = seeds[which]!.slice();
        bytes.set(noise.slice(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
        try {
          decodeControlMessage(bytes, identities);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("a list that announces more than it has is refused before anything is allocated for it", () => {
    expect(() =>
      decodeControlMessage(new Uint8Array([1, 0xff, 0xff, 0xff, 0xff]), identities),
    ).toThrow("the limit is 65535");
    expect(() => decodeControlMessage(new Uint8Array([1, 0xff, 0xff, 0, 0]), identities)).toThrow(
      DecodeError,
    );
  });
});

test.each([
  ["port 0", { host: "10.0.0.1", port: 0 }],
  ["no host", { host: "", port: 1 }],
  ["a host that writes to terminals", { host: "a\u001b[31m", port: 1 }],
])("PEERS with an address that nobody can dial is refused: %s", (_what, address) => {
  const bytes = encodeControlMessage({ kind: "peers", peers: [{ name: "c@host", address }] });
  expect(() => decodeControlMessage(bytes, identities)).toThrow(DecodeError);
});
