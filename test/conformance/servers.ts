import { expect } from "bun:test";

import {
  CallError,
  define,
  defineServer,
  fail,
  reply,
  StartError,
  stop,
  task,
  type Context,
  type From,
} from "snow-node";

import type { Any, Scenario } from "./scenario.ts";

interface Desk {
  readonly done: string[];
  from: From<string> | undefined;
}

/** What handlers on this thread wait for, by name. */
const gates = new Map<string, () => void>();

/** Opens a gate of the thread that it is spawned on. */
const opener = define("conformance.opener", async (_ctx: Context<never>, gate: string) => {
  gates.get(gate)?.();
  gates.delete(gate);
});

const desk = defineServer("conformance.desk", {
  init: async (ctx: Context<Any>, how: string): Promise<Desk> => {
    if (how === "throw") throw new Error("bad init");
    if (how === "exit") ctx.exit("own exit");
    if (how === "hang") await ctx.sleep(100_000);
    return { done: [], from: undefined };
  },
  calls: {
    echo: (_ctx, value: unknown) => value,
    pair: (_ctx, one: number, two: number) => [one, two],
    done: (ctx) => ctx.state.done.join(" "),
    busy: async (ctx, ms: number) => {
      ctx.state.done.push("busy");
      await ctx.sleep(ms);
      return ms;
    },
    /** Until the gate is opened, which says more than any time that it may take. */
    wait: (ctx, gate: string) => {
      ctx.state.done.push("waited");
      return new Promise<string>((resolve) => gates.set(gate, () => resolve(gate)));
    },
    note: (ctx, text: string) => ctx.state.done.push(text),
    refuse: () => fail("refused", { why: "full" }),
    crash: (): number => {
      throw new Error("boom");
    },
    quit: (_ctx, reason: unknown) => stop(reason, "bye"),
    later: (ctx) => (ctx.state.from = ctx.from<string>()),
    takeFrom: (ctx) => [ctx.state.from],
  },
  casts: {
    add: (ctx, text: string) => {
      ctx.state.done.push(text);
    },
  },
});

const answerer = define("conformance.answerer", async (_ctx: Context<Any>, from: unknown) => {
  reply(from as From<string>, "from elsewhere");
});

/** Code and reason that a promise rejects with. */
async function failure(
  promise: Promise<unknown>,
): Promise<{ code?: string; reason?: Any; cause?: Any }> {
  try {
    await promise;
  } catch (error) {
    return error as { code?: string; reason?: Any };
  }
  throw new Error("expected a rejection");
}

