import { describe, expect, test } from "bun:test";

import {
  define,
  defineServer,
  task,
  type Context,
  type Down,
  type Exit,
  type NodeDown,
  type NodeUp,
  type Pid,
} from "../../src/index.ts";
import { FakeClock, testCluster, testNode, type TestNode } from "../../src/testing.ts";
import { login, type Farewell } from "./session-actors.ts";

/** What a promise rejects with. */
const failureOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    (value) => new Error(`it came to ${String(value)}`),
    (error: Error) => error,
  );

type Word = { readonly type: "word"; readonly text: string };

const shout = define(
  "testing.shout",
  async (ctx: Context<Word & { readonly replyTo: Pid<Word> }>) => {
    for await (const { replyTo, text } of ctx.messages()) {
      ctx.send(replyTo, { type: "word", text: text.toUpperCase() });
    }
  },
);

const upper = define("upper", async (_ctx: Context<Word>, text: string) => text.toUpperCase());

const quiet = defineServer("quiet", { init: () => undefined });

/** Takes everything and answers nothing. */
const deaf = define("deaf", async (ctx: Context<Word>) => {
  for await (const _word of ctx.messages());
});

describe("a probe", () => {
  test("is a pid whose messages a test awaits, in order", async () => {
    await using node = await testNode();
    await using probe = node.probe<Word>();
    const pid = await node.spawnOn(node.node.name, shout, []);
    for (const text of ["a", "b"]) node.send(pid, { type: "word", text, replyTo: probe.pid });
    expect(await probe.receive()).toEqual({ type: "word", text: "A" });
    expect(await probe.receive()).toEqual({ type: "word", text: "B" });
  });

  test("fails when no message comes in time, and takes the next one all the same", async () => {
    await using node = await testNode();
    await using probe = node.probe<string>();
    expect(await failureOf(probe.receive({ timeoutMs: 1 }))).toMatchObject({ code: "timeout" });
    node.send(probe.pid, "late");
    expect(await probe.receive()).toBe("late");
  });

  test("says what came when nothing should have", async () => {
    await using node = await testNode();
    await using probe = node.probe<string>();
    await probe.receiveNone(1);
    node.send(probe.pid, "a surprise");
    expect((await failureOf(probe.receiveNone(50))).message).toContain("a surprise");
  });

  test("that is disposed of takes nothing more", async () => {
    await using node = await testNode();
    const probe = node.probe<string>();
    await probe[Symbol.asyncDispose]();
    node.send(probe.pid, "into the void");
    await probe.receiveNone(1);
  });
});

