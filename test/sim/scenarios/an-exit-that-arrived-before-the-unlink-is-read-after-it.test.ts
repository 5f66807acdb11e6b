import { scenario } from "./scenario.ts";

scenario("an exit that was in the mailbox before an unlink is read after it, however late", {
  seed: 105766,
  workloads: ["mix"],
  steps: [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 22, 23, 36, 37, 38, 39, 40,
    42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66,
    68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 79, 80, 82, 83, 84, 85, 86, 87, 88, 89, 90, 92, 93, 94,
    95, 96, 97, 98, 99, 100, 101, 103, 104, 105, 106, 107, 108, 109, 112, 113, 114, 115, 116, 117,
    120, 121,
  ],
  plan: [
    { atMs: 20.495457560898963, fault: { kind: "stop", node: "c", downMs: 580 } },
    {
      atMs: 83.61504990172602,
      fault: {
        kind: "slow_link",
        from: "b",
        to: "d",
        delayMs: 14,
        jitterMs: 30,
        bytesPerMs: 1000000,
        forMs: 486,
      },
    },
    {
      atMs: 134.20188396585897,
      fault: { kind: "break", pick: 0.2787497984472074, share: 0.6729190209941164 },
    },
    { atMs: 170.1420282036202, fault: { kind: "one_way", from: "d", to: "e", forMs: 137 } },
    {
      atMs: 203.9629481877012,
      fault: { kind: "break", pick: 0.8754406983688551, share: 0.0049622645606478555 },
    },
    {
      atMs: 272.72922310928806,
      fault: { kind: "half_cut", pick: 0.41405116932657615, share: 0.706081203433337 },
    },
    { atMs: 417.2957625814839, fault: { kind: "crash", node: "e", downMs: 599, moves: false } },
    { atMs: 557.2037072295957, fault: { kind: "one_way", from: "d", to: "b", forMs: 672 } },
    { atMs: 929.7866881315476, fault: { kind: "stall", node: "b", thread: "all", forMs: 387 } },
    { atMs: 1254.2093974117392, fault: { kind: "stop", node: "e", downMs: 579 } },
  ],
});
