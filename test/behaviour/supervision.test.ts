import { describe, expect, test } from "bun:test";
import { pauseMs } from "../../src/behaviour/supervisor/placement.ts";
import { options, policy, SupervisionWorld } from "./supervision-world.ts";

const abc = [policy("a"), policy("b"), policy("c")];

function running(world: SupervisionWorld): string {
  return [...world.alive.values()].sort().join("");
}

describe("supervision", () => {
  test("children start in order and stop in reverse", () => {
    const world = new SupervisionWorld(options());
    world.handle({ kind: "init", specs: abc });
    expect(world.take()).toEqual(["start a", "start b", "start c", "ready"]);
    world.handle({ kind: "shutdown", reason: "shutdown" });
    expect(world.take()).toEqual(["stop c", "stop b", "stop a", "exit"]);
    expect(world.exited).toBe("shutdown");
  });

  test("one_for_one replaces the crashed child only (SU-02)", () => {
    const world = new SupervisionWorld(options());
    world.handle({ kind: "init", specs: abc });
    world.take();
    world.end("b", "boom");
    expect(world.take()).toEqual(["start b"]);
  });

  test("rest_for_one keeps the first and replaces the rest (SU-04)", () => {
    const world = new SupervisionWorld(options({ strategy: "rest_for_one" }));
    world.handle({ kind: "init", specs: abc });
    world.take();
    world.end("b", "boom");
    expect(world.take()).toEqual(["stop c", "start b", "start c"]);
  });

  test("one_for_all replaces all", () => {
    const world = new SupervisionWorld(options({ strategy: "one_for_all" }));
    world.handle({ kind: "init", specs: abc });
    world.take();
    world.end("b", "boom");
    expect(world.take()).toEqual(["stop c", "stop a", "start a", "start b", "start c"]);
  });

  test("one restart more than the intensity stops the others, then the supervisor (SU-06)", () => {
    for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
      const world = new SupervisionWorld(options({ strategy, intensity: 2 }));
      world.handle({ kind: "init", specs: abc });
      world.end("a", "boom");
      world.end("a", "boom");
      expect(running(world)).toBe("abc");
      world.take();
      world.end("a", "boom");
      expect(world.take()).toEqual(["stop c", "stop b", "exit"]);
      expect(world.exited).toBe("shutdown");
    }
  });

  test("a child that fails to restart is tried again, each try counted, until it works", () => {
    const world = new SupervisionWorld(options({ intensity: 3 }));
    world.handle({ kind: "init", specs: abc });
    world.failing.set("b", { times: 2, reason: "bad" });
    world.end("b", "boom");
    expect(running(world)).toBe("abc");
    expect(world.core.restartsWithinPeriod(0)).toBe(3);
  });

  test("rest_for_one retries from the child that failed to restart; the first is kept (SU-10)", () => {
    const world = new SupervisionWorld(options({ strategy: "rest_for_one" }));
    world.handle({ kind: "init", specs: abc });
    world.take();
    world.failing.set("b", { times: 1, reason: "bad" });
    world.end("a", "boom");
    expect(world.take()).toEqual(["stop c", "stop b", "start a", "start b", "start b", "start c"]);
  });

  test("one_for_all retries everything when another child fails to restart", () => {
    const world = new SupervisionWorld(options({ strategy: "one_for_all" }));
    world.handle({ kind: "init", specs: abc });
    world.take();
    world.failing.set("b", { times: 1, reason: "bad" });
    world.end("a", "boom");
    expect(world.take()).toEqual(
      "stop c,stop b,start a,start b,stop a,start a,start b,start c".split(","),
    );
  });

  test("a first start that fails stops the earlier ones in reverse and names the child (SU-21)", () => {
    const world = new SupervisionWorld(options());
    world.failing.set("c", { times: 1, reason: "bad" });
    world.handle({ kind: "init", specs: abc });
    expect(world.take()).toEqual(["start a", "start b", "start c", "stop b", "stop a", "exit"]);
    expect(world.exited).toEqual({ shutdown: { failed_to_start_child: "c", reason: "bad" } });
  });

  test("a temporary bystander is stopped with the group and not started again (SU-22)", () => {
    for (const strategy of ["one_for_all", "rest_for_one"] as const) {
      const world = new SupervisionWorld(options({ strategy }));
      world.handle({ kind: "init", specs: [policy("a"), policy("t", { restart: "temporary" })] });
      world.end("a", "boom");
      expect(running(world)).toBe("a");
      expect([...world.core.children()].map((child) => child.spec.id)).toEqual(["a"]);
      expect(world.exited).toBeUndefined();
    }
  });

  test("the end of a transient child keeps its spec, that of a temporary one does not", () => {
    const world = new SupervisionWorld(options());
    const specs = [policy("n", { restart: "transient" }), policy("t", { restart: "temporary" })];
    world.handle({ kind: "init", specs });
    world.end("n", "normal");
    world.end("t", "boom");
    expect([...world.core.children()].map((child) => [child.spec.id, child.state])).toEqual([
      ["n", "stopped"],
    ]);
  });

  test("a crash while a group restarts waits for it, and one of a stopped bystander is forgotten (SU-15)", () => {
    const world = new SupervisionWorld(options({ strategy: "rest_for_one", intensity: 2 }), true);
    world.handle({ kind: "init", specs: abc });
    while (world.jobs.length > 0) world.work(0);
    world.take();
    world.end("b", "boom");
    world.end("c", "boom");
    world.end("a", "boom");
    while (world.jobs.length > 0) world.work(0);
    // c died while it was to be stopped: nothing is counted for it. a comes after b and c are up again.
    expect(world.take()).toEqual(
      "stop c,start b,start c,stop c,stop b,start a,start b,start c".split(","),
    );
    expect(world.core.restartsWithinPeriod(0)).toBe(2);
  });

  test("dynamic children of one_for_one stop together, before the others (SU-17)", () => {
    const world = new SupervisionWorld(options(), true);
    world.handle({ kind: "init", specs: [policy("a"), policy("b")] });
    while (world.jobs.length > 0) world.work(0);
    for (const [from, id] of ["x", "y", "z"].entries()) {
      world.handle({ kind: "request", request: { kind: "start_child", spec: policy(id) }, from });
      world.work(0);
    }
    world.take();
    world.handle({ kind: "shutdown", reason: "shutdown" });
    expect(world.take()).toEqual(["stop x", "stop y", "stop z"]);
    while (world.jobs.length > 0) world.work(0);
    expect(world.take()).toEqual(["stop b", "stop a", "exit"]);
  });

  test("a back-off waits longer each time, and starts anew once the child ran for its maximum", () => {
    const world = new SupervisionWorld(options({ backoff: { minMs: 100, maxMs: 300 } }), true);
    world.handle({ kind: "init", specs: [policy("a")] });
    world.work(0);
    const waits: number[] = [];
    for (const pause of [0, 0, 0, 300]) {
      world.now += pause;
      world.end("a", "boom");
      const before = world.now;
      world.work(0);
      waits.push(world.now - before);
      world.work(0);
    }
    expect(waits).toEqual([100, 200, 300, 100]);
  });

  test("the loss of a node is not counted, and is retried at a pace while the node is away (SU-30)", () => {
    const world = new SupervisionWorld(options({ intensity: 0 }), true);
    world.handle({ kind: "init", specs: [policy("far", { onNodeDown: "move" })] });
    world.work(0);
    world.failing.set("far", { times: 3, reason: "noconnection" });
    world.end("far", "noconnection");
    while (world.jobs.length > 0) world.work(0);
    expect(running(world)).toBe("far");
    expect(world.now).toBe(pauseMs(1) + pauseMs(2) + pauseMs(3));
    expect(world.core.restartsWithinPeriod(world.now)).toBe(0);
  });
});

