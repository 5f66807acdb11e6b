import { describe, expect, test } from "bun:test";
import { HEARD_DIALS_MAX, HEARD_NODES_MAX } from "../../src/base/limits.ts";
import type { DialTarget, DiallingOutput } from "../../src/cluster/dialling-io.ts";
import { Dialling } from "../../src/cluster/dialling.ts";

const b: DialTarget = { name: "b@h", address: { host: "h", port: 1 } };

function outputs(dialling: Dialling): DiallingOutput[] {
  const all: DiallingOutput[] = [];
  for (let output = dialling.pollOutput(); output; output = dialling.pollOutput()) all.push(output);
  return all;
}

function dialled(dialling: Dialling): string[] {
  return outputs(dialling).flatMap((output) => (output.kind === "dial" ? [output.key] : []));
}

function hear(dialling: Dialling, from: string, targets: readonly DialTarget[], now: number): void {
  dialling.handle({ kind: "heard", from, targets }, now);
}

describe("dialling", () => {
  test("a seed is dialled again for ever, with growing and bounded waits", () => {
    const dialling = new Dialling("a@h", () => 0.5);
    dialling.handle({ kind: "seed", target: b }, 0);
    expect(dialled(dialling)).toEqual(["b@h"]);
    const waits: number[] = [];
    let now = 0;
    for (let round = 0; round < 12; round++) {
      dialling.handle(
        {
          kind: "failed",
          key: "b@h",
          reason: "connection_refused",
          nameTaken: false,
        },
        now,
      );
      const until = dialling.pollTimeout()!;
      waits.push(until - now);
      now = until;
      dialling.handleTimeout(now);
      expect(dialled(dialling)).toEqual(["b@h"]);
    }
    expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(waits.at(-1)).toBe(10_000);
  });

  test("a seed is tried where it is configured and where others saw it, in turn", () => {
    const dialling = new Dialling("a@h", () => 0.5);
    dialling.handle({ kind: "seed", target: b }, 0);
    hear(dialling, "c@h", [{ ...b, address: { host: "elsewhere", port: 2 } }], 0);
    outputs(dialling);
    const tried: (string | undefined)[] = [];
    for (let round = 0; round < 4; round++) {
      const failed = { kind: "failed", key: "b@h", reason: "connection_refused" } as const;
      dialling.handle({ ...failed, nameTaken: false }, 0);
      dialling.handleTimeout(dialling.pollTimeout()!);
      for (const output of outputs(dialling))
        if (output.kind === "dial") tried.push(output.target.address?.host);
    }
    expect(tried).toEqual(["h", "elsewhere", "h", "elsewhere"]);
  });

  test("a node that somebody wants and that does not answer is unreachable, and remembered for a second", () => {
    const dialling = new Dialling("a@h", () => 0);
    dialling.handle({ kind: "wanted", target: b }, 0);
    expect(dialled(dialling)).toEqual(["b@h"]);
    dialling.handle(
      {
        kind: "failed",
        key: "b@h",
        reason: "connection_refused",
        nameTaken: false,
      },
      5,
    );
    expect(outputs(dialling)).toEqual([
      { kind: "unreachable", name: "b@h", reason: "connection_refused" },
    ]);
    dialling.handle({ kind: "wanted", target: b }, 500);
    expect(outputs(dialling)).toEqual([
      { kind: "unreachable", name: "b@h", reason: "connection_refused" },
    ]);
    dialling.handleTimeout(1_005);
    expect(dialling.size).toBe(0);
    dialling.handle({ kind: "wanted", target: b }, 1_006);
    expect(dialled(dialling)).toEqual(["b@h"]);
  });

  test("another address is tried at once, though the node was just not found elsewhere", () => {
    const dialling = new Dialling("a@h", () => 0.5);
    const failed = {
      kind: "failed",
      key: "b@h",
      reason: "noconnection",
      nameTaken: false,
    } as const;
    const elsewhere: DialTarget = { name: "b@h", address: { host: "h", port: 2 } };
    dialling.handle({ kind: "wanted", target: { name: "b@h", address: undefined } }, 0);
    dialling.handle(failed, 0);
    outputs(dialling);
    dialling.handle({ kind: "wanted", target: b }, 10);
    expect(outputs(dialling)).toEqual([{ kind: "dial", key: "b@h", target: b }]);
    // While that one is under way somebody knows better.
    dialling.handle({ kind: "wanted", target: elsewhere }, 20);
    expect(outputs(dialling)).toEqual([]);
    dialling.handle(failed, 30);
    expect(outputs(dialling)).toEqual([{ kind: "dial", key: "b@h", target: elsewhere }]);
    dialling.handle(failed, 40);
    expect(outputs(dialling)).toEqual([
      { kind: "unreachable", name: "b@h", reason: "noconnection" },
    ]);
  });

  test("wanting a node twice dials once", () => {
    const dialling = new Dialling("a@h", () => 0);
    dialling.handle({ kind: "wanted", target: b }, 0);
    dialling.handle({ kind: "wanted", target: b }, 0);
    hear(dialling, "c@h", [b], 0);
    expect(dialled(dialling)).toEqual(["b@h"]);
  });

  test("a lost seed is dialled again, a lost peer is forgotten", () => {
    const dialling = new Dialling("a@h", () => 0.5);
    dialling.handle({ kind: "seed", target: b }, 0);
    hear(dialling, "d@h", [{ name: "c@h", address: { host: "h", port: 2 } }], 0);
    expect(dialled(dialling)).toEqual(["b@h", "c@h"]);
    dialling.handle({ kind: "connected", name: "b@h", dialled: "b@h" }, 1);
    dialling.handle({ kind: "connected", name: "c@h", dialled: "c@h" }, 1);
    dialling.handle({ kind: "lost", name: "b@h" }, 2);
    dialling.handle({ kind: "lost", name: "c@h" }, 2);
    expect(dialling.size).toBe(1);
    dialling.handleTimeout(dialling.pollTimeout()!);
    expect(dialled(dialling)).toEqual(["b@h"]);
  });

  test("a seed known by address only is up under the name it turned out to have", () => {
    const dialling = new Dialling("a@h", () => 0.5);
    dialling.handle(
      {
        kind: "seed",
        target: { name: undefined, address: { host: "10.0.0.2", port: 4369 } },
      },
      0,
    );
    expect(dialled(dialling)).toEqual(["10.0.0.2:4369"]);
    dialling.handle({ kind: "connected", name: "b@h", dialled: "10.0.0.2:4369" }, 1);
    expect(dialling.pollTimeout()).toBeUndefined();
    dialling.handle({ kind: "lost", name: "b@h" }, 2);
    dialling.handleTimeout(dialling.pollTimeout()!);
    expect(dialled(dialling)).toEqual(["10.0.0.2:4369"]);
  });

  test("a dial that ends in name_taken waits for a minute", () => {
    const dialling = new Dialling("a@h", () => 0.5);
    dialling.handle({ kind: "seed", target: b }, 0);
    dialling.handle({ kind: "failed", key: "b@h", reason: "name_taken", nameTaken: true }, 0);
    expect(dialling.pollTimeout()).toBe(60_000);
  });

  test("an address that leads back to the node itself is not dialled again, until it is a seed anew", () => {
    const dialling = new Dialling("a@h", () => 0.5);
    const target: DialTarget = { name: undefined, address: { host: "10.0.0.1", port: 1 } };
    dialling.handle({ kind: "seed", target }, 0);
    const [key] = dialled(dialling);
    const reason = "connected_to_self";
    dialling.handle({ kind: "failed", key: key!, reason, nameTaken: false }, 0);
    expect(dialling.pollTimeout()).toBeUndefined();
    dialling.handle({ kind: "seed", target }, 1);
    expect(dialled(dialling)).toEqual([]);
    dialling.handle({ kind: "unseed", target }, 2);
    expect(dialling.size).toBe(0);
  });

  test("who waits for a dial is told what came of it, though somebody else disconnects the node meanwhile", () => {
    const dialling = new Dialling("a@h", () => 0.5);
    dialling.handle({ kind: "wanted", target: b }, 0);
    expect(dialled(dialling)).toEqual(["b@h"]);
    dialling.handle({ kind: "dropped", name: "b@h" }, 1);
    const reason = "connection_timeout";
    dialling.handle({ kind: "failed", key: "b@h", reason, nameTaken: false }, 2);
    expect(outputs(dialling)).toEqual([{ kind: "unreachable", name: "b@h", reason }]);
    dialling.handleTimeout(dialling.pollTimeout()!);
    expect(dialling.size).toBe(0);
  });

  test("a seed that is disconnected is dialled no more", () => {
    const dialling = new Dialling("a@h", () => 0.5);
    dialling.handle({ kind: "seed", target: b }, 0);
    outputs(dialling);
    dialling.handle({ kind: "dropped", name: "b@h" }, 1);
    dialling.handle({ kind: "failed", key: "b@h", reason: "x", nameTaken: false }, 2);
    expect(dialling.pollTimeout()).toBeUndefined();
  });

  test("the own name is never dialled", () => {
    const dialling = new Dialling("b@h", () => 0.5);
    dialling.handle({ kind: "seed", target: b }, 0);
    hear(dialling, "c@h", [b], 0);
    expect(outputs(dialling)).toEqual([]);
  });

  describe("nodes that peers tell of", () => {
    const nodes = (prefix: string, count: number): DialTarget[] =>
      Array.from({ length: count }, (_none, index) => ({
        name: `${prefix}${index}@h`,
        address: { host: "h", port: 1 + (index % 60_000) },
      }));
    const fail = (dialling: Dialling, key: string, now: number): void =>
      dialling.handle({ kind: "failed", key, reason: "connection_refused", nameTaken: false }, now);

    test("are dialled a bounded number at a time and in a time, whatever one peer names", () => {
      const dialling = new Dialling("a@h", () => 0.5);
      hear(dialling, "evil@h", nodes("x", 65_535), 0);
      const first = outputs(dialling);
      expect(first.find(({ kind }) => kind === "passed_over")).toEqual({
        kind: "passed_over",
        from: "evil@h",
        nodes: 65_535 - HEARD_NODES_MAX,
      });
      hear(dialling, "evil@h", nodes("y", 65_535), 0);
      expect(outputs(dialling)).toEqual([]);
      const underWay = first.flatMap((output) => (output.kind === "dial" ? [output.key] : []));
      expect(underWay).toHaveLength(HEARD_DIALS_MAX);
      expect(dialling.size).toBe(HEARD_NODES_MAX);
      let count = 0;
      let now = 0;
      for (; dialling.size > 0; now += 10) {
        for (const key of underWay.splice(0)) fail(dialling, key, now);
        dialling.handleTimeout(now);
        underWay.push(...dialled(dialling));
        count += underWay.length;
        expect(underWay.length).toBeLessThanOrEqual(HEARD_DIALS_MAX);
      }
      expect(count).toBe(HEARD_NODES_MAX - HEARD_DIALS_MAX);
      expect(now).toBeGreaterThan((100 * HEARD_NODES_MAX) / HEARD_DIALS_MAX);
    });

    test("by one peer do not keep those of another, nor who is wanted, waiting", () => {
      const dialling = new Dialling("a@h", () => 0.5);
      hear(dialling, "evil@h", nodes("x", 4_000), 0);
      hear(dialling, "good@h", nodes("g", 3), 0);
      const underWay = dialled(dialling);
      dialling.handle({ kind: "wanted", target: b }, 1);
      expect(dialled(dialling)).toEqual(["b@h"]);
      for (const key of underWay.slice(0, 4)) fail(dialling, key, 200);
      expect(dialled(dialling).filter((key) => key.startsWith("g"))).toHaveLength(2);
    });

    test("are forgotten with the session of who told of them", () => {
      const dialling = new Dialling("a@h", () => 0.5);
      hear(dialling, "evil@h", nodes("x", 4_000), 0);
      const underWay = dialled(dialling);
      dialling.handle({ kind: "lost", name: "evil@h" }, 1);
      for (const key of underWay) fail(dialling, key, 200);
      dialling.handleTimeout(dialling.pollTimeout()!);
      expect(dialled(dialling)).toEqual([]);
      expect(dialling.size).toBe(0);
    });

    test("and that turn out to be this node are forgotten", () => {
      const dialling = new Dialling("a@h", () => 0.5);
      hear(dialling, "evil@h", nodes("x", 10), 0);
      for (const key of dialled(dialling))
        dialling.handle({ kind: "failed", key, reason: "connected_to_self", nameTaken: false }, 0);
      dialling.handleTimeout(dialling.pollTimeout() ?? 10_000);
      expect(dialling.size).toBe(0);
    });

    test("and that have connected by themselves meanwhile are not dialled", () => {
      const dialling = new Dialling("a@h", () => 0.5);
      hear(dialling, "c@h", [...nodes("x", HEARD_DIALS_MAX), b], 0);
      const underWay = dialled(dialling);
      dialling.handle({ kind: "connected", name: "b@h", dialled: undefined }, 1);
      for (const key of underWay) fail(dialling, key, 200);
      expect(dialled(dialling)).toEqual([]);
    });
  });
});
