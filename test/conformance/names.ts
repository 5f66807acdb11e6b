import { expect } from "bun:test";

import { define, defineServer, NameError, named, type Context, type Pid } from "snow-node";

import { dismiss, failure, puppet } from "./actors.ts";
import type { Any, Scenario, Tester } from "./scenario.ts";

/** Does with global names what it is told, and says what came of it. */
export const namer = define("conformance.namer", async (ctx: Context<Any>) => {
  const answer = async (what: () => Promise<unknown>): Promise<unknown> => {
    try {
      return { ok: await what() };
    } catch (error) {
      return { code: (error as NameError).code, holder: (error as NameError).holder };
    }
  };
  for await (const message of ctx.messages()) {
    const { name, options, pid, replyTo, type } = message;
    if (type === "exit") ctx.exit(message.reason);
    if (type === "whereis") ctx.send(replyTo, { ok: ctx.global.whereis(name) ?? null });
    if (type === "register" || type === "reregister")
      ctx.send(replyTo, await answer(() => ctx.global[type as "register"](name, pid, options)));
    if (type === "unregister") ctx.send(replyTo, await answer(() => ctx.global.unregister(name)));
    if (type === "names") ctx.send(replyTo, await answer(() => ctx.global.names()));
    if (type === "ping") ctx.send(replyTo, { ok: ctx.self });
  }
});

const ask = (ctx: Tester, to: Pid<Any>, message: object): Promise<Any> =>
  ctx.call(to, message as Any) as Promise<Any>;

/** What that process finds under the name. */
const seenBy = async (ctx: Tester, at: Pid<Any>, name: string): Promise<Pid | undefined> =>
  ((await ask(ctx, at, { type: "whereis", name })) as { ok: Pid | null }).ok ?? undefined;

const codeOf = async (promise: Promise<unknown>): Promise<string | undefined> => {
  const error: Any = await failure(promise);
  expect(error).toBeInstanceOf(NameError);
  return error.code;
};

/** Adds up. */
export const adder = defineServer("conformance.adder", {
  init: (_ctx: Context<never>) => ({ sum: 0 }),
  calls: { add: (ctx, by: number) => (ctx.state.sum += by) },
});

