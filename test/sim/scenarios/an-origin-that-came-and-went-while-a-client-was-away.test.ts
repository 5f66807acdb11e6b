import { scenario } from "./scenario.ts";

scenario(
  "a client that was away while an origin came and was given up is told that it misses what that said",
  {
    seed: 61201,
    workloads: ["mix", "names", "rooms"],
    steps: [51, 104, 115, 132, 135, 136],
    plan: [
      { atMs: 472.15358751379375, fault: { kind: "power_cut", node: "b", downMs: 466 } },
      { atMs: 632.4479773913274, fault: { kind: "power_cut", node: "d", downMs: 342 } },
      { atMs: 889.1709244031782, fault: { kind: "stall", node: "c", thread: "all", forMs: 270 } },
      {
        atMs: 1076.9407533095655,
        fault: {
          kind: "partition",
          groups: [
            ["b", "c", "d"],
            ["a", "e"],
          ],
          forMs: 635,
        },
      },
      { atMs: 1146.1199567375932, fault: { kind: "namesake", node: "d", forMs: 596 } },
      {
        atMs: 1481.2758356979004,
        fault: { kind: "break", pick: 0.08412366866601972, share: 0.44925494460293447 },
      },
      {
        atMs: 1605.0981555379342,
        fault: { kind: "break", pick: 0.4568862123341345, share: 0.583663848981949 },
      },
      { atMs: 1640.2981433715684, fault: { kind: "stall", node: "e", thread: "all", forMs: 99 } },
    ],
  },
);
