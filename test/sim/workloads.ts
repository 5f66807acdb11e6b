import type { Prng } from "../../src/base/prng.ts";
import type { Workload } from "./run.ts";
import { groups } from "./workloads/groups.ts";
import { mix } from "./workloads/mix.ts";
import { names } from "./workloads/names.ts";
import { rooms } from "./workloads/rooms.ts";
import { supervisors } from "./workloads/supervisors.ts";

/** All that there are. */
export const WORKLOADS: readonly Workload[] = [mix, groups, names, rooms, supervisors];

/**
 * What a seed runs: the random mix in two of three, each of the others in one of three, at least one of all. Alone each gets
 * further than in a crowd, and together they meet each other.
 */
export function pickWorkloads(random: Prng): readonly Workload[] {
  const picked = WORKLOADS.filter((one) => random.below(3) < (one === mix ? 2 : 1));
  return picked.length > 0 ? picked : [WORKLOADS[random.below(WORKLOADS.length)]!];
}
