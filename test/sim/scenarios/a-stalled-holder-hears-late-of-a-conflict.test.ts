import { scenario } from "./scenario.ts";

scenario("a holder that stood still hears in one breath that it has a name and that it lost it", {
  seed: 930430,
  workloads: ["mix", "groups", "names"],
  steps: [65, 91, 93, 130, 131, 169, 172],
  plan: [
    { atMs: 691.8123236069334, fault: { kind: "crash", node: "b", downMs: 235, moves: true } },
    { atMs: 1302.123162657294, fault: { kind: "crash", node: "b", downMs: 465, moves: true } },
    {
      atMs: 1570.081551742791,
      fault: {
        kind: "partition",
        groups: [
          ["b", "e"],
          ["a", "c", "d"],
        ],
        forMs: 321,
      },
    },
    { atMs: 1713.832741721754, fault: { kind: "crash", node: "e", downMs: 6, moves: true } },
    { atMs: 1874.02994590868, fault: { kind: "stall", node: "d", thread: 1, forMs: 341 } },
  ],
});
