import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../src/base/bytes.ts";
import { DecodeError, EncodeError } from "../../src/base/error.ts";
import { REASON_BYTES_MAX } from "../../src/base/limits.ts";
import { TermDecoder } from "../../src/term/decode/decode.ts";
import { TermEncoder } from "../../src/term/encode/encode.ts";
import { Identities } from "../../src/term/identities.ts";
import { struct } from "../../src/term/struct.ts";
import { decodeSignal, encodeSignal } from "../../src/wire/signals/message.ts";
import type { WireSignal } from "../../src/wire/signals/wire-signal.ts";
import { everySignal } from "../support/signals.ts";

const identities = new Identities("b@host", 2);
const signals = everySignal(identities);
const message = signals[0] as Extract<WireSignal, { kind: "message" }>;
const spawnRequest = signals[16] as Extract<WireSignal, { kind: "spawn_request" }>;

function encoded(all: readonly WireSignal[], termBytesMax = 65_536): Uint8Array {
  const writer = new ByteWriter();
  const encoder = new TermEncoder(writer);
  for (const signal of all)
    expect(encodeSignal({ writer, encoder, termBytesMax }, signal)).toBe(true);
  return writer.copy();
}

function decoded(bytes: Uint8Array): unknown[] {
  const input = { reader: new ByteReader(bytes), decoder: new TermDecoder(identities) };
  const all: unknown[] = [];
  while (input.reader.remaining > 0) all.push(decodeSignal(input));
  return all;
}

describe("signals", () => {
  test("of every kind come out as they went in, one after the other on one dictionary", () => {
    expect(decoded(encoded([...signals, ...signals]))).toEqual([...signals, ...signals]);
  });

  test.each(signals.map((signal) => [signal.kind, signal] as const))(
    "%s cut at any length is refused",
    (_kind, signal) => {
      const bytes = encoded([signal]);
      for (let length = 0; length < bytes.length; length++) {
        const input = {
          reader: new ByteReader(bytes, 0, length),
          decoder: new TermDecoder(identities),
        };
        expect(() => decodeSignal(input)).toThrow(DecodeError);
      }
    },
  );

  test("any bytes decode to signals or throw DecodeError", () => {
    const good = encoded(signals);
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 20 }))
        .map(([at, noise]) => {
          const bytes = good.slice();
          bytes.set(noise.slice(0, bytes.length - at), at);
          return bytes;
        }),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        try {
          decoded(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("a reason over the limit arrives as its size, one that cannot be sent as a text, and never throws", () => {
    const { to } = message;
    const from = to;
    const reasons: readonly [reason: unknown, arrives: unknown][] = [
      [new Uint8Array(REASON_BYTES_MAX - 10), new Uint8Array(REASON_BYTES_MAX - 10)],
      [new Uint8Array(REASON_BYTES_MAX + 10), { truncated: expect.any(Number) }],
      [{ why: () => 1 }, { not_encodable: expect.stringContaining("why") }],
      [undefined, undefined],
    ];
    for (const [reason, arrives] of reasons) {
      for (const kind of ["exit", "link_exit"] as const) {
        expect(decoded(encoded([{ kind, from, to, reason }]))).toEqual([
          { kind, from, to, reason: arrives },
        ]);
      }
    }
  });

  test("a message or arguments over the limit are not written, and the dictionary does not notice", () => {
    const writer = new ByteWriter();
    const encoder = new TermEncoder(writer);
    const out = { writer, encoder, termBytesMax: 100 };
    const large = { word: "x".repeat(200), other: "new word" };
    for (const signal of [signals[0]!, signals[2]!, signals[4]!, spawnRequest]) {
      const term = signal.kind === "spawn_request" ? { args: [large] } : { message: large };
      const start = writer.length;
      expect(encodeSignal(out, { ...signal, ...term } as WireSignal)).toBe(false);
      writer.length = start;
      expect(() =>
        encodeSignal(out, { ...(signal as object), message: () => 1, args: [() => 1] } as never),
      ).toThrow(EncodeError);
      writer.length = start;
    }
    for (const signal of signals) encodeSignal(out, signal);
    expect(decoded(writer.copy())).toEqual([...signals]);
  });

  test("a struct that cannot be built here is a dead letter and the next signal is read", () => {
    class Broken {
      readonly fine = false;
    }
    struct("test.wire.Broken", Broken, {
      encode: () => ({ a: 1 }),
      decode: () => {
        throw new Error("no");
      },
    });
    const { to } = message;
    const where = { node: "b@host", service: 1, topic: "t" };
    const bytes = encoded([
      { kind: "message", from: undefined, to, message: { in: [new Broken()] } },
      { kind: "message_named", from: undefined, name: "n", node: "b@host", message: new Broken() },
      { kind: "multicast", ...where, from: to, message: new Broken() },
      { ...spawnRequest, args: [new Broken()] },
      { kind: "link_exit", from: to, to, reason: new Broken() },
      signals[0]!,
    ]);
    const all = decoded(bytes) as { kind: string; signal?: { kind: string }; reason?: unknown }[];
    expect(all.map((one) => one.signal?.kind ?? one.kind)).toEqual([
      "message",
      "message_named",
      "multicast",
      "spawn_request",
      "link_exit",
      "message",
    ]);
    expect(all.slice(0, 4).map((one) => one.kind)).toEqual([
      "undecodable",
      "undecodable",
      "undecodable",
      "undecodable",
    ]);
    expect(all[4]!.reason).toEqual({ not_decodable: expect.any(String) });
    expect(all[5]).toEqual(signals[0] as never);
  });
});
