import { expect } from "bun:test";

import {
  StartError,
  child,
  defineServer,
  defineSupervisor,
  stop,
  type Child,
  type ChildInfo,
  type ChildSpec,
  type Context,
  type Pid,
  type PidOf,
} from "snow-node";
import type { Any, Scenario, Tester } from "./scenario.ts";

/** Looks at a supervisor's children until they are as wanted: so many, and a reason to fail when they never are. */
const LOOKS_MAX = 500;

type How = "plain" | "deaf" | "slow" | "traps" | "bad" | "flaky" | "unlinks";

/** Says whether flaky children start. */
const gate = defineServer("conformance.gate", {
  init: () => ({ isOpen: true }),
  calls: { isOpen: (ctx) => ctx.state.isOpen },
  casts: {
    close: (ctx) => {
      ctx.state.isOpen = false;
    },
  },
});

const worker = defineServer("conformance.worker", {
  init: async (ctx: Context<Any>, how: How, gatePid?: PidOf<typeof gate>) => {
    if (how === "bad") return stop("bad");
    if (gatePid !== undefined && !(await gate.client(ctx, gatePid).isOpen())) return stop("flaky");
    if (how !== "plain") ctx.trapExit(true);
    return { how, tester: undefined as Pid<Any> | undefined };
  },
  calls: { fence: (ctx) => ctx.fence },
  casts: {
    leave: (_ctx, reason: unknown) => stop(reason),
    unlink: (ctx, pid: Pid) => ctx.unlink(pid),
    tell: (ctx, tester: Pid<Any>) => {
      ctx.state.tester = tester;
    },
  },
  info: () => {},
  terminate: async (ctx) => {
    const { how, tester } = ctx.state;
    if (tester !== undefined) ctx.send(tester, { type: "stopping" });
    if (how === "slow") await ctx.sleep(50);
    if (how === "deaf") await ctx.sleep(100_000);
  },
});

/** Children as a test wants them, by what it says in its arguments. */
interface Plan {
  readonly id: string;
  readonly how?: How;
  readonly extra?: Partial<ChildSpec<typeof worker>>;
}

const childOf = (plan: Plan, on: string, gatePid?: PidOf<typeof gate>): Child =>
  child({
    id: plan.id,
    start: worker,
    args: plan.how === "flaky" ? ["flaky", gatePid] : [plan.how ?? "plain"],
    on,
    ...plan.extra,
  });

const trees = {
  one_for_one: treeOf("one_for_one", 2),
  one_for_all: treeOf("one_for_all", 2),
  rest_for_one: treeOf("rest_for_one", 2),
  patient: treeOf("one_for_one", 1_000_000),
};

function treeOf(strategy: "one_for_one" | "one_for_all" | "rest_for_one", intensity: number) {
  return defineSupervisor(`conformance.${strategy}.${intensity}`, {
    strategy,
    intensity,
    autoShutdown: "any_significant",
    children: (plans: readonly Plan[], on: string, gatePid?: PidOf<typeof gate>) =>
      plans.map((plan) => childOf(plan, on, gatePid)),
  });
}

const plain = (...ids: string[]): Plan[] => ids.map((id) => ({ id }));

/** A tree of the tester's own, started beside it with its children far away. */
async function startTree(
  ctx: Tester,
  kind: keyof typeof trees,
  farNode: string,
  plans: readonly Plan[],
  gatePid?: PidOf<typeof gate>,
): Promise<Pid> {
  return trees[kind].start(ctx, [plans, farNode, gatePid]);
}

async function look(ctx: Tester, pid: Pid): Promise<Map<string, ChildInfo>> {
  const children = await trees.one_for_one.whichChildren(ctx, pid);
  return new Map(children.map((info) => [info.id, info]));
}

async function until(
  ctx: Tester,
  pid: Pid,
  wanted: (children: Map<string, ChildInfo>) => boolean,
): Promise<Map<string, ChildInfo>> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    // oxlint-disable-next-line no-await-in-loop -- until the supervisor has done what it has to do
    const children = await look(ctx, pid);
    if (wanted(children)) return children;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await ctx.sleep(2);
  }
  throw new Error("the children never were as expected");
}

const pids = (children: Map<string, ChildInfo>): string[] =>
  [...children.values()].map(({ pid }) => String(pid));

const crash = (ctx: Tester, children: Map<string, ChildInfo>, id: string): void =>
  worker.client(ctx, children.get(id)!.pid as Any).leave("boom");

