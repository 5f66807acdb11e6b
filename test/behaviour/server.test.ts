import { describe, expect, test } from "bun:test";
import { defineServer } from "../../src/behaviour/server/server.ts";
import type { From } from "../../src/behaviour/server/server-api.ts";
import { fail, reply, stop } from "../../src/behaviour/server/server-message.ts";
import { ProcessContext } from "../../src/process/context.ts";
import { placeOf } from "../../src/scheduler/spawn/place.ts";
import { bucketOfGroup } from "../../src/service/groups-scheduler.ts";
import { SiteCode } from "../../src/behaviour/web/site-code.ts";
import { CallError, StartError } from "../../src/base/error.ts";
import type { Context } from "../../src/process/api.ts";
import type { Down, Exit } from "../../src/process/system-message.ts";
import { localNode, rejection, settled } from "./local-node.ts";

const events: string[] = [];

const account = defineServer("test.account", {
  init: (_ctx: Context<{ type: "tick" }>, opening: number) => ({
    balance: opening,
    waiting: new Array<From<number>>(),
  }),
  calls: {
    balance: (ctx) => ctx.state.balance,
    withdraw: (ctx, amount: number) =>
      amount > ctx.state.balance
        ? fail("insufficient_funds", { amount })
        : (ctx.state.balance -= amount),
    nothing: () => undefined,
    slow: async (ctx, ms: number) => {
      await ctx.sleep(ms);
      events.push(`slow ${ms}`);
      return ms;
    },
    later: (ctx) => {
      const from = ctx.from<number>();
      ctx.state.waiting.push(from);
      return from;
    },
    quit: () => stop("normal", "bye"),
    crash: (): number => {
      throw new Error("boom");
    },
    leave: (ctx): number => ctx.exit("left"),
  },
  casts: {
    add: (ctx, amount: number) => {
      ctx.state.balance += amount;
    },
    flush: (ctx) => {
      for (const from of ctx.state.waiting.splice(0)) reply(from, ctx.state.balance);
    },
    close: () => stop("normal"),
    idleAfter: (ctx, ms: number) => {
      ctx.idleMs = ms;
    },
  },
  info: (_ctx, message) => {
    events.push(`info ${message.type}`);
  },
  idle: () => {
    events.push("idle");
  },
  terminate: (_ctx, reason) => {
    events.push(`terminate ${reason instanceof Error ? reason.message : String(reason)}`);
  },
});

