import { expect } from "bun:test";

import type { Context, Pid } from "snow-node";
import { dismiss, failure, greeter, puppet, quitter, sleeper, sum, thrower } from "./actors.ts";
import { silence } from "./exits.ts";
import type { Any, Scenario } from "./scenario.ts";

export const spawns: Scenario[] = [
  {
    name: "SP-01 SP-02 the pid is known before any signal of the child",
    run: async (ctx, { far }) => {
      for (let round = 0; round < 20; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        let replied = false;
        const child = ctx.spawnOn(far, greeter, [ctx.self, 1]).then((pid) => {
          replied = true;
          return pid;
        });
        await ctx.receive("hello");
        expect(replied).toBe(true);
        await child;
        /* oxlint-enable no-await-in-loop */
      }
    },
  },
  {
    name: "SP-03 SP-18 a function that is not defined there rejects with undef",
    run: async (ctx, { far }) => {
      const spawn = ctx.spawnOn(far, "conformance.no_such_function", []);
      expect(await failure(spawn)).toMatchObject({
        name: "SpawnError",
        code: "undef",
        message: expect.stringMatching(/^conformance\.no_such_function on \S+ is not defined$/),
      });
    },
  },
  {
    name: "SP-05 bad arguments and places are refused at once",
    run: async (ctx, { far }) => {
      const noList = ctx.spawnOn(far, "conformance.sum", 5 as unknown as unknown[]);
      expect(await failure(noList)).toMatchObject({ code: "bad_argument" });
      const noNodes = [5, null, {}, ctx.self] as unknown as string[];
      const noPlaces = [
        "no node",
        { scheduler: 0 },
        { scheduler: 1.5 },
        ...noNodes.map((node) => ({ node })),
      ];
      for (const place of noPlaces) {
        const error = await failure(ctx.spawnOn(place, "conformance.sum", []));
        expect(error).toMatchObject({ name: "SpawnError", code: "badarg" });
      }
    },
  },
  {
    name: "SP-05 options that make no sense are refused, and nothing comes of them later",
    run: async (ctx, { far }) => {
      const errors = [
        await failure(ctx.spawnOn(far, sleeper, [], { name: "", timeoutMs: 1 })),
        await failure(ctx.spawnOn(far, sleeper, [], { mailboxMax: -1, timeoutMs: 1 })),
        await failure(ctx.spawnOn(far, sleeper, [], { mailboxMax: 0.5, timeoutMs: 1 })),
      ];
      for (const error of errors) {
        expect(error).toMatchObject({ name: "MisuseError", code: "bad_argument" });
      }
      // A request that was left behind would end this process with its time-out.
      await ctx.sleep(20);
    },
  },
  {
    name: "a mailbox without a limit is one wherever the process is",
    run: async (ctx, { far }) => {
      const child = await ctx.spawnOn(far, sleeper, [], { mailboxMax: Infinity });
      const ref = ctx.monitor(child);
      for (let count = 0; count < 20; count++) ctx.send(child as Pid<unknown>, count);
      ctx.sendExit(child, "enough");
      const down = await ctx.receive("down");
      expect(down).toMatchObject({ ref, reason: "enough" });
    },
  },
  {
    name: "SP-07 a node that cannot be reached rejects with noconnection",
    run: async (ctx) => {
      const spawn = ctx.spawnOn("ghost@nowhere.invalid", sleeper, [], { timeoutMs: 60_000 });
      expect(await failure(spawn)).toMatchObject({ name: "SpawnError", code: "noconnection" });
    },
  },
  {
    name: "SP-10 a child that was asked for with a link hears of its parent's end with its reason",
    run: async (ctx, placement) => {
      ctx.trapExit(true);
      for (let round = 0; round < 20; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const name = `conformance.child.${round}`;
        const reason = { compound: round };
        const { pid } = ctx.spawnMonitor(async (parent: Context<Any>) => {
          void parent.spawnOn(placement.far, sleeper, [], { link: true, name }).catch(() => {});
          if (round % 2 === 0) await parent.sleep(round % 4);
          parent.exit(reason);
        });
        const down = await ctx.receive("down");
        expect(down.target).toBe(pid);
        await placement.settled();
        ctx.monitor({ name, node: placement.farNode });
        expect((await ctx.receive("down")).reason).toBe("noproc");
        /* oxlint-enable no-await-in-loop */
      }
      ctx.trapExit(false);
    },
  },
  {
    name: "SP-12 a linked child whose spawn was given up ends with abandoned, one without a link stays",
    run: async (ctx, placement) => {
      const { far, farNode } = placement;
      const outcomes = new Set<string>();
      for (const link of [true, false]) {
        /* oxlint-disable no-await-in-loop -- one after the other */
        const name = `conformance.abandoned.${String(link)}`;
        const controller = new AbortController();
        const spawn = ctx.spawnOn(far, sleeper, [], { link, name, signal: controller.signal });
        controller.abort("enough");
        const [result] = await Promise.allSettled([spawn]);
        outcomes.add(result.status);
        await placement.settled();
        const ref = ctx.monitor({ name, node: farNode });
        await placement.settled();
        const down = await ctx.receive("down", { timeoutMs: 0 });
        const given = result.status === "rejected";
        expect(down?.reason).toBe(given && link ? "noproc" : undefined);
        ctx.demonitor(ref, { flush: true });
        if (result.status === "fulfilled") {
          ctx.unlink(result.value);
          ctx.sendExit(result.value, "kill");
        }
        /* oxlint-enable no-await-in-loop */
      }
      expect(outcomes.size).toBeGreaterThan(0);
    },
  },
  {
    name: "SP-01 SP-13 a spawn with a monitor: however soon the child ends, its Down has the true reason, and comes last",
    run: async (ctx, placement) => {
      const { far } = placement;
      for (let round = 0; round < 20; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const reason = { round };
        const quick = await ctx.spawnOn(far, quitter, [reason], { monitor: true });
        const down = await ctx.receive("down");
        expect([down.ref, down.target, down.reason]).toEqual([quick.ref, quick.pid, reason]);
        const order: string[] = [];
        const spawned = ctx
          .spawnOn(far, greeter, [ctx.self, 2], { monitor: true })
          .then(() => order.push("reply"));
        for (let count = 0; count < 3; count++) order.push((await ctx.receive()).type);
        expect(order).toEqual(["reply", "hello", "hello", "down"]);
        await spawned;
        /* oxlint-enable no-await-in-loop */
      }
      ctx.trapExit(true);
      const both = await ctx.spawnOn(far, puppet, [], { monitor: true, link: true });
      ctx.send(both.pid, { type: "exit", reason: "over" } as Any);
      expect((await ctx.receive("exit")).reason).toBe("over");
      expect((await ctx.receive("down")).ref).toBe(both.ref);
      ctx.trapExit(false);
    },
  },
  {
    name: "SP-12 a spawn with a monitor that fails or is given up leaves no monitor; one that was taken back tells nothing",
    run: async (ctx, placement) => {
      const { far } = placement;
      const unknown = ctx.spawnOn(far, "conformance.nowhere", [], { monitor: true });
      expect((await failure(unknown)).code).toBe("undef");
      const controller = new AbortController();
      const { signal } = controller;
      const given = ctx.spawnOn(far, quitter, ["early"], { monitor: true, signal });
      controller.abort("enough");
      // On the spawner's own scheduler it was there at once.
      const [outcome] = await Promise.allSettled([given]);
      if (outcome.status === "fulfilled") await ctx.receive("down");
      const { pid, ref } = await ctx.spawnOn(far, puppet, [], { monitor: true });
      ctx.demonitor(ref, { flush: true });
      await dismiss(ctx, pid as Pid<Any>);
      await silence(ctx, placement);
    },
  },
  {
    name: "SP-13 the exit reason of a child that was spawned with a link arrives",
    run: async (ctx, { far }) => {
      ctx.trapExit(true);
      await ctx.spawnOn(far, quitter, ["hej"], { link: true });
      expect((await ctx.receive("exit")).reason).toBe("hej");
      ctx.trapExit(false);
    },
  },
  {
    name: "API spawnOn with a name that is taken rejects with name_taken",
    run: async (ctx, { far }) => {
      const options = { name: "conformance.taken" };
      const pid = await ctx.spawnOn(far, puppet, [], options);
      const again = ctx.spawnOn(far, puppet, [], options);
      expect(await failure(again)).toMatchObject({ code: "name_taken" });
      ctx.monitor(pid);
      ctx.sendExit(pid, "kill");
      await ctx.receive("down");
    },
  },
  {
    name: "API spawnOn beside a pid",
    run: async (ctx, { far }) => {
      const pid = await ctx.spawnOn(far, puppet, []);
      const beside = await ctx.spawnOn(pid, puppet, []);
      expect(beside.node).toBe(pid.node);
      for (const child of [pid, beside]) {
        ctx.monitor(child);
        ctx.sendExit(child, "kill");
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await ctx.receive("down");
      }
    },
  },
  {
    name: "RP-02 RP-05 RP-07 rpc gives the value, the error, the exit, or the time-out",
    run: async (ctx, placement) => {
      const node = placement.farNode;
      expect(await ctx.rpc(node, sum, [1, 2, 3])).toBe(6);
      const throws = ctx.rpc(node, thrower, ["oops"]);
      expect(await failure(throws)).toMatchObject({ code: "exit", cause: { message: "oops" } });
      const quits = ctx.rpc(node, quitter, ["oops"]);
      expect(await failure(quits)).toMatchObject({ code: "exit", reason: "oops" });
      const late = ctx.rpc(node, sleeper, [], { timeoutMs: 1 });
      expect(await failure(late)).toMatchObject({ code: "timeout" });
      await silence(ctx, placement);
    },
  },
  {
    name: "RP-15 multiRpc gives results in the order of the nodes",
    run: async (ctx, { farNode }) => {
      const nodes = [farNode, "ghost@nowhere.invalid", ctx.self.node];
      const results = await ctx.multiRpc(nodes, sum, [2, 3], { timeoutMs: 60_000 });
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: "noconnection" });
    },
  },
  {
    name: "D14 ready resolves at once where there is room",
    run: async (ctx, { far }) => {
      const pid: Pid<Any> = await ctx.spawnOn(far, puppet, []);
      await ctx.ready(pid);
      ctx.monitor(pid);
      ctx.sendExit(pid, "kill");
      await ctx.receive("down");
    },
  },
];
