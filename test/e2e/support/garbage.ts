/** Frames that no honest peer sends once a session stands. */
import { randomBytes } from "node:crypto";

import { FRAME_BODY_BYTES_MAX, FrameKind } from "../../../src/wire/frame.ts";
import { SignalKind } from "../../../src/wire/signals/message.ts";

/** A list of numbers, little-endian, each with its bytes: `[value, bytes]`, or bytes as they are. */
type Part = readonly [value: number, bytes: number] | Uint8Array;

function joined(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (part instanceof Uint8Array) return part;
      const [value, bytes] = part;
      const buffer = Buffer.alloc(bytes);
      if (bytes <= 6) buffer.writeUIntLE(value, 0, bytes);
      return buffer;
    }),
  );
}

/** A frame with the length that it has. */
export function frame(kind: number, ...parts: Part[]): Uint8Array {
  const body = joined(parts);
  return joined([[body.length + 1, 4], [kind, 1], body]);
}

/** A numbered frame. */
export const data = (number: number, ack: number, ...parts: Part[]): Uint8Array =>
  frame(FrameKind.DATA, [number, 6], [ack, 6], ...parts);

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What breaks either kind of connection. */
const ANYWHERE: Readonly<Record<string, Uint8Array>> = {
  "an empty frame": bytes(0, 0, 0, 0),
  "a frame over the limit": joined([[FRAME_BODY_BYTES_MAX + 1, 4]]),
  "4 GiB announced": bytes(255, 255, 255, 255),
  "a kind that nobody knows": frame(0x7f, [1, 4]),
  "a HELLO in the middle": frame(FrameKind.HELLO, [1, 4]),
  "a COMMIT in the middle": frame(FrameKind.COMMIT, randomBytes(50)),
  "frame 2 before frame 1": data(2, 0),
  "frame 0": data(0, 0),
  "an acknowledgement of what was never sent": frame(FrameKind.ACK, [1_000_000, 6]),
  "the same on a frame": data(1, 2 ** 40),
  "an ACK that ends early": frame(FrameKind.ACK, [0, 3]),
  "a DATA frame without its numbers": frame(FrameKind.DATA, [1, 2]),
  "a megabyte of noise": randomBytes(1_048_576),
};

/** A control message in one piece. */
const message = (kind: number, ...parts: Part[]): Uint8Array =>
  data(1, 0, [1, 1], [kind, 1], ...parts);

export const ON_CONTROL: Readonly<Record<string, Uint8Array>> = {
  ...ANYWHERE,
  "a TICK of 64 schedulers": frame(FrameKind.TICK, [0, 1], [1, 6], [0, 6], [0, 7], [64, 1]),
  "a TICK with a probe of 2": frame(FrameKind.TICK, [2, 1], [1, 6], [0, 6], [0, 7], [0, 1]),
  "a TICK that ends early": frame(FrameKind.TICK, [0, 1]),
  "a message of no kind": data(1, 0, [1, 1]),
  "a message of a kind that nobody knows": message(0xff),
  "2^32 peers in no bytes": message(0x01, [2 ** 32 - 1, 4]),
  "a peer without a name": message(0x01, [1, 4], [0, 2], [0, 2], [0, 2]),
  "2^32 functions in no bytes": message(0x02, [2 ** 32 - 1, 4]),
  "a query with a verb of 65,535 bytes": message(0x03, [1, 4], [65_535, 2]),
  "a query with a broken term": message(0x03, [1, 4], [2, 2], bytes(0x70, 0x73), randomBytes(64)),
  "a goodbye with 255 lanes": message(0x05, [65, 1], [255, 1]),
  "a piece of no flags": data(1, 0),
  "a piece of no bytes, and more to follow": data(1, 0, [0, 1]),
};

/** Entries of a lane in its first frame. */
const entries = (...parts: Part[]): Uint8Array => data(1, 0, ...parts);

/** The first piece of a signal of `total` bytes. */
export const firstPiece = (series: number, total: number, piece: Uint8Array): readonly Part[] => [
  [SignalKind.FRAGMENT_FIRST, 1],
  [series, 4],
  [total, 4],
  [piece.length, 4],
  piece,
];

export const ON_LANE: Readonly<Record<string, Uint8Array>> = {
  ...ANYWHERE,
  "a control frame": frame(FrameKind.CONTROL_READY, [0, 6]),
  "an entry of a kind that nobody knows": entries([0xee, 1]),
  "a message before its slots": entries([SignalKind.MESSAGE_AGAIN, 1], [0, 1]),
  "slots that mean no pid": entries([SignalKind.MESSAGE_SLOTS, 1], [3, 1], [4, 1], [0, 1]),
  "a slot that is reserved": entries([SignalKind.FROM_SLOT, 1], [255, 1]),
  "a piece of a series that never began": entries(
    [SignalKind.FRAGMENT_NEXT, 1],
    [9, 4],
    [1, 4],
    bytes(1),
  ),
  "a signal of 4 GiB in pieces": entries(...firstPiece(1, 2 ** 32 - 1, bytes(1))),
  "a piece longer than its signal": entries(...firstPiece(1, 2, bytes(1, 2, 3))),
  "a piece longer than its frame": entries(
    [SignalKind.FRAGMENT_FIRST, 1],
    [1, 4],
    [100, 4],
    [99, 4],
    bytes(1),
  ),
  "17 signals in pieces": entries(
    ...Array.from({ length: 17 }, (_, series) => firstPiece(series, 1_000, bytes(1))).flat(),
  ),
  "two giants in pieces": entries(
    ...firstPiece(1, 100_000_000, bytes(1)),
    ...firstPiece(2, 100_000_000, bytes(1)),
  ),
  "a series that begins twice": entries(
    ...firstPiece(1, 9, bytes(1)),
    ...firstPiece(1, 9, bytes(1)),
  ),
  "a term of noise": entries([SignalKind.exit, 1], randomBytes(512)),
};
