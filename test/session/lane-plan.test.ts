import { expect, test } from "bun:test";
import { planLanes } from "../../src/session/lane/lane-plan.ts";

test("every scheduler sends on exactly one lane, and both sides mean the same lanes", () => {
  for (let own = 1; own <= 9; own++) {
    for (let peer = 1; peer <= 9; peer++) {
      const [ours, theirs] = [planLanes(own, peer), planLanes(peer, own)];
      expect(ours.map(({ lane }) => lane)).toEqual(
        Array.from({ length: Math.max(own, peer) }, (_, index) => index + 1),
      );
      expect(ours.filter(({ sends }) => sends).map(({ scheduler }) => scheduler)).toEqual(
        Array.from({ length: own }, (_, index) => index + 1),
      );
      ours.forEach((plan, index) => {
        expect(theirs[index]).toMatchObject({
          scheduler: plan.peerScheduler,
          peerScheduler: plan.scheduler,
        });
        expect(plan.sends || theirs[index]!.sends).toBe(true);
      });
    }
  }
});

test("a side without schedulers has no lanes", () => {
  expect(planLanes(0, 4)).toEqual([]);
  expect(planLanes(4, 0)).toEqual([]);
});
