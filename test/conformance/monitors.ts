import { expect } from "bun:test";

import type { Context, Pid, Ref } from "snow-node";
import { dismiss, obeyed, puppet, quitter, sleeper } from "./actors.ts";
import { silence } from "./exits.ts";
import type { Any, Scenario } from "./scenario.ts";

export const monitors: Scenario[] = [
  {
    name: "MO-01 MO-02 a monitor tells the reason once, or noproc",
    run: async (ctx, placement) => {
      for (const reason of ["normal", "frop"]) {
        /* oxlint-disable no-await-in-loop -- one after the other */
        const pid = await ctx.spawnOn(placement.far, puppet, []);
        const ref = ctx.monitor(pid);
        ctx.send(pid, { type: "exit", reason });
        const down = await ctx.receive("down");
        expect(down.ref).toBe(ref);
        expect(down.target).toBe(pid);
        expect(down.reason).toBe(reason);
        const again = ctx.monitor(pid);
        const dead = await ctx.receive("down");
        expect(dead.ref).toBe(again);
        expect(dead.reason).toBe("noproc");
        await silence(ctx, placement);
        /* oxlint-enable no-await-in-loop */
      }
    },
  },
  {
    name: "MO-05 MO-06 a monitor by name names the name",
    run: async (ctx, { far, farNode }) => {
      const target = { name: "conformance.watched", node: farNode };
      const missing = ctx.monitor(target);
      const none = await ctx.receive("down");
      expect(none.ref).toBe(missing);
      expect(none.target).toEqual(target);
      expect(none.reason).toBe("noproc");
      for (const reason of ["normal", "frop"]) {
        /* oxlint-disable no-await-in-loop -- one after the other */
        await ctx.spawnOn(far, puppet, [], { name: target.name });
        const ref = ctx.monitor(target);
        ctx.send(target, { type: "exit", reason });
        const down = await ctx.receive("down");
        expect(down.ref).toBe(ref);
        expect(down.target).toEqual(target);
        expect(down.reason).toBe(reason);
        /* oxlint-enable no-await-in-loop */
      }
    },
  },
  {
    name: "MO-07 a monitor by name stays on whom it found",
    run: async (ctx, placement) => {
      const target = { name: "conformance.moved", node: placement.farNode };
      const first = await ctx.spawnOn(placement.far, puppet, []);
      ctx.send(first, { type: "register", name: target.name });
      await obeyed(ctx, first);
      const ref = ctx.monitor(target);
      ctx.send(first, { type: "exit", reason: "moved" });
      const down = await ctx.receive("down");
      const second = await ctx.spawnOn(placement.far, puppet, [], { name: target.name });
      expect(down.ref).toBe(ref);
      await dismiss(ctx, second);
      await silence(ctx, placement);
    },
  },
  {
    name: "MO-08 four monitors on one process, two taken back",
    run: async (ctx, placement) => {
      for (let round = 0; round < 20; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const pid = await ctx.spawnOn(placement.far, sleeper, []);
        const refs = [1, 2, 3, 4].map(() => ctx.monitor(pid)) as [Ref, Ref, Ref, Ref];
        ctx.demonitor(refs[0], { flush: true });
        ctx.sendExit(pid, "kill");
        if (round % 2 === 0) await placement.settled();
        ctx.demonitor(refs[2], { flush: true });
        await placement.settled();
        ctx.demonitor(refs[3]);
        const got = [await ctx.receive("down"), await ctx.receive("down")].map(({ ref }) => ref);
        expect(got).toEqual([refs[1], refs[3]]);
        await silence(ctx, placement);
        /* oxlint-enable no-await-in-loop */
      }
    },
  },
  {
    name: "MO-09 a down that has arrived stays without flush, and goes with it",
    run: async (ctx, placement) => {
      for (const flush of [false, true]) {
        /* oxlint-disable no-await-in-loop -- one after the other */
        const pid = await ctx.spawnOn(placement.far, quitter, ["normal"]);
        const ref = ctx.monitor(pid);
        await ctx.sleep(1);
        await placement.settled();
        ctx.demonitor(ref, { flush });
        const down = await ctx.receive("down", { timeoutMs: 0 });
        expect(down === undefined).toBe(flush);
        /* oxlint-enable no-await-in-loop */
      }
    },
  },
  {
    name: "MO-11 MO-12 AL-07 after demonitor no down arrives, although one was on its way",
    run: async (ctx, placement) => {
      for (let round = 0; round < 60; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const pid = await ctx.spawnOn(placement.far, sleeper, []);
        const ref = ctx.monitor(pid);
        ctx.sendExit(pid, round % 2 === 0 ? "bang" : { compound: ["reason", round] });
        if (round % 3 === 0) await placement.settled();
        ctx.demonitor(ref, { flush: true });
        await silence(ctx, placement);
        /* oxlint-enable no-await-in-loop */
      }
    },
  },
  {
    name: "MO-14 a monitor on something that is no target is refused",
    run: async (ctx, placement) => {
      for (const target of [17, [], {}, null, { name: "x", node: 3 }, ""]) {
        expect(() => ctx.monitor(target as unknown as Pid)).toThrow();
      }
      await silence(ctx, placement);
    },
  },
  {
    name: "MO-15 a process does not hear of its own end, also by its name",
    run: async (ctx, placement) => {
      ctx.register("conformance.self");
      ctx.monitor(ctx.self);
      ctx.monitor("conformance.self");
      await silence(ctx, placement);
      expect(ctx.unregister("conformance.self")).toBe(true);
    },
  },
  {
    name: "MO-16 MO-20 MO-22 a watcher that ends leaves nothing, whatever it watches",
    run: async (ctx, { far, farNode }) => {
      const watched = await ctx.spawnOn(far, puppet, [], { name: "conformance.kept" });
      const { ref } = ctx.spawnMonitor(async (own: Context<Any>) => {
        const watcher = own as unknown as typeof ctx;
        watcher.monitor(watched);
        watcher.monitor({ name: "conformance.kept", node: farNode });
        watcher.monitor({ name: "conformance.missing", node: farNode });
      });
      expect((await ctx.receive("down")).ref).toBe(ref);
      const near = ctx.spawn(puppet) as Pid<Any>;
      ctx.send(near, { type: "monitor", pid: watched });
      ctx.send(watched, { type: "monitor", pid: near });
      await obeyed(ctx, near);
      await obeyed(ctx, watched);
      await dismiss(ctx, near, watched);
    },
  },
  {
    name: "MO-19 a monitor that meets the end of its target tells once: the reason or noproc",
    run: async (ctx, placement) => {
      const reasons = new Map<unknown, number>();
      for (let round = 0; round < 60; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const pid = await ctx.spawnOn(placement.far, quitter, ["done"]);
        if (round % 3 === 0) await placement.settled();
        const ref = ctx.monitor(pid);
        const down = await ctx.receive("down");
        expect(down.ref).toBe(ref);
        expect(["done", "noproc"]).toContain(down.reason as string);
        reasons.set(down.reason, (reasons.get(down.reason) ?? 0) + 1);
        /* oxlint-enable no-await-in-loop */
      }
      expect(reasons.get("noproc")).toBeGreaterThan(0);
      await silence(ctx, placement);
    },
  },
];
