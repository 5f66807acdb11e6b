import { expect, test } from "bun:test";

import type { Context } from "../../src/process/api.ts";
import { createPulse, Pulse } from "../../src/scheduler/run/pulse.ts";
import { TestSchedulers } from "../support/two-schedulers.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- what the test sends
type Any = any;

test("the pulse names the process that runs: for certain once it called its context, else as a guess", async () => {
  const shared = createPulse();
  const pulse = new Pulse(shared);
  const node = new TestSchedulers(1, false, "a@test", shared);
  const seen: [number, string, boolean][] = [];
  const look = (): unknown => seen.push([pulse.running, pulse.functionName, pulse.certain]);
  const locals = await node.first.run(async (ctx: Context<Any>) => {
    const pid = ctx.spawn(async function worker(own: Context<Any>) {
      await own.receive();
      look();
      own.whereis("anything");
      look();
      own.send(ctx.self, "done");
    });
    await node.settled();
    ctx.send(pid, "go");
    look();
    await ctx.receive();
    return { own: ctx.self.local, worker: pid.local };
  });
  expect(seen).toEqual([
    [locals.own, "run", true],
    [locals.worker, "worker", false],
    [locals.worker, "worker", true],
  ]);
  node.first.beat(5);
  expect([pulse.running, pulse.functionName, pulse.certain, pulse.beat]).toEqual([0, "", false, 5]);
  node.stop();
});

test("a process that a wait of its own resumed is the guess", async () => {
  const shared = createPulse();
  const pulse = new Pulse(shared);
  const node = new TestSchedulers(1, false, "a@test", shared);
  const seen = await node.first.run(async function sleeper(ctx: Context<Any>) {
    const nap = ctx.sleep(1);
    node.first.beat(1);
    await nap;
    return [pulse.functionName, pulse.certain];
  }, "sleeper");
  expect(seen).toEqual(["sleeper", false]);
  node.stop();
});

test("who awaits something outside of the node is the guess when nobody else ran, until it ends", async () => {
  const shared = createPulse();
  const pulse = new Pulse(shared);
  const node = new TestSchedulers(1, false, "a@test", shared);
  const outside = Promise.withResolvers<void>();
  const running = node.first.run(async (_ctx: Context<Any>) => {
    await outside.promise;
    return [pulse.functionName, pulse.certain];
  }, "fetcher");
  await node.settled();
  node.first.beat(1);
  node.first.beat(2);
  expect([pulse.functionName, pulse.certain]).toEqual(["fetcher", false]);
  outside.resolve();
  expect(await running).toEqual(["fetcher", false]);
  await node.settled();
  node.first.beat(3);
  expect(pulse.running).toBe(0);
  node.stop();
});

test("functions beyond the table are shown without a name", () => {
  const pulse = new Pulse(createPulse());
  for (let index = 1; index <= 255; index++) expect(pulse.functionId(`f${index}`)).toBe(index);
  expect(pulse.functionId("one more")).toBe(0);
  expect(pulse.functionId("f7")).toBe(7);
});
