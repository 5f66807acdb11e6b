import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MessageTooLarge } from "../../src/base/error.ts";
import {
  CONTROL_MESSAGE_BYTES_MAX,
  ControlLink,
  type ControlSink,
} from "../../src/session/control-link.ts";
import { Identities } from "../../src/term/identities.ts";
import {
  encodeControlMessage,
  type ControlMessage,
  type Tick,
} from "../../src/wire/control-message.ts";
import { encodeFrame, FrameKind } from "../../src/wire/frame.ts";

class End implements ControlSink {
  readonly link = new ControlLink(new Identities("b@host", 2));
  readonly messages: ControlMessage[] = [];
  readonly others: unknown[] = [];
  wire: Uint8Array[] = [];

  message(message: ControlMessage): void {
    this.messages.push(message);
  }
  tick(tick: Tick): void {
    this.others.push(tick);
  }
  suspect(lane: number): void {
    this.others.push({ suspect: lane });
  }
  ended(reason: string, text: string): void {
    this.others.push({ reason, text });
  }
}

class Pair {
  readonly a = new End();
  readonly b = new End();
  now = 0;

  constructor() {
    this.cut();
  }

  /** The connection breaks, what is on it is lost, and a new one stands. */
  cut(): void {
    for (const end of [this.a, this.b]) {
      end.wire = [];
      end.link.attach();
    }
  }

  write(end: End, bytesMax = Infinity): void {
    for (let left = bytesMax; left > 0;) {
      const transmit = end.link.pollTransmit();
      if (transmit === undefined) return;
      const count = Math.min(transmit.length, left);
      end.wire.push(transmit.bytes.slice(transmit.offset, transmit.offset + count));
      end.link.transmitted(count);
      left -= count;
    }
  }

  deliver(end: End): void {
    const other = end === this.a ? this.b : this.a;
    for (const bytes of end.wire.splice(0)) other.link.receive(bytes, this.now, other);
  }

  drive(): void {
    for (let quiet = 0; quiet < 3;) {
      for (const end of [this.a, this.b]) this.write(end);
      quiet = this.a.wire.length + this.b.wire.length === 0 ? quiet + 1 : 0;
      for (const end of [this.a, this.b]) this.deliver(end);
      this.now += 20;
      for (const end of [this.a, this.b]) end.link.handleTimeout(this.now);
    }
  }
}

const query = (id: number, bytes = 10): ControlMessage => ({
  kind: "query",
  id,
  verb: "v",
  term: new Uint8Array(bytes),
});

