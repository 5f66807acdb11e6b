import { afterEach, expect, test } from "bun:test";

import { MisuseError } from "../../src/base/error.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import {
  Down,
  Exit,
  NodeDown,
  NodeUp,
  type SystemMessage,
} from "../../src/process/system-message.ts";
import { TestSchedulers } from "../support/two-schedulers.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- messages of many tests
type Any = any;
type Own = Context<Any> & { monitorNodes(on: boolean): void; monitor(to: unknown): unknown };

let node: TestSchedulers;
afterEach(async () => {
  node.stop();
  await node.settled();
  expect(node.leaks()).toEqual([]);
});

const start = (strict = false, count = 1): TestSchedulers =>
  (node = new TestSchedulers(count, strict));

const run = <R>(body: (ctx: Own) => Promise<R>): Promise<R> =>
  node.first.run(body as unknown as (ctx: Context<Any>) => Promise<R>);

/** A pid of a process on another node. */
const remote = (name = "b@test", creation = 9, local = 2 ** 42 + 1): Pid<Any> => {
  const identities = node.identities[0]!;
  return identities.pid(identities.nodeRef(name, creation), local) as Pid<Any>;
};

test("NM-01 NM-02 nodeup and nodedown are told once to who asked, nodedown after noconnection", async () => {
  start();
  node.silentNodes.add("b@test");
  await run(async (ctx) => {
    ctx.monitorNodes(true);
    ctx.monitorNodes(true);
    node.first.nodeUp("b@test");
    const pid = remote();
    ctx.monitor(pid);
    node.first.nodeDown("b@test", 9, "connection_closed");
    const got = [await ctx.receive(), await ctx.receive(), await ctx.receive()];
    expect(got[0]).toBeInstanceOf(NodeUp);
    expect(got[1]).toBeInstanceOf(Down);
    expect(got[1].reason).toBe("noconnection");
    expect(got[2]).toBeInstanceOf(NodeDown);
    expect(got[2].reason).toBe("connection_closed");
    ctx.monitorNodes(false);
    node.first.nodeUp("b@test");
    expect(await ctx.receive({ timeoutMs: 0 })).toBeUndefined();
  });
});

test("LK-05 EX-14 MO-05 a lost node ends its links and monitors, of older creations too, not of newer ones", async () => {
  start();
  node.silentNodes.add("b@test");
  await run(async (ctx) => {
    (ctx as unknown as Context<Exit>).trapExit(true);
    const [older, lost, newer] = [remote("b@test", 8), remote("b@test", 9), remote("b@test", 10)];
    for (const pid of [older, lost, newer]) ctx.link(pid);
    ctx.monitor({ name: "x", node: "b@test" });
    node.first.nodeDown("b@test", 9, "gone");
    const got: SystemMessage[] = [];
    for (let count = 0; count < 3; count++) got.push((await ctx.receive()) as SystemMessage);
    const exits = got.filter((message) => message instanceof Exit);
    expect(new Set(exits.map(({ from }) => from))).toEqual(new Set([older, lost]));
    const down = got.find((message) => message instanceof Down);
    expect(down?.target).toEqual({ name: "x", node: "b@test" });
    expect(await ctx.receive({ timeoutMs: 0 })).toBeUndefined();
    ctx.unlink(newer);
    node.first.nodeDown("b@test", 10, "gone");
  });
});

test("SP-08 SP-17 a spawn on a node that is lost rejects, and a call to it as well", async () => {
  start();
  node.silentNodes.add("b@test");
  await run(async (ctx) => {
    const spawn = ctx.spawnOn("b@test:4369", "f", [], { timeoutMs: Infinity });
    const call = ctx.call(remote(), { type: "x" } as Any, { timeoutMs: Infinity });
    node.first.nodeDown("b@test", 9, "gone");
    const results = await Promise.allSettled([spawn, call]);
    const codes = results.map((result) => (result as PromiseRejectedResult).reason.code);
    expect(codes).toEqual(["noconnection", "noconnection"]);
  });
});

