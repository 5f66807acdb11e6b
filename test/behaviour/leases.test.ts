/** Children on other nodes, over real sockets: how they end, and their fences. What splits do to them is `splits.test.ts`. */
import { afterEach, expect, test } from "bun:test";

import { child } from "../../src/behaviour/supervisor/child.ts";
import { defineServer } from "../../src/behaviour/server/server.ts";
import { defineSupervisor } from "../../src/behaviour/supervisor/supervisor.ts";
import type { ChildSpec } from "../../src/behaviour/supervisor/supervisor-api.ts";
import { clock } from "../../src/bun/clock.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import { define } from "../../src/process/registry.ts";
import type { Exit } from "../../src/process/system-message.ts";
import { type LiveNode, liveNodes, until } from "../support/live-node.ts";

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

async function threeNodes(options: object = {}): Promise<[LiveNode, LiveNode, LiveNode]> {
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

test("a node that is gone is replaced at once, whatever its lease", async () => {
  const [a, b, c] = await threeNodes({ graceMs: 20_000 });
  await startTree(a, b, c);
  await b.kill();
  const killedAt = clock.now();
  await until("a replacement", () => lives.length === 2);
  expect(clock.now() - killedAt).toBeLessThan(5_000);
});

test("SU-32 a child that hears no reason to end is killed when its supervisor is no more", async () => {
  const [a, b] = await threeNodes();
  const supervisor = await startTree(a, b);
  await a.run(async (ctx) => ctx.sendExit(supervisor, "kill"));
  await until("the child has ended", () => lives[0]!.to < Infinity);
  await until("its table is empty", () => b.scheduler.tables().leased === 0);
});

test("SU-32 a child that hears no reason to end is killed when its supervisor's node is lost", async () => {
  const [a, b] = await threeNodes();
  await startTree(a, b);
  await a.kill();
  await until("the child has ended", () => lives[0]!.to < Infinity);
});

const fences = defineSupervisor("leases.fences", {
  intensity: 5,
  children: (on?: string) => [
    child({ id: "s", start: server, args: [], ...(on !== undefined && { on }) }),
  ],
});

test.each(["here", "there"])("a child's fence grows with each of its starts %s", async (where) => {
  const [a, b] = await threeNodes();
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
