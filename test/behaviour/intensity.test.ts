import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RestartWindow } from "../../src/behaviour/supervisor/intensity.ts";

describe("restart window", () => {
  test("exactly intensity restarts within the period are allowed, one more is not (SU-06)", () => {
    const window = new RestartWindow({ intensity: 3, periodMs: 5_000 });
    expect([0, 10, 5_000].map((now) => window.add(now))).toEqual([true, true, true]);
    expect(window.add(5_000)).toBe(false);
  });

  test("intensity 0 allows none", () => {
    expect(new RestartWindow({ intensity: 0, periodMs: 5_000 }).add(1)).toBe(false);
  });

  test("one restart per 2.1 s survives intensity 1 and period 1 s for ever (SU-07)", () => {
    const window = new RestartWindow({ intensity: 1, periodMs: 1_000 });
    for (let i = 0; i < 100; i += 1) expect(window.add(i * 2_100)).toBe(true);
    expect(window.count(99 * 2_100)).toBe(1);
  });

  test("agrees with keeping every restart and counting those of the period", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });
    const limits = fc.record({
      intensity: fc.integer({ min: 0, max: 6 }),
      periodMs: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(limits, steps, (limit, pauses) => {
        const window = new RestartWindow(limit);
        const all: number[] = [];
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          all.push(now);
          const within = all.filter((time) => time + limit.periodMs >= now).length;
          expect(window.add(now)).toBe(within <= limit.intensity);
          // A supervisor adds no more after the first refusal.
          if (within > limit.intensity) return;
          expect(window.count(now)).toBe(within);
        }
      }),
    );
  });
});
