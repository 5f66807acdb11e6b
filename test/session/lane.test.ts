import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EncodeError, LaneFullError, MessageTooLarge } from "../../src/base/error.ts";
import { Lane } from "../../src/session/lane/lane.ts";
import { Identities } from "../../src/term/identities.ts";
import type { Pid } from "../../src/term/pid.ts";
import { LanePair, type LaneEnd } from "../support/pair.ts";

/** Sends `count` numbered messages from a process of `end` to one of the other. */
function sendNumbers(pair: LanePair, end: LaneEnd, first: number, count: number, sender = 1): void {
  for (let n = first; n < first + count; n++) {
    end.lane.sendMessage(end.pid(sender), pair.remote(end, 1), { n });
  }
}

const numbers = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ n: first + index }));

describe("delivery", () => {
  test("messages arrive in order with the pids of their processes", () => {
    const pair = new LanePair();
    const from = pair.a.pid(7);
    pair.a.lane.sendMessage(from, pair.remote(pair.a, 9), { hello: "b" });
    pair.a.lane.sendMessage(undefined, pair.remote(pair.a, 9), "from nobody");
    pair.drive();
    const remoteFrom = pair.remote(pair.b, 7);
    expect(pair.b.received).toEqual([
      { kind: "message", from: remoteFrom, to: pair.b.pid(9), message: { hello: "b" } },
      { kind: "message", from: undefined, to: pair.b.pid(9), message: "from nobody" },
    ]);
    expect((pair.b.received[0] as { from: unknown }).from).toBe(remoteFrom);
    expect((pair.b.received[0] as { to: unknown }).to).toBe(pair.b.pid(9));
  });

  test("one byte at a time is as good as all at once", () => {
    const pair = new LanePair();
    sendNumbers(pair, pair.a, 0, 300);
    sendNumbers(pair, pair.b, 0, 300);
    pair.drive(1);
    expect(pair.b.messages).toEqual(numbers(0, 300));
    expect(pair.a.messages).toEqual(numbers(0, 300));
  });

  test("bytes in messages keep their content while later frames come", () => {
    const pair = new LanePair();
    const bodies = Array.from({ length: 60 }, (_, n) => new Uint8Array(1 + n * 37).fill(n));
    for (const body of bodies) {
      pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), body);
      pair.write(pair.a);
    }
    pair.drive(50);
    expect(pair.b.messages.map((body) => new Uint8Array(body as Uint8Array))).toEqual(bodies);
  });

  test("a socket that takes one byte a write loses nothing", () => {
    const pair = new LanePair();
    pair.a.writeMax = 1;
    sendNumbers(pair, pair.a, 0, 100);
    pair.drive();
    expect(pair.b.messages).toEqual(numbers(0, 100));
  });

  test("more conversations than pid slots keep their addresses apart", () => {
    const pair = new LanePair();
    for (let n = 0; n < 2_000; n++) {
      pair.a.lane.sendMessage(pair.a.pid(n % 700), pair.remote(pair.a, (n * 7) % 900), n);
    }
    pair.drive();
    pair.b.received.forEach((signal, n) => {
      expect(signal).toEqual({
        kind: "message",
        from: pair.remote(pair.b, n % 700),
        to: pair.b.pid((n * 7) % 900),
        message: n,
      });
    });
    expect(pair.b.received).toHaveLength(2_000);
  });

  test("everything is acknowledged once traffic stops, and the lane is drained", () => {
    const pair = new LanePair();
    sendNumbers(pair, pair.a, 0, 5_000);
    pair.drive();
    expect(pair.a.lane.drained).toBe(true);
    expect(pair.a.lane.unackedSince).toBeUndefined();
  });

  test("a message that cannot be sent leaves no trace on the lane", () => {
    const pair = new LanePair();
    sendNumbers(pair, pair.a, 0, 3);
    for (const to of [1, 2]) {
      const bad = { name: "new", inner: { onClick: () => 1 } };
      expect(() =>
        pair.a.lane.sendMessage(pair.a.pid(50 + to), pair.remote(pair.a, to), bad),
      ).toThrow(EncodeError);
    }
    const named = {
      kind: "message_named",
      from: pair.a.pid(1),
      name: "x",
      node: "b@host",
      message: () => 1,
    } as const;
    expect(() => pair.a.lane.send(named)).toThrow(EncodeError);
    pair.drive();
    // The slots that were defined for the first two are sent; nothing else is left, not even an empty frame.
    expect(() => pair.a.lane.send(named)).toThrow(EncodeError);
    expect(pair.a.lane.room.queuedBytes).toBe(0);
    sendNumbers(pair, pair.a, 3, 3);
    pair.drive();
    expect(pair.b.messages).toEqual(numbers(0, 6));
  });

  test("ten thousand messages that cannot be sent, to as many processes, fill no frame beyond its end", () => {
    const pair = new LanePair();
    for (let to = 1; to <= 10_000; to++) {
      const remote = pair.remote(pair.a, to);
      expect(() => pair.a.lane.sendMessage(pair.a.pid(to), remote, () => to)).toThrow(EncodeError);
    }
    sendNumbers(pair, pair.a, 0, 3);
    pair.drive();
    expect(pair.b.lane.failure).toBeUndefined();
    expect(pair.b.messages).toEqual(numbers(0, 3));
  });
});

