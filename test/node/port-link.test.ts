import { describe, expect, test } from "bun:test";
import { LaneFullError, MessageTooLarge } from "../../src/base/error.ts";
import { createLocalPorts } from "../../src/bun/local-ports.ts";
import { PortLink, type Origin } from "../../src/node/scheduler/ports/port-link.ts";
import { struct } from "../../src/term/struct.ts";
import { Identities } from "../../src/term/identities.ts";
import { SERIAL_LIMIT } from "../../src/term/pid.ts";
import type { Undecodable, WireSignal } from "../../src/wire/signals/wire-signal.ts";

/** What another node could write. */
class Fragile {
  readonly field = 1;
}
struct("port_link_test.fragile", Fragile, {
  version: 1,
  encode: () => {
    throw new TypeError("not here");
  },
  decode: () => new Fragile(),
});

/** Two schedulers' ends of one port; `deliver` lets everything that was posted arrive. */
function pair(limits: { highWaterBytes?: number; hardBytes?: number; relayBytes?: number } = {}) {
  const queue: (() => void)[] = [];
  const [left, right] = createLocalPorts((callback) => queue.push(callback));
  const got: (WireSignal | Undecodable)[] = [];
  const met: number[] = [];
  let over = 0;
  let readyCount = 0;
  const told: string[] = [];
  const make = (scheduler: number, port: typeof left): PortLink =>
    new PortLink({
      scheduler,
      port,
      identities: new Identities("a@h", 10),
      limits: {
        messageBytesMax: 1_000_000,
        highWaterBytes: limits.highWaterBytes ?? 1_000_000,
        hardBytes: limits.hardBytes ?? 1_000_000,
        relayBytes: limits.relayBytes ?? 1_000_000,
      },
      events: {
        pending: () => undefined,
        meet: (origin) => {
          met.push(origin.number);
          return origin.number > over;
        },
        signal: (signal) => got.push(signal),
        ready: () => readyCount++,
        full: (origin) => told.push(`full ${origin.number}`),
        roomy: () => told.push("roomy"),
      },
    });
  const near = make(2, left);
  near.open();
  make(1, right).open();
  const identities = new Identities("a@h", 10);
  return {
    near,
    got,
    met,
    from: identities.localPid(SERIAL_LIMIT + 1),
    to: identities.localPid(2 * SERIAL_LIMIT + 1),
    deliver: () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
    },
    end: (number: number) => (over = number),
    ready: () => readyCount,
    told,
  };
}

const messages = (got: readonly (WireSignal | Undecodable)[]): unknown[] =>
  got.map((signal) => (signal.kind === "message" ? signal.message : signal.kind));

const session = (number: number): Origin => ({ number, node: "b@h", creation: 5, hidden: false });

