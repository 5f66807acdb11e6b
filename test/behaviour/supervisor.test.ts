import { describe, expect, test } from "bun:test";
import { StartError } from "../../src/base/error.ts";
import { child } from "../../src/behaviour/supervisor/child.ts";
import { defineServer } from "../../src/behaviour/server/server.ts";
import { stop } from "../../src/behaviour/server/server-message.ts";
import { defineSupervisor } from "../../src/behaviour/supervisor/supervisor.ts";
import type { ChildSpec } from "../../src/behaviour/supervisor/supervisor-api.ts";
import type { Caller, Context, Pid } from "../../src/process/api.ts";
import { define } from "../../src/process/registry.ts";
import type { Down, Exit } from "../../src/process/system-message.ts";
import { type LocalNode, localNode, rejection, settled } from "./local-node.ts";

/** What the children did, in order. */
const trace: string[] = [];
/** Starts that fail yet, by child. */
const failing = new Map<string, number>();

const worker = defineServer("sup.worker", {
  init: (ctx: Context<Exit>, id: string, how: "plain" | "traps" | "deaf" = "plain") => {
    const times = failing.get(id) ?? 0;
    trace.push(`${times > 0 ? "fails" : "start"} ${id}`);
    if (times > 0) {
      failing.set(id, times - 1);
      return stop("bad");
    }
    if (how !== "plain") ctx.trapExit(true);
    return { id, how };
  },
  calls: { ping: (ctx) => ctx.state.id },
  casts: { end: (_ctx, reason: string) => stop(reason) },
  info: () => {},
  terminate: async (ctx, reason) => {
    trace.push(`stop ${ctx.state.id} ${String(reason)}`);
    if (ctx.state.how === "deaf") await ctx.sleep(1_000_000);
  },
});

const plain = define("sup.plain", async (ctx: Context<never>, id: string) => {
  trace.push(`start ${id}`);
  try {
    await ctx.receive();
  } finally {
    trace.push(`end ${id}`);
  }
});

type Extra = Partial<Omit<ChildSpec<typeof worker>, "id" | "start" | "args">>;
const spec = (id: string, extra: Extra = {}) =>
  child({ id, start: worker, args: [id, "traps"], name: id, ...extra });

const trees = {
  one: defineSupervisor("sup.one", { children: () => ["a", "b", "c"].map((id) => spec(id)) }),
  all: defineSupervisor("sup.all", {
    strategy: "one_for_all",
    intensity: 3,
    children: () => ["a", "b", "c"].map((id) => spec(id)),
  }),
  rest: defineSupervisor("sup.rest", {
    strategy: "rest_for_one",
    intensity: 3,
    children: () => ["a", "b", "c"].map((id) => spec(id)),
  }),
  empty: defineSupervisor("sup.empty", { intensity: 100, children: () => [] }),
};

async function startTree(
  node: LocalNode,
  tree: { start: (by: Caller) => Promise<Pid> },
): Promise<Pid> {
  failing.clear();
  const pid = await tree.start(node.caller);
  trace.length = 0;
  return pid;
}

const crash = (node: LocalNode, id: string): void => worker.client(node.caller, id).end("boom");

/** Settles, and takes what the children did. */
async function happened(): Promise<string[]> {
  await settled();
  return trace.splice(0);
}

