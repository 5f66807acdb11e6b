/** Spawning on another node at the moments that matter: parents that die, requests given up, replies that never come. */
import { expect, test } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import { Prng } from "../../src/base/prng.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import { define } from "../../src/process/registry.ts";
import { Exit } from "../../src/process/system-message.ts";
import { struct } from "../../src/term/struct.ts";
import { LiveNode, LiveNodes, liveNodes, until } from "../support/live-node.ts";
import { dismiss, failure, greeter, puppet, sleeper } from "./actors.ts";
import type { Any, Tester } from "./scenario.ts";

const MIB = 1024 * 1024;

/** Traps exits and tells of the first one, with what it was given. */
const heir = define(
  "far.heir",
  async (context: Context<Any>, tell: Pid<Any>, about: unknown): Promise<void> => {
    const ctx = context as Tester;
    ctx.trapExit(true);
    ctx.send(tell, { type: "born", about });
    const exit = await ctx.receive("exit");
    ctx.send(tell, { type: "bereft", about, from: exit.from, reason: exit.reason });
  },
);

/** Ends everything that the nodes of a test made, and looks what is left. */
const over = (...nodes: LiveNode[]): Promise<void> =>
  new LiveNodes(new Map(nodes.map((node) => [node.name, node]))).expectNoLeaks();

test("SP-01 SP-02 the reply comes first, then what the child says, then its end, as link and as monitor", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.trapExit(true);
    for (let round = 0; round < 30; round++) {
      /* oxlint-disable no-await-in-loop -- rounds */
      const order: string[] = [];
      const spawned = ctx.spawnOn(b.name, greeter, [ctx.self, 2], { link: true }).then((pid) => {
        order.push("reply");
        return pid;
      });
      for (let count = 0; count < 3; count++) order.push((await ctx.receive()).type);
      expect(order).toEqual(["reply", "hello", "hello", "exit"]);
      await spawned;
      /* oxlint-enable no-await-in-loop */
    }
  });
  await nodes.expectNoLeaks();
});

test("SP-08 EX-14 the connection is lost between request and reply: noconnection here, and there the linked child too", async () => {
  await using nodes = await liveNodes(["a", "b"], { graceMs: 0 });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await b.run(async (witness) => {
    await a.run(async (ctx) => {
      a.wires.freeze();
      const spawn = failure(
        ctx.spawnOn(b.name, heir, [a.pid(witness.self), 1], { link: true, timeoutMs: Infinity }),
      );
      const unlinked = failure(ctx.spawnOn(b.name, sleeper, [], { name: "far.unlinked" }));
      // The request got there and the child lives; its reply is held back.
      expect(await witness.receive("born")).toMatchObject({ about: 1 });
      a.wires.cut();
      expect(await spawn).toMatchObject({ name: "SpawnError", code: "noconnection" });
      expect(await unlinked).toMatchObject({ name: "SpawnError", code: "noconnection" });
      const bereft = await witness.receive("bereft");
      expect(bereft.reason).toBe("noconnection");
      expect(bereft.from).toBe(b.pid(ctx.self));
      // The one without a link is left alone.
      const left = witness.whereis("far.unlinked");
      expect(left).toBeDefined();
      await dismiss(witness, left as Pid<Any>);
      a.wires.thaw();
    });
  });
  await nodes.expectNoLeaks();
});