test("MO-10 a monitor that was taken back does not tell of the lost node", async () => {
  start();
  node.silentNodes.add("b@test");
  await run(async (ctx) => {
    const refs = [ctx.monitor(remote()), ctx.monitor({ name: "x", node: "b@test" })];
    for (const ref of refs) ctx.demonitor(ref as never);
    node.first.nodeDown("b@test", 9, "gone");
    expect(await ctx.receive({ timeoutMs: 0 })).toBeUndefined();
  });
});

test("SD-05 sends to many nodes that cannot be reached leave nothing behind", async () => {
  start();
  await run(async (ctx) => {
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 200; index++) {
        ctx.send({ name: "x", node: `n${index}@nowhere` }, round);
        ctx.send(remote(`n${index}@nowhere`), round);
      }
    }
    await node.settled();
  });
  expect(node.first.deadLetterCounts().get("noconnection")).toBe(8_000);
});

test("ID-11 a pid of this node's earlier creation is dead", async () => {
  start();
  await run(async (ctx) => {
    const stale = remote("a@test", 6, ctx.self.local);
    ctx.send(stale, "x");
    ctx.monitor(stale);
    expect((await ctx.receive()).reason).toBe("noproc");
    expect(await ctx.receive({ timeoutMs: 0 })).toBeUndefined();
  });
  expect(node.first.deadLetterCounts().get("noproc")).toBe(1);
});

test("a process that throws leaves a crash report, one that is told to end does not", async () => {
  start();
  await run(async (ctx) => {
    const crash = ctx.spawn(async function crasher(own: Context<Any>) {
      expect((await own.receive()).type).toBe("first");
      throw new Error("boom");
    });
    ctx.send(crash, { type: "first" });
    ctx.send(crash, { type: "second" });
    ctx.sendExit(
      ctx.spawn(async (own: Context<Any>) => own.receive()),
      "told",
    );
    ctx.spawn(async (own: Context<Any>) => own.exit("shutdown"));
    await node.settled();
  });
  expect(node.heard.crashes.length).toBe(1);
  const report = node.heard.crashes[0]!;
  expect(report.functionName).toBe("crasher");
  expect((report.reason as Error).message).toBe("boom");
  expect(report.mailboxTypes).toEqual(["second"]);
  expect(report.lastMessageType).toBe("first");
  expect(report.parent).toBeDefined();
});

test("a rejection of a ctx promise that nobody handles ends its process; another is logged", async () => {
  start();
  await run(async (ctx) => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const pid = ctx.spawn(async (own: Context<Any>) => {
      resolve(await own.call("nobody" as never, {} as never).catch((error: unknown) => error));
      await own.receive();
    });
    ctx.monitor(pid);
    const error = await promise;
    // What an adapter does when the platform reports an unhandled rejection.
    node.first.strayError(error);
    const down = await ctx.receive();
    expect(down.reason).toBe(error);
  });
  expect(node.heard.crashes.length).toBe(1);
  node.first.strayError(new Error("nobody's"));
  expect(node.heard.stray.length).toBe(1);
});

test("a mailbox over its maximum ends the process", async () => {
  start();
  await run(async (ctx) => {
    const busy = async (own: Context<Any>): Promise<void> => {
      await own.receive("never");
    };
    const pid = ctx.spawn(busy, [], { mailboxMax: 3 });
    ctx.monitor(pid);
    for (let count = 0; count < 4; count++) ctx.send(pid, { type: "x" });
    expect((await ctx.receive()).reason).toBe("mailbox_overflow");
  });
});

test("D7 strict mode delivers copies, freezes what was sent, and names what cannot be sent", async () => {
  start(true);
  await run(async (ctx) => {
    const message = { type: "x", list: [1], date: new Date(0) };
    ctx.send(ctx.self, message);
    const got = await ctx.receive();
    expect(got).toEqual(message);
    expect(got).not.toBe(message);
    expect(Object.isFrozen(message) && Object.isFrozen(message.list)).toBe(true);
    expect(() => ctx.send(ctx.self, { a: { b: () => 1 } })).toThrow(/message\.a\.b/);
  });
});

