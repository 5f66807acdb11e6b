import { describe, expect, test } from "bun:test";

import {
  Watchdog,
  type VitalSigns,
  type WatchdogEvent,
} from "../../src/node/control/schedulers/watchdog.ts";

const LOOK_MS = 100;

/** Schedulers that beat as told, and a watchdog that looks at them every 100 ms. */
class Ward {
  now = 1_000;
  readonly events: WatchdogEvent[] = [];
  readonly signs: VitalSigns[];
  readonly dog: Watchdog;

  /** Only schedulers up to `killable` are ever ended. */
  constructor(schedulers: number, killAfterMs?: number, killable = schedulers) {
    const times = {
      beatMs: 100,
      lookMs: LOOK_MS,
      stuckMs: 500,
      killAfterMs: (scheduler: number) => (scheduler <= killable ? killAfterMs : undefined),
    };
    this.dog = new Watchdog(schedulers, times, this.now);
    this.signs = Array.from({ length: schedulers }, () => ({
      beat: 0,
      running: 0,
      functionName: "",
      certain: false,
      waitsFor: 0,
    }));
  }

  /** Whose code runs on a scheduler from now on. */
  run(scheduler: number, running: number, functionName: string, certain = true): void {
    const sign = this.signs[scheduler - 1]!;
    this.signs[scheduler - 1] = { ...sign, running, functionName, certain };
  }

  /** So many looks; the schedulers named beat before each. */
  looks(count: number, ...beating: readonly number[]): WatchdogEvent[] {
    const from = this.events.length;
    for (let look = 0; look < count; look++) {
      this.now += LOOK_MS;
      for (const scheduler of beating) this.beat(scheduler);
      this.events.push(...this.dog.look(this.signs, this.now));
    }
    return this.events.slice(from);
  }

  beat(scheduler: number): void {
    const sign = this.signs[scheduler - 1]!;
    this.signs[scheduler - 1] = { ...sign, beat: sign.beat + 100 };
  }

  /** The watching thread itself does not run for so long; its next look is late. */
  stall(ms: number): void {
    this.now += ms;
  }

  get lagMs(): readonly number[] {
    return this.dog.lagMs(this.signs, this.now);
  }
}

const spinning = { local: 42, functionName: "spin", certain: true };

describe("a scheduler that stops", () => {
  test("is reported once, with the process and its function, within a second of its last beat", () => {
    const ward = new Ward(2);
    ward.looks(3, 1, 2);
    ward.run(1, 42, "spin");
    expect(ward.looks(4, 2)).toEqual([]);
    expect(ward.looks(1, 2)).toEqual([
      { kind: "stuck", scheduler: 1, forMs: 500, process: spinning },
    ]);
    expect(ward.looks(50, 2)).toEqual([]);
    expect(ward.dog.stuckProcess(1)).toEqual(spinning);
    expect(ward.dog.stuckProcess(2)).toBeUndefined();
  });

  test("recovers with its whole duration and the process that was named", () => {
    const ward = new Ward(1);
    ward.looks(1, 1);
    ward.run(1, 42, "spin");
    ward.looks(19);
    ward.run(1, 7, "other");
    expect(ward.looks(1, 1)).toEqual([
      { kind: "recovered", scheduler: 1, forMs: 2_000, process: spinning },
    ]);
    expect(ward.dog.stuckProcess(1)).toBeUndefined();
  });

  test("is reported again when it stops again", () => {
    const ward = new Ward(1);
    for (const _stall of [1, 2]) {
      ward.looks(1, 1);
      ward.looks(6);
    }
    ward.looks(1, 1);
    const kinds = ward.events.map(({ kind }) => kind);
    expect(kinds).toEqual(["stuck", "recovered", "stuck", "recovered"]);
  });

  test("is said to be uncertain where the scheduler did not resume that code", () => {
    const ward = new Ward(1);
    ward.looks(1, 1);
    ward.run(1, 42, "spin", false);
    expect(ward.looks(5)[0]?.process).toEqual({ ...spinning, certain: false });
  });

  test("has no process where none was running", () => {
    const ward = new Ward(1);
    ward.looks(1, 1);
    expect(ward.looks(5)).toEqual([
      { kind: "stuck", scheduler: 1, forMs: 500, process: undefined },
    ]);
  });
});

describe("a scheduler that is slow to start", () => {
  test("is not stuck before its first beat", () => {
    const ward = new Ward(1, 1_000);
    expect(ward.looks(100)).toEqual([]);
    expect(ward.lagMs).toEqual([0]);
  });

  test("pauses shorter than the limit are no event", () => {
    const ward = new Ward(1, 1_000);
    for (let round = 0; round < 10; round++) {
      ward.looks(1, 1);
      ward.looks(3);
    }
    expect(ward.events).toEqual([]);
  });
});

