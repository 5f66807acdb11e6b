import { describe, expect, test } from "bun:test";
import { GlobalNames } from "../../src/cluster/names/global-names.ts";
import type { NamesAnswer, NamesOutput } from "../../src/cluster/names/names-io.ts";
import { chaos, mesh, shown } from "./names-chaos.ts";
import { type NamesNode, NamesWorld, type Told } from "./names-world.ts";

const ok = (answer: NamesAnswer): number => {
  if (!answer.ok) throw new Error(`refused: ${answer.problem}`);
  return answer.fence;
};

const problem = (answer: NamesAnswer): string => (answer.ok ? "ok" : answer.problem);

describe("a name in the whole cluster", () => {
  test("is seen by every node when register is answered, and by none when unregister is", async () => {
    const world = mesh(1, ["a", "b", "c"]);
    const [a, b, c] = world.nodes as [NamesNode, NamesNode, NamesNode];
    const pid = a.spawn();
    ok(await world.settle(a.register("x", a, pid)));
    expect(shown(world, "x")).toEqual(["a/1", "a/1", "a/1"]);
    expect(problem(await world.settle(b.register("x", b, b.spawn())))).toBe("name_taken");
    expect(problem(await world.settle(c.register("x", a, a.spawn())))).toBe("name_taken");
    expect(ok(await world.settle(c.unregister("x")))).toBeGreaterThan(0);
    expect(shown(world, "x")).toEqual([undefined, undefined, undefined]);
    expect(ok(await world.settle(c.unregister("x")))).toBe(0);
  });

  test("and others that are confirmed in one event are asked about once", () => {
    let fence = 0;
    const fences = { highest: 0, next: () => ++fence, see: () => undefined };
    const core = new GlobalNames({ node: "a", creation: 1, fences });
    const said = (): NamesOutput[] => {
      const outputs: NamesOutput[] = [];
      for (let next = core.pollOutput(); next; next = core.pollOutput()) outputs.push(next);
      return outputs;
    };
    core.handle({ kind: "node_up", peer: "b", creation: 1 }, 0);
    for (const id of [1, 2]) {
      const asker = { scheduler: 1, id };
      const pid = { node: "a", creation: 1, local: id };
      const rest = { isAlive: true, replace: false, several: true, timeoutMs: 5_000 };
      const rule = "exit_loser";
      core.handle({ kind: "register", asker, name: `name ${id}`, pid, rule, ...rest }, 0);
    }
    said();
    for (const claim of [1, 2]) {
      const message = { kind: "yes", claim, seen: 0, holds: undefined } as const;
      core.handle({ kind: "message", peer: "b", message }, 0);
    }
    const sent = said();
    expect(sent.at(-1)).toMatchObject({ kind: "send", message: { kind: "confirm", mark: 1 } });
    expect(sent.filter(({ kind }) => kind === "send")).toHaveLength(1);
    core.handle({ kind: "message", peer: "b", message: { kind: "confirmed", mark: 1 } }, 0);
    expect(said().filter(({ kind }) => kind === "answer")).toHaveLength(2);
  });

  test("that two nodes claim at once has one holder, a thousand times", async () => {
    for (let seed = 0; seed < 1_000; seed++) {
      const world = mesh(seed, ["a", "b", "c"]);
      const [a, b] = world.nodes as [NamesNode, NamesNode];
      const answers = [a.register("x", a, a.spawn()), b.register("x", b, b.spawn())];
      const [first, second] = [await world.settle(answers[0]!), await world.settle(answers[1]!)];
      expect([problem(first), problem(second)].sort()).toEqual(["name_taken", "ok"]);
      expect(new Set(shown(world, "x")).size).toBe(1);
    }
  });

  test("is free everywhere when its holder has ended, and the next holder has a greater fence", async () => {
    const world = mesh(2, ["a", "b"]);
    const [a, b] = world.nodes as [NamesNode, NamesNode];
    const pid = a.spawn();
    const fence = ok(await world.settle(a.register("x", a, pid)));
    a.die(pid);
    expect(ok(await world.settle(b.register("x", b, b.spawn())))).toBeGreaterThan(fence);
    expect(shown(world, "x")).toEqual(["b/1", "b/1"]);
  });

  test("goes to a process of another node, and not to a dead one", async () => {
    const world = mesh(3, ["a", "b"]);
    const [a, b] = world.nodes as [NamesNode, NamesNode];
    ok(await world.settle(a.register("x", b, b.spawn())));
    expect(shown(world, "x")).toEqual(["b/1", "b/1"]);
    expect(problem(await world.settle(a.register("y", b, 99)))).toBe("noproc");
    expect(problem(await world.settle(a.register("y", a, 99)))).toBe("noproc");
  });

  test("is the only one of its process, unless that is asked for", async () => {
    const world = mesh(4, ["a", "b"]);
    const [a] = world.nodes as [NamesNode];
    const pid = a.spawn();
    ok(await world.settle(a.register("x", a, pid, { several: false })));
    const second = await world.settle(a.register("y", a, pid, { several: false }));
    expect(problem(second)).toBe("already_named");
    ok(await world.settle(a.register("y", a, pid, { several: true })));
  });

  test("is replaced without a gap, and the old holder's end changes nothing", async () => {
    const world = mesh(5, ["a", "b", "c"]);
    const [a, b, c] = world.nodes as [NamesNode, NamesNode, NamesNode];
    const old = a.spawn();
    ok(await world.settle(a.register("x", a, old)));
    const replaced = c.register("x", b, b.spawn(), { replace: true });
    let answered = false;
    void replaced.then(() => (answered = true));
    while (!answered) {
      world.events.step(Infinity);
      await Promise.resolve();
      for (const where of shown(world, "x")) expect(where).toBeDefined();
    }
    expect(shown(world, "x")).toEqual(["b/1", "b/1", "b/1"]);
    world.run(100);
    expect(a.core.holders.own("x")).toBeUndefined();
    a.die(old);
    world.run(100);
    expect(shown(world, "x")).toEqual(["b/1", "b/1", "b/1"]);
  });

  test("of a process on a scheduler that was ended is free", async () => {
    const world = mesh(10, ["a", "b"]);
    const [a, b] = world.nodes as [NamesNode, NamesNode];
    ok(await world.settle(a.register("x", a, a.spawn())));
    // Local ids of these nodes are small: all of them are of scheduler 0.
    a.handle({ kind: "scheduler_gone", scheduler: 0 });
    ok(await world.settle(b.register("x", b, b.spawn())));
    expect(shown(world, "x")).toEqual(["b/1", "b/1"]);
  });

  test("that could not be asked for in time is not registered", async () => {
    const world = mesh(6, ["a", "b"]);
    const [a, b] = world.nodes as [NamesNode, NamesNode];
    // The end that does not see the loss yet waits for a node that is not there.
    const session = a.sessions.get("b")!;
    session.up.delete(b);
    b.lost("a");
    const answer = await world.settle(a.register("x", a, a.spawn(), { timeoutMs: 200 }));
    expect(problem(answer)).toBe("timeout");
    world.run(10_000);
    expect(shown(world, "x")).toEqual([undefined, undefined]);
  });

  test("is asked of nodes that connect in the middle of the claim", async () => {
    const world = new NamesWorld(7, ["a", "b", "c"]);
    const [a, b, c] = world.nodes as [NamesNode, NamesNode, NamesNode];
    world.connect(a, b);
    world.run(100);
    ok(await world.settle(c.register("x", c, c.spawn())));
    const claim = a.register("x", a, a.spawn());
    world.connect(a, c);
    expect(problem(await world.settle(claim))).toBe("name_taken");
    const other = a.register("y", a, a.spawn());
    world.connect(b, c);
    ok(await world.settle(other));
    expect(c.whereis("y")).toBe("a/2");
  });
});

