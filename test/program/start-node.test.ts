import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";

import { startNode, type Context, type Down, type NodeOptions } from "../../src/index.ts";
import { counter, counters, where } from "./actors.ts";

const MODULE = resolve(import.meta.dir, "actors.ts");
const COOKIE = "a cookie for these tests alone";

const REGISTRY_PORT = "SNOW_LISTEN_REGISTRY_PORT";
const before = process.env[REGISTRY_PORT];

// Nothing of these nodes is to be found from outside, nor do their names meet those of others on this machine.
beforeAll(() => void (process.env[REGISTRY_PORT] = "0"));
afterAll(() => {
  if (before === undefined) delete process.env[REGISTRY_PORT];
  else process.env[REGISTRY_PORT] = before;
});

/** A quiet node on a free port. */
const start = (options: NodeOptions = {}) =>
  startNode({ cookie: COOKIE, modules: [MODULE], logLevel: "error", tls: "off", ...options });

/** The number of the scheduler in the text of a pid. */
const schedulerOf = (pid: string): number => Number(/\/(\d+)\.\d+$/.exec(pid)?.[1]);

test.each([
  [{ moduls: ["./app.ts"] }, "unknown option moduls, nearest is modules"],
  [{ config: "a.toml" }, /^unknown option config, expected one of name, cookie, /],
])("an option that does not exist is refused by its name: %j", async (options, message) => {
  const error = await start(options as NodeOptions).catch((refused: unknown) => refused);
  expect(error).toMatchObject({ name: "ConfigError", code: "config_unknown_key" });
  expect((error as Error).message).toMatch(message);
});

describe("a node of threads", () => {
  test("of one scheduler runs processes on the calling thread", async () => {
    await using node = await start({ schedulers: 1 });
    const thread = globalThis as { marked?: boolean };
    thread.marked = true;
    const seen = await node.run(async () => thread.marked === true);
    expect(seen).toBe(true);
    expect(schedulerOf(await node.rpc(node.node.name, where, []))).toBe(1);
  });

  test("of three schedulers runs defined functions on each of them", async () => {
    await using node = await start({ schedulers: 3 });
    for (const scheduler of [1, 2, 3]) {
      const pid = await counter.start(node, [scheduler], { on: { scheduler } });
      expect(schedulerOf(pid.toString())).toBe(scheduler);
      expect(await counter.client(node, pid).add(10)).toBe(10 + scheduler);
    }
  });

  test("has names that all of its schedulers see", async () => {
    await using node = await start({ schedulers: 2 });
    const pid = await counter.start(node, [1], { on: { scheduler: 2 }, name: "far" });
    expect(node.whereis("far")?.toString()).toBe(pid.toString());
    expect(await counter.client(node, "far").add(1)).toBe(2);
  });

  test("rejects what its function threw, and goes on", async () => {
    await using node = await start({ schedulers: 1 });
    const failed = node.run(async () => {
      throw new Error("as expected");
    });
    expect(await failureOf(failed)).toMatchObject({ message: "as expected" });
    expect(await node.run(async () => 1)).toBe(1);
  });

  test("replaces a stuck scheduler that is not the program's own, and supervisors restart what was there", async () => {
    await using node = await start({ schedulers: 2, killStuckAfterMs: 300, logLevel: "error" });
    await counters.start(node);
    const before = node.whereis("counter")!;
    const reason = await node.run(async (ctx: Context<Down>) => {
      ctx.monitor(before);
      const answer = counter.client(ctx, "counter").spin();
      expect(await failureOf(answer)).toMatchObject({ code: "exit", reason: "killed" });
      return (await ctx.receive("down")).reason;
    });
    expect(reason).toBe("killed");
    const back = await node.run(async (ctx: Context<never>) => {
      for (;;) {
        const pid = ctx.whereis("counter");
        if (pid !== undefined && pid !== before) return pid;
        await ctx.sleep(10);
      }
    });
    expect(schedulerOf(back.toString())).toBe(2);
    expect(await counter.client(node, "counter").add(5)).toBe(5);
  });
});

describe("an inline node", () => {
  test("runs processes and servers on the calling thread", async () => {
    await using node = await start({ schedulers: "inline" });
    const pid = await counter.start(node, [1]);
    expect(await counter.client(node, pid).add(1)).toBe(2);
  });
});

describe("stop", () => {
  for (const schedulers of ["inline", 1, 2] as const) {
    test(`ends the processes of a node with schedulers: ${schedulers}, and may be asked for twice`, async () => {
      const node = await start({ schedulers });
      const ended: unknown[] = [];
      const running = node
        .run(async (ctx: Context<never>) => ctx.receive())
        .catch((error: unknown) => ended.push(error));
      const first = node.stop();
      await Promise.all([first, node.stop()]);
      await node.stop();
      await running;
      expect(ended).toEqual(["shutdown"]);
    });
  }

  test("frees the port: the next node may have it", async () => {
    const name = `a@127.0.0.1:${freePort()}`;
    const node = await start({ name, schedulers: "inline" });
    await node.stop();
    await using again = await start({ name, schedulers: 1 });
    expect(again.node.name).toBe("a@127.0.0.1");
  });
});

describe("two nodes in one program", () => {
  test("find each other and call each other's processes", async () => {
    const port = freePort();
    await using a = await start({ name: `a@127.0.0.1:${port}`, schedulers: "inline" });
    await using b = await start({ name: "b@127.0.0.1:0", schedulers: 2 });
    await b.node.connect(`a@127.0.0.1:${port}`);
    const pid = await counter.start(b, [40], { on: "a@127.0.0.1" });
    expect(pid.node).toBe("a@127.0.0.1");
    expect(await counter.client(b, pid).add(2)).toBe(42);
    expect(a.node.list()).toEqual(["b@127.0.0.1"]);
    expect(await a.rpc("b@127.0.0.1", where, [])).toStartWith("b@127.0.0.1#");
  });
});

describe("a node that cannot start", () => {
  for (const schedulers of ["inline", 2] as const) {
    test(`says that its port is in use (schedulers: ${schedulers})`, async () => {
      const port = freePort();
      await using _first = await start({ name: `a@127.0.0.1:${port}`, schedulers: "inline" });
      const second = start({ name: `b@127.0.0.1:${port}`, schedulers });
      expect(await failureOf(second)).toMatchObject({ code: "address_in_use" });
    });
  }

  test.each([
    [{ schedulers: 0 }, "schedulers"],
    [{ name: "no host" }, "name"],
    [{ cookie: "short" }, "cookie"],
    [{ modules: ["./no/such/file.ts"] }, "file.ts"],
    [{ sessionGraceMs: -1 }, "session_grace"],
  ] as const)("names what is wrong with %p", async (options, word) => {
    const error = (await failureOf(start(options))) as Error;
    expect(error.message).toContain(word);
    expect(error.name).toBe("ConfigError");
  });
});

/** What a promise rejects with. @throws {Error} it does not */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const value = await promise.then(
    (fulfilled) => new Error(`it came to ${String(fulfilled)}`),
    (reason: unknown) => ({ reason }),
  );
  if (value instanceof Error) throw value;
  return value.reason;
}

/** A port that was free a moment ago. */
function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
