import { expect } from "bun:test";

import { Down, Exit, type Context, type Pid } from "snow-node";

import { dismiss, obeyed, puppet, quitter, sleeper, thrower } from "./actors.ts";
import type { Any, Placement, Scenario, Tester } from "./scenario.ts";

/** Nothing is in the mailbox once everything on its way has arrived. */
export async function silence(ctx: Tester, placement: Placement): Promise<void> {
  await placement.settled();
  expect(await ctx.receive({ timeoutMs: 0 })).toBeUndefined();
}

/** A chain of linked processes, alternating near and far; its head is linked to the tester. */
async function chain(ctx: Tester, { far }: Placement, length: number): Promise<Pid<Any>[]> {
  const links: Pid<Any>[] = [];
  let before: Pid<Any> = ctx.self;
  for (let index = 0; index < length; index++) {
    const link =
      index % 2 === 0
        ? // oxlint-disable-next-line no-await-in-loop -- a chain is made link by link
          await ctx.spawnOn(far, puppet, [])
        : (ctx.spawn(puppet) as Pid<Any>);
    ctx.send(link, { type: "link", pid: before });
    // oxlint-disable-next-line no-await-in-loop -- a chain is made link by link
    await obeyed(ctx, link);
    links.push(link);
    before = link;
  }
  return links;
}

