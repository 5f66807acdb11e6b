import { expect } from "bun:test";

import { EncodeError, type Context, type Pid } from "snow-node";
import { dismiss, failure, greeter, obeyed, puppet, quitter, starter } from "./actors.ts";
import { silence } from "./exits.ts";
import type { Any, Scenario } from "./scenario.ts";

export const sends: Scenario[] = [
  {
    name: "ID-02 pids in a message come back as the same objects",
    run: async (ctx, { far }) => {
      const near = ctx.spawn(puppet);
      const pid = await ctx.spawnOn(far, puppet, []);
      const answer: Any = await ctx.call(pid, {
        type: "echo",
        message: [ctx.self, near, pid],
      } as Any);
      expect(answer.message[0]).toBe(ctx.self);
      expect(answer.message[1]).toBe(near);
      expect(answer.message[2]).toBe(pid);
      expect(answer.from).toBe(pid);
      await dismiss(ctx, near, pid);
    },
  },
  {
    name: "SD-01 SD-02 a message to a name that nobody has goes nowhere",
    run: async (ctx, placement) => {
      for (let count = 0; count < 100; count++) {
        ctx.send("conformance.nobody", { type: "x" });
        ctx.send({ name: "conformance.nobody", node: placement.farNode }, "x".repeat(1000));
      }
      await silence(ctx, placement);
    },
  },
  {
    name: "SD-03 every message to a name arrives, in order",
    run: async (ctx, { far, farNode }) => {
      const pid = await ctx.spawnOn(far, puppet, [], { name: "conformance.counter" });
      const total = 2000;
      for (let index = 0; index < total; index++) {
        const order = { type: "send", to: ctx.self, message: index };
        ctx.send({ name: "conformance.counter", node: farNode }, order);
      }
      // oxlint-disable-next-line no-await-in-loop -- in order
      for (let index = 0; index < total; index++) expect(await ctx.receive()).toBe(index);
      await dismiss(ctx, pid);
    },
  },
  {
    name: "SD-09 order holds over pid, name and alias, and the end comes last",
    run: async (ctx, { far }) => {
      ctx.register("conformance.reader");
      const alias = ctx.alias();
      const node = ctx.self.node;
      const pid = await ctx.spawnOn(far, puppet, []);
      const ref = ctx.monitor(pid);
      for (let index = 0; index < 300; index++) {
        const to = index % 2 === 0 ? ctx.self : alias;
        ctx.send(pid, { type: "send", to, message: index });
      }
      ctx.send(pid, { type: "exit", reason: "normal" });
      // oxlint-disable-next-line no-await-in-loop -- in order
      for (let index = 0; index < 300; index++) expect(await ctx.receive()).toBe(index);
      const down = await ctx.receive();
      expect(down.ref).toBe(ref);
      expect(ctx.unalias(alias)).toBe(true);
      expect(ctx.whereis("conformance.reader")?.node).toBe(node);
      ctx.unregister("conformance.reader");
    },
  },
  {
    name: "SD-10 messages before the end of their sender arrive before the down",
    run: async (ctx, { far }) => {
      for (let round = 0; round < 10; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const pid = await ctx.spawnOn(far, puppet, []);
        ctx.monitor(pid);
        ctx.send(pid, { type: "send", to: ctx.self, message: "one" });
        ctx.send(pid, { type: "send", to: ctx.self, message: "two" });
        ctx.send(pid, { type: "exit", reason: "over" });
        const got = [await ctx.receive(), await ctx.receive(), (await ctx.receive()).reason];
        expect(got).toEqual(["one", "two", "over"]);
        /* oxlint-enable no-await-in-loop */
      }
    },
  },
  {
    name: "SD-13 what many senders sent before they ended arrives whole and in order",
    run: async (ctx, { far }) => {
      const pids = await Promise.all(
        Array.from({ length: 8 }, () => ctx.spawnOn(far, greeter, [ctx.self, 50])),
      );
      const last = new Map<number, number>();
      for (let count = 0; count < 8 * 50; count++) {
        // oxlint-disable-next-line no-await-in-loop -- in order
        const { index } = await ctx.receive("hello");
        last.set(index, (last.get(index) ?? 0) + 1);
      }
      expect(pids.length).toBe(8);
      expect([...last.values()].every((count) => count === 8)).toBe(true);
    },
  },
  {
    name: "SD-16 all kinds of values arrive equal",
    run: async (ctx, { far }) => {
      const pid = await ctx.spawnOn(far, puppet, []);
      const values: unknown[] = [
        null,
        true,
        0,
        -1.5,
        2 ** 53,
        123n,
        "",
        "Schnee ❄ 雪",
        [],
        {},
        new Uint8Array([1, 2, 3]),
        new Date(5),
        new Map<unknown, unknown>([["a", [1]]]),
        new Set([1, "b"]),
        { deep: [{ er: undefined }] },
      ];
      const answer: Any = await ctx.call(pid, { type: "echo", message: values } as Any);
      expect(answer.message).toEqual(values);
      await dismiss(ctx, pid);
    },
  },
  {
    name: "D7 undefined alone cannot be sent, and nothing has happened",
    run: async (ctx, placement) => {
      expect(() => ctx.send(ctx.self, undefined)).toThrow(EncodeError);
      await silence(ctx, placement);
    },
  },
  {
    name: "AL-01 an alias takes messages until it is switched off",
    run: async (ctx, placement) => {
      const pid = await ctx.spawnOn(placement.far, puppet, []);
      const alias = ctx.alias();
      ctx.send(pid, { type: "send", to: alias, message: 1 });
      ctx.send(pid, { type: "send", to: alias, message: 2 });
      await obeyed(ctx, pid);
      expect([await ctx.receive(), await ctx.receive()]).toEqual([1, 2]);
      expect(ctx.unalias(alias)).toBe(true);
      expect(ctx.unalias(alias)).toBe(false);
      ctx.send(pid, { type: "send", to: alias, message: 3 });
      ctx.send(pid, { type: "send", to: alias, message: 4 });
      await obeyed(ctx, pid);
      await silence(ctx, placement);
      await dismiss(ctx, pid);
    },
  },
  {
    name: "AL-02 a one-shot alias takes one message",
    run: async (ctx, placement) => {
      const pid = await ctx.spawnOn(placement.far, puppet, []);
      const alias = ctx.alias({ once: true });
      for (let index = 0; index < 4; index++) {
        ctx.send(pid, { type: "send", to: alias, message: index });
      }
      await obeyed(ctx, pid);
      expect(await ctx.receive()).toBe(0);
      await silence(ctx, placement);
      await dismiss(ctx, pid);
    },
  },
  {
    name: "AL-03 a late answer to a call never arrives",
    run: async (ctx, placement) => {
      const pid = await ctx.spawnOn(placement.far, puppet, []);
      const keeper = ctx.spawn(puppet) as Pid<Any>;
      // Nobody answers "keep": the call times out; its alias is then sent to by way of the echo.
      const call = ctx.call(pid, { type: "none" } as Any, { timeoutMs: 1 });
      expect(await failure(call)).toMatchObject({ code: "timeout" });
      await silence(ctx, placement);
      await dismiss(ctx, pid, keeper);
    },
  },
  {
    name: "API call: noproc, exit with the reason, calling_self, abort",
    run: async (ctx, placement) => {
      const { far, farNode } = placement;
      const dead = await ctx.spawnOn(far, quitter, ["normal"]);
      ctx.monitor(dead);
      await ctx.receive("down");
      const request = { type: "none" } as Any;
      expect(await failure(ctx.call(dead as Pid<Any>, request))).toMatchObject({ code: "noproc" });
      const nobody = { name: "conformance.nobody", node: farNode } as Any;
      expect(await failure(ctx.call(nobody, request as never))).toMatchObject({ code: "noproc" });
      const self = ctx.self as Pid<Any>;
      expect(await failure(ctx.call(self, request))).toMatchObject({ code: "calling_self" });
      const pid = await ctx.spawnOn(far, puppet, []);
      const exits = ctx.call(pid, { type: "exit", reason: { why: 1 } } as Any);
      expect(await failure(exits)).toMatchObject({ code: "exit", reason: { why: 1 } });
      const other = await ctx.spawnOn(far, puppet, []);
      const controller = new AbortController();
      const aborted = ctx.call(other, request, { signal: controller.signal });
      controller.abort("enough");
      expect(await failure(aborted)).toBe("enough");
      await dismiss(ctx, other);
      await silence(ctx, placement);
    },
  },
  {
    name: "SD-17 many different strings from many senders arrive as they were sent",
    run: async (ctx, { far }) => {
      const pairs = 8;
      const rounds = 40;
      const echoes = await Promise.all(
        Array.from({ length: pairs }, () => ctx.spawnOn(far, puppet, [])),
      );
      for (let round = 0; round < rounds; round++) {
        for (const [index, pid] of echoes.entries()) {
          const message = { [`key${round}.${index}`]: `value${index}.${round}`, index, round };
          ctx.send(pid, { type: "send", to: ctx.self, message });
        }
      }
      for (let count = 0; count < pairs * rounds; count++) {
        // oxlint-disable-next-line no-await-in-loop -- a receive loop
        const { index, round, ...rest } = await ctx.receive();
        expect(rest).toEqual({ [`key${round}.${index}`]: `value${index}.${round}` });
      }
      await dismiss(ctx, ...echoes);
    },
  },
  {
    name: "SD-21 what a process is started with is not confused with messages that come at once",
    run: async (ctx, { far, farNode }) => {
      for (let round = 0; round < 20; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const name = `conformance.flooded.${round}`;
        const flooder = ctx.spawn(async (own: Context<Any>) => {
          for (let count = 0; count < 50; count++) {
            own.send({ name, node: farNode }, ["flood", count]);
            if (count % 10 === 0) await own.sleep(0);
          }
        });
        const pid = await ctx.spawnOn(far, starter, [{ round }, ctx.self], { name });
        const started = await ctx.receive("started");
        expect(started.args).toEqual({ round });
        await dismiss(ctx, pid, flooder);
        /* oxlint-enable no-await-in-loop */
      }
    },
  },
];
