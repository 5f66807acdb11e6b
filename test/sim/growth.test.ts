/** How what nodes tell each other of groups grows with their number, and that many nodes agree. */
import { expect, spyOn, test } from "bun:test";

import { group } from "../../src/process/group.ts";
import type { Context } from "../../src/process/api.ts";
import { ControlLink } from "../../src/session/control-link.ts";
import { World } from "../../src/sim/world.ts";

const team = group<never>("team");

const nameOf = (index: number): string => `n${index}`;

/** Counts the messages of services while `run` runs. */
function messagesDuring(run: () => void): number {
  const sent = spyOn(ControlLink.prototype, "send");
  run();
  const count = sent.mock.calls.filter(([message]) => message.kind === "service").length;
  sent.mockRestore();
  return count;
}

/** A cluster of so many nodes, all connected. */
function formed(count: number): World {
  const names = Array.from({ length: count }, (_none, index) => nameOf(index));
  const world = new World({ seed: count, nodes: names, functions: () => [] });
  const isFormed = (): boolean =>
    [...world.nodes.values()].every((node) => node.control.peers.length === count - 1);
  expect(world.runUntil(isFormed, 60_000)).toBe(true);
  return world;
}

const membersAt = (world: World, node: string): number =>
  world.nodes
    .get(node)!
    .schedulers[0]!.scheduler.services.groups(undefined as never)
    .members(team).length;

/** One process on each node joins. */
function joinEverywhere(world: World): void {
  for (const node of world.nodes.values()) {
    const { scheduler } = node.schedulers[0]!;
    node.threads[1]!.run(() => {
      void scheduler
        .run(async (ctx: Context<never>) => {
          ctx.groups.join(team, ctx.self);
          await ctx.receive();
        })
        .catch(() => undefined);
    });
  }
}

for (const count of [5, 20, 50]) {
  test(`${count} nodes agree on the members, and a change is one message to each other node`, () => {
    const world = formed(count);
    world.run(1_000);
    const messages = messagesDuring(() => {
      joinEverywhere(world);
      const all = (): boolean =>
        [...world.nodes.keys()].every((name) => membersAt(world, name) === count);
      expect(world.runUntil(all, 5_000)).toBe(true);
    });
    // Each of the `count` changes was told to `count` − 1 nodes, and nothing else was said.
    expect(messages).toBe(count * (count - 1));
    world.crash(nameOf(0));
    const without = (): boolean =>
      [...world.nodes.keys()].every((name) => membersAt(world, name) === count - 1);
    expect(world.runUntil(without, 10_000)).toBe(true);
  });
}
