import { describe, expect, test } from "bun:test";
import { join } from "node:path";

import { SimulationError } from "../../src/base/error.ts";
import { loadGraph, type ModuleGraph } from "../../src/bun/virtual/module-graph.ts";
import { runMicrotasks } from "../../src/bun/microtasks.ts";
import { registerVirtualModules } from "../../src/bun/modules.ts";
import { GlobalSwap } from "../../src/bun/virtual/virtual-globals.ts";
import type { VirtualMachine } from "../../src/bun/virtual/virtual-machine.ts";
import { virtualMembers } from "../../src/bun/virtual/virtual-members.ts";
import * as snowNode from "../../src/index.ts";

registerVirtualModules({ "snow-node": snowNode });

const MODULE = join(import.meta.dir, "fixtures/simulated/looks.ts");

interface Due {
  readonly at: number;
  readonly callback: () => void;
}

/** A machine whose time passes when the test says so. */
class Machine implements VirtualMachine {
  readonly host = "machine.test";
  readonly strays: unknown[] = [];
  #now = 1_000;
  readonly #random: number;
  readonly #due: Due[] = [];

  constructor(random = 0.5) {
    this.#random = random;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now + 0.25;
  }

  random(): number {
    return this.#random;
  }

  setTimer(afterMs: number, callback: () => void): Due {
    const due = { at: this.#now + afterMs, callback };
    this.#due.push(due);
    return due;
  }

  clearTimer(timer: unknown): void {
    const place = this.#due.indexOf(timer as Due);
    if (place >= 0) this.#due.splice(place, 1);
  }

  stray(error: unknown): void {
    this.strays.push(error);
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#due
        .filter(({ at }) => at <= until)
        .reduce<Due | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined);
      if (next === undefined) break;
      this.clearTimer(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      runMicrotasks();
    }
    this.#now = until;
  }
}

/** Calls a look of the module, in the graph. */
function look(graph: ModuleGraph, name: string): Promise<unknown> {
  const { run } = graph.definitions.get("look")!;
  let result: Promise<unknown> | undefined;
  graph.run(() => (result = run(undefined as never, ...([name] as never[]))));
  return result!;
}

async function load(machine = new Machine(), provided = {}) {
  const graph = await loadGraph([MODULE], machine, provided);
  return { machine, graph, look: (name: string) => look(graph, name) };
}

describe("a module in a graph", () => {
  test("has its machine's clock, in all forms, from when it is loaded", async () => {
    const { look, machine } = await load();
    expect(await look("loadedAt")).toBe(1_000);
    expect(await look("date")).toEqual([1_000, 1_000, 5, Date.UTC(2020, 0), true, true, true]);
    machine.pass(500.5);
    expect(await look("clocks")).toEqual([
      ...[1_500.5, 1_500.5, 1_500_500_000, [1, 500_500_000], [1, 500_499_999]],
      ...[1_500_500_000n, 1_500_500_000n, 1.5005, 1_500, "1970-01-01"],
    ]);
    expect(await look("early")).toBe(true);
  });

  test("has its machine's randomness, and what is no matter of a machine as it is", async () => {
    const { look } = await load();
    expect(await look("random")).toEqual([0.5, 5, 6, [128, 128, 128]]);
    expect(await look("filled")).toEqual([0x8080, 0x8080]);
    expect(await look("uuids")).toEqual([
      ...new Array<string>(2).fill("80808080-8080-4080-8080-808080808080"),
      "00000000-03e8-7080-8080-808080808080",
    ]);
    expect(await look("pure")).toEqual([
      ...[2, "2d711642", "2d711642", 0, true, true, true, "machine.test", "number"],
    ]);
    expect(await look("aborts")).toEqual([true, true]);
  });

  test("has timers that fire, are cleared and refreshed when the machine's time passes", async () => {
    const { look, machine } = await load();
    const heard = look("timers");
    for (let step = 0; step < 40; step++) {
      await Promise.resolve();
      machine.pass(1);
    }
    expect(await heard).toEqual([
      ...["with an argument", "at once", "of node:timers", "refreshed", "value"],
    ]);
  });

  test("hands what it lets go uncaught to its machine, out of timers and promises", async () => {
    const { look, machine } = await load();
    await look("throws");
    machine.pass(2);
    await look("rejects");
    await new Promise((resolve) => setImmediate(resolve));
    expect(machine.strays.map(String)).toEqual([
      "Error: out of a timer",
      "Error: out of a promise",
    ]);
  });

  test("is refused everything real, by name, however it came by it", async () => {
    const { look, graph } = await load();
    const names = (await graph.definitions
      .get("look names")!
      .run(undefined as never)) as readonly string[];
    const refusals = names.filter((name) => name.startsWith("refused "));
    expect(refusals.length).toBeGreaterThan(18);
    for (const name of refusals) {
      const error = await look(name).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(SimulationError);
      expect((error as SimulationError).code).toBe("real_io");
      expect((error as Error).message).toStartWith(
        `${name.replace(/^refused | by import$/g, "")}: a simulated process has no real I/O`,
      );
    }
  });

  test("gets what is provided instead, each graph its own", async () => {
    const one = await load(new Machine(), {
      "Bun.$": () => "one",
      "node:fs": { existsSync: () => 1 },
    });
    const two = await load(new Machine(), { "Bun.$": () => "two" });
    expect(await one.look("refused Bun.$")).toBe("one");
    expect(await two.look("refused Bun.$")).toBe("two");
    expect(await one.look("refused node:fs.existsSync")).toBe(1);
    expect(two.look("refused node:fs.existsSync")).rejects.toThrow("real I/O");
  });

  test("defines for its graph alone; the program's own copy stays what it is", async () => {
    const first = await load(new Machine(0.25));
    const second = await load(new Machine(0.75));
    expect(((await first.look("random")) as number[])[0]).toBe(0.25);
    expect(((await second.look("random")) as number[])[0]).toBe(0.75);
    const { look: real } = (await import(MODULE)) as {
      look: (ctx: never, name: string) => Promise<unknown>;
    };
    expect(await real(undefined as never, "refused node:fs.existsSync")).toBe(true);
  });
});

describe("swapped globals", () => {
  test("are there between enter and leave, and every descriptor is as before afterwards", () => {
    const machine = new Machine();
    const members = virtualMembers(() => machine, {});
    const shot = (): string[] =>
      [...members.keys()].map((path) => {
        const names = path.split(".");
        const name = names.pop()!;
        const holder = names.reduce<object>(
          (at, step) => Reflect.get(at, step) as object,
          globalThis,
        );
        const descriptor = Object.getOwnPropertyDescriptor(holder, name);
        return `${path} ${Object.keys(descriptor ?? {}).join()} ${descriptor?.writable} ${descriptor?.enumerable}`;
      });
    const before = shot();
    const realNow = Date.now();
    const swap = new GlobalSwap(members);
    swap.enter();
    swap.enter();
    const inside = [Date.now(), Math.random(), performance.now(), crypto.randomUUID().slice(0, 8)];
    const refusal = ((): unknown => {
      try {
        return fetch("http://127.0.0.1");
      } catch (error) {
        return error;
      }
    })();
    swap.leave();
    swap.leave();
    expect(inside).toEqual([1_000, 0.5, 1_000, "80808080"]);
    expect(refusal).toBeInstanceOf(SimulationError);
    expect(shot()).toEqual(before);
    expect(Date.now()).toBeGreaterThanOrEqual(realNow);
  });
});
