import { scenario } from "./scenario.ts";

scenario("a lane behind what a slow way had taken may be given up, though the way is fast by now", {
  seed: 106900,
  workloads: ["mix"],
  steps: [109, 139, 146, 161, 187, 189],
  plan: [
    {
      atMs: 1264.9800697374194,
      fault: {
        kind: "slow_link",
        from: "d",
        to: "b",
        delayMs: 27,
        jitterMs: 7,
        bytesPerMs: 19,
        forMs: 896,
      },
    },
  ],
});