describe("a server", () => {
  test("answers calls and takes casts, in order", async () => {
    const { caller } = localNode();
    const acme = account.client(caller, await account.start(caller, [100]));
    acme.add(10);
    expect(await acme.balance()).toBe(110);
    expect(await acme.withdraw(50)).toBe(60);
    expect(await acme.nothing()).toBeUndefined();
  });

  test("fail rejects the caller and the server lives on", async () => {
    const { caller } = localNode();
    const acme = account.client(caller, await account.start(caller, [1]));
    const error = await rejection(acme.withdraw(2));
    expect(error).toBeInstanceOf(CallError);
    expect(error.code).toBe("failed");
    expect(error.reason).toEqual({ code: "insufficient_funds", detail: { amount: 2 } });
    expect(await acme.balance()).toBe(1);
  });

  test("a throw ends it, after terminate; the caller gets the error as cause (GS-09)", async () => {
    const { caller, crashes } = localNode();
    const pid = await account.start(caller, [1]);
    events.length = 0;
    const error = await rejection(account.client(caller, pid).crash());
    expect(error.code).toBe("exit");
    expect((error.cause as Error).message).toBe("boom");
    expect(events).toEqual(["terminate boom"]);
    expect(crashes.map((crash) => crash.functionName)).toEqual(["test.account"]);
    expect((await rejection(account.client(caller, pid).balance())).code).toBe("noproc");
  });

  test("stop with a reply: terminate runs, the caller gets the reply, the server ends orderly", async () => {
    const { caller, crashes } = localNode();
    const pid = await account.start(caller, [1]);
    events.length = 0;
    expect(await account.client(caller, pid).quit()).toBe("bye");
    await settled();
    expect(events).toEqual(["terminate normal"]);
    expect(crashes).toEqual([]);
    expect((await rejection(account.client(caller, pid).balance())).code).toBe("noproc");
  });

  test("ctx.exit in a handler ends it with that reason, after terminate", async () => {
    const { caller } = localNode();
    const pid = await account.start(caller, [1]);
    events.length = 0;
    const error = await rejection(account.client(caller, pid).leave());
    expect([error.code, error.reason]).toEqual(["exit", "left"]);
    expect(events).toEqual(["terminate left"]);
  });

  test("a deferred reply comes from another handler, and only the first counts", async () => {
    const { caller } = localNode();
    const acme = account.client(caller, await account.start(caller, [7]));
    const both = [acme.later(), acme.later()];
    acme.add(1);
    acme.flush();
    acme.flush();
    expect(await Promise.all(both)).toEqual([8, 8]);
  });

  test("an async handler holds up the next message, not an exit signal", async () => {
    const { caller, clock } = localNode();
    const pid = await account.start(caller, [1]);
    const acme = account.client(caller, pid, { timeoutMs: 60_000 });
    const slow = acme.slow(100);
    let answered = false;
    const balance = acme.balance().then(() => (answered = true));
    await settled();
    expect(answered).toBe(false);
    await clock.advance(100);
    expect(await slow).toBe(100);
    await balance;
    const stuck = rejection(acme.slow(50_000));
    await settled();
    events.length = 0;
    caller.sendExit(pid, "enough");
    expect((await stuck).reason).toBe("enough");
    await settled();
    expect(events).toEqual([]);
  });

  test("info takes every other message; without it they are logged and dropped", async () => {
    const { caller, log } = localNode();
    events.length = 0;
    const pid = await account.start(caller, [1]);
    caller.send(pid, { type: "tick" });
    await account.client(caller, pid).balance();
    expect(events).toEqual(["info tick"]);
    const plain = defineServer("test.plain", { init: () => 0, calls: { get: (ctx) => ctx.state } });
    const other = await plain.start(caller);
    caller.send(other as never, { type: "what" } as never);
    expect(await plain.client(caller, other).get()).toBe(0);
    expect(log.map((line) => line.fields["type"])).toEqual(["what"]);
  });

  test("a call that a server does not have fails at once, and the server lives on", async () => {
    const { caller } = localNode();
    const other = defineServer("test.other", { init: () => 0, calls: { nowhere: () => 1 } });
    const pid = await account.start(caller, [5]);
    const error = await rejection(other.client(caller, pid as never).nowhere());
    expect(error.reason).toMatchObject({ code: "undef" });
    expect(error.message).toContain(": failed: undef: no call nowhere; the server has ");
    expect(error.message).not.toContain("$call");
    expect(await account.client(caller, pid).balance()).toBe(5);
  });

  test("a call that is nearly one of the server's is told which", async () => {
    const { caller } = localNode();
    const real = defineServer("test.teller", {
      init: () => 0,
      calls: { withdraw: () => 1, close: () => 2 },
      casts: { withdrew: () => undefined },
    });
    const typo = defineServer("test.typo", { init: () => 0, calls: { withdrw: () => 1 } });
    const pid = await real.start(caller);
    const { message } = await rejection(typo.client(caller, pid as never).withdrw());
    expect(message).toEndWith(
      ": failed: undef: no call withdrw, nearest is withdraw; the server has withdraw, close",
    );
  });

  test("what is no target, function or group is said with what was got", () => {
    const { caller } = localNode();
    expect(() => caller.send({ nmae: "acme" } as never, 1 as never)).toThrow(
      "a target is a pid, a name, or { name, node }, got an object { nmae }",
    );
    const { spawn } = caller as unknown as { spawn: (this: unknown, fn: unknown) => unknown };
    expect(() => spawn.call(caller, "counter")).toThrow('spawn wants a function, got "counter"');
    expect(() =>
      placeOf(5 as never, ProcessContext.process(caller as never).host as never, 1),
    ).toThrow("a place is name@host, a pid, or { node, scheduler }, got 5");
    const site = new SiteCode(
      "shop",
      { listen: () => ({}) } as never,
      caller as never,
      {} as never,
    );
    expect(() => site.address([])).toThrow(
      'defineWeb("shop"): listen gave an empty object, expected a port from 0 to 65,535',
    );
    expect(() => bucketOfGroup("all" as never)).toThrow(
      'a group is made by group(name, scope), got "all"',
    );
  });

  test("the message of a failed call has the reason, and is short whatever the server says", () => {
    const long = new CallError("failed", "acme", { code: "broke", detail: "x".repeat(10_000) });
    expect(long.message).toStartWith("call to acme: failed: broke: xxx");
    expect(long.message.length).toBeLessThan(500);
    expect(new CallError("failed", "acme", { code: "broke", detail: 5 }).message).toBe(
      "call to acme: failed: broke",
    );
    expect(new CallError("failed", "acme", { code: Object.create(null) }).message).toBe(
      "call to acme: failed",
    );
  });

  test("idle is called after idleMs without a message, again after each further one", async () => {
    const { caller, clock } = localNode();
    const acme = account.client(caller, await account.start(caller, [1]));
    events.length = 0;
    acme.idleAfter(100);
    await clock.advance(99);
    acme.add(1);
    await clock.advance(99);
    expect(events).toEqual([]);
    await clock.advance(1);
    expect(events).toEqual(["idle"]);
    await clock.advance(100);
    expect(events).toEqual(["idle", "idle"]);
  });

  test("a reply that cannot be sent fails the call and not the server", async () => {
    const { caller } = localNode();
    const odd = defineServer("test.odd", {
      init: () => 1,
      calls: { bad: (): unknown => () => 1, good: (ctx) => ctx.state },
    });
    const client = odd.client(caller, await odd.start(caller));
    expect((await rejection(client.bad())).reason).toMatchObject({ code: "answer_not_sent" });
    expect(await client.good()).toBe(1);
  });
});