describe("a supervisor", () => {
  test("without a period would never give up, and is refused as in OTP", () => {
    for (const periodMs of [0, -1, NaN]) {
      expect(() => defineSupervisor("sup.timeless", { periodMs, children: () => [] })).toThrow(
        "supervisor sup.timeless: periodMs must be milliseconds above 0",
      );
    }
  });

  test("starts its children in order and stops them in reverse, each within its time", async () => {
    const node = localNode();
    trace.length = 0;
    const pid = await trees.one.start(node.caller);
    expect(await happened()).toEqual(["start a", "start b", "start c"]);
    await trees.one.stop(node.caller, pid);
    expect(await happened()).toEqual(["stop c shutdown", "stop b shutdown", "stop a shutdown"]);
    expect(node.scheduler.tables().processes).toBe(0);
    expect(node.crashes).toEqual([]);
  });

  test("one_for_one restarts the crashed child only (SU-02)", async () => {
    const node = localNode();
    await startTree(node, trees.one);
    const [a, b] = ["a", "b"].map((id) => node.caller.whereis(id));
    crash(node, "b");
    expect(await happened()).toEqual(["stop b boom", "start b"]);
    expect(node.caller.whereis("a")).toBe(a);
    expect(node.caller.whereis("b")).not.toBe(b);
    expect(await worker.client(node.caller, "b").ping()).toBe("b");
  });

  test("rest_for_one and one_for_all take others along (SU-04)", async () => {
    const node = localNode();
    await startTree(node, trees.rest);
    crash(node, "b");
    expect(await happened()).toEqual(["stop b boom", "stop c shutdown", "start b", "start c"]);
    const other = localNode();
    await startTree(other, trees.all);
    crash(other, "b");
    expect(await happened()).toEqual(
      "stop b boom,stop c shutdown,stop a shutdown,start a,start b,start c".split(","),
    );
  });

  test("gives up after more restarts than its intensity within the period, with shutdown (SU-06)", async () => {
    const node = localNode();
    const pid = await startTree(node, trees.one);
    const reason = node.run(async (ctx: Context<Down>) => {
      ctx.monitor(pid);
      return (await ctx.receive("down")).reason;
    });
    crash(node, "a");
    await settled();
    await node.clock.advance(5_001);
    crash(node, "a");
    await settled();
    expect(node.caller.whereis("a")).toBeDefined();
    trace.length = 0;
    crash(node, "a");
    expect(await reason).toBe("shutdown");
    expect(await happened()).toEqual(["stop a boom", "stop c shutdown", "stop b shutdown"]);
    expect(node.scheduler.tables().processes).toBe(0);
  });

  test("a first start that fails stops the earlier ones and says which child it was (SU-21)", async () => {
    const node = localNode();
    failing.set("c", 1);
    trace.length = 0;
    const error = await rejection(trees.one.start(node.caller, [], { name: "top" }));
    expect(error).toBeInstanceOf(StartError);
    expect(error.code).toBe("init_failed");
    expect(error.reason).toEqual({ shutdown: { failed_to_start_child: "c", reason: "bad" } });
    expect(await happened()).toEqual(
      "start a,start b,fails c,stop b shutdown,stop a shutdown".split(","),
    );
    expect(node.caller.whereis("top")).toBeUndefined();
    expect(node.scheduler.tables().processes).toBe(0);
  });

  test("a child that fails to restart is tried again until it gives up", async () => {
    const node = localNode();
    await startTree(node, trees.rest);
    failing.set("b", 2);
    crash(node, "b");
    expect(await happened()).toEqual(
      "stop b boom,stop c shutdown,fails b,fails b,start b,start c".split(","),
    );
  });

  test("ends when its parent does, children first (SU-32)", async () => {
    const node = localNode();
    trace.length = 0;
    await node
      .run(async (ctx) => {
        await trees.one.start(ctx, [], { link: true });
        ctx.exit("gone");
      })
      .catch(() => {});
    await settled();
    expect(trace.splice(3)).toEqual(["stop c shutdown", "stop b shutdown", "stop a shutdown"]);
    expect(node.scheduler.tables().processes).toBe(0);
  });

  test("ignores exit signals of strangers, as in OTP", async () => {
    const node = localNode();
    const pid = await startTree(node, trees.one);
    await node.run(async (ctx) => ctx.sendExit(pid, "shutdown"));
    await settled();
    expect(await trees.one.countChildren(node.caller, pid)).toMatchObject({ active: 3 });
  });

  test("killed, it takes its children along", async () => {
    const node = localNode();
    const pid = await startTree(node, trees.one);
    node.caller.sendExit(pid, "kill");
    await settled();
    expect(trace).toEqual(["a", "b", "c"].map((id) => `stop ${id} killed`));
    expect(node.scheduler.tables().processes).toBe(0);
  });

  test("supervises supervisors, and plain functions", async () => {
    const node = localNode();
    const top = defineSupervisor("sup.top", {
      children: () => [
        child({ id: "inner", start: trees.one, args: [], name: "inner" }),
        child({ id: "p", start: plain, args: ["p"], name: "p" }),
      ],
    });
    trace.length = 0;
    const pid = await top.start(node.caller);
    expect(await happened()).toEqual(["start a", "start b", "start c", "start p"]);
    expect(await top.countChildren(node.caller, pid)).toEqual({
      specs: 2,
      active: 2,
      supervisors: 1,
      workers: 1,
    });
    await top.stop(node.caller, pid);
    expect(await happened()).toEqual(
      "end p,stop c shutdown,stop b shutdown,stop a shutdown".split(","),
    );
  });
});