describe("the port between two schedulers", () => {
  test("brings signals in order, with one batch for each flush", () => {
    const { near, got, from, to, deliver } = pair();
    near.message(from, to, { n: 1 });
    near.signal({ kind: "link", from, to });
    near.message(from, to, { n: 2 });
    deliver();
    expect(got).toEqual([]);
    near.flush();
    deliver();
    expect(messages(got)).toEqual([{ n: 1 }, "link", { n: 2 }]);
  });

  test("tells when relayed bytes are more than may wait, for each session, and once when half is worked off", () => {
    const { near, from, to, deliver, told, got } = pair({
      relayBytes: 10_000,
      highWaterBytes: 4_000,
    });
    const bytes = new Uint8Array(1_000);
    for (let count = 0; count < 9; count++) near.message(from, to, bytes, session(1));
    expect(told).toEqual([]);
    near.message(from, to, bytes, session(1));
    near.message(from, to, bytes, session(2));
    // What was taken from a lane is never refused.
    expect(told).toEqual(["full 1", "full 2"]);
    near.flush();
    deliver();
    expect(told).toEqual(["full 1", "full 2", "roomy"]);
    expect(got).toHaveLength(11);
    near.message(from, to, bytes);
    expect(told).toHaveLength(3);
  });

  test("puts what a session relays behind that session, and drops it when the session is over", () => {
    const { near, got, met, from, to, deliver, end } = pair();
    near.message(from, to, "own");
    near.message(from, to, "of 1", session(1));
    near.message(from, to, "of 2", session(2));
    near.flush();
    end(1);
    deliver();
    expect(met).toEqual([1, 2]);
    expect(messages(got)).toEqual(["own", "of 2"]);
    // The dictionary went on although a batch was dropped.
    near.message(from, to, { shape: "of 2 again" }, session(2));
    near.flush();
    deliver();
    expect(messages(got).at(-1)).toEqual({ shape: "of 2 again" });
  });

  test("what a lane brought may be larger here; what is so by far is told as undecodable, and the rest goes on", () => {
    const { near, got, from, to, deliver } = pair({ relayBytes: 100_000_000 });
    expect(() => near.message(from, to, new Uint8Array(1_100_000))).toThrow(MessageTooLarge);
    near.message(from, to, new Uint8Array(1_100_000), session(1));
    near.message(from, to, new Uint8Array(4_100_000), session(1));
    const ref = new Identities("b@h", 5).createRef(1);
    const request = {
      from,
      ref,
      node: "a@h",
      functionName: "f",
      scheduler: 1,
      options: { link: false, monitor: false, name: undefined, mailboxMax: undefined },
    } as const;
    const args = [new Uint8Array(4_100_000)];
    near.signal({ kind: "spawn_request", ...request, args }, session(1));
    near.message(from, to, { size: "small" }, session(1));
    near.flush();
    deliver();
    const kinds = got.map(({ kind }) => kind);
    // What is undecodable is told at once.
    expect(kinds).toEqual(["undecodable", "undecodable", "message", "message"]);
    expect(got[0]).toMatchObject({
      signal: { kind: "message", to },
      error: { code: "term_too_large" },
    });
    expect(got[1]).toMatchObject({ signal: { kind: "spawn_request", ref } });
    expect(messages(got).at(-1)).toEqual({ size: "small" });
  });

  test("a struct from another node whose codec throws here is undecodable, and costs no other message", () => {
    const { near, got, from, to, deliver } = pair();
    near.message(from, to, new Fragile(), session(1));
    near.message(from, to, "next", session(1));
    near.flush();
    deliver();
    expect(messages(got)).toEqual(["undecodable", "next"]);
    expect((got[0] as Undecodable).error.message).toContain("struct port_link_test.fragile failed");
  });

  test("says when it is full, and when there is room again", () => {
    const { near, from, to, deliver, ready } = pair({ highWaterBytes: 100, hardBytes: 200 });
    near.message(from, to, "x".repeat(250));
    expect(near.ready).toBe(false);
    expect(() => near.message(from, to, "y")).toThrow(LaneFullError);
    near.signal({ kind: "link", from, to });
    near.message(from, to, "relayed", session(1));
    near.flush();
    deliver();
    expect(near.ready).toBe(true);
    expect(ready()).toBe(1);
    // A few bytes are not worth a message of their own.
    expect(near.bytes).toBeLessThan(100 / 8);
  });

  test("each message keeps its sender and its receiver, whatever their numbers have in common", () => {
    const { near, got, deliver } = pair();
    const identities = new Identities("a@h", 10);
    const processes = [1, 2, 257, 258, 255, 511, 513].map((serial) =>
      identities.localPid(SERIAL_LIMIT + serial),
    );
    const receivers = [1, 257, 255, 254].map((serial) =>
      identities.localPid(2 * SERIAL_LIMIT + serial),
    );
    const sent: unknown[][] = [];
    for (let n = 0; n < 500; n++) {
      // Some twice in a row, some with nobody behind them, some that cannot be sent.
      const from = n % 11 === 0 ? undefined : processes[(n * 5) % processes.length];
      const to = receivers[(n >> 1) % receivers.length]!;
      if (n % 7 === 0) expect(() => near.message(from, to, () => n)).toThrow("message");
      near.message(from, to, n);
      sent.push([from?.toString(), to.toString(), n]);
      if (n % 13 === 0) near.signal({ kind: "link", from: processes[0]!, to });
      if (n % 29 === 0) near.flush();
    }
    near.flush();
    deliver();
    const arrived = got.flatMap((signal) =>
      signal.kind === "message"
        ? [[signal.from?.toString(), signal.to.toString(), signal.message]]
        : [],
    );
    expect(arrived).toEqual(sent);
  });

  test("a marker comes back when everything before it has been handled", () => {
    const { near, got, from, to, deliver } = pair();
    near.message(from, to, 1);
    let passed: unknown[] | undefined;
    near.mark(() => (passed = messages(got)));
    expect(passed).toBeUndefined();
    deliver();
    expect(passed).toEqual([1]);
  });

  test("a message that cannot be sent leaves nothing behind", () => {
    const { near, got, from, to, deliver } = pair();
    near.message(from, to, { a: 1 });
    expect(() => near.message(from, to, { b: { c: () => 1 } })).toThrow("message.b.c");
    near.message(from, to, { a: 2 });
    near.flush();
    deliver();
    expect(messages(got)).toEqual([{ a: 1 }, { a: 2 }]);
  });
});
