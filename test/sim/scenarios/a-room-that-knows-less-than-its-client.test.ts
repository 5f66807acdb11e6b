import { scenario } from "./scenario.ts";

scenario("a room that knows less of an origin than its client tells of no gap", {
  seed: 107,
  workloads: ["names", "rooms"],
  steps: [62, 157, 158],
  plan: [
    {
      atMs: 191.74922343407593,
      fault: { kind: "break", pick: 0.6081215200415336, share: 0.6884233772917533 },
    },
    {
      atMs: 301.96408815039314,
      fault: { kind: "break", pick: 0.5108331867668713, share: 0.36391406872119225 },
    },
    {
      atMs: 542.2635823689575,
      fault: { kind: "break", pick: 0.4867405782072314, share: 0.7278032825787286 },
    },
    {
      atMs: 573.2216909449409,
      fault: { kind: "silent_socket", pick: 0.4991761645017826, share: 0.2974993721815047 },
    },
  ],
});