test("a second receive while one is pending is refused; others may use the context meanwhile", async () => {
  start();
  await run(async (ctx) => {
    const first = ctx.receive();
    expect(() => ctx.receive()).toThrow("another receive");
    ctx.send(ctx.self, 1);
    expect(await first).toBe(1);
  });
});

test("receive takes by type, by predicate and in order, and gives up in time", async () => {
  start();
  await run(async (ctx) => {
    for (const type of ["a", "b", "c", "b"]) ctx.send(ctx.self, { type });
    expect(await ctx.receive("b", { timeoutMs: 1 })).toEqual({ type: "b" });
    expect(await ctx.receive((message: Any) => message.type > "b")).toEqual({ type: "c" });
    expect(await ctx.receive()).toEqual({ type: "a" });
    expect(await ctx.receive("a", { timeoutMs: 0 })).toBeUndefined();
    expect(await ctx.receive("a", { timeoutMs: 2 })).toBeUndefined();
    expect(await ctx.receive({ timeoutMs: 100 })).toEqual({ type: "b" });
    const aborted = new AbortController();
    const waiting = ctx.receive("a", { signal: aborted.signal }).catch((error: unknown) => error);
    aborted.abort("enough");
    expect(await waiting).toBe("enough");
    expect(() => ctx.receive({ timeoutMs: -1 })).toThrow("a time-out is a number");
  });
});

test("messages() ends when the loop is left, and nothing is lost", async () => {
  start();
  await run(async (ctx) => {
    for (let n = 0; n < 5; n++) ctx.send(ctx.self, { n });
    for await (const { n } of ctx.messages()) if (n === 2) break;
    expect((await ctx.receive()).n).toBe(3);
    expect((await ctx.receive()).n).toBe(4);
  });
});

test("sendAfter sends later, once, unless it is cancelled; names are resolved when it fires", async () => {
  start();
  await run(async (ctx) => {
    ctx.register("later");
    ctx.sendAfter("later" as Any, "named", 2);
    const cancelled = ctx.sendAfter(ctx.self, "never", 1);
    expect(ctx.cancelTimer(cancelled)).toBe(true);
    expect(ctx.cancelTimer(cancelled)).toBe(false);
    expect(await ctx.receive()).toBe("named");
    const fired = ctx.sendAfter(ctx.self, "now", 0);
    expect(await ctx.receive()).toBe("now");
    expect(ctx.cancelTimer(fired)).toBe(false);
  });
});

test("D19 a name belongs to one process of the node, whichever scheduler it is on", async () => {
  start(false, 2);
  await run(async (ctx) => {
    ctx.register("taken");
    expect(() => ctx.register("taken")).toThrow("already registered: taken");
    const other = node.schedulers[1]!;
    expect(other.whereis("taken")?.local).toBe(ctx.self.local);
    const clash = other.run(async (own: Context<Any>) => own.register("taken"));
    expect(await clash.catch((error: { code: string }) => error.code)).toBe("name_taken");
    expect(ctx.unregister("taken")).toBe(true);
    expect(ctx.unregister("taken")).toBe(false);
    await other.run(async (own: Context<Any>) => own.register("taken"));
    expect(ctx.whereis("taken")).toBeUndefined();
  });
});

test("D14 a sender over a full lane is paused: system messages still arrive, and all the rest later", async () => {
  start();
  node.silentNodes.add("b@test");
  await run(async (ctx) => {
    node.full = true;
    ctx.send(remote(), "fills the lane");
    ctx.send(ctx.self, { type: "user" });
    expect(await ctx.receive({ timeoutMs: 1 })).toBeUndefined();
    const { pid } = { pid: ctx.spawn(async () => {}) };
    ctx.monitor(pid);
    expect(await ctx.receive()).toBeInstanceOf(Down);
    const waiting = ctx.receive();
    const room = ctx.ready(remote());
    node.full = false;
    node.first.laneReady();
    expect(await waiting).toEqual({ type: "user" });
    await room;
  });
});