describe("strict mode", () => {
  test("is on: a message arrives as a copy, and what was sent is frozen", async () => {
    await using node = await testNode();
    await using probe = node.probe<{ list: number[] }>();
    const message = { list: [1] };
    node.send(probe.pid, message);
    const got = await probe.receive();
    expect(got).toEqual(message);
    expect(got).not.toBe(message);
    expect(() => message.list.push(2)).toThrow(TypeError);
  });

  test("refuses what could not travel, and says where it is", async () => {
    await using node = await testNode();
    await using probe = node.probe<unknown>();
    const message = { user: { onClick: () => undefined } };
    expect(() => node.send(probe.pid, message)).toThrow("message.user.onClick");
  });

  test("tells of an end what another node would hear of it", async () => {
    await using node = await testNode({ logLevel: "error" });
    class LedgerError extends Error {
      override readonly name = "LedgerError";
      readonly account = "acme";
    }
    const error = new LedgerError("no money");
    const plain = { shutdown: { list: [1] } };
    await node.run(async (ctx: Context<Down | Exit>) => {
      ctx.trapExit(true);
      const ends = (reason: unknown): Pid =>
        ctx.spawnLink(async (own: Context<never>) => own.exit(reason));
      for (const reason of [error, plain]) {
        const pid = ends(reason);
        ctx.monitor(pid);
        for (const heard of [
          (await ctx.receive("down")).reason,
          (await ctx.receive("exit")).reason,
        ]) {
          expect(heard).not.toBe(reason);
          expect(heard).not.toBeInstanceOf(LedgerError);
          if (reason === plain) expect(heard).toEqual(plain);
          else
            expect(heard).toMatchObject({
              name: "LedgerError",
              message: "no money",
              account: "acme",
            });
        }
      }
      ends({ unsent: () => 1 });
      expect((await ctx.receive("exit")).reason).toMatch(/^\{"unsent":/);
    });
  });

  test("can be turned off", async () => {
    await using node = await testNode({ strict: false });
    await using probe = node.probe<object>();
    const message = {};
    node.send(probe.pid, message);
    expect(await probe.receive()).toBe(message);
  });
});

describe("a fake clock", () => {
  test("lets a server idle for a quarter of an hour in no time", async () => {
    const clock = new FakeClock();
    await using node = await testNode({ clock });
    await using probe = node.probe<Farewell>();
    const pid = await login.start(node, ["ann", probe.pid]);

    expect(await login.client(node, pid).whoami()).toBe("ann");
    await clock.advance(14 * 60_000);
    expect(await login.client(node, pid).whoami()).toBe("ann");
    await clock.advance(14 * 60_000);
    await probe.receiveNone(1);
    await clock.advance(60_000);
    expect(await probe.receive()).toEqual({ type: "logged_out", user: "ann" });
    expect(await failureOf(login.client(node, pid).whoami())).toMatchObject({ code: "noproc" });
  });

  test("lets everything happen at its time and in order, also what is set meanwhile", async () => {
    const clock = new FakeClock(1_000_000);
    await using node = await testNode({ clock });
    await using probe = node.probe<[number, number]>();
    for (const step of [70, 30]) {
      void node.run(async (ctx: Context<never>) => {
        for (let count = 1; count <= 3; count++) {
          await ctx.sleep(step);
          ctx.send(probe.pid, [clock.now(), step]);
        }
      });
    }
    await clock.advance(200);
    const seen: [number, number][] = [];
    for (let count = 0; count < 5; count++) seen.push(await probe.receive());
    expect(seen).toEqual([
      [30, 30],
      [60, 30],
      [70, 70],
      [90, 30],
      [140, 70],
    ]);
    expect([clock.now(), clock.wall()]).toEqual([200, 1_000_200]);
    await clock.advance(10);
    expect(await probe.receive()).toEqual([210, 70]);
  });

  test("ends the waits of receive and call", async () => {
    const clock = new FakeClock();
    await using node = await testNode({ clock });
    const received = node.run((ctx: Context<string>) => ctx.receive({ timeoutMs: 10_000 }));
    const silent = await node.spawnOn(node.node.name, deaf, []);
    const called = failureOf(node.call(silent as Pid<never>, {} as never));
    await clock.advance(10_000);
    expect(await received).toBeUndefined();
    expect(await called).toMatchObject({ code: "timeout" });
  });

  test("does not run backwards", async () => {
    const clock = new FakeClock();
    expect(await failureOf(clock.advance(-1))).toMatchObject({ code: "bad_argument" });
  });
});

describe("a test cluster", () => {
  test("is connected when it is there", async () => {
    await using cluster = await testCluster(["a", "b", "c"]);
    const { a, b } = cluster.nodes;
    expect(a.node.list()).toEqual(["b@127.0.0.1", "c@127.0.0.1"]);
    const pid = await b.spawnOn("c@127.0.0.1", shout, []);
    await using probe = b.probe<Word>();
    b.send(pid, { type: "word", text: "far", replyTo: probe.pid });
    expect(await probe.receive()).toEqual({ type: "word", text: "FAR" });
  });

  test("loses a node that is killed as by a power cut", async () => {
    await using cluster = await testCluster(["a", "b", "c"]);
    const { a } = cluster.nodes;
    const pid = await a.spawnOn("c@127.0.0.1", shout, []);
    const heard = a.run(async (ctx: Context<Down | NodeDown | NodeUp>) => {
      ctx.monitorNodes(true);
      ctx.monitor(pid);
      const { reason } = await ctx.receive("down");
      return [reason, (await ctx.receive("nodedown")).node];
    });
    await cluster.kill("c");
    expect(await heard).toEqual(["noconnection", "c@127.0.0.1"]);
    expect(a.node.list()).toEqual(["b@127.0.0.1"]);
  });

  test("is cut between two nodes for as long as a test wants, and whole again after that", async () => {
    await using cluster = await testCluster(["a", "b", "c"]);
    const { a, b, c } = cluster.nodes;
    const seen = (from: TestNode, what: "nodeup" | "nodedown"): Promise<string> =>
      from.run(async (ctx: Context<NodeDown | NodeUp>) => {
        ctx.monitorNodes(true);
        return (await ctx.receive(what)).node;
      });
    const [down, downThere] = [seen(a, "nodedown"), seen(c, "nodedown")];
    let up: Promise<string>;
    {
      using _cut = cluster.cut("a", "c");
      expect([await down, await downThere]).toEqual(["c@127.0.0.1", "a@127.0.0.1"]);
      expect(await failureOf(a.rpc("c@127.0.0.1", upper, ["x"]))).toMatchObject({
        code: "noconnection",
      });
      // Both still have b.
      expect(await b.rpc("c@127.0.0.1", upper, ["b"])).toBe("B");
      expect(a.node.list()).toEqual(["b@127.0.0.1"]);
      up = seen(a, "nodeup");
    }
    expect(await up).toBe("c@127.0.0.1");
    expect(await a.rpc("c@127.0.0.1", upper, ["a"])).toBe("A");
  });
});

test("a node that has stopped starts nothing any more, and says so at once", async () => {
  const node = await testNode();
  await node.stop();
  const asked = [
    quiet.start(node),
    quiet.start(node, [], { on: "nobody@127.0.0.1", timeoutMs: Infinity }),
    node.run(async () => 1),
    task(node, async () => 1),
  ];
  for (const one of await Promise.allSettled(asked)) {
    expect(one).toMatchObject({ status: "rejected", reason: { code: "not_running" } });
  }
});
