import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import { ReplicaSet, type ReplicaOutput } from "../../src/cluster/replicas/replica-set.ts";
import {
  decodeReplicaMessage,
  encodeReplicaMessage,
  type Change,
  type ReplicaMessage,
} from "../../src/wire/replica-message.ts";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const entry = (bucket: string, member: number, ...value: number[]): Change => ({
  bucket,
  member,
  value: bytes(...value),
});
const gone = (bucket: string, member: number): Change => ({ bucket, member, value: undefined });

/** Nodes whose messages travel in order, each as bytes; what a node was told of the others, as text. */
class Nodes {
  readonly sets = new Map<string, ReplicaSet>();
  readonly told = new Map<string, Map<string, string>>();
  readonly mismatches: string[] = [];
  readonly sent: ReplicaMessage["kind"][] = [];
  /** Who was told that a copy is whole, and how much was in it then. */
  readonly current: string[] = [];
  #wires = new Map<string, { readonly to: string; readonly body: Uint8Array }[]>();
  #creations = new Map<string, number>();
  readonly #links = new Set<string>();
  /** Messages that are not taken from now on. */
  dropping = false;
  #now = 0;

  constructor(...names: readonly string[]) {
    for (const name of names) this.start(name);
  }

  start(name: string): void {
    for (const link of [...this.#links]) {
      const [from, to] = link.split(">") as [string, string];
      if (from === name) this.disconnect(name, to);
    }
    this.sets.set(name, new ReplicaSet());
    this.told.set(name, new Map());
    this.#creations.set(name, (this.#creations.get(name) ?? 0) + 1);
  }

  connect(a: string, b: string): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#links.add(`${from}>${to}`);
      this.#wires.set(`${from}>${to}`, []);
      this.sets.get(from)!.peerUp(to, this.#creations.get(to)!, this.#now);
    }
  }

  connected(a: string, b: string): boolean {
    return this.#links.has(`${a}>${b}`);
  }

  disconnect(a: string, b: string): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      if (!this.#links.delete(`${from}>${to}`)) continue;
      this.#wires.delete(`${from}>${to}`);
      this.sets.get(from)!.peerDown(to);
      this.#outputs(from);
    }
  }

  change(name: string, ...changes: Change[]): void {
    this.sets.get(name)!.change(changes);
    this.#outputs(name);
  }

  digests(): void {
    this.#now += 30_000;
    for (const [name, set] of this.sets) {
      set.handleTimeout(this.#now);
      this.#outputs(name);
    }
  }

  /** Delivers until nothing moves. */
  settle(): void {
    for (const name of this.sets.keys()) this.#outputs(name);
    for (let moved = true; moved;) {
      moved = false;
      for (const [link, wire] of this.#wires) {
        const [from, to] = link.split(">") as [string, string];
        for (let next = wire.shift(); next !== undefined; next = wire.shift()) {
          moved = true;
          this.sets.get(to)!.receive(from, decodeReplicaMessage(next.body), this.#now);
          this.#outputs(to);
        }
      }
    }
  }

  /** What a node holds of another, as its consumers know it. */
  view(at: string, of: string): string[] {
    const known = [...this.told.get(at)!].filter(([key]) => key.startsWith(`${of}|`));
    return known.map(([key, value]) => `${key.slice(of.length + 1)}=${value}`).toSorted();
  }

  truth(of: string): string[] {
    return [...this.sets.get(of)!.own.entries()]
      .map(({ bucket, member, value }) => `${bucket}|${member}=${value!.toHex()}`)
      .toSorted();
  }

  #outputs(name: string): void {
    const set = this.sets.get(name)!;
    for (let output = set.pollOutput(); output; output = set.pollOutput())
      this.#take(name, set, output);
  }

  #take(name: string, set: ReplicaSet, output: ReplicaOutput): void {
    const known = this.told.get(name)!;
    switch (output.kind) {
      case "send": {
        this.sent.push(output.message.kind);
        const wire = this.#wires.get(`${name}>${output.peer}`);
        if (this.dropping || wire === undefined) set.dropped(output.peer);
        else wire.push({ to: output.peer, body: encodeReplicaMessage(output.message) });
        return;
      }
      case "changed":
        for (const { bucket, member, value } of output.changes) {
          const key = `${output.node}|${bucket}|${member}`;
          if (value === undefined) {
            expect(known.has(key)).toBe(true);
            known.delete(key);
          } else known.set(key, value.toHex());
        }
        return;
      case "cleared":
        for (const key of known.keys()) if (key.startsWith(`${output.node}|`)) known.delete(key);
        return;
      case "mismatch":
        this.mismatches.push(`${name} of ${output.node}`);
        return;
      case "current":
        this.current.push(`${name} of ${output.node}: ${this.view(name, output.node).length}`);
        return;
    }
  }
}

