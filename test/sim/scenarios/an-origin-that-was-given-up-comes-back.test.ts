import { scenario } from "./scenario.ts";

scenario("what a client had of an origin that was given up does not come again when it is back", {
  seed: 7022,
  workloads: ["mix", "groups", "rooms"],
  steps: [108, 110, 136, 139, 141, 142],
  plan: [
    { atMs: 196.3090373096565, fault: { kind: "stop", node: "e", downMs: 372 } },
    { atMs: 685.5405440530814, fault: { kind: "crash", node: "c", downMs: 7, moves: false } },
    {
      atMs: 746.5339408489529,
      fault: { kind: "silent_socket", pick: 0.4791666666666667, share: 0.27333905845434614 },
    },
  ],
});