describe("who calls", () => {
  test("a late reply never arrives, and an expired call is not executed (GS-06, GS-21)", async () => {
    const { caller, clock } = localNode();
    const pid = await account.start(caller, [1]);
    const acme = account.client(caller, pid, { timeoutMs: 50 });
    events.length = 0;
    const calls = [acme.slow(100), acme.slow(1), acme.slow(2)].map(rejection);
    await clock.advance(50);
    expect((await Promise.all(calls)).map((error) => error.code)).toEqual(Array(3).fill("timeout"));
    await clock.advance(200);
    expect(events).toEqual(["slow 100"]);
    expect(await acme.balance()).toBe(1);
  });

  test("an aborted call is not executed either", async () => {
    const { caller, clock } = localNode();
    const pid = await account.start(caller, [1]);
    const controller = new AbortController();
    const acme = account.client(caller, pid, { signal: controller.signal });
    void account.client(caller, pid).slow(100);
    const aborted = rejection(acme.slow(7));
    events.length = 0;
    await settled();
    controller.abort(new Error("no more"));
    expect((await aborted).message).toBe("no more");
    await clock.advance(100);
    expect(events).toEqual(["slow 100"]);
  });

  test("a call to oneself, to nobody, and to a name that nobody holds (GS-08, GS-02, GS-04)", async () => {
    const { caller, run } = localNode();
    expect((await rejection(account.client(caller, "nobody").balance())).code).toBe("noproc");
    const code = await run(async (ctx) => {
      ctx.register("me");
      return (await rejection(account.client(ctx, "me").balance())).code;
    });
    expect(code).toBe("calling_self");
    const pid = await account.start(caller, [1]);
    const killed = rejection(account.client(caller, pid).slow(1));
    caller.sendExit(pid, "kill");
    expect((await killed).reason).toBe("killed");
  });

  test("a cast to anything is silent (GS-10)", () => {
    const { caller } = localNode();
    account.client(caller, "nobody").add(1);
    account.client(caller, { name: "x", node: "gone@test" }).add(1);
  });

  test("a node out of reach (GS-03)", async () => {
    const { caller } = localNode();
    const far = account.client(caller, { name: "x", node: "gone@test" });
    expect((await rejection(far.balance())).code).toBe("noconnection");
  });
});