describe("stopping a child", () => {
  async function stopReason(
    shutdownMs: number | "brutal_kill",
    advanceMs: number,
  ): Promise<unknown> {
    const node = localNode();
    const pid = await startTree(node, trees.empty);
    const deaf = child({ id: "deaf", start: worker, args: ["deaf", "deaf"], shutdownMs });
    const victim = await trees.empty.startChild(node.caller, pid, deaf);
    const reason = node.run(async (ctx: Context<Down>) => {
      ctx.monitor(victim);
      return (await ctx.receive("down")).reason;
    });
    await settled();
    const terminated = trees.empty.terminateChild(node.caller, pid, "deaf", {
      timeoutMs: Infinity,
    });
    await node.clock.advance(advanceMs);
    const result = await Promise.race([reason, settled().then(() => "still there")]);
    if (result !== "still there") await terminated;
    return result;
  }

  test("one that ignores shutdown is killed after its time (SU-12)", async () => {
    expect(await stopReason(1_000, 999)).toBe("still there");
    expect(await stopReason(1_000, 1_000)).toBe("killed");
  });

  test("brutal_kill kills at once (SU-13)", async () => {
    expect(await stopReason("brutal_kill", 0)).toBe("killed");
  });

  test("Infinity waits (SU-14)", async () => {
    expect(await stopReason(Infinity, 999_999)).toBe("still there");
    expect(await stopReason(Infinity, 1_000_000)).toBe("shutdown");
  });

  test("one that has unlinked itself is still seen to end (SU-16)", async () => {
    const node = localNode();
    const naughty = defineServer("sup.naughty", {
      init: (ctx: Context<never>, supervisor: string) => {
        const pid = ctx.whereis(supervisor);
        if (pid !== undefined) ctx.unlink(pid);
        return 0;
      },
    });
    const pid = await trees.empty.start(node.caller, [], { name: "top" });
    const own = child({ id: "n", start: naughty, args: ["top"] });
    await trees.empty.startChild(node.caller, pid, own);
    await trees.empty.terminateChild(node.caller, pid, "n");
    expect(node.scheduler.tables().processes).toBe(1);
  });

  test("dynamic children stop in parallel (SU-17)", async () => {
    const node = localNode();
    const pid = await startTree(node, trees.empty);
    for (const id of ["x", "y", "z"]) {
      const deaf = child({ id, start: worker, args: [id, "deaf"], shutdownMs: 2_000 });
      await trees.empty.startChild(node.caller, pid, deaf);
    }
    const before = node.clock.now();
    const stopped = trees.empty.stop(node.caller, pid, "shutdown", { timeoutMs: Infinity });
    await node.clock.advance(2_000);
    await stopped;
    expect(node.clock.now() - before).toBe(2_000);
  });
});

