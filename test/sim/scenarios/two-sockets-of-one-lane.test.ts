import { scenario } from "./scenario.ts";

scenario("two sockets of one lane at once: the slower one brings no frame again", {
  seed: 30072,
  workloads: ["mix"],
  steps: [138],
  plan: [
    {
      atMs: 165.81031494808286,
      fault: {
        kind: "partition",
        groups: [
          ["a", "b", "e"],
          ["c", "d"],
        ],
        forMs: 677,
      },
    },
    {
      atMs: 394.2121658960339,
      fault: { kind: "half_cut", pick: 0.1798232154591155, share: 0.4257840984426811 },
    },
    { atMs: 475.1540101319496, fault: { kind: "crash", node: "a", downMs: 3, moves: true } },
    {
      atMs: 598.8384914398692,
      fault: {
        kind: "partition",
        groups: [
          ["a", "b", "c"],
          ["d", "e"],
        ],
        forMs: 684,
      },
    },
    { atMs: 1107.9995707527896, fault: { kind: "power_cut", node: "e", downMs: 147 } },
  ],
});