test("nobody speaks for the processes of a third node, nor to them through another", () => {
  const stray = (send: (pair: LanePair, far: Pid, third: Pid) => void): void => {
    const pair = new LanePair();
    const { identities } = pair.a;
    const third = identities.pid(identities.nodeRef("c@host", 3), 2 ** 42 + 1);
    send(pair, pair.remote(pair.a, 1), third);
    pair.drive();
    expect(pair.b.received).toEqual([]);
    expect(pair.b.lane.failure?.code).toBe("bad_name");
    expect(pair.b.lane.failure?.message).toContain("c@host, expected ");
  };
  const large = new Uint8Array(200_000);
  for (const message of ["small", large]) {
    stray(({ a }, far, third) => a.lane.sendMessage(third, far, message));
    stray(({ a }, _far, third) => a.lane.sendMessage(a.pid(1), third, message));
  }
  const reason = "killed";
  stray(({ a }, to, from) => a.lane.send({ kind: "exit", from, to, reason }));
  stray(({ a }, _far, to) => a.lane.send({ kind: "exit", from: a.pid(1), to, reason }));
  stray(({ a }, to, from) => a.lane.send({ kind: "link", from, to }));
  stray(({ a }, to, from) => {
    const named = { name: "bank", node: to.node, message: 1 };
    a.lane.send({ kind: "message_named", from, ...named });
  });
  stray(({ a }, _far, { node }) => {
    const named = { name: "bank", node, ref: a.identities.createRef(1) };
    a.lane.send({ kind: "monitor_named", from: a.pid(1), ...named });
  });
});

