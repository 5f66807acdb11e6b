/** Running functions on other nodes for their value: errors, deadlines, many nodes, versions. */
import { expect, test } from "bun:test";

import { clock } from "../../src/bun/clock.ts";
import { CallError } from "../../src/base/error.ts";
import type { Context } from "../../src/process/api.ts";
import { define, forget } from "../../src/process/registry.ts";
import { LiveNode, liveNodes, until } from "../support/live-node.ts";
import { failure, quitter, sleeper, sum, thrower } from "./actors.ts";
import type { Any } from "./scenario.ts";

const noted: unknown[] = [];

const note = define("rpc.note", async (_ctx: Context<Any>, value: unknown) => {
  noted.push(value);
  return value;
});

const nap = define("rpc.nap", async (ctx: Context<Any>, ms: number) => {
  await ctx.sleep(ms);
  return ctx.self.node;
});

/** Waits for ever; notes why it had to end. */
const waiter = define("rpc.waiter", async (ctx: Context<Any>, started: unknown) => {
  noted.push(started);
  ctx.signal.addEventListener("abort", () => noted.push(ctx.signal.reason.reason));
  await ctx.receive();
});

/** Calls itself on the other node until the count is down, then fails. */
const nested = define(
  "rpc.nested",
  async (ctx: Context<Any>, count: number, there: string): Promise<Any> => {
    if (count === 0) throw new RangeError("the bottom");
    return ctx.rpc(there, "rpc.nested" as Any, [count - 1, ctx.self.node]);
  },
);

/** Is linked to a process that dies. */
const unlucky = define("rpc.unlucky", async (ctx: Context<Any>) => {
  ctx.spawnLink(quitter, ["bad luck"]);
  await ctx.receive("never");
});

test("RP-02 what the function throws comes back as an Error with its own stack, as the cause", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    const error = await failure(ctx.rpc(b.name, thrower, ["oops"]));
    expect(error).toBeInstanceOf(CallError);
    expect(error.code).toBe("exit");
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.cause.message).toBe("oops");
    // Where it was thrown over there, not where it was decoded here.
    expect(error.cause.stack).toContain("actors.ts");
    const plain = failure(ctx.rpc(b.name, nested as Any, [0, ""]));
    expect((await plain).cause.name).toBe("RangeError");
  });
  await nodes.expectNoLeaks();
});

