/** Supervisors whose children live on other nodes, over real sockets: what the loss of a node does. */
import { afterEach, expect, test } from "bun:test";

import { EncodeError } from "../../src/base/error.ts";
import { child } from "../../src/behaviour/supervisor/child.ts";
import type { PlacementView } from "../../src/behaviour/supervisor/placement.ts";
import { defineServer } from "../../src/behaviour/server/server.ts";
import { defineSupervisor } from "../../src/behaviour/supervisor/supervisor.ts";
import type { ChildInfo, ChildSpec } from "../../src/behaviour/supervisor/supervisor-api.ts";
import type { Context, Pid } from "../../src/process/api.ts";
import type { TreeEntry } from "../../src/service/query.ts";
import { define } from "../../src/process/registry.ts";
import { LiveNode, liveNodes, until } from "../support/live-node.ts";

const worker = defineServer("nodes.worker", {
  init: (_ctx: Context<never>, id: string) => id,
  calls: { where: (ctx) => ctx.self.node },
});

type Extra = Pick<ChildSpec<typeof worker>, "on" | "onNodeDown">;

/** Allows no restart at all: whoever survives was not counted. */
const tree = defineSupervisor("nodes.tree", {
  intensity: 0,
  children: (extra: Extra) => [
    child({ id: "far", start: worker, args: ["far"], ...extra }),
    child({ id: "near", start: worker, args: ["near"], restart: "temporary" }),
  ],
});

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function threeNodes(): Promise<[LiveNode, LiveNode, LiveNode]> {
  const nodes = await liveNodes(["a", "b", "c"], { graceMs: 0 });
  const three: [LiveNode, LiveNode, LiveNode] = [nodes.node("a"), nodes.node("b"), nodes.node("c")];
  stops.push(...three.map((node) => () => node.stop()));
  return three;
}

async function far(node: LiveNode, supervisor: Pid): Promise<ChildInfo> {
  const children = await tree.whichChildren(node.caller, supervisor);
  return children.find(({ id }) => id === "far")!;
}

const runsOn = (node: LiveNode, supervisor: Pid, where: LiveNode): Promise<void> =>
  until(`the child runs on ${where.name}`, async () => {
    const info = await far(node, supervisor);
    return info.state === "running" && info.pid?.node === where.name;
  });

test("a child moves to the next node of its list when its node is lost, and that is not counted (SU-30)", async () => {
  const [a, b, c] = await threeNodes();
  const supervisor = await tree.start(a.caller, [{ on: [b.name, c.name] }]);
  await runsOn(a, supervisor, b);
  await b.kill();
  await runsOn(a, supervisor, c);
  expect((await far(a, supervisor)).restartCount).toBe(1);
  await tree.stop(a.caller, supervisor);
  await until("nothing is left on c", () => c.scheduler.tables().processes === 0);
});

test("a child that waits is started again when its node is back, and others are served meanwhile (SU-30)", async () => {
  const [a, b] = await threeNodes();
  const { hint, name, port } = b;
  const supervisor = await tree.start(a.caller, [{ on: name, onNodeDown: "wait" }]);
  await b.kill();
  await until("the loss is seen", async () => (await far(a, supervisor)).state !== "running");
  const other = child({ id: "other", start: worker, args: ["other"], restart: "temporary" });
  await tree.startChild(a.caller, supervisor, other);
  const again = await LiveNode.start({ name: "b", port, graceMs: 0 });
  stops.push(() => again.stop());
  expect(again.hint).toBe(hint);
  await runsOn(a, supervisor, again);
});

test("a child that is to stop with its node stays stopped until somebody restarts it", async () => {
  const [a, b] = await threeNodes();
  const supervisor = await tree.start(a.caller, [{ on: b.name, onNodeDown: "stop" }]);
  await b.kill();
  await until("the child is stopped", async () => (await far(a, supervisor)).state === "stopped");
  const failed = tree.restartChild(a.caller, supervisor, "far").catch((error: Error) => error);
  expect(await failed).toMatchObject({ code: "init_failed", reason: "noconnection" });
});

test("children end when the node of their supervisor is lost: no orphan stays (SU-32)", async () => {
  const [a, b] = await threeNodes();
  const supervisor = await tree.start(a.caller, [{ on: b.name }]);
  await runsOn(a, supervisor, b);
  expect(b.scheduler.tables().processes).toBe(1);
  await a.kill();
  await until("the child on b is gone", () => b.scheduler.tables().processes === 0);
});

test("a child on a node that hangs is given up at nodedown: terminate does not hang (SU-33)", async () => {
  const [a, b] = await threeNodes();
  const supervisor = await tree.start(a.caller, [{ on: b.name, onNodeDown: "stop" }]);
  b.wires.die();
  const terminated = tree.terminateChild(a.caller, supervisor, "far", { timeoutMs: 10_000 });
  await terminated;
  expect((await far(a, supervisor)).state).toBe("stopped");
});

/** A node that is not the supervisor's, and not the one before. */
const pick = define("nodes.pick", async (ctx: Context<never>, { last, nodes }: PlacementView) =>
  nodes.filter((node) => node !== ctx.node.name && node !== last),
);