test("an exit reason that cannot be sent is heard of as text", async () => {
  start(false, 2);
  await run(async (ctx) => {
    const plan = { functionName: "f", parent: undefined, name: "far", mailboxMax: undefined };
    const body = async (own: Context<Any>): Promise<void> => {
      await own.receive();
      throw { why: () => "a function" };
    };
    node.schedulers[1]!.spawn(body as never, [], plan);
    await node.settled();
    ctx.monitor("far");
    ctx.send("far", "go");
    const down = await ctx.receive();
    expect(typeof down.reason).toBe("string");
  });
});

test("a scheduler of this node that is ended takes its links and monitors along as killed", async () => {
  start(false, 2);
  await run(async (ctx) => {
    const far = node.identities[0]!.localPid(2 * 2 ** 42 + 77) as Pid<Any>;
    (ctx as unknown as Context<Exit>).trapExit(true);
    node.schedulers[1]!.stop();
    ctx.link(far);
    ctx.monitor(far);
    node.first.schedulerDown(2);
    const got = [await ctx.receive(), await ctx.receive()];
    expect(got.map(({ reason }) => reason)).toEqual(["killed", "killed"]);
    await node.settled();
    expect(await ctx.receive({ timeoutMs: 0 })).toBeUndefined();
  });
});

test("a process in a foreign await is released at once and counted as long as it waits", async () => {
  start();
  const { promise, resolve } = Promise.withResolvers<void>();
  await run(async (ctx) => {
    const pid = ctx.spawn(async () => promise);
    ctx.monitor(pid);
    await node.settled();
    ctx.sendExit(pid, "enough");
    expect((await ctx.receive()).reason).toBe("enough");
  });
  expect(node.first.processes.zombieCount).toBe(1);
  resolve();
  await node.settled();
  expect(node.first.processes.zombieCount).toBe(0);
});

test("a node-level caller can send and call, and is no process", async () => {
  start();
  const caller = node.first.caller();
  await run(async (ctx) => {
    const pid = ctx.spawn(async (own: Context<Any>) => {
      for await (const { replyTo, n } of own.messages()) own.send(replyTo, n * 2);
    });
    expect(await caller.call(pid, { n: 4 } as Any)).toBe(8 as Any);
    const before = node.first.list().length;
    node.first.caller();
    expect(node.first.list().length).toBe(before);
    ctx.sendExit(pid, "kill");
    await node.settled();
    const dead = await caller.call(pid, { n: 1 } as Any).catch((error: unknown) => error);
    expect(dead).toMatchObject({ code: "noproc" });
  });
});

test("a node-level caller outlives errors that nobody handled, and rejects once the node has stopped", async () => {
  start();
  node.silentNodes.add("b@test");
  const caller = node.first.caller();
  const error = await caller.call("nobody" as never, {} as never).catch((cause: unknown) => cause);
  node.first.strayError(error);
  expect(node.heard.stray).toEqual([error]);
  const away = caller.call(remote() as never, {} as never, { timeoutMs: Infinity });
  const here = await run(async (ctx) => ctx.spawn(async (own: Context<Any>) => own.receive("x")));
  const near = caller.call(here as never, {} as never, { timeoutMs: Infinity });
  node.stop();
  const results = await Promise.allSettled([near, away, caller.rpc("b@test", {} as never, [])]);
  const codes = results.map((result) => (result as PromiseRejectedResult).reason.code);
  expect(codes).toEqual(["exit", "not_running", "not_running"]);
  await node.settled();
  expect(() => caller.send("x", 1)).toThrow("the node has stopped");
});

test("run rejects with what the function threw, and with why it was ended", async () => {
  start();
  const thrown = await run(async () => {
    throw new TypeError("mine");
  }).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(TypeError);
  const ended = await run(async (ctx) => ctx.exit("stopped")).catch((error: unknown) => error);
  expect(ended).toBe("stopped");
  expect(node.heard.crashes).toEqual([]);
});

