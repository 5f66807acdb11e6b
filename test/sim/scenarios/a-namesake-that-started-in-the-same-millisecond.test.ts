import { scenario } from "./scenario.ts";

scenario(
  "what runs on a node is no child that ran under the same pid on a namesake which started in the same millisecond",
  {
    seed: 106839,
    workloads: ["groups", "names", "rooms", "supervisors"],
    steps: [80, 96, 99, 101],
    plan: [
      { atMs: 188.42472612440676, fault: { kind: "crash", node: "a", downMs: 491, moves: false } },
      { atMs: 784.194614901095, fault: { kind: "crash", node: "d", downMs: 5, moves: false } },
      { atMs: 789.1257211538157, fault: { kind: "namesake", node: "d", forMs: 899 } },
      { atMs: 944.8832102791037, fault: { kind: "crash", node: "a", downMs: 5, moves: false } },
      { atMs: 1803.0881595662654, fault: { kind: "crash", node: "e", downMs: 284, moves: false } },
    ],
  },
);