export const servers: readonly Scenario[] = [
  {
    name: "GS-01: calls are answered, casts are taken, in the order of their sender",
    run: async (ctx, { far }) => {
      const pid = await desk.start(ctx, ["fine"], { on: far });
      const client = desk.client(ctx, pid);
      client.add("one");
      client.add("two");
      expect(await client.done()).toBe("one two");
      expect(await client.echo({ deep: [1, undefined] })).toEqual({ deep: [1, undefined] });
      expect(await client.echo(undefined)).toBeUndefined();
      expect(await client.pair(1, 2)).toEqual([1, 2]);
      const refused = await failure(client.refuse());
      expect([refused.code, refused.reason.code, refused.reason.detail]).toEqual([
        "failed",
        "refused",
        { why: "full" },
      ]);
    },
  },
  {
    name: "GS-02: a call while the server is being killed ends with killed or noproc, never hangs",
    run: async (ctx, { far }) => {
      const seen = new Set<string>();
      for (let round = 0; round < 30; round++) {
        const pid = await desk.start(ctx, ["fine"], { on: far });
        const client = desk.client(ctx, pid);
        if (round % 3 === 0) ctx.sendExit(pid, "kill");
        const call = failure(client.busy(1_000));
        if (round % 3 === 1) await ctx.sleep(0);
        if (round % 3 !== 0) ctx.sendExit(pid, "kill");
        const { code, reason } = await call;
        seen.add(code === "exit" ? String(reason) : String(code));
      }
      for (const outcome of seen) expect(["killed", "noproc"]).toContain(outcome);
      expect(seen).toContain("killed");
    },
  },
  {
    name: "GS-03, GS-04: a call to a node out of reach is noconnection, to nobody's name noproc",
    run: async (ctx, { farNode }) => {
      const away = desk.client(ctx, { name: "desk", node: "gone@test" });
      expect((await failure(away.done())).code).toBe("noconnection");
      const nobody = desk.client(ctx, { name: "nobody", node: farNode });
      expect((await failure(nobody.done())).code).toBe("noproc");
    },
  },
  {
    name: "GS-08: a call to oneself is refused at once",
    run: async (ctx) => {
      expect((await failure(desk.client(ctx, ctx.self as Any).done())).code).toBe("calling_self");
    },
  },
  {
    name: "GS-09: a crash, a stop with shutdown and an exit reach the caller with their reasons",
    run: async (ctx, { far }) => {
      const crashed = await desk.start(ctx, ["fine"], { on: far });
      const error = await failure(desk.client(ctx, crashed).crash());
      expect(error).toBeInstanceOf(CallError);
      expect([error.code, error.cause.message]).toEqual(["exit", "boom"]);
      expect((await failure(desk.client(ctx, crashed).done())).code).toBe("noproc");
      const stopped = await desk.start(ctx, ["fine"], { on: far });
      const pending = failure(desk.client(ctx, stopped).busy(10_000));
      ctx.sendExit(stopped, { shutdown: "now" });
      expect((await pending).reason).toEqual({ shutdown: "now" });
      const quitter = await desk.start(ctx, ["fine"], { on: far });
      expect(await desk.client(ctx, quitter).quit("normal")).toBe("bye");
    },
  },
  {
    name: "GS-10: a cast to anything is silent",
    run: async (ctx, { farNode }) => {
      const dead = await desk.start(ctx, ["fine"]);
      await desk.stop(ctx, dead);
      desk.client(ctx, dead).add("x");
      desk.client(ctx, { name: "nobody", node: farNode }).add("x");
      desk.client(ctx, { name: "nobody", node: "gone@test" }).add("x");
      await ctx.sleep(1);
    },
  },
  {
    name: "GS-11: a start under a taken name is already_started, without a stray exit",
    run: async (ctx, { far, farNode }) => {
      ctx.trapExit(true);
      const first = await desk.start(ctx, ["fine"], { name: "taken", on: far });
      const error = await failure(
        desk.start(ctx, ["fine"], { name: "taken", on: far, link: true }),
      );
      expect(error).toBeInstanceOf(StartError);
      expect(error.code).toBe("already_started");
      desk.client(ctx, first).add("first");
      expect(await desk.client(ctx, { name: "taken", node: farNode }).done()).toBe("first");
      expect(await ctx.receive({ timeoutMs: 5 })).toBeUndefined();
    },
  },
  {
    name: "GS-12, GS-14: a start that fails tells why, and its name is free again",
    run: async (ctx, { far }) => {
      for (let round = 0; round < 6; round++) {
        // Linked or not, trapping or not: the promise tells it, and nothing else does.
        ctx.trapExit(round > 2);
        const options = { name: "fussy", on: far, link: round % 2 === 0 };
        const thrown = await failure(desk.start(ctx, ["throw"], options));
        expect([thrown.code, thrown.reason.message]).toEqual(["init_failed", "bad init"]);
        const left = await failure(desk.start(ctx, ["exit"], options));
        expect([left.code, left.reason]).toEqual(["init_failed", "own exit"]);
        await desk.stop(ctx, await desk.start(ctx, ["fine"], { name: "fussy", on: far }));
      }
      expect(await ctx.receive({ timeoutMs: 5 })).toBeUndefined();
    },
  },
  {
    name: "GS-13: a start that is not done in time is timeout; the process is killed, without a stray exit",
    run: async (ctx, { far }) => {
      ctx.trapExit(true);
      const start = desk.start(ctx, ["hang"], { name: "slow", on: far, link: true, timeoutMs: 20 });
      expect((await failure(start)).code).toBe("timeout");
      await desk.stop(ctx, await desk.start(ctx, ["fine"], { name: "slow", on: far }));
      expect(await ctx.receive({ timeoutMs: 5 })).toBeUndefined();
    },
  },
  {
    name: "GS-15: stop waits until the server is gone; a dead one is noproc, one out of reach noconnection",
    run: async (ctx, { far, farNode }) => {
      const pid = await desk.start(ctx, ["fine"], { on: far, name: "desk" });
      await desk.stop(ctx, { name: "desk", node: farNode });
      expect((await failure(desk.stop(ctx, pid))).code).toBe("noproc");
      const other = await desk.start(ctx, ["fine"], { on: far });
      await desk.stop(ctx, other, { shutdown: "for today" });
      const away = { name: "desk", node: "gone@test" };
      expect((await failure(desk.stop(ctx, away))).code).toBe("noconnection");
    },
  },
  {
    name: "GS-17: calls that are made first and awaited later fail as any other, and disturb nobody meanwhile",
    run: async (ctx, { far, farNode }) => {
      const dead = await desk.start(ctx, ["fine"], { on: far });
      await desk.stop(ctx, dead);
      const calls = [
        desk.client(ctx, dead).done(),
        desk.client(ctx, { name: "nobody", node: farNode }).done(),
        desk.client(ctx, { name: "desk", node: "gone@test" }).done(),
      ].map(failure);
      expect(await ctx.receive({ timeoutMs: 5 })).toBeUndefined();
      const codes = (await Promise.all(calls)).map((error) => error.code);
      expect(codes).toEqual(["noproc", "noproc", "noconnection"]);
    },
  },
  {
    name: "GS-18: many calls at once take the time of the slowest; each fails for itself, and nothing comes late",
    run: async (ctx, { far }) => {
      const [here, there, killed, stuck] = await Promise.all([
        desk.start(ctx, ["fine"]),
        desk.start(ctx, ["fine"], { on: far }),
        desk.start(ctx, ["fine"], { on: far }),
        desk.start(ctx, ["fine"], { on: far }),
      ]);
      const waiting = desk.client(ctx, stuck).wait("multi");
      ctx.sendExit(killed, "kill");
      const gone = { name: "desk", node: "gone@test" };
      const results = await Promise.allSettled(
        [here, there, killed, gone, stuck].map((to: Any) =>
          desk.client(ctx, to, { timeoutMs: 100 }).echo("here"),
        ),
      );
      const outcome = (result: PromiseSettledResult<unknown>): unknown =>
        result.status === "fulfilled" ? result.value : result.reason.code;
      const [one, two, three, four, five] = results.map(outcome);
      expect([one, two, four, five]).toEqual(["here", "here", "noconnection", "timeout"]);
      expect(["exit", "noproc"]).toContain(String(three));
      await ctx.spawnOn(far, opener, ["multi"]);
      await waiting;
      expect(await ctx.receive({ timeoutMs: 20 })).toBeUndefined();
    },
  },
  {
    name: "GS-21: a request whose caller has given up is not executed",
    run: async (ctx, { far }) => {
      const pid = await desk.start(ctx, ["fine"], { on: far });
      const client = desk.client(ctx, pid);
      const waiting = client.wait("expired");
      const hurried = desk.client(ctx, pid, { timeoutMs: 15 });
      const late = await Promise.all([failure(hurried.note("one")), failure(hurried.note("two"))]);
      expect(late.map(({ code }) => code)).toEqual(["timeout", "timeout"]);
      await ctx.spawnOn(far, opener, ["expired"]);
      expect(await waiting).toBe("expired");
      expect(await client.done()).toBe("waited");
    },
  },
  {
    name: "GS-23: a call can be answered later, by any process that was given the right to",
    run: async (ctx, { far }) => {
      const pid = await desk.start(ctx, ["fine"], { on: far });
      const client = desk.client(ctx, pid);
      const call = client.later();
      const [from] = await client.takeFrom();
      await ctx.spawnOn(far, answerer, [from]);
      expect(await call).toBe("from elsewhere");
    },
  },
  {
    name: "GS-24: a task runs for its value, rejects with what it threw, and ends with its caller's wait",
    run: async (ctx, { far }) => {
      const double = (own: Context<Any>, n: number): Promise<number> =>
        own.sleep(0).then(() => n * 2);
      expect(await task(ctx, double, [2])).toBe(4);
      expect(await task(ctx, doubler, [4], { on: far })).toBe(8);
      const error = await failure(task(ctx, doubler, [-1], { on: far }));
      expect([error.code, error.cause.message]).toEqual(["exit", "negative"]);
      const late = await failure(task(ctx, sleeper, [], { on: far, timeoutMs: 10 }));
      expect(late.code).toBe("timeout");
    },
  },
];

const doubler = define("conformance.doubler", async (_ctx: Context<Any>, n: number) => {
  if (n < 0) throw new Error("negative");
  return n * 2;
});
const sleeper = define("conformance.long_sleeper", (ctx: Context<Any>) => ctx.sleep(100_000));