export const names: Scenario[] = [
  {
    name: "RG-01 RG-09 a name is seen everywhere when register resolves, and nowhere when unregister does",
    run: async (ctx, { far }) => {
      const at = await ctx.spawnOn(far, namer, []);
      for (const pid of [ctx.self, at]) {
        /* oxlint-disable no-await-in-loop -- one after the other */
        const { fence } = await ctx.global.register("rg.one", pid);
        expect(Number.isSafeInteger(fence)).toBe(true);
        expect(ctx.global.whereis("rg.one")).toBe(pid);
        expect(await seenBy(ctx, at, "rg.one")).toBe(pid);
        expect(await ctx.global.names()).toContain("rg.one");
        expect(await ask(ctx, at, { type: "names" })).toMatchObject({ ok: ["rg.one"] });
        expect(await ask(ctx, at, { type: "unregister", name: "rg.one" })).toEqual({ ok: true });
        expect(ctx.global.whereis("rg.one")).toBeUndefined();
        expect(await seenBy(ctx, at, "rg.one")).toBeUndefined();
        expect(await ctx.global.unregister("rg.one")).toBe(false);
        /* oxlint-enable no-await-in-loop */
      }
      await dismiss(ctx, at);
    },
  },
  {
    name: "RG-02 the first keeps the name: the second is told who holds it",
    run: async (ctx, { far }) => {
      const at = await ctx.spawnOn(far, namer, []);
      const first = await ctx.global.register("rg.two", at);
      expect(await codeOf(ctx.global.register("rg.two", ctx.self))).toBe("name_taken");
      const there = await ask(ctx, at, { type: "register", name: "rg.two", pid: ctx.self });
      expect(there).toEqual({ code: "name_taken", holder: at });
      expect(await codeOf(ctx.global.register("rg.two", at))).toBe("name_taken");
      await ctx.global.unregister("rg.two");
      const second = await ctx.global.register("rg.two", ctx.self);
      expect(second.fence).toBeGreaterThan(first.fence);
      await ctx.global.unregister("rg.two");
      await dismiss(ctx, at);
    },
  },
  {
    name: "RG-03 RG-11 whoever hears of the holder's end finds the name free, 100 times",
    run: async (ctx, { far }) => {
      let before = 0;
      for (let round = 0; round < 100; round++) {
        /* oxlint-disable no-await-in-loop -- one after the other */
        const pid = await ctx.spawnOn(far, puppet, []);
        const { fence } = await ctx.global.register("rg.three", pid);
        expect(fence).toBeGreaterThan(before);
        before = fence;
        const ref = ctx.monitor(pid);
        ctx.sendExit(pid, "kill");
        await ctx.receive((message: Any) => message.type === "down" && message.ref === ref);
        expect(ctx.global.whereis("rg.three")).toBeUndefined();
        /* oxlint-enable no-await-in-loop */
      }
      await ctx.global.register("rg.three", ctx.self);
      await ctx.global.unregister("rg.three");
    },
  },
  {
    name: "RG-05 of two that register at once one gets the name, and both see the same, 100 times",
    run: async (ctx, { far }) => {
      const at = await ctx.spawnOn(far, namer, []);
      for (let round = 0; round < 100; round++) {
        /* oxlint-disable no-await-in-loop -- one round after the other */
        const name = `rg.five.${round % 7}`;
        const there = ask(ctx, at, { type: "register", name, pid: at });
        const here = await ctx.global.register(name, ctx.self).then(
          () => true,
          (error: NameError) => error.code,
        );
        const answer = await there;
        const holder = ctx.global.whereis(name);
        expect([here === true, "ok" in answer].filter(Boolean)).toHaveLength(1);
        expect(holder).toBe((here === true ? ctx.self : at) as Any);
        expect(await seenBy(ctx, at, name)).toBe(holder as Any);
        await ctx.global.unregister(name);
        /* oxlint-enable no-await-in-loop */
      }
      await dismiss(ctx, at);
    },
  },
  {
    name: "RG-07 a process has one global name, unless it is allowed more",
    run: async (ctx, { far }) => {
      const at = await ctx.spawnOn(far, namer, []);
      await ctx.global.register("rg.seven", at);
      expect(await codeOf(ctx.global.register("rg.seven.b", at))).toBe("already_named");
      await ctx.global.register("rg.seven.b", at, { severalNames: true });
      expect(ctx.global.whereis("rg.seven")).toBe(at);
      expect(ctx.global.whereis("rg.seven.b")).toBe(at);
      await dismiss(ctx, at);
    },
  },
  {
    name: "RG-08 reregister puts another in the holder's place, whose end then changes nothing",
    run: async (ctx, { far }) => {
      const [old, next] = [await ctx.spawnOn(far, namer, []), await ctx.spawnOn(far, namer, [])];
      const first = await ctx.global.reregister("rg.eight", old);
      const second = await ctx.global.reregister("rg.eight", ctx.self);
      expect(second.fence).toBeGreaterThan(first.fence);
      expect(await seenBy(ctx, next, "rg.eight")).toBe(ctx.self as Any);
      await dismiss(ctx, old);
      expect(ctx.global.whereis("rg.eight")).toBe(ctx.self as Any);
      await ctx.global.reregister("rg.eight", next);
      expect(await seenBy(ctx, next, "rg.eight")).toBe(next as Any);
      await dismiss(ctx, next);
      expect(ctx.global.whereis("rg.eight")).toBeUndefined();
    },
  },
  {
    name: "RG-10 what is sent to a global name that nobody holds is a dead letter; a call to it fails with noproc",
    run: async (ctx) => {
      ctx.send("rg.ten", { type: "x" });
      const error: Any = await failure(ctx.call(named<Any>("rg.ten"), { type: "ping" } as Any));
      expect(error.code).toBe("noproc");
    },
  },
  {
    name: "a global name is sent to, called, watched and waited for like a pid, and one of the own node goes first",
    run: async (ctx, { far }) => {
      const at = await ctx.spawnOn(far, namer, []);
      const [name, other] = [named<Any>("rg.send"), await ctx.spawnOn(far, adder, [])];
      await ctx.global.register(name, at as Any);
      expect(await ctx.call(name, { type: "ping" } as Any)).toEqual({ ok: at } as Any);
      await ctx.global.register("rg.adder", other);
      expect(await adder.client(ctx, "rg.adder").add(3)).toBe(3);
      ctx.send("rg.send", { type: "ping", replyTo: ctx.self });
      expect(await ctx.receive()).toEqual({ ok: at });
      ctx.sendAfter(name, { type: "ping", replyTo: ctx.self }, 1);
      expect(await ctx.receive()).toEqual({ ok: at });
      ctx.register("rg.send");
      ctx.send("rg.send", { type: "mine" });
      expect(await ctx.receive()).toEqual({ type: "mine" });
      ctx.unregister("rg.send");
      const ref = ctx.monitor("rg.send");
      ctx.send("rg.send", { type: "exit", reason: "bye" });
      expect(await ctx.receive("down")).toMatchObject({ ref, target: at, reason: "bye" });
      await dismiss(ctx, other);
    },
  },
  {
    name: "RG-25 wrong arguments are told at once, a dead process is refused, and the registry goes on",
    run: async (ctx, { far }) => {
      const at = await ctx.spawnOn(far, namer, []);
      // Thrown at the call, as all misuse is.
      const call = async (...args: Any[]): Promise<Any> =>
        failure(
          new Promise((resolve) => resolve((ctx.global.register as Any).apply(ctx.global, args))),
        );
      for (const wrong of ["", "x".repeat(256), 7, undefined]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await call(wrong, at)).toMatchObject({ code: "bad_argument" });
      }
      expect(await call("rg.bad", "nobody")).toMatchObject({ code: "bad_argument" });
      expect(await call("rg.bad", at, { timeoutMs: -1 })).toMatchObject({ code: "bad_argument" });
      expect(await call("rg.bad", at, { onConflict: "win" })).toMatchObject({
        code: "bad_argument",
      });
      await dismiss(ctx, at);
      expect(await codeOf(ctx.global.register("rg.bad", at))).toBe("noproc");
      await ctx.global.register("rg.good", ctx.self);
      await ctx.global.unregister("rg.good");
    },
  },
  {
    name: "a registration that was aborted, or whose asker ended, is not one",
    run: async (ctx, { far }) => {
      const at = await ctx.spawnOn(far, namer, []);
      const stop = new AbortController();
      const aborted = ctx.global.register("rg.abort", at, { signal: stop.signal });
      stop.abort("enough");
      expect(await failure(aborted)).toBe("enough" as Any);
      const asker = ctx.spawn(async (other: Context<Any>) => {
        void other.global.register("rg.abort.b", at);
        other.exit("gone");
      });
      const ref = ctx.monitor(asker);
      await ctx.receive((message: Any) => message.ref === ref);
      // What was under way is undone behind whatever is asked next.
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- looks again and again
        if ((await ctx.global.names()).length === 0) break;
      }
      await ctx.global.register("rg.abort", ctx.self);
      await ctx.global.unregister("rg.abort");
      await dismiss(ctx, at);
    },
  },
];
