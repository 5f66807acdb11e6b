import { describe, expect, test } from "bun:test";
import { task } from "../../src/behaviour/task.ts";
import type { Context } from "../../src/process/api.ts";
import { define } from "../../src/process/registry.ts";
import type { Exit } from "../../src/process/system-message.ts";
import { localNode, rejection, settled } from "./local-node.ts";

const double = define("task.double", async (_ctx: Context<never>, n: number) => n * 2);
const broken = define("task.broken", async (_ctx: Context<never>): Promise<number> => {
  throw new Error("broken");
});

describe("a task", () => {
  test("runs here or at a place, for its value", async () => {
    const { caller, run } = localNode();
    expect(await task(caller, double, [4])).toBe(8);
    expect(await task(caller, double, [5], { on: "a@test" })).toBe(10);
    expect(await run((ctx) => task(ctx, async () => "anonymous"))).toBe("anonymous");
  });

  test("rejects with what it threw, and its caller lives on", async () => {
    const { run, crashes } = localNode();
    const messages = await run(async (ctx) => {
      const here = await rejection(task(ctx, broken));
      const there = await rejection(task(ctx, broken, [], { on: { scheduler: 1 } }));
      return [here, there].map((error) => [error.code, (error.cause as Error).message]);
    });
    expect(messages).toEqual([
      ["exit", "broken"],
      ["exit", "broken"],
    ]);
    expect(crashes).toEqual([]);
  });

  test("ends with its caller", async () => {
    const { run, scheduler } = localNode();
    await run(async (ctx) => {
      void task(ctx, (child) => child.sleep(1_000_000), [], { timeoutMs: Infinity }).catch(
        () => {},
      );
      await settled();
      ctx.exit("gone");
    }).catch(() => {});
    await settled();
    expect(scheduler.tables().processes).toBe(0);
  });

  test("ends when its time is up or it is aborted, without a stray exit", async () => {
    const { run, clock, scheduler } = localNode();
    const outcome = run(async (ctx: Context<Exit>) => {
      ctx.trapExit(true);
      const sleeper = (child: Context<never>): Promise<void> => child.sleep(1_000_000);
      const late = await rejection(task(ctx, sleeper, [], { timeoutMs: 100 }));
      const signal = AbortSignal.abort(new Error("not now"));
      const aborted = await rejection(task(ctx, sleeper, [], { signal }));
      return [late.code, aborted.message, await ctx.receive({ timeoutMs: 10 })];
    });
    await clock.advance(200);
    expect(await outcome).toEqual(["timeout", "not now", undefined]);
    expect(scheduler.tables().processes).toBe(0);
  });

  test("that is killed rejects, and its exit signal reaches the caller", async () => {
    const { run } = localNode();
    const reason = run(async (ctx) => {
      await task(ctx, async (child: Context<never>) => child.exit("for good"));
    });
    expect(await reason.catch((error: unknown) => error)).toBe("for good");
  });
});
