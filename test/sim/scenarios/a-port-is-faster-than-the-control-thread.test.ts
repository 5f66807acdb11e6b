import { scenario } from "./scenario.ts";

/** The steps of the load that are needed, as ranges. */
const STEPS = [
  [3, 11],
  [15, 17],
  [21, 34],
  [37, 41],
  [45, 69],
  [74, 79],
  [82, 83],
  [87, 89],
  [120, 155],
  [159, 161],
  [168, 173],
] as const;

scenario(
  "a scheduler hears of a session from another one, and then that its own dial failed: it sends all the same",
  {
    seed: 1004376,
    workloads: ["mix"],
    steps: STEPS.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, at) => first + at),
    ),
    plan: [
      { atMs: 63.70729384764927, fault: { kind: "stall", node: "b", thread: 1, forMs: 324 } },
      {
        atMs: 418.72202850115474,
        fault: {
          kind: "partition",
          groups: [
            ["b", "c", "d"],
            ["a", "e"],
          ],
          forMs: 509,
        },
      },
      { atMs: 1198.0745895717507, fault: { kind: "crash", node: "a", downMs: 555, moves: false } },
      { atMs: 1516.5733283756251, fault: { kind: "stall", node: "c", thread: 1, forMs: 302 } },
    ],
  },
);
