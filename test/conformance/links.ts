import { expect } from "bun:test";

import { Prng } from "../../src/base/prng.ts";
import type { Context, Pid } from "snow-node";
import { dismiss, obeyed, puppet, quitter, sleeper } from "./actors.ts";
import { silence } from "./exits.ts";
import type { Any, Scenario } from "./scenario.ts";

export const links: Scenario[] = [
  {
    name: "LK-01 link, unlink, link, link makes one link, and one exit",
    run: async (ctx, placement) => {
      ctx.trapExit(true);
      const pid = await ctx.spawnOn(placement.far, puppet, [], { link: true });
      ctx.unlink(pid);
      ctx.link(pid);
      ctx.link(pid);
      ctx.send(pid, { type: "exit", reason: "died" });
      expect((await ctx.receive("exit")).reason).toBe("died");
      await silence(ctx, placement);
      ctx.trapExit(false);
    },
  },
  {
    name: "LK-03 LK-04 the end of a process ends what is linked to it, and goes on from there",
    run: async (ctx, { far }) => {
      ctx.trapExit(true);
      const middle = ctx.spawnLink(puppet) as Pid<Any>;
      const end = await ctx.spawnOn(far, puppet, []);
      ctx.send(middle, { type: "link", pid: end });
      await obeyed(ctx, middle);
      ctx.send(end, { type: "exit", reason: "died" });
      const exit = await ctx.receive("exit");
      expect(exit.from).toBe(middle);
      expect(exit.reason).toBe("died");
      ctx.trapExit(false);
    },
  },
  {
    name: "LK-04 a linked process that ends normally ends nobody",
    run: async (ctx, placement) => {
      const pid = ctx.spawn(puppet) as Pid<Any>;
      const other = await ctx.spawnOn(placement.far, puppet, []);
      ctx.send(pid, { type: "link", pid: other });
      await obeyed(ctx, pid);
      ctx.send(other, { type: "exit", reason: "normal" });
      await placement.settled();
      await obeyed(ctx, pid);
      await dismiss(ctx, pid);
    },
  },
  {
    name: "LK-06 a link to a dead process is an exit noproc, once",
    run: async (ctx, placement) => {
      ctx.trapExit(true);
      const pid = await ctx.spawnOn(placement.far, quitter, ["normal"]);
      ctx.monitor(pid);
      await ctx.receive("down");
      ctx.link(pid);
      const exit = await ctx.receive("exit");
      expect(exit.from).toBe(pid);
      expect(exit.reason).toBe("noproc");
      await silence(ctx, placement);
      ctx.trapExit(false);
    },
  },
  {
    name: "LK-09 after unlink no exit arrives, although one was on its way",
    run: async (ctx, placement) => {
      ctx.trapExit(true);
      for (let round = 0; round < 20; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const pid = await ctx.spawnOn(placement.far, sleeper, [], { link: true });
        ctx.sendExit(pid, "bang");
        ctx.unlink(pid);
        await ctx.receive("exit", { timeoutMs: 0 });
        await silence(ctx, placement);
        /* oxlint-enable no-await-in-loop */
      }
      ctx.trapExit(false);
    },
  },
  {
    name: "LK-10 LK-11 both ends link and unlink at once: in the end they agree",
    run: async (ctx, placement) => {
      ctx.trapExit(true);
      const random = new Prng(4);
      for (let round = 0; round < 30; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const near = ctx.spawn(puppet) as Pid<Any>;
        const far = await ctx.spawnOn(placement.far, puppet, []);
        for (const pid of [near, far]) {
          ctx.send(pid, { type: "trap" });
          ctx.send(pid, { type: "forward", to: ctx.self });
        }
        for (let step = 1 + random.below(40); step > 0; step--) {
          const [by, other] = random.below(2) === 0 ? [near, far] : [far, near];
          ctx.send(by, { type: random.below(2) === 0 ? "link" : "unlink", pid: other });
          if (random.below(8) === 0) await ctx.sleep(0);
        }
        await obeyed(ctx, near);
        await obeyed(ctx, far);
        await placement.settled();
        const linked = (await placement.linksOf?.(near))?.includes(far.toString());
        const back = (await placement.linksOf?.(far))?.includes(near.toString());
        expect(back).toBe(linked as boolean);
        await dismiss(ctx, near);
        await obeyed(ctx, far);
        const got = await ctx.receive("got_exit", { timeoutMs: 0 });
        if (linked !== undefined) expect(got !== undefined).toBe(linked);
        await dismiss(ctx, far);
        /* oxlint-enable no-await-in-loop */
      }
      ctx.trapExit(false);
    },
  },
  {
    name: "LK-14 parents that unlink their child and end leave nothing behind",
    run: async (ctx, placement) => {
      for (let round = 0; round < 10; round++) {
        const { ref } = ctx.spawnMonitor(async (parent: Context<Any>) => {
          const child = await parent.spawnOn(placement.far, puppet, [], { link: true });
          parent.unlink(child);
          parent.sendExit(child, "kill");
        });
        // oxlint-disable-next-line no-await-in-loop -- rounds
        expect((await ctx.receive("down")).ref).toBe(ref);
      }
    },
  },
];
