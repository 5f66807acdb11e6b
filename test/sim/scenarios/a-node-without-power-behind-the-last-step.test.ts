import { scenario } from "./scenario.ts";

// The package's client finds out by its pings that its node is no more. The simulator's has none, it looks: at each step, and once behind the last one.
scenario(
  "clients of a node that lost its power behind the last step are back, and every node sees them",
  {
    seed: 107721,
    workloads: ["rooms"],
    steps: [104],
    plan: [{ atMs: 1993.8509123332865, fault: { kind: "power_cut", node: "d", downMs: 435 } }],
  },
);