describe("automatic shutdown (SU-23)", () => {
  const significant = { restart: "transient", significant: true } as const;

  test("any_significant: the first significant child that ends takes the supervisor along", () => {
    const world = new SupervisionWorld(options({ autoShutdown: "any_significant" }));
    world.handle({ kind: "init", specs: [policy("a"), policy("s", significant)] });
    world.take();
    world.end("s", "normal");
    expect(world.take()).toEqual(["stop a", "exit"]);
    expect(world.exited).toBe("shutdown");
  });

  test("all_significant: only the last one does", () => {
    const world = new SupervisionWorld(options({ autoShutdown: "all_significant" }));
    world.handle({ kind: "init", specs: [policy("s", significant), policy("t", significant)] });
    world.end("s", "normal");
    expect(world.exited).toBeUndefined();
    world.end("t", "shutdown");
    expect(world.exited).toBe("shutdown");
  });

  test("not when it crashes, is terminated on request, or is stopped with a group", () => {
    const world = new SupervisionWorld(
      options({ autoShutdown: "any_significant", strategy: "one_for_all" }),
    );
    world.handle({ kind: "init", specs: [policy("a"), policy("s", significant)] });
    world.end("s", "boom");
    world.end("a", "boom");
    world.handle({ kind: "request", request: { kind: "terminate_child", id: "s" }, from: 1 });
    expect(world.answers.get(1)).toEqual({ kind: "done" });
    expect(world.exited).toBeUndefined();
  });
});
