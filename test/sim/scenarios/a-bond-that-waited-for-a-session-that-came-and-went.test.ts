import { scenario } from "./scenario.ts";

scenario(
  "a link that waited for a session which came and went unseen is not made in the next one",
  {
    seed: 10892,
    workloads: ["mix", "names", "rooms"],
    steps: [45, 46, 48, 51, 62, 63, 64, 66],
    plan: [
      {
        atMs: 34.6050529480047,
        fault: { kind: "half_cut", pick: 0.7134731864740887, share: 0.4301172446522574 },
      },
      {
        atMs: 132.30524965564496,
        fault: { kind: "break", pick: 0.28554356711789, share: 0.9211938391904921 },
      },
      {
        atMs: 241.46520527352124,
        fault: { kind: "break", pick: 0.6978334233091212, share: 0.8717105768171037 },
      },
      { atMs: 262.6687358641943, fault: { kind: "stall", node: "e", thread: "all", forMs: 385 } },
      {
        atMs: 351.5244730717384,
        fault: { kind: "break", pick: 0.07824113842116998, share: 0.09629233537275628 },
      },
      {
        atMs: 569.3408531185879,
        fault: { kind: "break", pick: 0.8674807559680855, share: 0.15112202408684583 },
      },
      { atMs: 599.5979814939258, fault: { kind: "stall", node: "c", thread: 1, forMs: 231 } },
      {
        atMs: 602.1733950847103,
        fault: { kind: "break", pick: 0.3814339296120084, share: 0.7952596136297271 },
      },
      {
        atMs: 643.3399643800029,
        fault: { kind: "break", pick: 0.5137248312104147, share: 0.573266579223207 },
      },
      {
        atMs: 674.1905515278307,
        fault: { kind: "break", pick: 0.40901498219914545, share: 0.9907639846987469 },
      },
      {
        atMs: 682.9696589093808,
        fault: { kind: "break", pick: 0.611476744078076, share: 0.6263224803106959 },
      },
    ],
  },
);
