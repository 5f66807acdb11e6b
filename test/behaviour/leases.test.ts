/** Children on other nodes live under leases: what a split does to them, over real sockets, with ticks as short as they get. */
import { afterEach, expect, test } from "bun:test";

import { child } from "../../src/behaviour/child.ts";
import { defineServer } from "../../src/behaviour/server.ts";
import { defineSupervisor } from "../../src/behaviour/supervisor.ts";
import type { ChildInfo, ChildSpec } from "../../src/behaviour/supervisor-api.ts";
import { clock } from "../../src/bun/clock.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import { define } from "../../src/process/registry.ts";
import type { Exit } from "../../src/process/system-message.ts";
import { type LiveNode, liveNodes, until } from "../support/live-node.ts";

const TICK = { tickIntervalMs: 100, tickTimeoutMs: 100, graceMs: 100 };
const LEASE_MS = 300;
const SHUTDOWN_MS = 100;

interface Life {
  readonly node: string;
  readonly fence: number;
  readonly from: number;
  to: number;
}

/** All lives of the child of the test that runs. */
const lives: Life[] = [];

/** Hears no reason to end. */
const deaf = define("leases.deaf", async (ctx: Context<Exit | { readonly type: "end" }>) => {
  ctx.trapExit(true);
  const life: Life = { node: ctx.node.name, fence: ctx.fence!, from: clock.now(), to: Infinity };
  lives.push(life);
  ctx.signal.addEventListener("abort", () => (life.to = clock.now()));
  await ctx.receive("end");
});

const server = defineServer("leases.server", {
  init: (ctx) => ({ fence: ctx.fence }),
  calls: { fence: (ctx) => [ctx.state.fence, ctx.fence] },
  casts: {
    crash: () => {
      throw new Error("boom");
    },
  },
});

const tree = defineSupervisor("leases.tree", {
  intensity: 0,
  children: (extra: Pick<ChildSpec<typeof deaf>, "on" | "onNodeDown" | "shutdownMs">) => [
    child({ id: "far", start: deaf, args: [], ...extra }),
  ],
});

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
  lives.length = 0;
});

async function threeNodes(options: object = TICK): Promise<[LiveNode, LiveNode, LiveNode]> {
  const nodes = await liveNodes(["a", "b", "c"], options);
  const three: [LiveNode, LiveNode, LiveNode] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  stops.push(...three.map((node) => () => node.stop()));
  return three;
}

async function startTree(a: LiveNode, ...on: LiveNode[]): Promise<Pid> {
  const names = on.map(({ name }) => name);
  const pid = await tree.start(a.caller, [{ on: names, shutdownMs: SHUTDOWN_MS }]);
  await until("the child runs", () => lives.length === 1);
  return pid;
}

async function far(node: LiveNode, supervisor: Pid): Promise<ChildInfo> {
  return (await tree.whichChildren(node.caller, supervisor))[0]!;
}

/** Pauses so that each life ends before the next one begins. */
const gaps = (): number[] => lives.slice(1).map(({ from }, index) => from - lives[index]!.to);

const SPLITS: readonly {
  readonly what: string;
  readonly freeze: (a: LiveNode, b: LiveNode) => void;
}[] = [
  { what: "neither hears the other", freeze: (a, b) => (a.wires.freeze(), b.wires.freeze()) },
  { what: "the child's node hears nothing", freeze: (_a, b) => b.wires.freeze() },
];

test.each([...SPLITS])(
  "SU-31 a split in which $what: the child ends there before it starts elsewhere, never two",
  async ({ freeze }) => {
    const [a, b, c] = await threeNodes();
    const supervisor = await startTree(a, b, c);
    expect(lives[0]!.node).toBe(b.name);
    const cutAt = clock.now();
    freeze(a, b);
    if (a.wires.isFrozen) {
      // It hears of c again, only not of b.
      await until("b is lost", () => !a.isConnected(b));
      a.wires.thaw();
    }
    await until("a replacement", () => lives.length === 2);
    expect(lives[1]!.node).toBe(c.name);
    expect(gaps()[0]).toBeGreaterThan(0);
    // It ended there by its lease, and not only when somebody started another one.
    expect(lives[0]!.to - cutAt).toBeLessThan(lives[1]!.from - cutAt);
    expect(lives[1]!.from - cutAt).toBeGreaterThan(LEASE_MS + SHUTDOWN_MS - 100);
    expect(lives[1]!.fence).toBeGreaterThan(lives[0]!.fence);
    await until("it is known", async () => (await far(a, supervisor)).state === "running");
    const info = await far(a, supervisor);
    expect([info.restartCount, info.lossCount, info.node]).toEqual([1, 1, c.name]);
  },
);

