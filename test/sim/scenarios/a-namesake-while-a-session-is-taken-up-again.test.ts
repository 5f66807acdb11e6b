import { scenario } from "./scenario.ts";

scenario("a namesake comes while a session is taken up again: who has ended it takes up nothing", {
  seed: 506932,
  workloads: [],
  steps: [],
  plan: [
    {
      atMs: 27.30804518105575,
      fault: { kind: "break", pick: 0.16899779086817146, share: 0.2000639916602137 },
    },
    {
      atMs: 139.41039050933304,
      fault: { kind: "half_cut", pick: 0.6712918737626773, share: 0.9201864320021429 },
    },
    {
      atMs: 155.895467468339,
      fault: { kind: "half_cut", pick: 0.08045816650914506, share: 0.31893045396971087 },
    },
    {
      atMs: 204.7786848044722,
      fault: { kind: "half_cut", pick: 0.4339068247755339, share: 0.2153696681495343 },
    },
    {
      atMs: 323.21137503701976,
      fault: { kind: "break", pick: 0.3652347023870861, share: 0.015853418248391593 },
    },
    { atMs: 342.1062607132484, fault: { kind: "namesake", node: "e", forMs: 755 } },
    {
      atMs: 342.9445203180711,
      fault: { kind: "break", pick: 0.13279100477246264, share: 0.6322049506589035 },
    },
  ],
});
