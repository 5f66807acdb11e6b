import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DecodeError, ProtocolError } from "../../src/base/error.ts";
import {
  decodeCommit,
  decodeHello,
  decodeProof,
  decodeRefuse,
  encodeCommitHead,
  encodeHello,
  encodeProofHead,
  encodeRefuseHead,
  sealFrame,
  type Hello,
} from "../../src/wire/handshake-message.ts";
import {
  decodeLaneHello,
  decodeLaneProof,
  decodeLaneReady,
  encodeLaneHello,
  encodeLaneProofHead,
  encodeLaneReadyHead,
} from "../../src/wire/lane-message.ts";
import { makeHello } from "../support/handshake-pair.ts";

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const bodyOf = (frame: Uint8Array) => frame.slice(4);

/** Every message, as a frame, with its decoder and whether bytes behind it are ignored. */
const MESSAGES: readonly [
  name: string,
  frame: Uint8Array,
  decode: (body: Uint8Array) => unknown,
  open: boolean,
][] = [
  ["HELLO", encodeHello(makeHello("a@host")), decodeHello, true],
  [
    "HELLO without an address",
    encodeHello({ ...makeHello("a@host"), address: undefined, lanePorts: [] }),
    decodeHello,
    true,
  ],
  [
    "PROOF",
    sealFrame(encodeProofHead(2, undefined), [bytes(32, 1), bytes(32, 2)]),
    decodeProof,
    false,
  ],
  [
    "PROOF that resumes",
    sealFrame(encodeProofHead(1, bytes(16, 9)), [bytes(32, 1)]),
    decodeProof,
    false,
  ],
  ["COMMIT", sealFrame(encodeCommitHead(bytes(16, 5), 1), [bytes(32, 1)]), decodeCommit, false],
  ["REFUSE", encodeRefuseHead("bad_digest", "no", false), decodeRefuse, false],
  [
    "REFUSE with a proof",
    sealFrame(encodeRefuseHead("name_taken", "é", true), [bytes(32, 1)]),
    decodeRefuse,
    false,
  ],
  [
    "LANE_HELLO",
    encodeLaneHello({ session: bytes(16, 1), lane: 3, nonce: bytes(32, 2) }),
    decodeLaneHello,
    true,
  ],
  ["LANE_PROOF", sealFrame(encodeLaneProofHead(), [bytes(32, 3)]), decodeLaneProof, false],
  ["LANE_READY", sealFrame(encodeLaneReadyHead(2 ** 40), [bytes(32, 3)]), decodeLaneReady, false],
];

describe("handshake messages", () => {
  test("HELLO says all that it was given", () => {
    const hellos: Hello[] = [
      makeHello("a@host"),
      {
        ...makeHello("tool@host"),
        address: undefined,
        lanePorts: [],
        schedulers: 0,
        hidden: true,
        tlsMode: "off",
      },
      {
        ...makeHello("a@[::1]"),
        versions: { min: 3, max: 65_535 },
        creation: 2 ** 48 - 1,
        tlsMode: "ca",
      },
    ];
    for (const hello of hellos) expect(decodeHello(bodyOf(encodeHello(hello)))).toEqual(hello);
  });

  test.each(MESSAGES)("%s cut at any length is refused as truncated", (_name, frame, decode) => {
    const body = bodyOf(frame);
    for (let length = 1; length < body.length; length++) {
      expect(() => decode(body.slice(0, length))).toThrow(DecodeError);
    }
    decode(body);
  });

  test.each(MESSAGES)("%s with bytes behind it", (_name, frame, decode, open) => {
    const longer = new Uint8Array([...bodyOf(frame), 1, 2, 3]);
    if (open) expect(decode(longer)).toEqual(decode(bodyOf(frame)));
    else expect(() => decode(longer)).toThrow("3 bytes too many");
  });

  test.each(MESSAGES)(
    "%s of any bytes throws nothing but DecodeError and ProtocolError",
    (_name, frame, decode) => {
      const body = bodyOf(frame);
      fc.assert(
        fc.property(
          fc.nat(body.length - 1),
          fc.uint8Array({ minLength: 1, maxLength: 80 }),
          (at, noise) => {
            const hostile = body.slice();
            hostile.set(noise.slice(0, hostile.length - at), at);
            try {
              decode(hostile);
            } catch (error) {
              expect(error instanceof DecodeError || error instanceof ProtocolError).toBe(true);
            }
          },
        ),
      );
    },
  );

  test("names that are no names are refused", () => {
    const names = [
      "a",
      "@h",
      "a@",
      "a@b@c",
      "",
      "ä@host",
      "a@ho st",
      "a\0@host",
      "a@host:4369",
      `${"a".repeat(251)}@host`,
    ];
    for (const name of names) {
      expect(() => decodeHello(bodyOf(encodeHello({ ...makeHello("a@host"), name })))).toThrow();
    }
  });

  test("every field of HELLO that is out of range is refused", () => {
    const good = makeHello("a@host");
    const bad: Hello[] = [
      { ...good, versions: { min: 0, max: 1 } },
      { ...good, versions: { min: 3, max: 2 } },
      { ...good, creation: 0 },
      { ...good, tickIntervalMs: 0 },
      { ...good, schedulers: 64, lanePorts: Array.from({ length: 64 }, () => 1) },
      { ...good, address: { host: "", port: 1 } },
      { ...good, address: { host: "a b", port: 1 } },
      { ...good, address: { host: "h", port: 0 } },
      { ...good, lanePorts: [1, 0] },
    ];
    for (const hello of bad)
      expect(() => decodeHello(bodyOf(encodeHello(hello)))).toThrow(DecodeError);
    const otherMagic = bodyOf(encodeHello(good));
    otherMagic[1]! ^= 1;
    expect(() => decodeHello(otherMagic)).toThrow(ProtocolError);
  });

  test("the text of a REFUSE brings no control characters to a terminal", () => {
    const refuse = decodeRefuse(
      bodyOf(encodeRefuseHead("bad_digest", "a\u001b[31mb\n\u202e", false)),
    );
    expect(refuse.text).toBe("a?[31mb??");
  });

  test("the text of a REFUSE may take 512 bytes, and is cut between two characters", () => {
    const textOf = (text: string) =>
      decodeRefuse(bodyOf(encodeRefuseHead("bad_digest", text, false))).text;
    expect(textOf("x".repeat(512))).toBe("x".repeat(512));
    expect(textOf(`x${"€".repeat(200)}`)).toBe(`x${"€".repeat(170)}`);
    expect(textOf("😀".repeat(200))).toBe("😀".repeat(128));
  });
});
