/** Children on other nodes live under leases: what splits do to them, in virtual time, to the millisecond. */
import { afterEach, expect, test } from "bun:test";

import { child } from "../../src/behaviour/supervisor/child.ts";
import { defineSupervisor } from "../../src/behaviour/supervisor/supervisor.ts";
import type { ChildInfo, ChildSpec } from "../../src/behaviour/supervisor/supervisor-api.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import { define } from "../../src/process/registry.ts";
import type { Exit } from "../../src/process/system-message.ts";
import type { SimNode } from "../../src/sim/sim-node.ts";
import { World } from "../../src/sim/world.ts";

const TICK_MS = 500;
const GRACE_MS = 500;
const LEASE_MS = 2 * TICK_MS + GRACE_MS;
const SHUTDOWN_MS = 300;
const REPLACED_MS = (LEASE_MS + SHUTDOWN_MS) * 1.1;
/** Milliseconds between two ticks of a node with such children, and some for their way. */
const QUIET_MS = LEASE_MS / 8 + 20;

interface Life {
  readonly node: string;
  readonly fence: number;
  readonly from: number;
  to: number;
}

let world: World;
let lives: Life[] = [];

afterEach(() => {
  lives = [];
});

/** Hears no reason to end. */
const deaf = define("splits.deaf child", async (ctx: Context<Exit | { readonly type: "end" }>) => {
  ctx.trapExit(true);
  const life: Life = { node: ctx.node.name, fence: ctx.fence!, from: world.now, to: Infinity };
  lives.push(life);
  ctx.signal.addEventListener("abort", () => (life.to = world.now));
  await ctx.receive("end");
});

const tree = defineSupervisor("splits.tree", {
  intensity: 0,
  children: (extra: Pick<ChildSpec<typeof deaf>, "on" | "onNodeDown" | "restart">) => [
    child({ id: "far", start: deaf, args: [], shutdownMs: SHUTDOWN_MS, ...extra }),
  ],
});

const node = (short: string): SimNode => world.nodes.get(short)!;

/** Three nodes that see each other. */
function threeNodes(graceMs = GRACE_MS): void {
  world = new World({
    seed: 3,
    nodes: ["a", "b", "c"],
    graceMs,
    config: { "cluster.tick_interval": `${TICK_MS}ms`, "cluster.tick_timeout": `${TICK_MS}ms` },
  });
  const isFormed = (): boolean =>
    [...world.nodes.values()].every(({ control }) => control.peers.length === 2);
  expect(world.runUntil(isFormed, 10_000)).toBe(true);
}

/** Runs a process on `a` to its end. */
function onA<R>(run: (ctx: Context<never>) => Promise<R>): R {
  let outcome: { readonly value: R } | { readonly error: unknown } | undefined;
  const { scheduler } = node("a").schedulers[0]!;
  node("a").threads[1]!.run(() => {
    scheduler.run(run).then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    );
  });
  expect(world.runUntil(() => outcome !== undefined, 60_000)).toBe(true);
  if ("error" in outcome!) throw outcome.error;
  return outcome!.value;
}

/** A supervisor on `a` whose child runs. */
function startTree(extra: Parameters<typeof tree.start>[1][0]): Pid {
  const pid = onA((ctx) => tree.start(ctx, [extra]));
  expect(lives).toHaveLength(1);
  return pid;
}

const far = (supervisor: Pid): ChildInfo =>
  onA((ctx) => tree.whichChildren(ctx, supervisor) as Promise<ChildInfo[]>)[0]!;

function until(condition: () => boolean, withinMs = 30_000): void {
  expect(world.runUntil(condition, withinMs)).toBe(true);
}

/** Nothing passes from one to the other, and nobody is told. */
const mute = (from: string, to: string): void =>
  void world.network.way(world.hostOf(from), world.hostOf(to)).impair({ cut: true });

test.each([
  { what: "neither hears the other", cut: () => world.cut("a", "b") },
  { what: "the child's node hears nothing", cut: () => mute("a", "b") },
  { what: "the supervisor's node hears nothing", cut: () => mute("b", "a") },
])(
  "SU-31 a split in which $what: the child ends there before it starts elsewhere, never two",
  ({ cut }) => {
    threeNodes();
    const supervisor = startTree({ on: [world.nameOf("b"), world.nameOf("c")] });
    world.run(5_000);
    const cutAt = world.now;
    cut();
    until(() => lives.length === 2);
    const [first, second] = lives as [Life, Life];
    expect([first.node, second.node]).toEqual([world.nameOf("b"), world.nameOf("c")]);
    expect(first.to).toBeLessThan(second.from);
    // Who is not heard goes on talking until it notices.
    expect(second.from - cutAt).toBeLessThan(REPLACED_MS + 2 * TICK_MS + 200);
    // The last byte may have come a little before the cut.
    expect(second.from - cutAt).toBeGreaterThan(REPLACED_MS - QUIET_MS);
    expect(second.fence).toBeGreaterThan(first.fence);
    // The news of its start is on the way.
    world.run(100);
    const { lossCount, node: where, restartCount } = far(supervisor);
    expect([restartCount, lossCount, where]).toEqual([1, 1, world.nameOf("c")]);
    world.healAll();
    world.run(20_000);
    expect(lives).toHaveLength(2);
  },
);

