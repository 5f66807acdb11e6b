import { expect, test } from "bun:test";
import fc from "fast-check";

import { Deadline, Deadlines } from "../../src/base/deadlines.ts";

class Recorded extends Deadline {
  readonly name: number;
  readonly #expired: number[];

  constructor(name: number, expired: number[]) {
    super();
    this.name = name;
    this.#expired = expired;
  }

  override expired(): void {
    this.#expired.push(this.name);
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), which: fc.nat(20), at: fc.nat(50) }),
  fc.record({ kind: fc.constant("clear" as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant("expire" as const), now: fc.nat(60) }),
);

test("deadlines expire by time, once, and not after they were cleared", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const deadlines = new Deadlines();
      const expired: number[] = [];
      const entries = Array.from({ length: 21 }, (_, name) => new Recorded(name, expired));
      const model = new Map<number, number>();
      for (const { kind, ...rest } of steps) {
        if (kind === "set") {
          const { which, at } = rest as { which: number; at: number };
          deadlines.set(entries[which]!, at);
          model.set(which, at);
        } else if (kind === "clear") {
          const { which } = rest as { which: number };
          expect(deadlines.clear(entries[which]!)).toBe(model.delete(which));
        } else {
          const { now } = rest as { now: number };
          expired.length = 0;
          deadlines.expire(now);
          const due = [...model].filter(([, at]) => at <= now);
          const times = expired.map((name) => model.get(name)!);
          expect(times).toEqual(due.map(([, at]) => at).toSorted((a, b) => a - b));
          for (const [name] of due) model.delete(name);
        }
        expect(deadlines.length).toBe(model.size);
        expect(deadlines.next()).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
    { numRuns: 100 },
  );
});

test("a deadline that is set while another expires is due in the same pass if its time has come", () => {
  const deadlines = new Deadlines();
  const seen: string[] = [];
  class Chained extends Deadline {
    override expired(): void {
      seen.push("first");
      deadlines.set(new Last(), 2);
    }
  }
  class Last extends Deadline {
    override expired(): void {
      seen.push("second");
    }
  }
  deadlines.set(new Chained(), 1);
  deadlines.expire(2);
  expect(seen).toEqual(["first", "second"]);
});