test("RP-05 RP-20 a function that is ended by a signal or by a link is an exit; its caller is never linked", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    const killed = failure(ctx.rpc(b.name, sleeper, []));
    await until("it runs", () => b.scheduler.list().length === 1);
    b.caller.sendExit(b.scheduler.list()[0]!.pid, "oops");
    expect(await killed).toMatchObject({ code: "exit", reason: "oops" });
    const linked = failure(ctx.rpc(b.name, unlucky, []));
    expect(await linked).toMatchObject({ code: "exit", reason: "bad luck" });
    expect(a.scheduler.inspect(ctx.self)?.links).toEqual([]);
    expect(await ctx.receive({ timeoutMs: 5 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("RP-07 the deadline travels: whoever gave up leaves nobody at work there, and nothing comes later", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  noted.length = 0;
  await a.run(async (ctx) => {
    const late = ctx.rpc(b.name, waiter, ["started"], { timeoutMs: 30 });
    expect(await failure(late)).toMatchObject({ code: "timeout" });
    await until("nobody works", () => b.scheduler.list().length === 0, 1_000);
    expect(noted).toEqual(["started", { shutdown: "timeout" }]);
    expect(await ctx.receive({ timeoutMs: 10 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("RP-10 a frozen node: the time-out is the caller's own; the function runs when the node is back, and says nothing", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  noted.length = 0;
  await a.run(async (ctx) => {
    b.wires.freeze();
    const since = clock.now();
    const late = ctx.rpc(b.name, note, ["later"], { timeoutMs: 50 });
    expect(await failure(late)).toMatchObject({ code: "timeout" });
    const took = clock.now() - since;
    expect(took).toBeGreaterThanOrEqual(49);
    expect(took).toBeLessThan(250);
    expect(noted).toEqual([]);
    b.wires.thaw();
    await until("the side effect", () => noted.length === 1);
    expect(await ctx.receive({ timeoutMs: 10 })).toBeUndefined();
  });
  await nodes.expectNoLeaks();
});

test("RP-08 RP-11 bad arguments fail here; an unknown function and an unknown node fail by name", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    const codes = await Promise.all(
      [
        ctx.rpc(b.name, sum, 5 as Any),
        ctx.rpc("nowhere", sum, [1]),
        ctx.rpc(b.name, sum, [(() => 1) as Any]),
        ctx.rpc(b.name, "rpc.unknown" as Any, [] as Any),
        ctx.rpc("ghost@127.0.0.1", sum, [1]),
      ].map(failure),
    );
    expect(codes.map((error) => [error.name, error.code])).toEqual([
      ["MisuseError", "bad_argument"],
      ["SpawnError", "badarg"],
      ["EncodeError", "not_encodable"],
      ["CallError", "noproc"],
      ["CallError", "noconnection"],
    ]);
  });
  await nodes.expectNoLeaks();
});

test("RP-12 ten calls into each other across two nodes: the chain of causes is whole", async () => {
  await using nodes = await liveNodes(["a", "b"]);
  const [a, b] = [nodes.node("a"), nodes.node("b")];
  await a.run(async (ctx) => {
    let error = await failure(ctx.rpc(b.name, nested as Any, [10, a.name]));
    for (let depth = 0; depth < 10; depth++) {
      expect(error.cause).toMatchObject({ name: "CallError" });
      error = error.cause;
    }
    expect(error.cause).toMatchObject({ name: "RangeError", message: "the bottom" });
  });
  await nodes.expectNoLeaks();
});

test("RP-15 many nodes: results in the order of the nodes, errors in their places, in the time of the slowest", async () => {
  await using nodes = await liveNodes(["a", "b", "c"]);
  const [a, b, c] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  await a.run(async (ctx) => {
    const asked = [a.name, b.name, "ghost@127.0.0.1", c.name, b.name, a.name, c.name];
    const since = clock.now();
    const results: Any[] = await ctx.multiRpc(asked, nap, [60]);
    // One after the other they would take seven naps.
    expect(clock.now() - since).toBeLessThan(6 * 60);
    expect(results.map(({ value, reason }) => value ?? reason.code)).toEqual(
      asked.map((name) => (name.startsWith("ghost") ? "noconnection" : name)),
    );
    b.wires.freeze();
    const late: Any[] = await ctx.multiRpc([b.name, c.name], nap, [1], { timeoutMs: 300 });
    expect(late.map(({ value, reason }) => value ?? reason.code)).toEqual(["timeout", c.name]);
    b.wires.thaw();
  });
  await nodes.expectNoLeaks();
});

test("a node lists what its peers host, and says in words which versions differ", async () => {
  const name = "rpc.versioned";
  const own = async (): Promise<void> => undefined;
  define(name, own, { version: 1 });
  await using a = await LiveNode.start({ name: "a" });
  forget(name);
  define(name, own, { version: 2 });
  await using b = await LiveNode.start({ name: "b" });
  forget(name);
  expect(b.caller.node.functions(b.name)).toContain(name);
  expect(a.caller.node.functions(b.name)).toEqual([]);
  await a.connect(b);
  await until("a knows", () => a.caller.node.functions(b.name).includes(name));
  await until("b knows", () => b.caller.node.functions(a.name).includes("rpc.nap"));
  const warned = a.log.filter(({ level, text }) => level === "warn" && text.includes(name));
  expect(warned.map(({ text }) => text)).toEqual([
    `b@127.0.0.1 hosts version 2 of "${name}", this node version 1`,
  ]);
  await b.stop();
  await until("a forgets", () => a.caller.node.functions(b.name).length === 0);
});