describe("a control thread that stalls itself", () => {
  test("blames nobody for the time that it did not run", () => {
    const ward = new Ward(2, 1_000);
    ward.looks(2, 1, 2);
    ward.stall(60_000);
    expect(ward.looks(1)).toEqual([]);
    expect(ward.looks(2, 1, 2)).toEqual([]);
  });

  test("counts the silence before and after its stall", () => {
    const ward = new Ward(1);
    ward.looks(1, 1);
    ward.looks(3);
    ward.stall(5_000);
    expect(ward.looks(1)).toEqual([]);
    expect(ward.looks(1)).toEqual([
      { kind: "stuck", scheduler: 1, forMs: 500, process: undefined },
    ]);
  });

  test("still counts silence when every timer is a little late", () => {
    const ward = new Ward(1);
    ward.looks(1, 1);
    for (let look = 0; look < 4; look++) {
      ward.stall(60);
      ward.looks(1);
    }
    expect(ward.events.map(({ kind }) => kind)).toEqual(["stuck"]);
  });
});

describe("kill_stuck_after", () => {
  test("off by default: a scheduler may be silent for ever", () => {
    const ward = new Ward(1);
    ward.looks(1, 1);
    ward.looks(1_000);
    expect(ward.events.map(({ kind }) => kind)).toEqual(["stuck"]);
  });

  test("ends a scheduler once, after it was reported", () => {
    const ward = new Ward(2, 1_000);
    ward.looks(1, 1, 2);
    ward.run(1, 42, "spin");
    ward.looks(40, 2);
    expect(ward.events).toEqual([
      { kind: "stuck", scheduler: 1, forMs: 500, process: spinning },
      { kind: "kill", scheduler: 1, forMs: 1_000, process: spinning },
    ]);
  });

  test("shorter than the report: reports and ends it in one look", () => {
    const ward = new Ward(1, 200);
    ward.looks(1, 1);
    expect(ward.looks(2).map(({ kind }) => kind)).toEqual(["stuck", "kill"]);
  });

  test("reports a scheduler that cannot be ended at every stall, and leaves it alone", () => {
    const ward = new Ward(2, 600, 1);
    for (const _stall of [1, 2]) {
      ward.looks(1, 1, 2);
      ward.looks(20, 1);
    }
    ward.looks(1, 1, 2);
    const events = ward.events.map(({ kind, scheduler }) => [kind, scheduler]);
    expect(events).toEqual([
      ["stuck", 2],
      ["recovered", 2],
      ["stuck", 2],
      ["recovered", 2],
    ]);
  });

  test("leaves alone what recovered in time", () => {
    const ward = new Ward(1, 1_000);
    ward.looks(1, 1);
    ward.looks(9);
    ward.looks(20, 1);
    expect(ward.events.map(({ kind }) => kind)).toEqual(["stuck", "recovered"]);
  });

  test("watches the scheduler that was started in its place from its first beat", () => {
    const ward = new Ward(1, 1_000);
    ward.looks(1, 1);
    ward.looks(10);
    ward.signs[0] = { beat: 0, running: 0, functionName: "", certain: false, waitsFor: 0 };
    ward.dog.restarted(1);
    expect(ward.looks(30)).toEqual([]);
    ward.looks(1, 1);
    expect(ward.looks(10).map(({ kind }) => kind)).toEqual(["stuck", "kill"]);
  });
});

describe("lag", () => {
  test("is how late the next beat is, for each scheduler", () => {
    const ward = new Ward(3);
    ward.looks(1, 1, 2, 3);
    ward.looks(4, 2, 3);
    expect(ward.lagMs).toEqual([300, 0, 0]);
    ward.stall(40);
    ward.beat(1);
    expect(ward.lagMs[0]).toBe(0);
  });
});

test("a scheduler whose lanes wait for another one is shown as late as that one, for as long as they wait", () => {
  const ward = new Ward(3);
  ward.looks(5, 1, 2, 3);
  ward.signs[1] = { ...ward.signs[1]!, waitsFor: 1 };
  ward.looks(20, 2, 3);
  const [stuck, waiting, other] = ward.lagMs;
  expect(stuck).toBeGreaterThan(1_000);
  expect(waiting).toBe(stuck!);
  expect(other).toBe(0);
  ward.signs[1] = { ...ward.signs[1]!, waitsFor: 0 };
  ward.looks(1, 2, 3);
  expect(ward.lagMs[1]).toBe(0);
});