test("SU-31 a child that waits starts again when its node answers for the end of the one before", () => {
  threeNodes();
  startTree({ on: world.nameOf("b") });
  world.cut("a", "b");
  until(() => !node("a").control.peers.includes(world.nameOf("b")));
  world.heal("a", "b");
  const healedAt = world.now;
  until(() => lives.length === 2);
  expect(lives[0]!.to).toBeLessThan(lives[1]!.from);
  // Sooner than by the clock alone: it was asked.
  expect(lives[1]!.from - healedAt).toBeLessThan(REPLACED_MS);
});

test("a healthy session without traffic loses no lease, however often its sockets break", () => {
  threeNodes();
  const supervisor = startTree({ on: world.nameOf("b") });
  world.run(20 * LEASE_MS);
  for (let breaks = 0; breaks < 200; breaks++) {
    world.breakSomething();
    world.run(world.random.random() * 300);
  }
  expect(lives).toHaveLength(1);
  expect(lives[0]!.to).toBe(Infinity);
  expect(far(supervisor).state).toBe("running");
});

test("without a grace a broken session ends the child, and the two nodes agree on when it may start again", () => {
  threeNodes(0);
  startTree({ on: world.nameOf("b") });
  for (let breaks = 0; breaks < 50; breaks++) {
    world.breakSomething();
    world.run(world.random.random() * 1_000);
  }
  // It may have to wait for the budget.
  world.run(90_000);
  expect(lives.length).toBeGreaterThan(1);
  for (const [index, { from }] of lives.slice(1).entries())
    expect(lives[index]!.to).toBeLessThanOrEqual(from);
  expect(lives.at(-1)!.to).toBe(Infinity);
});

test("SU-31 a child that stopped with its node is not started again while it may still run there", () => {
  threeNodes();
  const supervisor = startTree({ on: world.nameOf("b"), onNodeDown: "stop" });
  world.cut("a", "b");
  until(() => !node("a").control.peers.includes(world.nameOf("b")));
  expect(far(supervisor).state).toBe("stopped");
  expect(lives[0]!.to).toBe(Infinity);
  const restart = (): boolean =>
    onA((ctx) =>
      tree.restartChild(ctx, supervisor, "far").then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ code: "init_failed", reason: "noconnection" });
          return false;
        },
      ),
    );
  expect(restart()).toBe(false);
  world.heal("a", "b");
  for (let tries = 0; !restart(); tries++) {
    expect(tries).toBeLessThan(200);
    world.run(50);
  }
  expect(lives).toHaveLength(2);
  expect(lives[0]!.to).toBeLessThan(lives[1]!.from);
});

test("a temporary child is not started again, also not because its node was lost", () => {
  threeNodes();
  const supervisor = startTree({
    on: [world.nameOf("b"), world.nameOf("c")],
    restart: "temporary",
  });
  world.crash("b");
  world.run(20_000);
  expect(onA((ctx) => tree.countChildren(ctx, supervisor)).specs).toBe(0);
  expect(lives).toHaveLength(1);
});

test("SU-33 a start on a node that does not answer is given up at nodedown when the child is terminated", () => {
  threeNodes();
  world.cut("a", "b");
  const supervisor = onA((ctx) => tree.start(ctx, [{ on: world.nameOf("b") }]));
  expect(far(supervisor).state).toBe("starting");
  const since = world.now;
  onA((ctx) => tree.terminateChild(ctx, supervisor, "far", { timeoutMs: 20_000 }));
  expect(world.now - since).toBeLessThan(LEASE_MS + 500);
  expect(far(supervisor).state).toBe("stopped");
  world.healAll();
  world.run(20_000);
  expect(lives).toEqual([]);
});

test("a child that takes its nodes down with it is slowed, and its supervisor lives", () => {
  threeNodes();
  const supervisor = startTree({ on: [world.nameOf("b"), world.nameOf("c")] });
  const isNoted: number[] = [];
  for (let losses = 0; losses < 7; losses++) {
    const short = lives.at(-1)!.node[0]!;
    const born = lives.length;
    world.crash(short);
    world.after(400, () => world.startSoon(short));
    const lostAt = world.now;
    until(() => lives.length > born, 120_000);
    isNoted.push(world.now - lostAt);
    world.run(600);
  }
  // Five in a minute are lived with.
  expect(Math.max(...isNoted.slice(0, 5))).toBeLessThan(2_000);
  expect(isNoted[5]).toBeGreaterThan(40_000);
  expect(far(supervisor).lossCount).toBe(7);
});