test("SP-10 parents that die while their child is being spawned: every child hears the very reason, none survives", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const total = 400;
  const random = new Prng(10);
  let replied = 0;
  await b.run(async (witness) => {
    const tell = a.pid(witness.self);
    const parent = async (index: number): Promise<void> => {
      const waits = random.below(4);
      const reason = index % 2 === 0 ? `atom${index}` : { compound: [index, "reason"] };
      await failure(
        a.run(async (ctx) => {
          const options = { link: true, timeoutMs: Infinity };
          void ctx.spawnOn(b.name, heir, [tell, { index, reason }], options).then(
            () => replied++,
            () => undefined,
          );
          if (waits > 0) await ctx.sleep(waits - 1);
          ctx.exit(reason);
        }),
      );
    };
    for (let index = 0; index < total; index += 10) {
      // oxlint-disable-next-line no-await-in-loop -- ten at a time
      await Promise.all(Array.from({ length: 10 }, (_none, place) => parent(index + place)));
    }
    await until("every request is answered", () => a.scheduler.tables().spawnRequests === 0);
    await until("none survives", () => b.scheduler.list().length === 1);
    // Who was told before its first step has not even been born; all others know why they ended.
    const unheard = new Set<number>();
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const message = await witness.receive({ timeoutMs: 5 });
      if (message === undefined) break;
      const { about, from, reason, type } = message;
      if (type === "born") unheard.add(about.index);
      else
        expect([unheard.delete(about.index), from.node, reason]).toEqual([
          true,
          a.name,
          about.reason,
        ]);
    }
    expect(unheard.size).toBe(0);
  });
  // The window was hit: some parents knew their child, some did not.
  expect(replied).toBeGreaterThan(0);
  expect(replied).toBeLessThan(total);
  await nodes.expectNoLeaks();
});

test("SP-12 spawns given up at any moment: a linked child ends with abandoned, others are left alone", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const total = 300;
  const outcomes = { given: 0, abandoned: 0 };
  await b.run(async (witness) => {
    const tell = a.pid(witness.self);
    await a.run(async (ctx) => {
      for (let round = 0; round < total; round++) {
        /* oxlint-disable no-await-in-loop -- rounds */
        const controller = new AbortController();
        const spawn = ctx.spawnOn(b.name, heir, [tell, round], {
          link: true,
          signal: controller.signal,
        });
        for (let turn = round % 6; turn > 0; turn--) await ctx.sleep(0);
        controller.abort("enough");
        const [result] = await Promise.allSettled([spawn]);
        await witness.receive("born");
        if (result.status === "fulfilled") {
          outcomes.given++;
          ctx.unlink(result.value);
          ctx.sendExit(result.value, "dismissed");
          expect(await witness.receive("bereft")).toMatchObject({ reason: "dismissed" });
        } else {
          outcomes.abandoned++;
          expect(result.reason).toBe("enough");
          expect(await witness.receive("bereft")).toMatchObject({ reason: "abandoned" });
        }
        /* oxlint-enable no-await-in-loop */
      }
    });
  });
  expect(outcomes.given).toBeGreaterThan(0);
  expect(outcomes.abandoned).toBeGreaterThan(0);
  await nodes.expectNoLeaks();
});

class Snowflake {
  readonly arms = 6;
}
struct("far.snowflake", Snowflake, {
  encode: ({ arms }) => arms,
  decode: () => {
    throw new Error("melted");
  },
});

