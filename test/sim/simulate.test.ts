import { describe, expect, test } from "bun:test";
import { type CallError, MisuseError } from "../../src/base/error.ts";
import {
  type ScheduledFault,
  simulate,
  SimulationError,
  type SimulateOptions,
  type World,
} from "../../src/sim.ts";

// After the simulator, so that "snow-node" in the fixture is the very same copy.
const { probe, juggler } = await import("./fixtures/probe.ts");

const one = { nodes: ["a"], modules: ["./fixtures/probe.ts"], seeds: [1] } as const;
const two = { ...one, nodes: ["a", "b"] } as const;
const three = { ...one, nodes: ["a", "b", "c"] } as const;

/** What a simulation that has to fail fails with. */
async function failure<N extends string>(
  options: SimulateOptions<N>,
  scenario: (world: World<N>) => Promise<void>,
): Promise<SimulationError> {
  const result = await simulate(options, scenario).catch((error: unknown) => error);
  expect(result).toBeInstanceOf(SimulationError);
  return result as SimulationError;
}

describe("what a simulated process sees", () => {
  test("clocks, randomness and ids are its machine's, the same for the same seed", async () => {
    const seen: unknown[] = [];
    await simulate({ ...one, seeds: [7, 7, 8] }, async ({ nodes }) => {
      const client = probe.client(nodes.a, await probe.start(nodes.a));
      seen.push(await client.look());
    });
    const [first, again, other] = seen as { date: number; made: number; whole: number }[];
    expect(again).toEqual(first!);
    expect(other).not.toEqual(first!);
    expect(first!.made).toBe(first!.date);
    expect(first!.whole).toBe(first!.date);
    expect(new Date(first!.date).getUTCFullYear()).toBe(2026);
  });

  test("every way of waiting takes virtual time and hardly any real time", async () => {
    const began = performance.now();
    let took = 0;
    await simulate(one, async ({ nodes, sleep }) => {
      took = await probe.client(nodes.a, await probe.start(nodes.a)).wait();
      await sleep(60_000);
    });
    expect(took).toBeGreaterThan(399);
    expect(took).toBeLessThan(402);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test("real I/O is refused by name, and the test may give something for it", async () => {
    const refusals: string[] = [];
    await simulate({ ...one }, async ({ nodes }) => {
      for (const call of ["fetch", "file", "read"] as const) {
        const client = probe.client(nodes.a, await probe.start(nodes.a));
        await client[call]().catch(({ reason }: CallError) => refusals.push(String(reason)));
      }
    });
    expect(refusals).toHaveLength(3);
    expect(refusals[0]).toMatch(/^SimulationError: fetch: .* provide: \{ "fetch": … \}/);
    expect(refusals[1]).toContain("Bun.file");
    expect(refusals[2]).toContain('"node:fs": { readFileSync: … }');

    const given: unknown[] = [];
    const provide = {
      fetch: async () => new Response("from the test"),
      "Bun.file": () => ({ size: 12 }),
      "node:fs": { readFileSync: () => "a file of the test" },
    };
    await simulate({ ...one, provide }, async ({ nodes }) => {
      const client = probe.client(nodes.a, await probe.start(nodes.a));
      given.push(await client.file(), await client.read());
    });
    expect(given).toEqual([12, "a file of the test"]);
  });

  test("the test's own code in a scenario sees the world too, and the real machine afterwards", async () => {
    const before = Date.now();
    const own = Object.hasOwn(performance, "now");
    const seen: unknown[] = [];
    await simulate({ ...one, seeds: [3, 3] }, async ({ nodes, sleep }) => {
      const at = Date.now();
      await sleep(1_000);
      seen.push(Date.now() - at, Math.random(), await nodes.a.run(async () => Math.random()));
      expect(() => Bun.file("/etc/hostname")).toThrow(SimulationError);
    });
    expect(seen[0]).toBe(1_000);
    expect(seen.slice(0, 3)).toEqual(seen.slice(3));
    expect(seen[1]).not.toBe(seen[2]);
    expect(Date.now()).toBeGreaterThanOrEqual(before);
    expect(Date.now() - before).toBeLessThan(600_000);
    expect(Bun.file(import.meta.path).name).toBe(import.meta.path);
    expect(Object.hasOwn(performance, "now")).toBe(own);
  });

  test("processes that keep each other busy leave time for others", async () => {
    await simulate(one, async ({ nodes }) => {
      const pid = await nodes.a.spawnOn(nodes.a.node.name, juggler, []);
      nodes.a.send(pid, { type: "ball", left: 200_000 });
      const client = probe.client(nodes.a, await probe.start(nodes.a));
      expect(await client.add(1)).toBe(1);
    });
  });
});

describe("a user's modules", () => {
  test("are loaded once for each scheduler, and anew when a node starts again", async () => {
    const counts: number[] = [];
    await simulate({ ...two, schedulers: 2 }, async ({ nodes, crash, eventually }) => {
      const { name } = nodes.b.node;
      const at = async (scheduler: number): Promise<void> => {
        const on = { node: name, scheduler };
        const client = probe.client(nodes.a, await probe.start(nodes.a, [], { on }));
        counts.push(await client.count());
      };
      await at(1);
      await at(1);
      await at(2);
      crash("b", 50);
      await eventually("a sees b go", 10_000, () => nodes.a.node.list().length === 0);
      await eventually("and come back", 10_000, () => nodes.a.node.list().length === 1);
      await at(1);
    });
    expect(counts).toEqual([1, 2, 1, 1]);
  });

  test("that cannot be loaded say so before anything runs", async () => {
    const missing = simulate({ ...one, modules: ["./no-such.ts"] }, async () => undefined);
    expect(missing).rejects.toThrow(/no-such\.ts: no such file/);
    await missing.catch(() => undefined);
  });

  test("an error that nobody catches in them is logged by their scheduler and ends nothing", async () => {
    await simulate(one, async ({ nodes, sleep }) => {
      const client = probe.client(nodes.a, await probe.start(nodes.a));
      client.stray();
      await sleep(500);
      expect(await client.add(2)).toBe(2);
    });
  });
});

describe("determinism", () => {
  test("one seed has one hash, with faults and restarts", async () => {
    const options = {
      ...three,
      faults: { lossRate: 10, cutRate: 2, crashRate: 3, delayMsMax: 20, others: { stall: 3 } },
    };
    const scenario = async ({ nodes, sleep }: World<"a" | "b" | "c">): Promise<void> => {
      for (let count = 0; count < 20; count++) {
        await sleep(50 * Math.random());
        const on = nodes.b.node.name;
        await nodes.a.run((ctx) => probe.start(ctx, [], { on })).catch(() => undefined);
      }
    };
    const first = await simulate({ ...options, seeds: [5] }, scenario);
    expect(first.hash).toMatch(/^[0-9a-f]{8}$/);
    expect(await simulate({ ...options, seeds: [5] }, scenario)).toEqual(first);
    expect((await simulate({ ...options, seeds: [6] }, scenario)).hash).not.toBe(first.hash);
  });

  test("simulations that are asked for at once run one after the other", async () => {
    const order: string[] = [];
    const run = (name: string) =>
      simulate(one, async ({ sleep }) => {
        order.push(`${name} begins`);
        await sleep(10);
        order.push(`${name} ends`);
      });
    await Promise.all([run("first"), run("second")]);
    expect(order).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  });
});

describe("invariants", () => {
  test("always fails at the very event after which it does not hold", async () => {
    let calls = 0;
    const error = await failure({ ...one, seeds: [4] }, async ({ nodes, always, sleep }) => {
      let last = 0;
      always("never more than two", () => last <= 2);
      const client = probe.client(nodes.a, await probe.start(nodes.a));
      for (; calls < 10; calls++) {
        last = await client.add(1);
        await sleep(1);
      }
    });
    expect(calls).toBe(2);
    expect(error.code).toBe("seed_failed");
    expect(error.message).toMatch(/^always "never more than two" does not hold \(seed 4, hash /);
    expect(error.message).toMatch(/hash [0-9a-f]{8}, snow-node \S+, after \d+\.\d ms\)/);
    expect(error.message).toContain("snow-node sim test/sim/simulate.test.ts --seed 4");
  });

  test("what an invariant throws is a failure with its cause", async () => {
    const error = await failure(one, async ({ always }) => {
      always("is readable", () => {
        throw new TypeError("cannot read it");
      });
    });
    expect(error.message).toContain('always "is readable" threw: cannot read it');
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  test("eventually waits for as long as it is told, and no longer", async () => {
    let at = 0;
    const error = await failure(one, async ({ eventually, now }) => {
      const began = now();
      await eventually("soon", 500, () => now() - began > 300);
      at = now() - began;
      await eventually("never", 500, () => false);
    });
    expect(at).toBeGreaterThan(300);
    expect(at).toBeLessThan(500);
    expect(error.message).toStartWith('eventually "never" did not hold within 500 ms');
  });

  test("what a scenario lets go uncaught fails its seed, not the test runner", async () => {
    const error = await failure(one, async ({ sleep }) => {
      void (async () => {
        await sleep(1);
        throw new Error("nobody waits for this");
      })();
      await sleep(1_000);
    });
    expect(error.message).toStartWith("nobody waits for this (seed 1,");
  });

  test("what a scenario throws is its failure, and one that never ends is one too", async () => {
    const thrown = await failure(one, async () => {
      throw new Error("I do not like it");
    });
    expect(thrown.message).toStartWith("I do not like it (seed 1,");
    const endless = await failure({ ...one, endsWithinMs: 2_000 }, () => new Promise(() => {}));
    expect(endless.message).toStartWith(
      "the scenario did not end within 2000 virtual milliseconds",
    );
  });
});

describe("faults", () => {
  test("what was asked of a node that crashes rejects, and the node is another one afterwards", async () => {
    const errors: unknown[] = [];
    await simulate(two, async ({ nodes, crash, sleep }) => {
      const pid = await probe.start(nodes.b);
      const before = nodes.b;
      const run = nodes.b.run((ctx) => ctx.sleep(60_000)).catch((error: unknown) => error);
      const call = probe
        .client(nodes.b, pid)
        .wait()
        .catch((error: unknown) => error);
      crash("b", 100);
      errors.push(await run, await call);
      expect(() => before.send(pid, { type: "x" } as never)).toThrow(MisuseError);
      await sleep(200);
      expect(nodes.b).not.toBe(before);
      expect(await probe.client(nodes.b, await probe.start(nodes.b)).add(1)).toBe(1);
    });
    for (const error of errors) expect(error).toMatchObject({ code: "noconnection" });
  });

  test("a node that is down refuses at once", async () => {
    await simulate(two, async ({ nodes, crash, sleep }) => {
      crash("b");
      const { b } = nodes;
      await sleep(1);
      for (const asked of [
        probe.start(b),
        b.run(async () => 1),
        b.spawnOn("a@10.0.0.1", juggler, []),
      ]) {
        expect(await asked.catch((error: unknown) => error)).toMatchObject({ code: "not_running" });
      }
    });
  });

  test("a failure under more faults than anybody reads does not print them all, and ends in time", async () => {
    const began = performance.now();
    const faults = { others: { break: 40 } };
    const options = { ...two, faults, endsWithinMs: 20_000, shrinkMs: 1 };
    const error = await failure(options, () => new Promise(() => {}));
    expect(error.message).toMatch(/… and \d+ more/);
    expect(error.message.split("\n").length).toBeLessThan(60);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test("nodes that are cut apart lose each other, and find each other again", async () => {
    await simulate({ ...two, sessionGraceMs: 100 }, async ({ nodes, cut, eventually }) => {
      const sees = (): boolean => nodes.a.node.list().includes(nodes.b.node.name);
      expect(sees()).toBe(true);
      cut("a", "b", 5_000);
      await eventually("they lose each other", 5_000, () => !sees());
      await eventually("they meet", 10_000, sees);
    });
  });

  test("none of them is random unless rates are given; with rates they strike", async () => {
    const downs = { without: 0, with: 0 };
    const watch = (what: keyof typeof downs) => async (world: World<"a" | "b">) => {
      const { nodes, always, sleep } = world;
      let list = 1;
      always("watched", () => {
        const now = nodes.a.node.list().length;
        if (now < list) downs[what]++;
        list = now;
        return true;
      });
      await sleep(5_000);
    };
    await simulate(two, watch("without"));
    await simulate({ ...two, faults: { others: { crash: 2 } } }, watch("with"));
    expect(downs.without).toBe(0);
    expect(downs.with).toBeGreaterThan(0);
  });

  test("a failed run is reduced to the faults that it takes, and those alone fail again", async () => {
    const scenario = async ({ nodes, always, sleep }: World<"a" | "b" | "c">): Promise<void> => {
      const down = (name: string): boolean => !nodes.a.node.list().includes(name);
      always("a sees c", () => !down(nodes.c.node.name));
      await sleep(10_000);
    };
    const faults = { lossRate: 4, others: { crash: 2, clock_jump: 3, stall: 2 } };
    const options = { ...three, seeds: 50, faults, shrinkMs: 20_000 };
    const error = await failure(options, scenario);
    const [, kept, all] = /(\d+) of (\d+) faults are enough/.exec(error.message) ?? [];
    expect(Number(kept)).toBe(1);
    expect(Number(all)).toBeGreaterThan(1);
    const [, seed] = /seeds: \[(\d+)\]/.exec(error.message)!;
    const [, source] = /\{ atMs: ([^]*?) \},\n/.exec(error.message)!;
    const schedule = [Bun.JSON5.parse(`{ atMs: ${source} }`) as ScheduledFault];
    expect(schedule[0]!.fault).toMatchObject({ kind: "crash" });
    const again = await failure({ ...three, seeds: [Number(seed)], schedule }, scenario);
    expect(again.message).toStartWith('always "a sees c" does not hold');
    const empty = { ...three, seeds: [Number(seed)], schedule: [] };
    expect((await simulate(empty, scenario)).seeds).toBe(1);
  });
});

test("options that make no sense are refused at once", async () => {
  const refusal = async (options: object): Promise<SimulationError> =>
    failure({ ...one, ...options } as SimulateOptions<"a">, async () => undefined);
  expect((await refusal({ nodes: [] })).code).toBe("bad_scenario");
  expect((await refusal({ nodes: ["a", "a"] })).message).toContain("distinct names");
  expect((await refusal({ nodes: ["a b"] })).message).toContain("letters");
  expect((await refusal({ seeds: 0 })).message).toContain("above 0, got 0");
});