describe("dynamic children", () => {
  test("start, terminate, restart, delete, with OTP's errors (SU-18)", async () => {
    const node = localNode();
    const { caller } = node;
    const pid = await startTree(node, trees.empty);
    const tree = trees.empty;
    const first = await tree.startChild(caller, pid, spec("x"));
    expect(caller.whereis("x")).toBe(first as never);
    const again = await rejection(tree.startChild(caller, pid, spec("x")));
    expect([again.code, again.reason]).toEqual(["already_started", first]);
    const code = async (promise: Promise<unknown>): Promise<unknown> => {
      const { reason } = await rejection(promise);
      return (reason as { code: string }).code;
    };
    expect(await code(tree.restartChild(caller, pid, "x"))).toBe("running");
    expect(await code(tree.deleteChild(caller, pid, "x"))).toBe("running");
    await tree.terminateChild(caller, pid, "x");
    expect((await rejection(tree.startChild(caller, pid, spec("x")))).code).toBe("already_present");
    const second = await tree.restartChild(caller, pid, "x");
    expect(second).not.toBe(first);
    await tree.terminateChild(caller, pid, "x");
    await tree.deleteChild(caller, pid, "x");
    for (const ask of ["restartChild", "terminateChild", "deleteChild"] as const) {
      expect(await code(tree[ask](caller, pid, "x"))).toBe("not_found");
    }
    expect(await tree.whichChildren(caller, pid)).toEqual([]);
    expect((await rejection(tree.startChild(caller, "nobody", spec("x")))).code).toBe("noproc");
  });

  test("one that does not start is refused with its reason and leaves nothing behind", async () => {
    const node = localNode();
    const pid = await startTree(node, trees.empty);
    failing.set("x", 1);
    const error = await rejection(trees.empty.startChild(node.caller, pid, spec("x")));
    expect([error.code, error.reason]).toEqual(["init_failed", "bad"]);
    expect(await trees.empty.countChildren(node.caller, pid)).toMatchObject({ specs: 0 });
  });

  test("a significant one is refused where autoShutdown is never, as in OTP (SU-23)", async () => {
    const node = localNode();
    const significant = spec("x", { restart: "transient", significant: true });
    const pid = await startTree(node, trees.empty);
    const error = await rejection(trees.empty.startChild(node.caller, pid, significant));
    expect([error.code, (error.reason as { code: string }).code]).toEqual(["failed", "bad_child"]);
    expect(await trees.empty.countChildren(node.caller, pid)).toMatchObject({ specs: 0 });
    const idle = defineSupervisor("sup.idle", { children: () => [significant] });
    expect((await rejection(idle.start(node.caller))).message).toMatch(
      /supervisor sup\.idle: child x is significant, and autoShutdown is never/,
    );
  });

  test("one whose name is held by a stranger (SU-27)", async () => {
    const node = localNode();
    const pid = await startTree(node, trees.empty);
    const stranger = await worker.start(node.caller, ["x"], { name: "x" });
    const error = await rejection(trees.empty.startChild(node.caller, pid, spec("x")));
    expect(error.code).toBe("init_failed");
    expect(error.reason).toEqual({ already_started: stranger });
    expect(await worker.client(node.caller, stranger).ping()).toBe("x");
  });

  test("a temporary child's arguments are let go once it runs, and its spec can be used again (SU-29)", async () => {
    const node = localNode({ strict: false });
    const pid = await startTree(node, trees.empty);
    const large = { bytes: new Uint8Array(1_000) };
    const args = [large] as never;
    const once = child({ id: "t", start: plain, args, restart: "temporary" });
    for (let round = 0; round < 2; round += 1) {
      const started = await trees.empty.startChild(node.caller, pid, once);
      node.caller.sendExit(started, "kill");
      await settled();
      expect(trace.splice(0)[0]).toBe("start [object Object]");
    }
    const kept = await trees.empty.startChild(node.caller, pid, once);
    const snapshot = JSON.stringify(await trees.empty.whichChildren(node.caller, pid));
    expect(snapshot).not.toContain("bytes");
    node.caller.sendExit(kept, "kill");
  });

  test("others are served while one starts", async () => {
    const node = localNode();
    const pid = await startTree(node, trees.empty);
    const slow = defineServer("sup.slow", {
      init: async (ctx) => {
        await ctx.sleep(1_000);
        return 0;
      },
    });
    const starting = trees.empty.startChild(
      node.caller,
      pid,
      child({ id: "s", start: slow, args: [] }),
    );
    await trees.empty.startChild(node.caller, pid, spec("x"));
    crash(node, "x");
    await settled();
    const states = (await trees.empty.whichChildren(node.caller, pid)).map(({ id, state }) => [
      id,
      state,
    ]);
    expect(states).toEqual([
      ["s", "starting"],
      ["x", "running"],
    ]);
    await node.clock.advance(1_000);
    await starting;
  });

  test("terminate ends a start that hangs; its caller hears of it", async () => {
    const node = localNode();
    const pid = await startTree(node, trees.empty);
    const hung = defineServer("sup.hung", { init: (ctx) => ctx.sleep(1_000_000) });
    const spec = child({ id: "h", start: hung, args: [] });
    const start = rejection(trees.empty.startChild(node.caller, pid, spec));
    await settled();
    await trees.empty.terminateChild(node.caller, pid, "h");
    expect((await start).code).toBe("init_failed");
    expect(node.scheduler.tables().processes).toBe(1);
  });

  test("a placement function that does not answer is a failed start after a while, and holds up no end", async () => {
    const node = localNode({ strict: false });
    const pid = await startTree(node, trees.empty);
    const silent = child({ id: "s", start: plain, args: ["s"], on: () => new Promise(() => {}) });
    const late = rejection(
      trees.empty.startChild(node.caller, pid, silent, { timeoutMs: Infinity }),
    );
    await node.clock.advance(5_000);
    expect(await late).toMatchObject({ code: "init_failed", reason: "timeout" });
    const given = rejection(trees.empty.startChild(node.caller, pid, silent));
    await settled();
    await trees.empty.terminateChild(node.caller, pid, "s");
    expect((await given).code).toBe("init_failed");
    const last = rejection(trees.empty.startChild(node.caller, pid, silent));
    await settled();
    await trees.empty.stop(node.caller, pid);
    expect((await last).message).not.toContain("timeout");
  });

  test("ten thousand children start and stop in linear time (SU-28)", async () => {
    const node = localNode({ strict: false });
    const pid = await startTree(node, trees.empty);
    const durations: number[] = [];
    for (const count of [1_000, 10_000]) {
      const begin = performance.now();
      const starts: Promise<Pid>[] = [];
      for (let i = 0; i < count; i += 1) {
        const one = child({ id: `n${i}`, start: plain, args: ["n"], restart: "temporary" });
        starts.push(trees.empty.startChild(node.caller, pid, one));
      }
      await Promise.all(starts);
      const ends = starts.map((_, i) => trees.empty.terminateChild(node.caller, pid, `n${i}`));
      await Promise.all(ends);
      durations.push(performance.now() - begin);
    }
    trace.length = 0;
    expect(node.scheduler.tables().processes).toBe(1);
    expect(durations[1]!).toBeLessThan(durations[0]! * 100);
  });
});