test("SP-16 arguments that cannot be decoded there: badarg here, no process there, and the session stays", async () => {
  await using nodes = await liveNodes(["a", "b"], { strict: false });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    ctx.monitorNodes(true);
    const before = b.scheduler.tables().processes;
    const spawn = ctx.spawnOn(b.name, sleeper as Any, [new Snowflake()] as Any);
    expect(await failure(spawn)).toMatchObject({ name: "SpawnError", code: "badarg" });
    expect(b.scheduler.tables().processes).toBe(before);
    const rpc = ctx.rpc(b.name, sleeper as Any, [new Snowflake()] as Any);
    expect(await failure(rpc)).toMatchObject({ name: "CallError" });
    // A message that cannot be decoded is a dead letter and nothing else.
    const pid = await ctx.spawnOn(b.name, puppet, []);
    ctx.send(pid, new Snowflake());
    await ctx.call(pid, { type: "echo", message: 1 } as Any);
    expect(b.scheduler.deadLetterCounts().get("undecodable")).toBe(1);
    await dismiss(ctx, pid);
    expect(await ctx.receive({ timeoutMs: 5 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("SP-17 spawn, rpc and call without a time-out end when the silent node is given up", async () => {
  await using a = await LiveNode.start({
    name: "a",
    graceMs: 0,
    tickIntervalMs: 100,
    tickTimeoutMs: 100,
  });
  await using b = await LiveNode.start({ name: "b", graceMs: 0 });
  await a.connect(b);
  await a.run(async (ctx) => {
    const pid = await ctx.spawnOn(b.name, puppet, []);
    b.wires.freeze();
    const wait = { timeoutMs: Infinity };
    const since = clock.now();
    const failures = await Promise.all([
      failure(ctx.spawnOn(b.name, sleeper, [], wait)),
      failure(ctx.rpc(b.name, sleeper, [], wait)),
      failure(ctx.call(pid, { type: "none" } as Any, wait)),
    ]);
    expect(failures.map(({ code }) => code)).toEqual(Array(3).fill("noconnection"));
    expect(clock.now() - since).toBeLessThan(1_500);
    b.wires.thaw();
  });
  await over(a, b);
});

test("SP-17 a spawn that is answered too late times out, and its linked child hears of it", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await b.run(async (witness) => {
    await a.run(async (ctx) => {
      b.wires.freeze();
      const options = { link: true, timeoutMs: 20 };
      const spawn = ctx.spawnOn(b.name, heir, [a.pid(witness.self), 0], options);
      expect(await failure(spawn)).toMatchObject({ name: "SpawnError", code: "timeout" });
      b.wires.thaw();
      expect(await witness.receive("born")).toBeDefined();
      expect(await witness.receive("bereft")).toMatchObject({ reason: "abandoned" });
      expect(await ctx.receive({ timeoutMs: 5 })).toBeUndefined();
    });
  });
  await nodes.expectNoLeaks();
});

test("D14 a spawn waits while the lane is at its hard limit; what it was given counts from the call on", async () => {
  const limits = { laneUnackedBytes: MIB, laneHardBytes: 4 * MIB, messageBytes: MIB };
  await using nodes = await liveNodes(["a", "b"], { limits, strict: false });
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    const sink = await ctx.spawnOn(b.name, sleeper, []);
    b.wires.freeze();
    await a.run(async (filler) => {
      const chunk = new Uint8Array(64 * 1024);
      expect(() => {
        for (;;) filler.send(sink as Pid<Any>, chunk);
      }).toThrow("full");
    });
    const args: Any[] = [ctx.self, 1];
    const spawn = ctx.spawnOn(b.name, greeter as Any, args as Any);
    args[1] = 5;
    expect(await Promise.race([spawn, ctx.sleep(20)])).toBeUndefined();
    b.wires.thaw();
    await spawn;
    expect(await ctx.receive()).toMatchObject({ type: "hello", index: 0 });
    expect(await ctx.receive({ timeoutMs: 10 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("MO-19 a monitor that meets the end of its target gives one down: its reason or noproc, and both happen", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const reasons = { done: 0, noproc: 0 };
  await a.run(async (ctx) => {
    for (let round = 0; round < 300; round++) {
      /* oxlint-disable no-await-in-loop -- rounds */
      const pid = await ctx.spawnOn(b.name, puppet, []);
      const own = b.scheduler.identities.localPid(pid.local) as Pid<Any>;
      // The end begins over there while the monitor is on its way.
      const end = (): void => b.caller.send(own, { type: "exit", reason: "done" });
      if (round % 2 === 0) end();
      const ref = ctx.monitor(pid);
      if (round % 2 === 1) setTimeout(end, (round >> 1) % 2);
      const down = await ctx.receive();
      expect(down.ref).toBe(ref);
      reasons[down.reason as "done" | "noproc"]++;
      /* oxlint-enable no-await-in-loop */
    }
    expect(await ctx.receive({ timeoutMs: 20 })).toBeUndefined();
  });
  expect(reasons.done + reasons.noproc).toBe(300);
  expect(reasons.done).toBeGreaterThan(0);
  expect(reasons.noproc).toBeGreaterThan(0);
  await nodes.expectNoLeaks();
});

test("MO-11 MO-12 LK-09 after demonitor and unlink nothing comes, whichever was faster, and both happen", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  let early = 0;
  let late = 0;
  await a.run(async (ctx) => {
    ctx.trapExit(true);
    for (let round = 0; round < 300; round++) {
      /* oxlint-disable no-await-in-loop -- rounds */
      const pid = await ctx.spawnOn(b.name, sleeper, [], { link: true });
      const ref = ctx.monitor(pid);
      ctx.sendExit(pid, "bang");
      for (let turn = round % 8; turn > 0; turn--) await ctx.sleep(0);
      ctx.demonitor(ref);
      ctx.unlink(pid);
      // What is here by now was here before; nothing more may come.
      const here: Any[] = [];
      for (let message; (message = await ctx.receive({ timeoutMs: 0 })) !== undefined;) {
        here.push(message);
      }
      if (here.length > 0) early++;
      else late++;
      expect(here.filter(({ type }) => type === "down").length).toBeLessThanOrEqual(1);
      expect(here.filter((message) => message instanceof Exit).length).toBeLessThanOrEqual(1);
      /* oxlint-enable no-await-in-loop */
    }
    expect(await ctx.receive({ timeoutMs: 30 })).toBeUndefined();
  });
  expect(early).toBeGreaterThan(0);
  expect(late).toBeGreaterThan(0);
  await nodes.expectNoLeaks();
});

test("LK-10 both ends link and unlink at the same moment: their tables agree, in every mix of outcomes", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  let linked = 0;
  const total = 200;
  await a.run(async (ctx) => {
    const near = ctx.spawn(puppet) as Pid<Any>;
    for (let round = 0; round < total; round++) {
      /* oxlint-disable no-await-in-loop -- rounds */
      const far = await ctx.spawnOn(b.name, puppet, []);
      const own = b.scheduler.identities.localPid(far.local) as Pid<Any>;
      const here = b.pid(near);
      if (round % 3 === 0) b.caller.send(own, { type: "link", pid: here });
      ctx.send(near, { type: "link", pid: far });
      b.caller.send(own, { type: "link", pid: here });
      b.caller.send(own, { type: "unlink", pid: here });
      if (round % 2 === 0) b.caller.send(own, { type: "link", pid: here });
      for (let look = 0; look < 3; look++) {
        await ctx.call(far, { type: "echo", message: 0 } as Any);
        await ctx.call(near, { type: "echo", message: 0 } as Any);
      }
      const mine = a.scheduler.inspect(near)?.links.includes(far);
      const theirs = b.scheduler.inspect(own)?.links.includes(here);
      expect(theirs).toBe(mine as boolean);
      if (mine === true) linked++;
      ctx.send(near, { type: "unlink", pid: far });
      await dismiss(ctx, far);
      /* oxlint-enable no-await-in-loop */
    }
    await dismiss(ctx, near);
  });
  expect(linked).toBeGreaterThan(0);
  expect(linked).toBeLessThan(total);
  await nodes.expectNoLeaks();
});

test("LK-14 parents that unlink their remote child and end leave no link on either node", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  const children: Pid[] = [];
  for (let count = 0; count < 10; count++) {
    // oxlint-disable-next-line no-await-in-loop -- one parent after the other
    await a.run(async (parent) => {
      const child = await parent.spawnOn(b.name, sleeper, [], { link: true });
      parent.unlink(child);
      children.push(child);
    });
  }
  await until("no bonds", () => a.scheduler.tables().nodeBonds === 0);
  await until("no bonds there", () => b.scheduler.tables().nodeBonds === 0);
  expect(b.scheduler.list()).toHaveLength(10);
  await nodes.expectNoLeaks();
});

test("SP-03 SP-18 a function that is not defined there runs nothing, and the other node's log says who wanted it", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    for (let count = 0; count < 5; count++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const error = await failure(ctx.spawnOn(b.name, "far.unknown", []));
      expect(error).toMatchObject({ name: "SpawnError", code: "undef" });
    }
    const lines = b.log.filter(({ text }) => text.startsWith("spawn refused"));
    expect(lines.map(({ fields }) => fields)).toEqual(
      [1, 2, 4].map((count) => ({ function: "far.unknown", from: ctx.self.toString(), count })),
    );
    expect(b.scheduler.list()).toEqual([]);
  });
  await nodes.expectNoLeaks();
});
