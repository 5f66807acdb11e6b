/** The scenarios in the placements that need no network: one scheduler, two schedulers; strict or not. */
import { describe, expect, test } from "bun:test";

import { TestSchedulers } from "../support/two-schedulers.ts";
import { runToItsEnd } from "./placed.ts";
import type { Placement } from "./scenario.ts";
import { schedulerScenarios } from "./scenarios.ts";

for (const count of [1, 2]) {
  for (const strict of [false, true]) {
    describe(`on ${count === 1 ? "one scheduler" : "two schedulers"}${strict ? ", strict" : ""}`, () => {
      for (const scenario of schedulerScenarios) {
        test(scenario.name, async () => {
          const node = new TestSchedulers(count, strict);
          const placement: Placement = {
            far: { scheduler: count },
            farNode: node.first.nodeName,
            settled: () => node.settled(),
            linksOf: (pid) => {
              const local = node.identities[pid.scheduler - 1]?.localPid(pid.local);
              const snapshot = node.schedulers[pid.scheduler - 1]?.inspect(local as never);
              return (snapshot?.links ?? []).map(String);
            },
          };
          await runToItsEnd(node.first, scenario, placement);
          await node.settled();
          // What a scenario leaves running on purpose is ended here; nothing else may be left.
          for (const scheduler of node.schedulers) {
            for (const { pid } of scheduler.list()) {
              scheduler.dispatch({ kind: "exit", from: pid, to: pid, reason: "kill" });
            }
          }
          await node.settled();
          expect(node.leaks()).toEqual([]);
          expect(node.heard.stray).toEqual([]);
          node.stop();
        });
      }
    });
  }
}