describe("the control link", () => {
  test("carries messages both ways in order, and everything is acknowledged", () => {
    const pair = new Pair();
    for (let id = 0; id < 200; id++) {
      pair.a.link.send(query(id));
      pair.b.link.send(query(id));
    }
    pair.drive();
    for (const end of [pair.a, pair.b]) {
      expect(end.messages.map((message) => (message as { id: number }).id)).toEqual(
        Array.from({ length: 200 }, (_, id) => id),
      );
      expect(end.link.drained).toBe(true);
      expect(end.link.state).toBe("attached");
    }
  });

  test("a message of several frames arrives whole", () => {
    const pair = new Pair();
    const message = query(1, 1_000_000);
    pair.a.link.send(message);
    pair.a.link.send(query(2));
    pair.drive();
    expect(pair.b.messages).toEqual([message, query(2)]);
  });

  test("a message in pieces of one byte arrives whole, and the one behind it too", () => {
    const end = new End();
    end.link.attach();
    end.link.receive(
      encodeFrame(new Uint8Array([FrameKind.CONTROL_READY, 0, 0, 0, 0, 0, 0])),
      0,
      end,
    );
    const frames = [query(1, 300), query(2, 5)].flatMap((message) => {
      const bytes = encodeControlMessage(message);
      return [...bytes].map((byte, place) => [place === bytes.length - 1 ? 1 : 0, byte] as const);
    });
    for (const [index, [flags, byte]] of frames.entries()) {
      const frame = new Uint8Array(15);
      frame.set([FrameKind.DATA, (index + 1) & 0xff, (index + 1) >> 8]);
      frame.set([flags, byte], 13);
      end.link.receive(encodeFrame(frame), 0, end);
    }
    expect(end.link.failure).toBeUndefined();
    expect(end.messages).toEqual([query(1, 300), query(2, 5)]);
  });

  test("a cut at any moment loses, doubles and reorders no message", () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("send" as const),
        side: fc.boolean(),
        count: fc.integer({ min: 1, max: 150_000 }),
      }),
      fc.record({
        kind: fc.constant("write" as const),
        side: fc.boolean(),
        count: fc.integer({ min: 1, max: 100_000 }),
      }),
      fc.record({
        kind: fc.constant("deliver" as const),
        side: fc.boolean(),
        count: fc.constant(0),
      }),
      fc.record({ kind: fc.constant("cut" as const), side: fc.boolean(), count: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const pair = new Pair();
        const sent = [0, 0];
        for (const { kind, side, count } of steps) {
          const end = side ? pair.a : pair.b;
          if (kind === "send") end.link.send(query(sent[side ? 0 : 1]!++, count));
          else if (kind === "write") pair.write(end, count);
          else if (kind === "deliver") pair.deliver(end);
          else pair.cut();
        }
        pair.drive();
        [pair.b, pair.a].forEach((end, index) => {
          expect(end.link.failure).toBeUndefined();
          const ids = end.messages.map((message) => (message as { id: number }).id);
          expect(ids).toEqual(Array.from({ length: sent[index]! }, (_, id) => id));
        });
      }),
      { numRuns: 150 },
    );
  });

  test("ticks and the end of the session pass what waits and die with their connection", () => {
    const pair = new Pair();
    pair.drive();
    const tick = { probe: false, stamp: 1, echo: 0, fence: 7, lagMs: [0] };
    pair.a.link.send(query(1, 3_000_000));
    pair.write(pair.a, 100_000);
    pair.a.link.sendTick(tick);
    pair.write(pair.a, 100_000);
    pair.deliver(pair.a);
    expect(pair.b.others).toEqual([tick]);
    pair.a.link.sendTick(tick);
    pair.cut();
    pair.a.link.sendEnd("disconnect", "asked");
    pair.a.link.sendSuspect(2);
    pair.drive();
    expect(pair.b.others).toEqual([tick, { reason: "disconnect", text: "asked" }, { suspect: 2 }]);
    expect(pair.b.messages).toHaveLength(1);
  });

  test("a REFUSE that crossed the COMMIT is the end of a socket and not of the session", () => {
    const end = new End();
    end.link.attach();
    end.link.receive(encodeFrame(new Uint8Array([FrameKind.REFUSE, 14, 0, 0])), 0, end);
    expect(end.link.failure).toBeUndefined();
  });

  test("a greeting from before a faster connection is old news, and the next connection goes on", () => {
    const pair = new Pair();
    const greetingOf = (received: number) =>
      encodeFrame(new Uint8Array([FrameKind.CONTROL_READY, received, 0, 0, 0, 0, 0]));
    for (let id = 1; id <= 3; id++) pair.a.link.send(query(id, 10));
    pair.drive();
    pair.cut();
    // The peer said that while it had nothing, and it had everything when it arrives.
    pair.a.link.receive(greetingOf(0), 0, pair.a);
    expect(pair.a.link.failure).toBeUndefined();
    pair.cut();
    pair.a.link.send(query(4, 10));
    pair.drive();
    expect(pair.b.messages).toHaveLength(4);
  });

  test("frames before the greeting, unknown ones and wrong numbers end the session", () => {
    const greeting = encodeFrame(new Uint8Array([FrameKind.CONTROL_READY, 0, 0, 0, 0, 0, 0]));
    const data = (number: number, ack = 0) =>
      encodeFrame(
        new Uint8Array([FrameKind.DATA, number, 0, 0, 0, 0, 0, ack, 0, 0, 0, 0, 0, 1, 6]),
      );
    /** A piece of no bytes. */
    const piece = (flags: number) =>
      encodeFrame(new Uint8Array([FrameKind.DATA, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, flags]));
    const cases: readonly [frames: Uint8Array[], code: string][] = [
      [[data(1)], "unexpected_message"],
      [[encodeFrame(new Uint8Array([FrameKind.TICK]))], "unexpected_message"],
      [[greeting, greeting], "unexpected_message"],
      [[greeting, encodeFrame(new Uint8Array([FrameKind.HELLO]))], "unexpected_message"],
      [[greeting, data(2)], "bad_sequence"],
      [[greeting, data(1), data(1)], "bad_sequence"],
      [[greeting, data(1, 5)], "bad_sequence"],
      [[encodeFrame(new Uint8Array([FrameKind.CONTROL_READY, 9, 0, 0, 0, 0, 0]))], "bad_sequence"],
      [[greeting, encodeFrame(new Uint8Array([FrameKind.TICK]))], "malformed"],
      [[greeting, piece(0)], "malformed"],
      [[greeting, piece(1)], "malformed"],
      [[greeting, new Uint8Array([0xff, 0xff, 0xff, 0xff])], "malformed"],
    ];
    for (const [frames, code] of cases) {
      const end = new End();
      end.link.attach();
      for (const frame of frames) end.link.receive(frame, 0, end);
      expect(end.link.failure?.code as string).toBe(code);
    }
  });

  test("a peer that asks for ticks and reads none makes us hold few of them", () => {
    const end = new End();
    end.link.attach();
    for (let times = 0; times < 10_000; times++)
      end.link.sendTick({ probe: false, stamp: times, echo: 0, fence: 7, lagMs: [0] });
    const transmit = end.link.pollTransmit();
    expect(transmit!.length).toBeLessThan(5_000);
  });

  test("what waits for a peer is bounded: more is dropped and counted", () => {
    const end = new End();
    const large = query(1, 15_000_000);
    const sent = Array.from({ length: 6 }, () => end.link.send(large));
    expect(sent).toEqual([true, true, true, true, false, false]);
    expect(end.link.dropped).toBe(2);
    expect(() => end.link.send(query(1, CONTROL_MESSAGE_BYTES_MAX))).toThrow(MessageTooLarge);
  });
});