async function failure(promise: Promise<unknown>): Promise<{ code?: string; reason?: Any }> {
  try {
    await promise;
  } catch (error) {
    return error as { code?: string; reason?: Any };
  }
  throw new Error("expected a rejection");
}

const code = async (promise: Promise<unknown>): Promise<unknown> =>
  (await failure(promise)).reason?.code;

/** Which children have another process than before, once all run again. */
async function replaced(ctx: Tester, kind: keyof typeof trees, farNode: string): Promise<string> {
  const pid = await startTree(ctx, kind, farNode, plain("a", "b", "c"));
  const before = await look(ctx, pid);
  crash(ctx, before, "b");
  const after = await until(
    ctx,
    pid,
    (children) =>
      children.get("b")?.restartCount === 1 &&
      [...children.values()].every(({ state }) => state === "running"),
  );
  await trees.one_for_one.stop(ctx, pid);
  const [old, now] = [pids(before), pids(after)];
  return ["a", "b", "c"].filter((_, index) => old[index] !== now[index]).join("");
}

export const supervisors: readonly Scenario[] = [
  {
    name: "SU-02, SU-04: which children a crash replaces",
    run: async (ctx, { farNode }) => {
      expect(await replaced(ctx, "one_for_one", farNode)).toBe("b");
      expect(await replaced(ctx, "rest_for_one", farNode)).toBe("bc");
      expect(await replaced(ctx, "one_for_all", farNode)).toBe("abc");
    },
  },
  {
    name: "SU-06: one restart more than the intensity ends the supervisor with shutdown, and its children",
    run: async (ctx, { farNode }) => {
      const pid = await startTree(ctx, "one_for_one", farNode, plain("a", "b"));
      const first = await look(ctx, pid);
      ctx.monitor(first.get("b")!.pid as Pid);
      ctx.monitor(pid);
      for (let crashes = 0; crashes < 3; crashes++) {
        const children = await until(ctx, pid, (now) => now.get("a")?.restartCount === crashes);
        crash(ctx, children, "a");
      }
      const downs = [await ctx.receive("down"), await ctx.receive("down")];
      expect(downs.map((down: Any) => down.reason)).toEqual(["shutdown", "shutdown"]);
      expect(downs[1].target).toBe(pid);
    },
  },
  {
    name: "SU-11: a row of restarts is ended by terminate_child; restart and delete are refused meanwhile",
    run: async (ctx, { farNode }) => {
      const gatePid = await gate.start(ctx);
      const plans: Plan[] = [{ id: "f", how: "flaky" }, { id: "a" }];
      const pid = await startTree(ctx, "patient", farNode, plans, gatePid);
      gate.client(ctx, gatePid).close();
      crash(ctx, await look(ctx, pid), "f");
      await until(ctx, pid, (now) => now.get("f")?.state !== "running");
      expect(await code(trees.patient.restartChild(ctx, pid, "f"))).toBe("restarting");
      expect(await code(trees.patient.deleteChild(ctx, pid, "f"))).toBe("restarting");
      await trees.patient.terminateChild(ctx, pid, "f");
      expect((await look(ctx, pid)).get("f")?.state).toBe("stopped");
      expect((await failure(trees.patient.restartChild(ctx, pid, "f"))).reason).toBe("flaky");
      crash(ctx, await look(ctx, pid), "a");
      await trees.patient.stop(ctx, pid);
    },
  },
  {
    name: "SU-12, SU-13: a child that ignores shutdown is killed after its time; brutal_kill kills at once",
    run: async (ctx, { farNode }) => {
      const times = [20, "brutal_kill"] as const;
      for (const shutdownMs of times) {
        const plans: Plan[] = [{ id: "deaf", how: "deaf", extra: { shutdownMs } }];
        // oxlint-disable-next-line no-await-in-loop -- one tree after the other
        const pid = await startTree(ctx, "one_for_one", farNode, plans);
        // oxlint-disable-next-line no-await-in-loop -- as above
        const victim = (await look(ctx, pid)).get("deaf")!.pid as Pid;
        ctx.monitor(victim);
        // oxlint-disable-next-line no-await-in-loop -- as above
        await trees.one_for_one.terminateChild(ctx, pid, "deaf");
        // oxlint-disable-next-line no-await-in-loop -- as above
        expect((await ctx.receive("down")).reason).toBe("killed");
        // oxlint-disable-next-line no-await-in-loop -- as above
        await trees.one_for_one.stop(ctx, pid);
      }
    },
  },
  {
    name: "SU-14: a child with endless time to shut down gets it",
    run: async (ctx, { farNode }) => {
      const plans: Plan[] = [{ id: "a", how: "traps", extra: { shutdownMs: Infinity } }];
      const pid = await startTree(ctx, "one_for_one", farNode, plans);
      ctx.monitor((await look(ctx, pid)).get("a")!.pid as Pid);
      await trees.one_for_one.stop(ctx, pid);
      expect((await ctx.receive("down")).reason).toBe("shutdown");
    },
  },
  {
    name: "SU-15: children that end by themselves while the supervisor stops do not disturb it",
    run: async (ctx, { farNode }) => {
      for (const reason of ["normal", "shutdown", "boom"]) {
        // oxlint-disable-next-line no-await-in-loop -- one tree after the other
        const pid = await startTree(ctx, "one_for_one", farNode, plain("a", "b", "c"));
        // oxlint-disable-next-line no-await-in-loop -- as above
        const children = await look(ctx, pid);
        for (const info of children.values()) worker.client(ctx, info.pid as Any).leave(reason);
        // oxlint-disable-next-line no-await-in-loop -- as above
        await trees.one_for_one.stop(ctx, pid);
      }
    },
  },
  {
    name: "SU-16: a child that has unlinked itself is seen to end when it is terminated",
    run: async (ctx, { farNode }) => {
      const pid = await startTree(ctx, "one_for_one", farNode, plain("a"));
      const naughty = (await look(ctx, pid)).get("a")!.pid as Pid;
      worker.client(ctx, naughty as Any).unlink(pid);
      await trees.one_for_one.terminateChild(ctx, pid, "a");
      expect((await failure(worker.stop(ctx, naughty))).code).toBe("noproc");
      await trees.one_for_one.stop(ctx, pid);
    },
  },
  {
    name: "SU-17: dynamic children stop at the same time",
    run: async (ctx, { farNode }) => {
      const pid = await startTree(ctx, "one_for_one", farNode, []);
      for (const id of ["x", "y", "z"]) {
        const spec = childOf({ id, how: "slow" }, farNode);
        // oxlint-disable-next-line no-await-in-loop -- in order
        const started = await trees.one_for_one.startChild(ctx, pid, spec);
        ctx.monitor(started);
        worker.client(ctx, started as Any).tell(ctx.self);
      }
      const stopped = trees.one_for_one.stop(ctx, pid);
      const seen: string[] = [];
      // oxlint-disable-next-line no-await-in-loop -- in the order in which they come
      while (seen.length < 6) seen.push((await ctx.receive()).type);
      expect(seen.join(" ")).toBe("stopping stopping stopping down down down");
      await stopped;
    },
  },
  {
    name: "SU-18, SU-27: the errors of startChild, restartChild, terminateChild and deleteChild",
    run: async (ctx, { farNode }) => {
      const pid = await startTree(ctx, "one_for_one", farNode, []);
      const tree = trees.one_for_one;
      const spec = childOf({ id: "x", extra: { name: "x" } }, farNode);
      const first = await tree.startChild(ctx, pid, spec);
      const again = await failure(tree.startChild(ctx, pid, spec));
      expect(again).toBeInstanceOf(StartError);
      expect([again.code, String(again.reason)]).toEqual(["already_started", String(first)]);
      const rival = childOf({ id: "y", extra: { name: "x" } }, farNode);
      const taken = await failure(tree.startChild(ctx, pid, rival));
      expect([taken.code, "already_started" in taken.reason]).toEqual(["init_failed", true]);
      expect(await code(tree.restartChild(ctx, pid, "x"))).toBe("running");
      expect(await code(tree.deleteChild(ctx, pid, "x"))).toBe("running");
      await tree.terminateChild(ctx, pid, "x");
      expect((await failure(tree.startChild(ctx, pid, spec))).code).toBe("already_present");
      await tree.restartChild(ctx, pid, "x");
      await tree.terminateChild(ctx, pid, "x");
      await tree.deleteChild(ctx, pid, "x");
      for (const ask of ["restartChild", "terminateChild", "deleteChild"] as const) {
        // oxlint-disable-next-line no-await-in-loop -- in order
        expect(await code(tree[ask](ctx, pid, "x"))).toBe("not_found");
      }
      await trees.one_for_one.stop(ctx, pid);
      expect((await failure(tree.startChild(ctx, pid, spec))).code).toBe("noproc");
    },
  },
  {
    name: "SU-21: a first start that fails stops the earlier children and names the culprit",
    run: async (ctx, { farNode }) => {
      const plans: Plan[] = [
        { id: "a", extra: { name: "first" } },
        { id: "b", how: "bad" },
      ];
      const error = await failure(startTree(ctx, "one_for_one", farNode, plans));
      expect(error.code).toBe("init_failed");
      expect(error.reason).toEqual({ shutdown: { failed_to_start_child: "b", reason: "bad" } });
      const gone = worker.stop(ctx, { name: "first", node: farNode });
      expect((await failure(gone)).code).toBe("noproc");
    },
  },
  {
    name: "SU-22: a temporary bystander is not started again, and the supervisor lives on",
    run: async (ctx, { farNode }) => {
      const plans: Plan[] = [{ id: "a" }, { id: "t", extra: { restart: "temporary" } }];
      const pid = await startTree(ctx, "one_for_all", farNode, plans);
      crash(ctx, await look(ctx, pid), "a");
      const after = await until(
        ctx,
        pid,
        (now) => now.get("a")?.restartCount === 1 && now.get("a")?.state === "running",
      );
      expect([...after.keys()]).toEqual(["a"]);
      await trees.one_for_all.stop(ctx, pid);
    },
  },
  {
    name: "SU-23: a significant child that ends takes the supervisor along, one that is terminated does not",
    run: async (ctx, { farNode }) => {
      const significant: Plan = { id: "s", extra: { restart: "transient", significant: true } };
      const pid = await startTree(ctx, "one_for_one", farNode, [{ id: "a" }, significant]);
      ctx.monitor(pid);
      await trees.one_for_one.terminateChild(ctx, pid, "s");
      const second = await trees.one_for_one.restartChild(ctx, pid, "s");
      worker.client(ctx, second as Any).leave("normal");
      expect((await ctx.receive("down")).reason).toBe("shutdown");
    },
  },
  {
    name: "children on several nodes start in order, and stop one by one in the reverse order",
    run: async (ctx, { farNode }) => {
      const plans: Plan[] = ["a", "b", "c", "d"].map((id, index) => ({
        id,
        how: "slow",
        extra: { on: index % 2 === 0 ? [] : farNode },
      }));
      const pid = await startTree(ctx, "rest_for_one", farNode, plans);
      const children = await look(ctx, pid);
      for (const info of children.values()) {
        worker.client(ctx, info.pid as Any).tell(ctx.self);
        ctx.monitor(info.pid as Pid);
      }
      const stopped = trees.rest_for_one.stop(ctx, pid);
      const seen: string[] = [];
      for (const id of ["d", "c", "b", "a"]) {
        // oxlint-disable-next-line no-await-in-loop -- in the order in which they come
        expect((await ctx.receive()).type).toBe("stopping");
        // oxlint-disable-next-line no-await-in-loop -- as above
        const down = await ctx.receive();
        expect([down.type, down.target]).toEqual(["down", children.get(id)!.pid]);
        seen.push(id);
      }
      expect(seen).toHaveLength(4);
      await stopped;
    },
  },
  {
    name: "a child's fence grows with each start, wherever it is",
    run: async (ctx, { farNode }) => {
      const pid = await startTree(ctx, "patient", farNode, plain("a"));
      let before = 0;
      for (let starts = 0; starts < 3; starts++) {
        // oxlint-disable-next-line no-await-in-loop -- one start after the other
        const children = await until(ctx, pid, (now) => now.get("a")?.restartCount === starts);
        // oxlint-disable-next-line no-await-in-loop -- as above
        const fence = await worker.client(ctx, children.get("a")!.pid as Any).fence();
        expect(fence).toBeGreaterThan(before);
        before = fence as number;
        crash(ctx, children, "a");
      }
      await trees.patient.stop(ctx, pid);
    },
  },
  {
    name: "SU-32: children end with their supervisor, whatever ends it",
    run: async (ctx, { farNode }) => {
      const pid = await startTree(ctx, "one_for_one", farNode, plain("a", "b"));
      for (const info of (await look(ctx, pid)).values()) ctx.monitor(info.pid as Pid);
      ctx.sendExit(pid, "kill");
      const downs = [await ctx.receive("down"), await ctx.receive("down")];
      expect(downs.map((down: Any) => down.reason)).toEqual(["killed", "killed"]);
    },
  },
];
