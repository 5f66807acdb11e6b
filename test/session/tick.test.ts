import { describe, expect, test } from "bun:test";
import { startTick, stepTick, tickDue, type TickState } from "../../src/session/tick.ts";

const TIMES = { intervalMs: 60_000, timeoutMs: 15_000 };

/** A connection run by its own timer until `until`; what it was told to do, and when. */
function run(
  state: TickState,
  until: number,
  events: readonly (readonly [at: number, event: "heard" | "said"])[] = [],
) {
  const told: (readonly [at: number, what: string])[] = [];
  let rest = events;
  for (;;) {
    const due = tickDue(state, TIMES);
    const next = rest[0];
    const at = Math.min(due ?? Infinity, next?.[0] ?? Infinity);
    if (at > until) return { state, told };
    const event = next !== undefined && next[0] === at ? next[1] : "timer";
    if (event !== "timer") rest = rest.slice(1);
    const step = stepTick(state, event, at, TIMES);
    state = step.state;
    for (const directive of step.directives) told.push([at, directive]);
  }
}

describe("tick", () => {
  test("a silent connection is ticked after an interval and given up a time-out later", () => {
    expect(run(startTick(0), 200_000).told).toEqual([
      [60_000, "send_probe"],
      [75_000, "silent"],
    ]);
  });

  test("any byte before the time-out is life", () => {
    const { state, told } = run(startTick(0), 130_000, [[74_999, "heard"]]);
    expect(told).toEqual([
      [60_000, "send_probe"],
      [120_000, "send_tick"],
    ]);
    expect(state.kind).toBe("alive");
  });

  test("a connection that only talks is still listened to", () => {
    const said = Array.from({ length: 10 }, (_, index) => [index * 10_000 + 1, "said"] as const);
    expect(run(startTick(0), 100_000, said).told).toEqual([
      [60_000, "send_probe"],
      [75_000, "silent"],
    ]);
  });

  test("a connection that only listens says something every interval", () => {
    const heard = Array.from({ length: 20 }, (_, index) => [index * 10_000 + 1, "heard"] as const);
    expect(run(startTick(0), 190_000, heard).told).toEqual([
      [60_000, "send_tick"],
      [120_000, "send_tick"],
      [180_000, "send_tick"],
    ]);
  });

  test("what was said anyway needs no tick", () => {
    const both = Array.from(
      { length: 20 },
      (_, index) => [index * 10_000 + 1, index % 2 === 0 ? "heard" : "said"] as const,
    );
    expect(run(startTick(0), 190_000, both).told).toEqual([]);
  });

  test("our own stall is added to the deadline, so that what lies in the socket is read first", () => {
    let { state } = stepTick(startTick(0), "timer", 60_000, TIMES);
    const late = stepTick(state, "timer", 100_000, TIMES);
    expect(late.directives).toEqual([]);
    state = late.state;
    expect(state.kind).toBe("probed");
    expect(tickDue(state, TIMES)).toBe(100_050);
    expect(stepTick(state, "heard", 100_001, TIMES).state.kind).toBe("alive");
    expect(stepTick(state, "timer", 100_050, TIMES).directives).toEqual(["silent"]);
  });

  test("a silent socket stays silent", () => {
    const { state } = run(startTick(0), 80_000);
    expect(tickDue(state, TIMES)).toBeUndefined();
    for (const event of ["heard", "said", "timer"] as const) {
      expect(stepTick(state, event, 90_000, TIMES)).toEqual({ state, directives: [] });
    }
  });

  test("the shortest times detect a silent node within an interval and a time-out", () => {
    const times = { intervalMs: 100, timeoutMs: 100 };
    let state = startTick(0);
    state = stepTick(state, "timer", 100, times).state;
    expect(stepTick(state, "timer", 200, times).directives).toEqual(["silent"]);
  });
});