test("RG-27 30 nodes join one after the other: what the last one costs grows no faster than their number", async () => {
  const names = Array.from({ length: 30 }, (_none, index) => `n${index}`);
  const world = new NamesWorld(9, names);
  const costs: number[] = [];
  for (const [index, node] of world.nodes.entries()) {
    const before = world.transmitted;
    for (const other of world.nodes.slice(0, index)) world.connect(other, node);
    world.run(200);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    ok(await world.settle(node.register(node.name, node, node.spawn())));
    costs.push(world.transmitted - before);
  }
  for (const name of names) expect(new Set(shown(world, name)).size).toBe(1);
  // A claim and its table are some messages to each node, and every node's names are one message each.
  expect(costs[29]! / costs[9]!).toBeLessThan(4);
});

describe("after a split", () => {
  interface Split {
    readonly world: NamesWorld;
    readonly a: NamesNode;
    readonly b: NamesNode;
    /** Of the holder on a. */
    readonly fence: number;
    readonly claimed: { readonly [node: string]: number };
  }

  const claimedBy = (node: NamesNode): number => node.core.holders.own("x")!.entry.claimed;

  /** Two nodes that each registered `x` while they did not see each other. */
  async function split(
    seed: number,
    options: Parameters<NamesNode["register"]>[3] = {},
  ): Promise<Split> {
    const world = new NamesWorld(seed, ["a", "b"]);
    const [a, b] = world.nodes as [NamesNode, NamesNode];
    ok(await world.settle(b.register("x", b, b.spawn(), options)));
    const fence = ok(await world.settle(a.register("x", a, a.spawn(), options)));
    const claimed = { a: claimedBy(a), b: claimedBy(b) };
    world.connect(a, b);
    world.run(10_000);
    return { world, a, b, fence, claimed };
  }

  test("the earlier claim stays with a new fence, the loser exits, both are told", async () => {
    for (let seed = 0; seed < 100; seed++) {
      const { world, a, b, fence } = await split(seed);
      expect(new Set(shown(world, "x")).size).toBe(1);
      const winner = world.node(a.whereis("x")!.slice(0, 1));
      const loser = winner === a ? b : a;
      const kept = { node: winner.name, creation: 1, local: 1 };
      const lost = { node: loser.name, creation: 1, local: 1 };
      const survivor = winner.core.holders.own("x")!.entry.fence;
      expect(survivor).toBeGreaterThan(fence);
      const conflict = { name: "x", kept, lost, fence: survivor };
      expect(winner.told.get(1)).toMatchObject([{ conflict, exit: false }]);
      expect(loser.told.get(1)).toMatchObject([{ conflict, exit: true }]);
      expect(loser.alive.size).toBe(0);
      expect([...a.logs, ...b.logs]).toEqual(["a name had two holders"]);
    }
  });

  test("keep_first leaves the loser alive; tell_both leaves nobody with the name", async () => {
    const { world, a, b } = await split(1, { rule: "keep_first" });
    expect(new Set(shown(world, "x")).size).toBe(1);
    expect(a.alive.size + b.alive.size).toBe(2);
    const both = await split(2, { rule: "tell_both" });
    expect(shown(both.world, "x")).toEqual([undefined, undefined]);
    expect(both.a.told.get(1)).toMatchObject([{ conflict: { fence: 0 } }]);
    expect(both.b.told.get(1)).toEqual(both.a.told.get(1)!);
  });

  test("a function decides once; what it does wrong unregisters the name for both", async () => {
    for (const [run, expected] of [
      ["first", "first"],
      ["second", "second"],
      ["neither", undefined],
      ["hang", undefined],
    ] as const) {
      const { world, a, b, claimed } = await split(3, { rule: { run } });
      const [{ conflict }] = a.told.get(1) as [Told];
      const kept = expected === undefined ? undefined : conflict.kept.node;
      expect(shown(world, "x").map((where) => where?.slice(0, 1))).toEqual([kept, kept]);
      const first = [conflict.kept, conflict.lost].map(({ node }) => claimed[node]!);
      expect(Math.sign(first[0]! - first[1]!)).toBe(expected === "second" ? 1 : -1);
      expect([a.told.get(1)?.length, b.told.get(1)?.length]).toEqual([1, 1]);
      expect(a.alive.size + b.alive.size).toBe(2);
      expect([...a.logs, ...b.logs].length).toBe(1);
    }
  });

  test("a node between two holders shows the earlier claim and says so once", async () => {
    const world = new NamesWorld(4, ["a", "b", "c"]);
    const [a, b, c] = world.nodes as [NamesNode, NamesNode, NamesNode];
    world.connect(a, b);
    world.connect(b, c);
    world.run(100);
    ok(await world.settle(a.register("x", a, a.spawn())));
    ok(await world.settle(c.register("x", c, c.spawn())));
    world.run(5_000);
    const earlier = (["a", "c"] as const)
      .map((name) => world.node(name).core.holders.own("x")!)
      .sort((one, other) => one.entry.claimed - other.entry.claimed)[0]!;
    expect(b.whereis("x")).toBe(`${earlier.node}/1`);
    expect(b.logs).toEqual(["two nodes that do not see each other hold a name"]);
    world.connect(a, c);
    world.run(5_000);
    expect(shown(world, "x")).toEqual(Array(3).fill(`${earlier.node}/1`));
    expect(b.core.size).toBe(0);
  });
});

test("under faults: one holder, told conflicts, equal views, no claim that hangs, nothing left over", () => {
  const seeds = Number(process.env.NAMES_SEEDS ?? 60);
  const first = Number(process.env.NAMES_FIRST ?? 0);
  for (let seed = first; seed < first + seeds; seed++) {
    const failures = chaos(seed);
    if (failures.length > 0) throw new Error(`seed ${seed}: ${failures.join("; ")}`);
  }
});
