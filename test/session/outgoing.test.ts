import { expect, test } from "bun:test";
import fc from "fast-check";
import { Outgoing } from "../../src/session/lane/outgoing.ts";
import { DATA_HEADER_BYTES, FrameKind, FrameReader } from "../../src/wire/frame.ts";

/** Writes a frame whose payload is `size` times the low byte of `tag`. */
function frame(out: Outgoing, tag: number, size: number): void {
  const writer = out.open();
  for (let index = 0; index < size; index++) writer.uint8(tag & 0xff);
  out.close(0);
}

/** Sends up to `bytesMax` bytes. */
function send(out: Outgoing, bytesMax: number, unackedMax: number): Uint8Array {
  const sent: number[] = [];
  while (sent.length < bytesMax) {
    const transmit = out.poll(unackedMax);
    if (transmit === undefined) break;
    const count = Math.min(transmit.length, bytesMax - sent.length);
    for (let index = 0; index < count; index++) sent.push(transmit.bytes[transmit.offset + index]!);
    out.transmitted(count);
  }
  return new Uint8Array(sent);
}

const numberOf = (body: Uint8Array) =>
  new DataView(body.buffer, body.byteOffset).getUint32(1, true);

test("frames are sent, acknowledged and replayed as a plain list of frames would be", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("frame" as const),
      n: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(69_000)),
    }),
    fc.record({
      kind: fc.constant("send" as const),
      n: fc.oneof(fc.nat(300), fc.constant(1_000_000)),
    }),
    fc.record({ kind: fc.constant("ack" as const), n: fc.nat(20) }),
    fc.record({ kind: fc.constant("cut" as const), n: fc.nat(20) }),
    fc.record({ kind: fc.constant("urgent" as const), n: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const out = new Outgoing();
      let reader = new FrameReader();
      reader.authenticated();
      const sizes: number[] = [];
      let received = 0;
      let acked = 0;
      for (const { kind, n } of steps) {
        if (kind === "frame") {
          sizes.push(n);
          frame(out, sizes.length, n);
        } else if (kind === "urgent") out.urgentAck(7);
        else if (kind === "send") {
          reader.push(send(out, n, 200_000));
          while (reader.next()) {
            const body = reader.body();
            if (body[0] === FrameKind.ACK) continue;
            expect(numberOf(body)).toBe(++received);
            const payload = body.subarray(DATA_HEADER_BYTES - 4);
            expect(payload.length).toBe(sizes[received - 1]!);
            expect(payload.every((byte) => byte === (received & 0xff))).toBe(true);
          }
        } else if (kind === "ack") {
          const number = Math.min(received, acked + n);
          expect(out.acknowledge(number)).toBe(true);
          acked = Math.max(acked, number);
          expect(out.ackedFrame).toBe(acked);
        } else {
          out.cut();
          reader = new FrameReader();
          reader.authenticated();
          expect(out.replayFrom(received)).toBe(true);
          acked = received;
        }
        expect(out.unackedBytes).toBeGreaterThanOrEqual(0);
        expect(out.queuedBytes).toBeGreaterThanOrEqual(0);
        expect(out.closedFrame).toBe(sizes.length);
      }
      for (let rounds = 0; received < sizes.length && rounds < 1_000; rounds++) {
        reader.push(send(out, 1_000_000, 200_000));
        while (reader.next()) if (reader.bytes[reader.start] === FrameKind.DATA) received++;
        expect(out.acknowledge(received)).toBe(true);
      }
      expect(out.acknowledge(received)).toBe(true);
      expect(received).toBe(sizes.length);
      expect(out.queuedBytes).toBe(0);
      expect(out.unackedBytes).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("a frame that was not sent whole cannot be acknowledged, nor one that was never written stated by a resume", () => {
  const out = new Outgoing();
  frame(out, 1, 10);
  frame(out, 2, 10);
  send(out, 40, Infinity);
  expect(out.acknowledge(2)).toBe(false);
  expect(out.acknowledge(1)).toBe(true);
  out.cut();
  frame(out, 3, 10);
  expect(out.replayFrom(3)).toBe(false);
  expect(out.replayFrom(0)).toBe(false);
  expect(out.replayFrom(1)).toBe(true);
});

test("a resume may state a frame in whose write the connection broke", () => {
  const out = new Outgoing();
  frame(out, 1, 10);
  frame(out, 2, 10);
  expect(out.poll(Infinity)).toBeDefined();
  // The socket reports a failure and says nothing of the bytes that it had sent before.
  out.cut();
  frame(out, 3, 10);
  expect(out.replayFrom(2)).toBe(true);
  expect(out.unackedBytes).toBe(0);
  expect(out.queuedBytes).toBe(out.poll(Infinity)?.length ?? -1);
});

test("an open frame without an entry leaves no frame behind", () => {
  const out = new Outgoing();
  out.open();
  out.close(0);
  expect(out.closedFrame).toBe(0);
  expect(out.poll(Infinity)).toBeUndefined();
  expect(out.queuedBytes).toBe(0);
});

test("a signal that made its frame too long begins the next one", () => {
  const out = new Outgoing();
  const writer = out.open();
  writer.append(new Uint8Array(50).fill(1));
  const start = writer.length;
  writer.append(new Uint8Array(30).fill(2));
  out.split(start, 9);
  out.close(9);
  const reader = new FrameReader();
  reader.authenticated();
  reader.push(send(out, Infinity, Infinity));
  const payloads: Uint8Array[] = [];
  while (reader.next()) payloads.push(reader.body().slice(DATA_HEADER_BYTES - 4));
  expect(payloads).toEqual([new Uint8Array(50).fill(1), new Uint8Array(30).fill(2)]);
});

test("what is said without a pause lies in slabs, and no memory grows with it", () => {
  const out = new Outgoing();
  const [count, size] = [200, 50_000];
  for (let number = 0; number < count; number++) {
    out.open();
    const start = out.writer.length;
    out.writer.append(new Uint8Array(size).fill(number));
    // Each one makes the frame of the one before too long, so that there is always an open one.
    if (number > 0) out.split(start, 0);
  }
  out.close(0);
  const reader = new FrameReader();
  reader.authenticated();
  const got: number[] = [];
  for (let next = out.poll(Infinity); next !== undefined; next = out.poll(Infinity)) {
    expect(next.bytes.length).toBeLessThan(512 * 1024);
    reader.push(next.bytes.subarray(next.offset, next.offset + next.length));
    out.transmitted(next.length);
    while (reader.next()) {
      const payload = reader.body().subarray(DATA_HEADER_BYTES - 4);
      expect(payload.length).toBe(size);
      got.push(payload[0]!);
    }
  }
  expect(got).toEqual(Array.from({ length: count }, (_none, number) => number));
});

test("urgent frames never split a numbered one, and none waits for more than one frame", () => {
  const out = new Outgoing();
  for (let number = 1; number <= 10; number++) frame(out, number, 1_000);
  const bytes = [...send(out, 500, Infinity)];
  out.urgentAck(3);
  bytes.push(...send(out, 2_000, Infinity));
  const reader = new FrameReader();
  reader.authenticated();
  reader.push(new Uint8Array(bytes));
  const kinds: number[] = [];
  while (reader.next()) kinds.push(reader.bytes[reader.start]!);
  expect(kinds).toEqual([FrameKind.DATA, FrameKind.ACK, FrameKind.DATA]);
});
