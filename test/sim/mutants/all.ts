import { bonds } from "./bonds.ts";
import { groups } from "./groups.ts";
import { lanes } from "./lanes.ts";
import { leases } from "./leases.ts";
import type { Mutant } from "./mutant.ts";
import { names } from "./names.ts";
import { nodes } from "./nodes.ts";
import { rooms } from "./rooms.ts";
import { sessions } from "./sessions.ts";
import { spawns } from "./spawns.ts";
import { supervisors } from "./supervisors.ts";

/** Every mutant; those of further parts go into files of their own beside these. */
export const MUTANTS: readonly Mutant[] = [
  ...sessions,
  ...lanes,
  ...bonds,
  ...names,
  ...groups,
  ...nodes,
  ...spawns,
  ...supervisors,
  ...leases,
  ...rooms,
];