describe("start", () => {
  const fussy = defineServer("test.fussy", {
    init: async (ctx: Context<never>, how: string) => {
      if (how === "throw") throw new Error("bad init");
      if (how === "stop") return stop("no thanks");
      if (how === "exit") ctx.exit("own exit");
      if (how === "hang") await ctx.sleep(1_000_000);
      return how;
    },
    calls: { get: (ctx) => ctx.state },
  });

  test("rejects with the reason, and the name is free again (GS-12)", async () => {
    const { caller } = localNode();
    for (let round = 0; round < 5; round += 1) {
      for (const [how, reason] of [
        ["throw", "bad init"],
        ["stop", "no thanks"],
        ["exit", "own exit"],
      ] as const) {
        const error = await rejection(fussy.start(caller, [how], { name: "fussy" }));
        expect(error).toBeInstanceOf(StartError);
        expect(error.code).toBe("init_failed");
        const got = error.reason instanceof Error ? error.reason.message : error.reason;
        expect(got).toBe(reason);
        expect(caller.whereis("fussy")).toBeUndefined();
      }
    }
    const pid = await fussy.start(caller, ["fine"], { name: "fussy" });
    expect(caller.whereis("fussy")).toBe(pid as never);
    expect(await fussy.client(caller, "fussy").get()).toBe("fine");
  });

  test("rejects with timeout when init takes too long; the process is killed, without a stray exit (GS-13)", async () => {
    const { run, clock, scheduler } = localNode();
    const outcome = run(async (ctx: Context<Exit | Down>) => {
      ctx.trapExit(true);
      const start = fussy.start(ctx, ["hang"], { name: "slow", timeoutMs: 100, link: true });
      const { code } = await rejection(start);
      const held = ctx.whereis("slow");
      return { code, held, stray: await ctx.receive({ timeoutMs: 50 }) };
    });
    await clock.advance(200);
    expect(await outcome).toEqual({ code: "timeout", held: undefined, stray: undefined });
    expect(scheduler.tables().processes).toBe(0);
  });

  test("under a taken name rejects with already_started and the holder (GS-11)", async () => {
    const { caller, scheduler } = localNode();
    const pid = await fussy.start(caller, ["one"], { name: "taken" });
    const error = await rejection(fussy.start(caller, ["two"], { name: "taken" }));
    expect([error.code, error.reason]).toEqual(["already_started", pid]);
    const far = await rejection(fussy.start(caller, ["two"], { name: "taken", on: "a@test" }));
    expect(far.code).toBe("already_started");
    expect(scheduler.tables().processes).toBe(1);
  });

  test("at a place: the same outcomes as here", async () => {
    const { caller } = localNode();
    const pid = await fussy.start(caller, ["fine"], { on: "a@test" });
    expect(await fussy.client(caller, pid).get()).toBe("fine");
    const error = await rejection(fussy.start(caller, ["stop"], { on: { scheduler: 1 } }));
    expect([error.code, error.reason]).toEqual(["init_failed", "no thanks"]);
    expect(error.message).toBe("test.fussy did not start: no thanks");
    expect((await rejection(fussy.start(caller, ["x"], { on: "b@test" }))).code).toBe(
      "noconnection",
    );
  });

  test("spawnOn starts a server without waiting for its init", async () => {
    const { caller } = localNode();
    const pid = await caller.spawnOn({ scheduler: "spread" }, account, [3]);
    expect(await account.client(caller, pid).balance()).toBe(3);
  });

  test("an abort rejects with its reason and leaves no process", async () => {
    const { caller, scheduler } = localNode();
    const controller = new AbortController();
    const start = rejection(fussy.start(caller, ["hang"], { signal: controller.signal }));
    await settled();
    controller.abort(new Error("changed my mind"));
    expect((await start).message).toBe("changed my mind");
    await settled();
    expect(scheduler.tables().processes).toBe(0);
  });

  test("a linked server ends with its starter, and runs terminate only if it traps exits", async () => {
    const { caller, run } = localNode();
    const trapping = defineServer("test.trapping", {
      init: (ctx: Context<Exit>, traps: boolean) => {
        ctx.trapExit(traps);
        return 0;
      },
      terminate: (_ctx, reason) => {
        events.push(`terminate ${String(reason)}`);
      },
    });
    for (const traps of [false, true]) {
      events.length = 0;
      await run(async (ctx) => {
        await trapping.start(ctx, [traps], { link: true, name: "linked" });
        ctx.exit("gone");
      }).catch(() => {});
      await settled();
      expect(caller.whereis("linked")).toBeUndefined();
      expect(events).toEqual(traps ? ["terminate gone"] : []);
    }
  });
});

describe("stop (GS-15)", () => {
  test("waits until the server is gone, after its terminate", async () => {
    const { caller, scheduler } = localNode();
    const pid = await account.start(caller, [1], { name: "acme" });
    events.length = 0;
    await account.stop(caller, "acme");
    expect(events).toEqual(["terminate normal"]);
    expect(scheduler.tables().processes).toBe(0);
    expect((await rejection(account.stop(caller, pid))).code).toBe("noproc");
    expect((await rejection(account.stop(caller, { name: "x", node: "gone@test" }))).code).toBe(
      "noconnection",
    );
  });

  test("with another reason", async () => {
    const { caller, crashes } = localNode();
    const pid = await account.start(caller, [1]);
    await account.stop(caller, pid, { shutdown: "for today" });
    await account.stop(caller, await account.start(caller, [1]), "other");
    expect(crashes.map((crash) => crash.reason)).toEqual(["other"]);
  });
});
