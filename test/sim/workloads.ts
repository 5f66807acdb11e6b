import type { Workload } from "./run.ts";
import { groups } from "./workloads/groups.ts";
import { mix } from "./workloads/mix.ts";
import { names } from "./workloads/names.ts";
import { supervisors } from "./workloads/supervisors.ts";

/** What every seed runs, all at once. */
export const WORKLOADS: readonly Workload[] = [mix, groups, names, supervisors];