describe("resume", () => {
  test("a cut at any moment loses, doubles and reorders nothing", () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("send" as const),
        side: fc.boolean(),
        count: fc.integer({ min: 1, max: 40 }),
      }),
      fc.record({
        kind: fc.constant("large" as const),
        side: fc.boolean(),
        count: fc.integer({ min: 1, max: 9_000 }),
      }),
      fc.record({
        kind: fc.constant("write" as const),
        side: fc.boolean(),
        count: fc.integer({ min: 1, max: 3_000 }),
      }),
      fc.record({
        kind: fc.constant("deliver" as const),
        side: fc.boolean(),
        count: fc.integer({ min: 1, max: 3_000 }),
      }),
      fc.record({ kind: fc.constant("cut" as const), side: fc.boolean(), count: fc.constant(0) }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 64 }),
        (steps, chunkMax) => {
          const pair = new LanePair({ fragmentBytes: 1_024, unackedBytesMax: 4_096 });
          const sent = new Map<LaneEnd, number>([
            [pair.a, 0],
            [pair.b, 0],
          ]);
          for (const { kind, side, count } of steps) {
            const end = side ? pair.a : pair.b;
            const next = sent.get(end)!;
            pair.now += 1;
            if (kind === "send") {
              sendNumbers(pair, end, next, count);
              sent.set(end, next + count);
            } else if (kind === "large") {
              end.lane.sendMessage(end.pid(1), pair.remote(end, 1), {
                n: next,
                bytes: new Uint8Array(count),
              });
              sent.set(end, next + 1);
            } else if (kind === "write") pair.write(end, count);
            else if (kind === "deliver") pair.deliver(end, count, chunkMax);
            else {
              pair.cut();
              pair.attach();
            }
          }
          pair.drive();
          for (const end of [pair.a, pair.b]) {
            expect(end.lane.failure).toBeUndefined();
            const got = pair.other(end).messages.map((message) => (message as { n: number }).n);
            expect(got).toEqual(Array.from({ length: sent.get(end)! }, (_, index) => index));
            expect(end.lane.drained).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("signals sent while detached leave after the resume", () => {
    const pair = new LanePair();
    sendNumbers(pair, pair.a, 0, 10);
    pair.drive();
    pair.cut();
    sendNumbers(pair, pair.a, 10, 10);
    expect(pair.a.lane.pollTransmit()).toBeUndefined();
    expect(pair.a.lane.room.queuedBytes).toBeGreaterThan(0);
    pair.attach();
    pair.drive();
    expect(pair.b.messages).toEqual(numbers(0, 20));
  });

  test("a peer that states a frame it cannot have ends the session", () => {
    for (const stated of [0, 99]) {
      const pair = new LanePair();
      for (let n = 0; n < 3; n++) {
        sendNumbers(pair, pair.a, n, 1);
        pair.drive();
      }
      pair.cut();
      pair.a.lane.attach(stated);
      expect(pair.a.lane.failure?.code).toBe("bad_sequence");
      expect(pair.a.lane.pollTransmit()).toBeUndefined();
    }
  });

  test("bytes of an old socket that come before the resume are not taken", () => {
    const pair = new LanePair();
    sendNumbers(pair, pair.a, 0, 5);
    pair.write(pair.a);
    const late = pair.a.wire;
    pair.cut();
    pair.b.lane.receive(late, 0, pair.b);
    expect(pair.b.received).toEqual([]);
    pair.attach();
    pair.drive();
    expect(pair.b.messages).toEqual(numbers(0, 5));
  });

  test("a frame sent twice, or one left out, ends the session", () => {
    for (const slice of [[0, 0], [1]]) {
      const pair = new LanePair();
      const frames: Uint8Array[] = [];
      for (let n = 0; n < 2; n++) {
        sendNumbers(pair, pair.a, n, 1);
        pair.write(pair.a);
        frames.push(pair.a.wire);
        pair.a.wire = new Uint8Array(0);
      }
      for (const index of slice) pair.b.lane.receive(frames[index]!, 0, pair.b);
      expect(pair.b.lane.failure?.code).toBe("bad_sequence");
    }
  });
});