describe("a replicated table", () => {
  test("a node that connects gets all, then what changes, in order", () => {
    const nodes = new Nodes("a", "b");
    nodes.change("a", entry("x", 1, 7), entry("x", 2), entry("y", 1));
    nodes.connect("a", "b");
    nodes.settle();
    expect(nodes.view("b", "a")).toEqual(["x|1=07", "x|2=", "y|1="]);
    nodes.change("a", gone("x", 2), entry("x", 1, 8));
    nodes.settle();
    expect(nodes.view("b", "a")).toEqual(["x|1=08", "y|1="]);
    expect(nodes.mismatches).toEqual([]);
  });

  test("what is as it was is not told", () => {
    const nodes = new Nodes("a", "b");
    nodes.connect("a", "b");
    nodes.settle();
    nodes.change("a", entry("x", 1, 7));
    const before = nodes.sent.length;
    nodes.change("a", entry("x", 1, 7), gone("x", 9));
    expect(nodes.sent.length).toBe(before);
  });

  test("entries of a node that is away are not seen, and come back without being sent", () => {
    const nodes = new Nodes("a", "b");
    nodes.change("a", ...Array.from({ length: 5_000 }, (_, member) => entry("x", member, 1)));
    nodes.connect("a", "b");
    nodes.settle();
    expect(nodes.sent.filter((kind) => kind === "full")).toHaveLength(5);
    nodes.disconnect("a", "b");
    expect(nodes.view("b", "a")).toEqual([]);
    nodes.sent.length = 0;
    nodes.connect("a", "b");
    nodes.settle();
    expect(nodes.view("b", "a")).toHaveLength(5_000);
    expect(new Set(nodes.sent)).toEqual(new Set(["have", "same"]));
  });

  test("after a short absence only the changes since are sent", () => {
    const nodes = new Nodes("a", "b");
    nodes.change("a", ...Array.from({ length: 5_000 }, (_, member) => entry("x", member, 1)));
    nodes.connect("a", "b");
    nodes.settle();
    nodes.disconnect("a", "b");
    nodes.change("a", gone("x", 17), entry("new", 1));
    nodes.sent.length = 0;
    nodes.connect("a", "b");
    nodes.settle();
    expect(nodes.view("b", "a")).toEqual(nodes.truth("a"));
    expect(nodes.sent.filter((kind) => kind === "full")).toEqual([]);
  });

  test("a copy that has missed much is whole only when all of it is there", () => {
    const nodes = new Nodes("a", "b");
    nodes.change("a", entry("x", 0));
    nodes.connect("a", "b");
    nodes.settle();
    nodes.disconnect("a", "b");
    nodes.change("a", ...Array.from({ length: 1_500 }, (_, member) => entry("x", member, 1)));
    nodes.current.length = 0;
    nodes.connect("a", "b");
    nodes.settle();
    expect(nodes.current.filter((one) => one.startsWith("b "))).toEqual(["b of a: 1500"]);
  });

  test("a node that was started anew has nothing of what it had", () => {
    const nodes = new Nodes("a", "b");
    nodes.change("a", entry("x", 1));
    nodes.connect("a", "b");
    nodes.settle();
    nodes.start("a");
    expect(nodes.view("b", "a")).toEqual([]);
    nodes.connect("a", "b");
    nodes.settle();
    expect(nodes.view("b", "a")).toEqual([]);
  });

  test("a change that was dropped is found by the next digest, mended and reported", () => {
    const nodes = new Nodes("a", "b");
    nodes.change("a", entry("x", 1), entry("x", 2));
    nodes.connect("a", "b");
    nodes.settle();
    nodes.dropping = true;
    nodes.change("a", gone("x", 1), entry("x", 3));
    nodes.dropping = false;
    nodes.change("a", entry("x", 4));
    nodes.settle();
    nodes.digests();
    nodes.settle();
    expect(nodes.view("b", "a")).toEqual(nodes.truth("a"));
    expect(nodes.mismatches).toEqual(["b of a"]);
    nodes.digests();
    nodes.settle();
    expect(nodes.mismatches).toHaveLength(1);
  });

  test("an answer that was dropped is asked for again", () => {
    const nodes = new Nodes("a", "b");
    nodes.change("a", entry("x", 1));
    nodes.dropping = true;
    nodes.connect("a", "b");
    nodes.settle();
    nodes.dropping = false;
    expect(nodes.view("b", "a")).toEqual([]);
    for (let round = 0; round < 3; round++) {
      nodes.digests();
      nodes.settle();
    }
    expect(nodes.view("b", "a")).toEqual(nodes.truth("a"));
  });

  test("after anything, when all is delivered and compared, every copy is what its node has", () => {
    const names = ["a", "b", "c"] as const;
    const name = fc.constantFrom(...names);
    const change = fc.record({
      bucket: fc.constantFrom("x", "y", "z"),
      member: fc.integer({ min: 0, max: 4 }),
      value: fc.constantFrom(undefined, bytes(), bytes(1), bytes(2, 3)),
    });
    const step = fc.oneof(
      fc.record({ do: fc.constant("change" as const), name, changes: fc.array(change) }),
      fc.record({ do: fc.constant("toggle" as const), name, other: name }),
      fc.record({ do: fc.constant("restart" as const), name }),
      fc.record({ do: fc.constantFrom("settle", "drop", "take", "digests") }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const nodes = new Nodes(...names);
        for (const one of steps) {
          if (one.do === "settle") nodes.settle();
          else if (one.do === "digests") nodes.digests();
          else if (one.do === "drop") nodes.dropping = true;
          else if (one.do === "take") nodes.dropping = false;
          else if (one.do === "change" && "changes" in one) nodes.change(one.name, ...one.changes);
          else if (one.do === "restart" && "name" in one) nodes.start(one.name);
          else if (one.do === "toggle" && "other" in one && one.name !== one.other) {
            if (nodes.connected(one.name, one.other)) nodes.disconnect(one.name, one.other);
            else nodes.connect(one.name, one.other);
          }
        }
        nodes.dropping = false;
        for (let round = 0; round < 4; round++) {
          nodes.settle();
          nodes.digests();
        }
        nodes.settle();
        for (const at of names)
          for (const of of names)
            if (at !== of)
              expect(nodes.view(at, of)).toEqual(nodes.connected(at, of) ? nodes.truth(of) : []);
      }),
      { numRuns: 400 },
    );
  });
});

