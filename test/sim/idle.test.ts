import { expect, test } from "bun:test";
import { World } from "../../src/sim/world.ts";

/** Events of five idle nodes in a second: at three microseconds each a second costs less than a millisecond. */
const EVENTS_MAX = 300;
const SECONDS = 60;

test("five idle nodes do so little that their time passes a thousand times faster than ours", () => {
  const world = new World({
    seed: 1,
    nodes: ["a", "b", "c", "d", "e"],
    config: { "cluster.tick_interval": "60s", "cluster.tick_timeout": "15s" },
  });
  world.run(5_000);
  for (const { control } of world.nodes.values()) expect(control.peers.length).toBe(4);
  const before = world.events.count;
  world.run(SECONDS * 1_000);
  expect((world.events.count - before) / SECONDS).toBeLessThan(EVENTS_MAX);
  // Nothing piles up that will happen some day.
  expect(world.events.length).toBeLessThan(EVENTS_MAX);
});