test("busy processes let I/O run", async () => {
  start();
  let turns = 0;
  let done = false;
  const tick = (): void => {
    turns++;
    if (!done) setImmediate(tick);
  };
  setImmediate(tick);
  await run(async (ctx) => {
    const echo = ctx.spawn(async (own: Context<Any>) => {
      for await (const from of own.messages()) own.send(from, ctx.self);
    });
    const end = performance.now() + 3_000;
    while (turns <= 10 && performance.now() < end) {
      ctx.send(echo, ctx.self);
      // oxlint-disable-next-line no-await-in-loop -- in turn
      await ctx.receive();
    }
  });
  done = true;
  expect(turns).toBeGreaterThan(10);
});

test("EX-06 a chain of ten thousand links ends without a deep stack", async () => {
  start();
  await run(async (ctx) => {
    const wait = async (own: Context<Any>, to: Pid): Promise<void> => {
      own.link(to);
      await own.receive();
    };
    let last: Pid = ctx.spawn(async (own: Context<Any>) => own.receive());
    const first = last;
    for (let count = 0; count < 10_000; count++) last = ctx.spawn(wait, [last]);
    ctx.monitor(last);
    await node.settled();
    ctx.sendExit(first, "over");
    expect((await ctx.receive()).reason).toBe("over");
  });
});

test("inspect and list show what a process is doing", async () => {
  start();
  await run(async (ctx) => {
    const pid = ctx.spawn(
      async function worker(own: Context<Any>) {
        await own.receive("never");
      },
      [],
      { name: "seen" },
    );
    ctx.monitor(pid);
    await node.settled();
    for (const type of ["a", "b"]) ctx.send(pid, { type });
    expect(node.first.inspect(pid as Pid)).toMatchObject({
      functionName: "worker",
      names: ["seen"],
      state: "receiving",
      receivingType: "never",
      mailboxLength: 2,
      mailboxTypes: ["a", "b"],
      monitoredBy: [ctx.self],
      trapExit: false,
    });
    expect(node.first.list().map(({ functionName }) => functionName)).toEqual(["run", "worker"]);
  });
});

test("the first processes in an order are those of the whole list sorted", async () => {
  start();
  await run(async (ctx) => {
    const waits = async (own: Context<Any>): Promise<void> => void (await own.receive("never"));
    for (let place = 0; place < 200; place++) {
      const pid = ctx.spawn(waits, []);
      for (let count = (place * 7) % 11; count > 0; count--) ctx.send(pid, { type: "x" });
    }
    await ctx.sleep(0);
    const all = node.first.list();
    expect(all.length).toBe(201);
    const lengths = new Set(all.map(({ mailboxLength }) => mailboxLength));
    expect(lengths.size).toBe(11);
    for (const limit of [1, 3, 50, 150, 500]) {
      expect(node.first.list("pid", limit)).toEqual(all.slice(0, limit));
      const sorted = all.toSorted((a, b) => b.mailboxLength - a.mailboxLength);
      expect(node.first.list("mailbox", limit)).toEqual(sorted.slice(0, limit));
      const busiest = all.toSorted((a, b) => b.reductions - a.reductions);
      expect(node.first.list("reductions", limit)).toEqual(busiest.slice(0, limit));
    }
  });
});

test("what is no name is misuse, and the error says what it got", async () => {
  start();
  const others = [undefined, null, 5, "", "x".repeat(256), {}, { name: 5 }, { name: "" }];
  await run(async (ctx) => {
    for (const other of others) {
      expect(() => ctx.register(other as never)).toThrow(MisuseError);
      expect(() => ctx.unregister(other as never)).toThrow("a name has 1 to 255 characters, got ");
    }
  });
});

test("a mailbox that grows is told of at 16,384 messages and whenever it has doubled since", async () => {
  start();
  await run(async (ctx) => {
    const pid = ctx.spawn(async (own: Any) => {
      await own.receive((message: Any) => message === "never");
    }) as Pid<Any>;
    for (let n = 0; n < 40_000; n++) ctx.send(pid, n);
    expect(node.heard.mailboxes).toEqual([16_384, 32_768]);
    ctx.sendExit(pid, "kill");
  });
});
