import { describe, expect, test } from "bun:test";
import { LaneFullError, MessageTooLarge } from "../../src/base/error.ts";
import { Routes, type Route, type Undelivered } from "../../src/node/scheduler/routes.ts";
import type { Signal } from "../../src/process/signal.ts";
import { Identities } from "../../src/term/identities.ts";

function world(hardBytes = 1_000_000, messageBytesMax = 1_000_000) {
  const identities = new Identities("a@h", 10);
  const dialled: string[] = [];
  const back: [Signal["kind"], Undelivered][] = [];
  const routes = new Routes({
    identities,
    ports: [undefined, undefined],
    hardBytes,
    messageBytesMax,
    events: {
      dial: (node, hint) => dialled.push(hint === undefined ? node : `${node}:${hint}`),
      undeliverable: (signal, reason) => back.push([signal.kind, reason]),
    },
  });
  const self = identities.localPid(1);
  const remote = (creation: number) => identities.pid(identities.nodeRef("b@h", creation), 7);
  return { routes, self, remote, dialled, back };
}

function route(creation: number): Route & { readonly sent: unknown[] } {
  const sent: unknown[] = [];
  return {
    node: "b@h",
    creation,
    ready: true,
    sent,
    message: (_from, _to, message) => void sent.push(message),
    signal: (signal) => void sent.push("message" in signal ? signal.message : signal.kind),
  };
}

describe("routes", () => {
  test("what is sent to a node without a session waits, has it dialled, and goes first and in order", () => {
    const { routes, self, remote, dialled } = world();
    const to = remote(5);
    routes.message(self, to, 1);
    routes.signal({ kind: "link", from: self, to });
    routes.message(self, to, 2);
    expect(dialled).toEqual(["b@h", "b@h", "b@h"]);
    expect(routes.waiting).toBe(3);
    const b = route(5);
    routes.add(b);
    routes.message(self, to, 3);
    expect(b.sent).toEqual([1, "link", 2, 3]);
    expect(routes.waiting).toBe(0);
  });

  test("a node that was written with a port is dialled there, once; after that its session knows better", () => {
    const { routes, self, remote, dialled } = world();
    routes.hint("b@h", 4_370);
    routes.message(self, remote(5), 1);
    routes.message(self, remote(5), 2);
    expect(dialled).toEqual(["b@h:4370", "b@h"]);
    const b = route(5);
    routes.add(b);
    routes.hint("b@h", 4_371);
    routes.remove(b);
    routes.message(self, remote(5), 3);
    expect(dialled.at(-1)).toBe("b@h");
  });

  test("a message that waits is the value it was when it was sent", () => {
    const { routes, self, remote } = world();
    const message = { n: 1 };
    routes.message(self, remote(5), message);
    message.n = 2;
    const b = route(5);
    routes.add(b);
    expect(b.sent).toEqual([{ n: 1 }]);
  });

  test("a message over the limit fails its sender, also while its node is dialled", () => {
    const { routes, self, remote } = world(1_000_000, 1_000);
    expect(() => routes.message(self, remote(5), new Uint8Array(1_001))).toThrow(MessageTooLarge);
    expect(routes.waiting).toBe(0);
  });

  test("a message that does not fit once the session is there comes back, and those behind it go", () => {
    const { routes, self, remote, back } = world();
    routes.message(self, remote(5), "long");
    routes.message(self, remote(5), "short");
    const b = route(5);
    routes.add({
      ...b,
      message: (from, to, message) => {
        if (message === "long") throw new MessageTooLarge(1_001, 1_000);
        b.message(from, to, message);
      },
      signal: (signal) => {
        if (signal.kind === "message" && signal.message === "long") {
          throw new MessageTooLarge(1_001, 1_000);
        }
        b.signal(signal);
      },
    });
    expect(back).toEqual([["message", "noconnection"]]);
    expect(b.sent).toEqual(["short"]);
  });

  test("a node that cannot be reached gives everything back, once", () => {
    const { routes, self, remote, back } = world();
    routes.message(self, remote(5), 1);
    routes.signal({ kind: "exit", from: self, to: remote(5), reason: "x" });
    routes.unreachable("b@h");
    routes.unreachable("b@h");
    expect(back).toEqual([
      ["message", "noconnection"],
      ["exit", "noconnection"],
    ]);
  });

  test("a bond that waited for a session which came and went goes to no other one; all else does", () => {
    const { routes, self, remote, dialled } = world();
    const ref = {} as never;
    routes.message(self, remote(5), 1);
    routes.signal({ kind: "link", from: self, to: remote(5) });
    routes.signal({ kind: "monitor", from: self, to: remote(5), ref });
    routes.signal({ kind: "link", from: self, to: remote(6) });
    const before = dialled.length;
    routes.missed("b@h", 5);
    expect(routes.waiting).toBe(2);
    expect(dialled.length).toBe(before + 1);
    const b = route(5);
    routes.add(b);
    expect(b.sent).toEqual([1]);
    expect(routes.waiting).toBe(1);
  });

  test("a pid of an earlier start is dead, one of a later start waits for its session", () => {
    const { routes, self, remote, back, dialled } = world();
    const b = route(5);
    routes.add(b);
    routes.message(self, remote(4), "old");
    routes.message(self, remote(6), "new");
    expect(b.sent).toEqual([]);
    expect(back).toEqual([["message", "stale_creation"]]);
    expect(dialled).toEqual(["b@h"]);
    const next = route(6);
    routes.remove(b);
    routes.add(next);
    expect(next.sent).toEqual(["new"]);
  });

  test("a pid of this node's own name from an earlier start is dead", () => {
    const { routes, self, back, dialled } = world();
    const { nodeRef } = self;
    const identities = nodeRef.identities;
    routes.message(self, identities.pid(identities.nodeRef("a@h", 9), 7), "x");
    expect(back).toEqual([["message", "stale_creation"]]);
    expect(dialled).toEqual([]);
  });

  test("the queue of an unconnected node is bounded, and system signals pass the bound", () => {
    const { routes, self, remote } = world(1_500);
    const big = new Uint8Array(1_000);
    routes.message(self, remote(5), big);
    expect(() => routes.message(self, remote(5), big)).toThrow(LaneFullError);
    routes.signal({ kind: "link", from: self, to: remote(5) });
    expect(routes.waiting).toBe(2);
  });
});