const chosen = defineSupervisor("nodes.chosen", {
  intensity: 0,
  children: (by: "plain" | "defined" | "throws") => [
    child({
      id: "far",
      start: worker,
      args: ["far"],
      on: {
        plain: ({ nodes }: PlacementView) => nodes.slice(1),
        defined: pick,
        throws: (): string => {
          throw new RangeError("no room");
        },
      }[by],
    }),
  ],
});

test.each(["plain", "defined"] as const)(
  "a %s placement function is asked at each start, by the supervisor",
  async (by) => {
    const [a, b, c] = await threeNodes();
    const supervisor = await chosen.start(a.caller, [by]);
    await runsOn(a, supervisor, b);
    await b.kill();
    await runsOn(a, supervisor, c);
    expect((await far(a, supervisor)).lossCount).toBe(1);
  },
);

test("a placement function that throws is a failed start", async () => {
  const [a] = await threeNodes();
  const failed = await chosen.start(a.caller, ["throws"]).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: "init_failed" });
  const { shutdown } = (failed as { reason: { shutdown: { reason: Error } } }).reason;
  expect(shutdown.reason.message).toBe("no room");
});

test("a spec with a defined placement function can be sent, one with any other cannot", async () => {
  const [a, b] = await threeNodes();
  const supervisor = await tree.start(a.caller, [{ on: b.name }]);
  const extra = { id: "extra", start: worker, args: ["extra"] as [string] };
  const sent = child({ ...extra, on: pick });
  const pid = await tree.startChild(b.caller, b.pid(supervisor), sent);
  expect(pid.node).not.toBe(a.name);
  const local = child({ ...extra, id: "other", on: () => b.name });
  const refused = tree.startChild(b.caller, b.pid(supervisor), local);
  expect(await refused.catch((error: unknown) => error)).toBeInstanceOf(EncodeError);
});

const wide = defineSupervisor("nodes.wide", {
  intensity: 0,
  children: (on: string) => [
    child({ id: "far", start: worker, args: ["far"], on }),
    child({ id: "near", start: worker, args: ["near"] }),
  ],
});

test("a tree starts without the children of a node that does not answer, and serves everybody meanwhile", async () => {
  const [a, b] = await threeNodes();
  b.wires.freeze();
  const supervisor = await wide.start(a.caller, [b.name]);
  const info = await wide.whichChildren(a.caller, supervisor);
  expect(info.map(({ id, state }) => [id, state])).toEqual([
    ["far", "starting"],
    ["near", "running"],
  ]);
  const other = child({ id: "other", start: worker, args: ["other"] });
  await wide.startChild(a.caller, supervisor, other);
  await wide.terminateChild(a.caller, supervisor, "near");
  await wide.restartChild(a.caller, supervisor, "near");
  b.wires.thaw();
  await runsOn(a, supervisor, b);
});

test("500 children on a lost node spend nothing of the intensity", async () => {
  const [a, b, c] = await threeNodes();
  const many = await tree.start(a.caller, [{ on: b.name }]);
  for (let index = 0; index < 500; index++) {
    const on = [b.name, c.name];
    const spec = child({ id: `${index}`, start: worker, args: [`${index}`], on });
    // oxlint-disable-next-line no-await-in-loop -- in order
    await tree.startChild(a.caller, many, spec);
  }
  await b.kill();
  await until("all of them run on c", () => c.scheduler.tables().processes === 500, 20_000);
  const isActive = async (): Promise<boolean> =>
    (await tree.countChildren(a.caller, many)).active === 501;
  await until("the supervisor knows", isActive);
}, 30_000);

const branch = defineSupervisor("nodes.branch", {
  intensity: 2,
  children: (on: string) => [child({ id: "leaf", start: worker, args: ["leaf"], on })],
});
const trunk = defineSupervisor("nodes.trunk", {
  children: (branchOn: string, leafOn: string) => [
    child({ id: "branch", start: branch, args: [leafOn], on: branchOn }),
  ],
});

test("the tree of a node has the supervisors of other nodes below it, and ends with the one at its top", async () => {
  const [a, b, c] = await threeNodes();
  const top = await trunk.start(a.caller, [b.name, c.name]);
  const ask = (of: LiveNode): Promise<unknown> =>
    c.inline.control.query(of.name, "tree", {}, 2_000);
  const [tree, ...others] = (await ask(a)) as TreeEntry[];
  expect(others).toEqual([]);
  expect(tree).toMatchObject({ pid: String(top), id: "nodes.trunk", periodMs: 5_000 });
  expect(tree!.children).toMatchObject([{ id: "branch", node: b.name, kind: "supervisor" }]);
  const [leaf] = tree!.children[0]!.children;
  expect(leaf).toMatchObject({ id: "leaf", node: c.name, kind: "worker", lossCount: 0 });
  expect(leaf!.pid).toStartWith(c.name);
  // There the branch is a root: its own supervisor is elsewhere.
  expect((await ask(b)) as TreeEntry[]).toMatchObject([{ function: "nodes.branch" }]);
  await trunk.stop(a.caller, top);
  await until("all have ended", () =>
    [a, b, c].every(({ scheduler }) => scheduler.tables().processes === 0),
  );
});
