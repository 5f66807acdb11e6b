import { scenario } from "./scenario.ts";

scenario("two sockets of one lane at once: what the slower one says is old news to its peer", {
  seed: 507927,
  workloads: ["mix"],
  steps: [39],
  plan: [
    { atMs: 0.4871823816393553, fault: { kind: "stall", node: "a", thread: "all", forMs: 348 } },
    { atMs: 235.79017658637537, fault: { kind: "one_way", from: "e", to: "a", forMs: 225 } },
  ],
});