describe("fragments", () => {
  test("a small message of another sender overtakes a large one, its own sender's does not", () => {
    const pair = new LanePair();
    const large = new Uint8Array(20 * 1024 * 1024).fill(1);
    pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), large);
    pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), "after the large one");
    pair.write(pair.a, 300_000);
    pair.a.lane.sendMessage(pair.a.pid(2), pair.remote(pair.a, 1), "of another");
    pair.drive();
    expect(
      pair.b.messages.map((message) => (message instanceof Uint8Array ? message.length : message)),
    ).toEqual(["of another", large.length, "after the large one"]);
  });

  test("a small message waits behind no more than a few fragments", () => {
    const pair = new LanePair();
    pair.a.lane.sendMessage(
      pair.a.pid(1),
      pair.remote(pair.a, 1),
      new Uint8Array(50 * 1024 * 1024),
    );
    pair.write(pair.a);
    const inFlight = pair.a.wire.length;
    pair.a.lane.sendMessage(pair.a.pid(2), pair.remote(pair.a, 1), "small");
    expect(inFlight + pair.a.lane.room.queuedBytes - 50 * 1024 * 1024).toBeLessThan(200_000);
    expect(inFlight).toBeLessThan(2.2 * 1024 * 1024);
    pair.drive();
    expect(pair.b.received).toHaveLength(2);
  });

  test("a flood of small messages does not starve a large one", () => {
    const pair = new LanePair();
    pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), new Uint8Array(1024 * 1024 + 5));
    let rounds = 0;
    const arrived = () => pair.b.messages.some((message) => message instanceof Uint8Array);
    while (!arrived() && ++rounds < 200) {
      for (let n = 0; n < 2_000; n++) {
        pair.a.lane.sendMessage(pair.a.pid(2), pair.remote(pair.a, 1), { text: "x".repeat(60), n });
      }
      for (const end of [pair.a, pair.b]) {
        pair.write(end, 100_000);
        pair.deliver(end);
      }
    }
    expect(rounds).toBeLessThan(100);
  });

  test("two giants go one after the other, sixteen others beside them", () => {
    const pair = new LanePair();
    const sizes = [
      3_000_000,
      2_500_000,
      ...Array.from({ length: 30 }, (_, index) => 70_000 + index),
    ];
    sizes.forEach((size, index) => {
      pair.a.lane.sendMessage(
        pair.a.pid(index),
        pair.remote(pair.a, 1),
        new Uint8Array(size).fill(index),
      );
    });
    pair.drive();
    const got = pair.b.messages as Uint8Array[];
    expect(got.map((bytes) => bytes.length).toSorted((x, y) => x - y)).toEqual(
      sizes.toSorted((x, y) => x - y),
    );
    for (const bytes of got)
      expect(Buffer.compare(bytes, Buffer.alloc(bytes.length, bytes[0]))).toBe(0);
    expect(pair.b.lane.failure).toBeUndefined();
  });

  test("all signals keep their sender's order behind a large one, whatever their kind", () => {
    const pair = new LanePair({ fragmentBytes: 1_024 });
    const from = pair.a.pid(1);
    const to = pair.remote(pair.a, 2);
    pair.a.lane.sendMessage(from, to, new Uint8Array(9_000));
    pair.a.lane.send({ kind: "link", from, to });
    pair.a.lane.send({
      kind: "message_named",
      from,
      name: "bank",
      node: "b@host",
      message: new Uint8Array(2_000),
    });
    pair.a.lane.send({ kind: "link_exit", from, to, reason: "killed" });
    pair.drive();
    expect(pair.b.received.map((signal) => signal.kind)).toEqual([
      "message",
      "link",
      "message_named",
      "link_exit",
    ]);
  });
});

describe("frames", () => {
  test("signals of every size around a frame's, with new processes each, keep within the limit of a frame", () => {
    for (let size = 65_300; size < 65_700; size += 7) {
      const pair = new LanePair();
      for (let n = 0; n < 4; n++) {
        pair.a.lane.sendMessage(
          pair.a.pid(100 * n + size),
          pair.remote(pair.a, 50 * n + size),
          new Uint8Array(size - n),
        );
        pair.a.lane.sendMessage(
          pair.a.pid(1 + n),
          pair.remote(pair.a, n),
          new Uint8Array(size - n - 65_250),
        );
        pair.a.lane.send({
          kind: "link_exit",
          from: pair.a.pid(n),
          to: pair.remote(pair.a, n),
          reason: new Uint8Array(size),
        });
      }
      pair.drive(200_000);
      expect(pair.b.lane.failure).toBeUndefined();
      expect(pair.b.received).toHaveLength(12);
    }
  });

  test("a name that nobody has looked at may be longer than a frame", () => {
    const pair = new LanePair();
    const name = "n".repeat(200_000);
    const ref = pair.a.identities.createRef(2 ** 42);
    const from = pair.a.pid(1);
    sendNumbers(pair, pair.a, 0, 2);
    pair.a.lane.send({ kind: "monitor_named", from, name, node: "b@host", ref });
    pair.a.lane.send({ kind: "message_named", from, name, node: "b@host", message: 1 });
    sendNumbers(pair, pair.a, 2, 2, 2);
    pair.drive();
    expect(pair.b.received.map((signal) => signal.kind).toSorted()).toEqual([
      "message",
      "message",
      "message",
      "message",
      "message_named",
      "monitor_named",
    ]);
  });
});