describe("messages of a table", () => {
  const state = { version: 2 ** 48 - 1, count: 3, low: 0xffff_ffff, high: 1 };
  const messages: readonly ReplicaMessage[] = [
    { kind: "have", state },
    { kind: "same" },
    {
      kind: "full",
      first: true,
      last: false,
      place: 0,
      state,
      changes: [entry("x", 2 ** 48 - 1, 1, 2), entry("x", 0), entry("ünï", 3)],
    },
    { kind: "delta", version: 9, changes: [gone("", 1), entry("x", 1, ...new Array(300).fill(7))] },
    { kind: "digest", state },
  ];

  test("come back as they were", () => {
    for (const message of messages)
      expect(decodeReplicaMessage(encodeReplicaMessage(message))).toEqual(message);
  });

  test("cut at any length, or with any byte changed, are decoded or refused", () => {
    for (const message of messages) {
      const whole = encodeReplicaMessage(message);
      for (let length = 0; length < whole.length; length++) attempt(whole.subarray(0, length));
      for (let at = 0; at < whole.length; at++) {
        const changed = whole.slice();
        changed[at] = (changed[at]! + 1) & 0xff;
        attempt(changed);
      }
    }
    function attempt(body: Uint8Array): void {
      try {
        decodeReplicaMessage(body);
      } catch (error) {
        expect((error as Error).name).toBe("DecodeError");
      }
    }
  });
});

test("who asks a hundred times at once is answered once, and once more a second later with what there is by then", () => {
  const set = new ReplicaSet();
  const answers = (): string[] => {
    const kinds: string[] = [];
    for (let output = set.pollOutput(); output; output = set.pollOutput())
      if (output.kind === "send" && output.message.kind === "full")
        kinds.push(`${output.message.changes.length} entries`);
    return kinds;
  };
  const nothing = { version: 0, count: 0xffff_ffff, low: 0, high: 0 };
  set.change([entry("x", 1), entry("y", 1)]);
  set.peerUp("b@h", 1, 5_000);
  for (let times = 0; times < 100; times++)
    set.receive("b@h", { kind: "have", state: nothing }, 5_001);
  expect(answers()).toEqual(["2 entries"]);
  expect(set.pollTimeout()).toBe(6_001);
  set.change([entry("z", 1)]);
  set.handleTimeout(6_000);
  expect(answers()).toEqual([]);
  set.handleTimeout(6_001);
  expect(answers()).toEqual(["3 entries"]);
  expect(set.pollTimeout()).toBe(35_000);
});

test("of nodes that are away so many entries are kept: of those that went first nothing is known when they come back", () => {
  const set = new ReplicaSet();
  const haveOf = (node: string): number => {
    set.peerUp(node, 1, 0);
    for (let output = set.pollOutput(); output; output = set.pollOutput())
      if (output.kind === "send" && output.message.kind === "have")
        return output.message.state.count;
    return -1;
  };
  const nodes = ["a@h", "b@h", "c@h"];
  for (const node of nodes) {
    haveOf(node);
    const changes = Array.from({ length: 100_000 }, (_none, member) => entry("x", member));
    set.receive(node, { kind: "delta", version: 1, changes }, 0);
    set.peerDown(node);
    while (set.pollOutput() !== undefined);
  }
  expect(nodes.map(haveOf)).toEqual([0, 100_000, 100_000]);
});