export const exits: Scenario[] = [
  {
    name: "EX-02 a trapping process receives an exit signal with reason normal",
    run: async (ctx, { far }) => {
      const pid = await ctx.spawnOn(far, puppet, []);
      ctx.send(pid, { type: "trap" });
      ctx.send(pid, { type: "forward", to: ctx.self });
      await obeyed(ctx, pid);
      ctx.sendExit(pid, "normal");
      const got = await ctx.receive("got_exit");
      expect(got.reason).toBe("normal");
      expect(got.from).toBe(ctx.self);
      await dismiss(ctx, pid);
    },
  },
  {
    name: "EX-02 a process that does not trap ignores an exit signal with reason normal",
    run: async (ctx, { far }) => {
      const pid = await ctx.spawnOn(far, puppet, []);
      ctx.sendExit(pid, "normal");
      await obeyed(ctx, pid);
      await dismiss(ctx, pid);
    },
  },
  {
    name: "EX-03 EX-04 an exit signal to itself: normal and others end it, trapping makes a message of them",
    run: async (ctx) => {
      for (const reason of ["normal", "other"]) {
        const { ref } = ctx.spawnMonitor(async (own: Context<Any>) => {
          try {
            own.sendExit(own.self, reason);
          } catch {
            // A catch is of no help.
          }
          await own.receive();
        });
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const down = await ctx.receive("down");
        expect(down.ref).toBe(ref);
        expect(down.reason).toBe(reason);
      }
      ctx.trapExit(true);
      ctx.sendExit(ctx.self, "kept");
      const exit = await ctx.receive((message: Any) => message instanceof Exit);
      expect(exit.from).toBe(ctx.self);
      expect(exit.reason).toBe("kept");
      ctx.trapExit(false);
    },
  },
  {
    name: "EX-05 kill cannot be trapped, and observers see killed",
    run: async (ctx, { far }) => {
      const pid = await ctx.spawnOn(far, puppet, []);
      ctx.send(pid, { type: "trap" });
      await obeyed(ctx, pid);
      ctx.monitor(pid);
      ctx.sendExit(pid, "kill");
      expect((await ctx.receive("down")).reason).toBe("killed");
    },
  },
  ...[1, 2, 9, 10].flatMap((length): Scenario[] => [
    {
      name: `EX-06 kill becomes killed along a chain of ${length}`,
      run: async (ctx, placement) => {
        ctx.trapExit(true);
        const pids = await chain(ctx, placement, length);
        ctx.sendExit(pids.at(-1) as Pid, "kill");
        const exit = await ctx.receive("exit");
        expect(exit.reason).toBe("killed");
        expect(exit.from).toBe(pids[0] as Pid);
        ctx.trapExit(false);
      },
    },
    {
      name: `EX-07 the own reason kill travels unchanged along a chain of ${length}`,
      run: async (ctx, placement) => {
        ctx.trapExit(true);
        const pids = await chain(ctx, placement, length);
        ctx.send(pids.at(-1) as Pid<Any>, { type: "exit", reason: "kill" });
        expect((await ctx.receive("exit")).reason).toBe("kill");
        ctx.trapExit(false);
      },
    },
  ]),
  {
    name: "EX-08 the first of two exit signals counts",
    run: async (ctx, placement) => {
      const pid = await ctx.spawnOn(placement.far, sleeper, []);
      ctx.monitor(pid);
      ctx.sendExit(pid, "first");
      ctx.sendExit(pid, "second");
      expect((await ctx.receive("down")).reason).toBe("first");
      await silence(ctx, placement);
    },
  },
  {
    name: "EX-10 what a linked process throws is its exit reason, with message and stack",
    run: async (ctx, { far }) => {
      ctx.trapExit(true);
      const pid = await ctx.spawnOn(far, thrower, ["broken"], { link: true });
      const exit = await ctx.receive("exit");
      expect(exit.from).toBe(pid);
      expect(exit.reason).toBeInstanceOf(Error);
      expect((exit.reason as Error).message).toBe("broken");
      ctx.trapExit(false);
    },
  },
  {
    name: "EX-11 a process that is ended while its receive has a time-out ends once",
    run: async (ctx, placement) => {
      const { pid } = ctx.spawnMonitor(async (own: Context<Any>) => {
        await own.receive({ timeoutMs: 1 });
      });
      ctx.sendExit(pid, "stopped");
      expect((await ctx.receive("down")).reason).toBe("stopped");
      await ctx.sleep(3);
      await silence(ctx, placement);
    },
  },
  {
    name: "EX-15 the name of a process is free when its end is heard of",
    run: async (ctx, { far, farNode }) => {
      const own = farNode === ctx.self.node;
      for (let round = 0; round < 20; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const pid = await ctx.spawnOn(far, puppet, [], { name: "conformance.holder" });
        if (own) expect(ctx.whereis("conformance.holder")).toBe(pid as Pid<unknown>);
        ctx.monitor(pid);
        ctx.send({ name: "conformance.holder", node: farNode }, { type: "exit", reason: "over" });
        const down = await ctx.receive("down");
        expect(down.reason).toBe("over");
        if (own) expect(ctx.whereis("conformance.holder")).toBeUndefined();
        /* oxlint-enable no-await-in-loop */
      }
    },
  },
  {
    name: "D5 synchronous finally blocks have run when the end of a process is heard of",
    run: async (ctx) => {
      const seen: string[] = [];
      const { pid } = ctx.spawnMonitor(async (own: Context<Any>) => {
        try {
          await (async () => {
            try {
              await own.receive();
            } finally {
              seen.push("inner");
            }
          })();
        } finally {
          seen.push("outer");
        }
      });
      await ctx.sleep(0);
      ctx.sendExit(pid, "enough");
      await ctx.receive((message: Any) => message instanceof Down);
      expect(seen).toEqual(["inner", "outer"]);
    },
  },
  {
    name: "D5 a process that catches its exit in a loop does not spin, and is gone",
    run: async (ctx) => {
      let caught = 0;
      const { pid } = ctx.spawnMonitor(async (own: Context<Any>) => {
        for (;;) {
          try {
            // oxlint-disable-next-line no-await-in-loop -- the point
            await own.receive();
          } catch {
            caught++;
          }
        }
      });
      await ctx.sleep(0);
      ctx.sendExit(pid, "enough");
      expect((await ctx.receive("down")).reason).toBe("enough");
      await ctx.sleep(1);
      expect(caught).toBe(2);
    },
  },
  {
    name: "D5 the signal of a process aborts when it ends",
    run: async (ctx) => {
      let aborted: unknown;
      const { pid } = ctx.spawnMonitor(async (own: Context<Any>) => {
        own.signal.addEventListener("abort", () => (aborted = own.signal.reason.reason));
        await new Promise(() => {});
      });
      await ctx.sleep(0);
      ctx.sendExit(pid, "enough");
      expect((await ctx.receive("down")).reason).toBe("enough");
      expect(aborted).toBe("enough");
    },
  },
  {
    name: "EX-08 an exit before the first step ends a process that has not run",
    run: async (ctx) => {
      let ran = false;
      const { pid } = ctx.spawnMonitor(async (_own: Context<Any>) => {
        ran = true;
      });
      ctx.sendExit(pid, "early");
      expect((await ctx.receive("down")).reason).toBe("early");
      expect(ran).toBe(false);
    },
  },
  {
    name: "EX-10 a process that ends itself with a reason",
    run: async (ctx, { far }) => {
      ctx.trapExit(true);
      await ctx.spawnOn(far, quitter, [{ shutdown: "done" }], { link: true });
      expect((await ctx.receive("exit")).reason).toEqual({ shutdown: "done" });
      ctx.trapExit(false);
    },
  },
];