describe("limits", () => {
  test("a message over the limit is refused before anything is added", () => {
    const pair = new LanePair({ messageBytesMax: 100_000 });
    const before = pair.a.lane.room.queuedBytes;
    const send = () =>
      pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), new Uint8Array(100_001));
    expect(send).toThrow(MessageTooLarge);
    expect(pair.a.lane.room.queuedBytes - before).toBeLessThan(200);
    sendNumbers(pair, pair.a, 0, 1);
    pair.drive();
    expect(pair.b.messages).toEqual(numbers(0, 1));
  });

  test("at the hard limit messages throw and system signals pass, until the lane is overrun", () => {
    const pair = new LanePair({ hardBytes: 50_000, overrunBytes: 20_000 });
    const from = pair.a.pid(1);
    const to = pair.remote(pair.a, 1);
    const fill = () => {
      for (let n = 0; n < 100; n++) pair.a.lane.sendMessage(from, to, new Uint8Array(1_000));
    };
    expect(fill).toThrow(LaneFullError);
    const spawn = { link: false, monitor: false, name: undefined, mailboxMax: undefined };
    const ref = pair.a.identities.createRef(2 ** 42);
    expect(() =>
      pair.a.lane.send({
        kind: "spawn_request",
        from,
        ref,
        node: "b@host",
        scheduler: 1,
        functionName: "f",
        args: [],
        options: spawn,
      }),
    ).toThrow(LaneFullError);
    pair.a.lane.send({ kind: "link_exit", from, to, reason: "x".repeat(10_000) });
    expect(pair.a.lane.failure).toBeUndefined();
    pair.a.lane.send({ kind: "link_exit", from, to, reason: "x".repeat(10_000) });
    expect(pair.a.lane.failure?.code).toBe("lane_overrun");
  });

  test("the high-water mark is passed and left again", () => {
    const pair = new LanePair({ highWaterBytes: 10_000 });
    expect(pair.a.lane.room.aboveHighWater).toBe(false);
    for (let n = 0; n < 20; n++)
      pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), new Uint8Array(1_000));
    expect(pair.a.lane.room.aboveHighWater).toBe(true);
    pair.drive();
    expect(pair.a.lane.room.aboveHighWater).toBe(false);
  });

  test("a large message holds its own sender up and no other", () => {
    const pair = new LanePair();
    const [large, small] = [pair.a.pid(1), pair.a.pid(2)];
    pair.a.lane.sendMessage(large, pair.remote(pair.a, 1), new Uint8Array(8 * 1024 * 1024));
    pair.write(pair.a, 10_000);
    expect(pair.a.lane.room.aboveHighWaterFor(large)).toBe(true);
    expect(pair.a.lane.room.aboveHighWaterFor(small)).toBe(false);
    expect(pair.a.lane.room.aboveHighWater).toBe(true);
    pair.drive();
    expect(pair.a.lane.room.aboveHighWaterFor(large)).toBe(false);
    expect(pair.a.lane.room.aboveHighWater).toBe(false);
  });

  test("a peer that acknowledges nothing holds no more than the bound in flight", () => {
    const pair = new LanePair({ unackedBytesMax: 100_000 });
    for (let n = 0; n < 400; n++)
      pair.a.lane.sendMessage(pair.a.pid(1), pair.remote(pair.a, 1), new Uint8Array(1_000));
    pair.write(pair.a);
    expect(pair.a.wire.length).toBeGreaterThanOrEqual(100_000);
    expect(pair.a.wire.length).toBeLessThan(100_000 + 70_000);
  });

  test("two ends that flood each other beyond the bound do not lock up", () => {
    const pair = new LanePair({ unackedBytesMax: 50_000 });
    for (const end of [pair.a, pair.b]) {
      for (let n = 0; n < 1_000; n++)
        end.lane.sendMessage(end.pid(1), pair.remote(end, 1), new Uint8Array(500));
    }
    pair.drive();
    expect(pair.a.received).toHaveLength(1_000);
    expect(pair.b.received).toHaveLength(1_000);
  });

  test("a budget that several lanes share makes the last one full and is given back", () => {
    const identities = new Identities("a@host", 1);
    const budget = { bytes: 0, max: 20_000 };
    const lanes = [1, 2].map((n) => new Lane({ node: `n${n}@host`, identities, budget }));
    const from = identities.localPid(2 ** 42);
    const to = identities.pid(identities.nodeRef("n1@host", 5), 2 ** 42);
    const fill = () => {
      for (let n = 0; n < 100; n++)
        for (const lane of lanes) lane.sendMessage(from, to, new Uint8Array(70_000));
    };
    expect(fill).toThrow(LaneFullError);
    for (const lane of lanes) lane.close();
    expect(budget.bytes).toBe(0);
  });
});