test("SU-31 when only the supervisor's node hears nothing, the child's one is told and ends it", async () => {
  const [a, b] = await threeNodes();
  await startTree(a, b);
  a.wires.freeze();
  await until("the child has ended", () => lives[0]!.to < Infinity);
  a.wires.thaw();
  await until("it is started again", () => lives.length === 2);
  expect(gaps()[0]).toBeGreaterThan(0);
});

test("a healthy session without traffic loses no lease, however often its sockets break", async () => {
  const [a, b] = await threeNodes({ ...TICK, graceMs: 1_000 });
  const supervisor = await startTree(a, b);
  const lease = TICK.tickIntervalMs + TICK.tickTimeoutMs + 1_000;
  const endAt = clock.now() + 2 * lease;
  for (let cutAt = clock.now() + 200; clock.now() < endAt;) {
    if (clock.now() >= cutAt) {
      b.wires.cut();
      cutAt += 300;
    }
    // oxlint-disable-next-line no-await-in-loop -- time passes
    await new Promise<void>((resolve) => clock.setTimer(5, resolve));
  }
  expect(lives).toHaveLength(1);
  expect(lives[0]!.to).toBe(Infinity);
  expect((await far(a, supervisor)).state).toBe("running");
});

test("a node that is gone is replaced at once, whatever its lease", async () => {
  const [a, b, c] = await threeNodes({ graceMs: 20_000 });
  await startTree(a, b, c);
  await b.kill();
  const killedAt = clock.now();
  await until("a replacement", () => lives.length === 2);
  expect(clock.now() - killedAt).toBeLessThan(5_000);
});

test("SU-32 a child that hears no reason to end is killed when its supervisor is no more", async () => {
  const [a, b] = await threeNodes({});
  const supervisor = await startTree(a, b);
  await a.run(async (ctx) => ctx.sendExit(supervisor, "kill"));
  await until("the child has ended", () => lives[0]!.to < Infinity);
  await until("its table is empty", () => b.scheduler.tables().leased === 0);
});

test("SU-32 a child that hears no reason to end is killed when its supervisor's node is lost", async () => {
  const [a, b] = await threeNodes({});
  await startTree(a, b);
  await a.kill();
  await until("the child has ended", () => lives[0]!.to < Infinity);
});

test("SU-31 a child that stopped with its node is not started again while it may still run there", async () => {
  const [a, b] = await threeNodes();
  const supervisor = await tree.start(a.caller, [
    { on: b.name, onNodeDown: "stop", shutdownMs: 2_000 },
  ]);
  await until("the child runs", () => lives.length === 1);
  b.wires.freeze();
  await until("it is stopped", async () => (await far(a, supervisor)).state === "stopped");
  const refused = tree.restartChild(a.caller, supervisor, "far").catch((error: unknown) => error);
  expect(await refused).toMatchObject({ code: "init_failed", reason: "noconnection" });
  b.wires.thaw();
  const restart = async (): Promise<boolean> =>
    await tree.restartChild(a.caller, supervisor, "far").then(
      () => true,
      () => false,
    );
  await until("it can be started again", restart);
  expect(gaps()[0]).toBeGreaterThan(0);
});

const fences = defineSupervisor("leases.fences", {
  intensity: 5,
  children: (on?: string) => [
    child({ id: "s", start: server, args: [], ...(on !== undefined && { on }) }),
  ],
});

test.each(["here", "there"])("a child's fence grows with each of its starts %s", async (where) => {
  const [a, b] = await threeNodes({});
  const supervisor = await fences.start(a.caller, where === "here" ? [] : [b.name]);
  const seen: number[] = [];
  for (let start = 0; start < 3; start++) {
    /* oxlint-disable no-await-in-loop -- one start after the other */
    let pid: Pid | undefined;
    await until("it runs", async () => {
      const [info] = await fences.whichChildren(a.caller, supervisor);
      pid = info!.pid;
      return info!.restartCount === start && pid !== undefined;
    });
    const client = server.client(a.caller, pid as never);
    const [inInit, now] = await client.fence();
    expect(inInit).toBe(now);
    seen.push(now!);
    client.crash();
    /* oxlint-enable no-await-in-loop */
  }
  expect(seen[0]).toBeGreaterThan(0);
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
  expect(new Set(seen).size).toBe(3);
});
