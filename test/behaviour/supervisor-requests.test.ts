import { describe, expect, test } from "bun:test";
import type { SupervisorRequest } from "../../src/behaviour/supervisor/supervision-io.ts";
import type { ChildPolicy } from "../../src/behaviour/supervisor/supervision-io.ts";
import { options, policy, SupervisionWorld } from "./supervision-world.ts";

let asked = 0;
function ask(world: SupervisionWorld, request: SupervisorRequest<ChildPolicy>): number {
  asked += 1;
  world.handle({ kind: "request", request, from: asked });
  return asked;
}

/** What a request is answered with, as text. */
function answer(world: SupervisionWorld, request: SupervisorRequest<ChildPolicy>): string {
  const result = world.answers.get(ask(world, request));
  return result?.kind === "refused" ? result.code : String(result?.kind);
}

function finish(world: SupervisionWorld): void {
  while (world.jobs.length > 0) world.work(0);
}

describe("what may be asked of a supervisor (SU-18)", () => {
  test("in each state of a child: start, restart, terminate, delete", () => {
    const world = new SupervisionWorld(options());
    world.handle({ kind: "init", specs: [policy("a")] });
    const start = { kind: "start_child", spec: policy("a") } as const;
    const of = (kind: "restart_child" | "terminate_child" | "delete_child", id = "a") =>
      answer(world, { kind, id });
    expect([answer(world, start), of("restart_child"), of("delete_child")]).toEqual([
      "already_started",
      "running",
      "running",
    ]);
    expect([of("terminate_child"), of("terminate_child"), answer(world, start)]).toEqual([
      "done",
      "done",
      "already_present",
    ]);
    expect([of("restart_child"), of("terminate_child"), of("delete_child")]).toEqual([
      "started",
      "done",
      "done",
    ]);
    expect([of("restart_child"), of("terminate_child"), of("delete_child")]).toEqual([
      "not_found",
      "not_found",
      "not_found",
    ]);
    expect(answer(world, start)).toBe("started");
  });

  test("a child that does not start is not kept, and nothing is tried again", () => {
    const world = new SupervisionWorld(options());
    world.handle({ kind: "init", specs: [] });
    world.failing.set("x", { times: 1, reason: "bad" });
    expect(world.answers.get(ask(world, { kind: "start_child", spec: policy("x") }))).toEqual({
      kind: "failed",
      reason: "bad",
    });
    expect([...world.core.children()]).toEqual([]);
    expect(answer(world, { kind: "start_child", spec: policy("x") })).toBe("started");
  });

  test("a temporary child that is terminated is gone", () => {
    const world = new SupervisionWorld(options());
    world.handle({ kind: "init", specs: [policy("t", { restart: "temporary" })] });
    expect(answer(world, { kind: "terminate_child", id: "t" })).toBe("done");
    expect(answer(world, { kind: "restart_child", id: "t" })).toBe("not_found");
  });

  test("in a row of restarts: restart and delete are refused, terminate ends the row (SU-11)", () => {
    for (const strategy of ["one_for_one", "rest_for_one", "one_for_all"] as const) {
      const world = new SupervisionWorld(options({ strategy }), true);
      world.handle({ kind: "init", specs: [policy("a"), policy("b")] });
      finish(world);
      world.failing.set("b", { times: 1_000, reason: "bad" });
      world.end("b", "boom");
      for (let i = 0; i < 20; i += 1) world.work(0);
      expect(answer(world, { kind: "restart_child", id: "b" })).toBe("restarting");
      expect(answer(world, { kind: "delete_child", id: "b" })).toBe("restarting");
      const terminate = ask(world, { kind: "terminate_child", id: "b" });
      finish(world);
      expect(world.answers.get(terminate)).toEqual({ kind: "done" });
      expect([...world.core.children()].map((child) => child.state)).toEqual([
        "running",
        "stopped",
      ]);
      expect(world.exited).toBeUndefined();
    }
  });

  test("in a row of restarts the supervisor stops at once when told to (SU-11)", () => {
    const world = new SupervisionWorld(options(), true);
    world.handle({ kind: "init", specs: [policy("a"), policy("b")] });
    finish(world);
    world.failing.set("b", { times: 1_000, reason: "bad" });
    world.end("b", "boom");
    for (let i = 0; i < 20; i += 1) world.work(0);
    world.take();
    world.handle({ kind: "shutdown", reason: "shutdown" });
    finish(world);
    expect(world.take()).toEqual(["cancel b", "stop a", "exit"]);
  });

  test("others are served while a child starts and never comes up", () => {
    const world = new SupervisionWorld(options(), true);
    world.handle({ kind: "init", specs: [policy("a")] });
    finish(world);
    const hung = ask(world, { kind: "start_child", spec: policy("slow") });
    ask(world, { kind: "start_child", spec: policy("quick") });
    world.work(1);
    world.end("a", "boom");
    world.work(1);
    expect([...world.alive.values()].sort()).toEqual(["a", "quick"]);
    expect(answer(world, { kind: "terminate_child", id: "slow" })).toBe("done");
    expect(world.answers.get(hung)).toEqual({ kind: "failed", reason: "shutdown" });
    expect([...world.core.children()].map((child) => child.spec.id)).toEqual(["a", "quick"]);
  });

  test("a second start of the same id waits for the first and is told its pid", () => {
    const world = new SupervisionWorld(options(), true);
    world.handle({ kind: "init", specs: [] });
    const first = ask(world, { kind: "start_child", spec: policy("x") });
    const second = ask(world, { kind: "start_child", spec: policy("x") });
    expect(world.answers.size).toBe(0);
    world.work(0);
    const pid = [...world.alive.keys()][0]!;
    expect(world.answers.get(first)).toEqual({ kind: "started", pid });
    expect(world.answers.get(second)).toEqual({ kind: "refused", code: "already_started", pid });
  });

  test("requests during the first start wait for it; those during the end are refused", () => {
    const world = new SupervisionWorld(options(), true);
    world.handle({ kind: "init", specs: [policy("a")] });
    const early = ask(world, { kind: "start_child", spec: policy("x") });
    expect(world.answers.has(early)).toBe(false);
    finish(world);
    expect(world.answers.get(early)?.kind).toBe("started");
    world.handle({ kind: "shutdown", reason: "shutdown" });
    expect(answer(world, { kind: "start_child", spec: policy("y") })).toBe("stopping");
  });
});
