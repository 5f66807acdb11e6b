import { scenario } from "./scenario.ts";

scenario("a room that knows less of an origin than its client tells of no gap", {
  seed: 22,
  workloads: ["mix", "rooms"],
  steps: [41, 48, 49],
  plan: [
    {
      atMs: 539.8750692009686,
      fault: { kind: "silent_lane", pick: 0.30526147121512304, share: 0.43812576367194367 },
    },
  ],
});
