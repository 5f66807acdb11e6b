import { expect, test } from "bun:test";
import fc from "fast-check";
import type {
  ChildPolicy,
  SupervisionOptions,
} from "../../src/behaviour/supervisor/supervision-io.ts";
import { OtpSupervisor } from "./otp-supervisor.ts";
import { options, policy, SupervisionWorld } from "./supervision-world.ts";

const id = fc.constantFrom("a", "b", "c", "d");
const reason = fc.constantFrom<unknown>("normal", "shutdown", "boom");
const restart = fc.constantFrom("permanent", "transient", "temporary");
const step = fc.oneof(
  fc.record({ kind: fc.constant("end"), id, reason }),
  fc.record({ kind: fc.constant("fail_next"), id, times: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant("start"), id, restart }),
  fc.record({ kind: fc.constant("restart"), id }),
  fc.record({ kind: fc.constant("terminate"), id }),
  fc.record({ kind: fc.constant("delete"), id }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const setup = fc.record({
  strategy: fc.constantFrom("one_for_one", "one_for_all", "rest_for_one"),
  intensity: fc.integer({ min: 0, max: 8 }),
  restarts: fc.array(restart, { maxLength: 3 }),
});

function specsOf(restarts: readonly ChildPolicy["restart"][]): ChildPolicy[] {
  return restarts.map((kind, index) => policy("abc"[index]!, { restart: kind }));
}

let asked = 0;

function applyToCore(world: SupervisionWorld, event: Step): void {
  asked += 1;
  const from = asked;
  switch (event.kind) {
    case "end":
      return world.end(event.id, event.reason);
    case "fail_next":
      world.failing.set(event.id, { times: event.times, reason: "bad" });
      return;
    case "start": {
      const spec = policy(event.id, { restart: event.restart });
      return world.handle({ kind: "request", request: { kind: "start_child", spec }, from });
    }
    default: {
      const request = { kind: `${event.kind}_child` as const, id: event.id };
      return world.handle({ kind: "request", request, from });
    }
  }
}

function applyToModel(model: OtpSupervisor, event: Step): void {
  switch (event.kind) {
    case "end":
      return model.end(event.id, event.reason);
    case "fail_next":
      model.failing.set(event.id, event.times);
      return;
    case "start":
      return model.startChild(policy(event.id, { restart: event.restart }));
    case "restart":
      return model.restartChild(event.id);
    case "terminate":
      return model.terminateChild(event.id);
    case "delete":
      return model.deleteChild(event.id);
  }
}

test("where every step is done at once, the core starts, stops, answers and gives up as OTP does", () => {
  fc.assert(
    fc.property(
      setup,
      fc.array(step, { maxLength: 30 }),
      ({ strategy, intensity, restarts }, events) => {
        const settings: SupervisionOptions = options({ strategy, intensity });
        const model = new OtpSupervisor(settings, specsOf(restarts));
        const world = new SupervisionWorld(settings);
        world.handle({ kind: "init", specs: specsOf(restarts) });
        for (const event of events) {
          if (model.isOver) break;
          applyToModel(model, event);
          applyToCore(world, event);
          // Dynamic children of one_for_one end together, where OTP takes them one by one: compare what, not when.
          const isEnd = model.isOver && strategy === "one_for_one";
          const [got, want] = [world.take(), model.trace.splice(0)];
          if (event === events[0]) want.splice(0, restarts.length + 1);
          if (event === events[0]) got.splice(0, restarts.length + 1);
          expect(isEnd ? got.sort() : got).toEqual(isEnd ? want.sort() : want);
        }
        const answers = [...world.answers.values()].map((answer) =>
          answer.kind === "refused" ? answer.code : answer.kind,
        );
        world.answers.clear();
        expect(answers).toEqual(model.answers as typeof answers);
        expect(world.exited !== undefined).toBe(model.isOver);
      },
    ),
    { numRuns: 500 },
  );
});

const choice = fc.integer({ min: 0, max: 1_000 });
const race = fc.oneof(
  step,
  fc.record({ kind: fc.constant("work"), choice }),
  fc.record({ kind: fc.constant("work"), choice }),
);

/** No child ever has two processes, counting those that are on their way up or down. */
function expectNoTwins(world: SupervisionWorld): void {
  const ids = [...world.alive.values()];
  for (const job of world.jobs) if (job.kind === "start") ids.push(job.spec.id);
  expect(ids.length).toBe(new Set(ids).size);
}

test("whatever the order in which starts and stops are done: never two, all answered, nobody left behind", () => {
  fc.assert(
    fc.property(
      setup,
      fc.array(race, { maxLength: 60 }),
      fc.boolean(),
      ({ strategy, intensity, restarts }, events, stops) => {
        const world = new SupervisionWorld(options({ strategy, intensity }), true);
        world.handle({ kind: "init", specs: specsOf(restarts) });
        const firstAsked = asked;
        let requests = 0;
        for (const event of events) {
          if (event.kind === "work") {
            if (world.jobs.length > 0) world.work(event.choice % world.jobs.length);
          } else {
            if (world.exited === undefined && !["end", "fail_next"].includes(event.kind))
              requests += 1;
            applyToCore(world, event);
          }
          expectNoTwins(world);
        }
        world.failing.clear();
        if (stops) world.handle({ kind: "shutdown", reason: "shutdown" });
        while (world.jobs.length > 0) world.work(0);
        expectNoTwins(world);
        expect(world.answers.size).toBe(requests);
        for (const from of world.answers.keys()) expect(from).toBeGreaterThan(firstAsked);
        if (stops) expect(world.exited).toBeDefined();
        if (world.exited !== undefined) expect([...world.alive]).toEqual([]);
        else {
          const running = [...world.core.children()].filter((child) => child.state === "running");
          expect(running.map((child) => child.spec.id).sort()).toEqual(
            [...world.alive.values()].sort(),
          );
          for (const child of world.core.children()) {
            expect(["running", "stopped"]).toContain(child.state);
          }
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
