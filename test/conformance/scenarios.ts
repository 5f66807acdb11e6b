import { exits } from "./exits.ts";
import { groups } from "./groups.ts";
import { links } from "./links.ts";
import { monitors } from "./monitors.ts";
import { names } from "./names.ts";
import type { Scenario } from "./scenario.ts";
import { sends } from "./sends.ts";
import { servers } from "./servers.ts";
import { spawns } from "./spawns.ts";
import { supervisors } from "./supervisors.ts";

/** Scenarios for which a scheduler is enough. */
export const schedulerScenarios: readonly Scenario[] = [
  ...exits,
  ...links,
  ...monitors,
  ...sends,
  ...servers,
  ...spawns,
  ...supervisors,
];

/** Every scenario, each for whole nodes: some want what only a control thread can give. */
export const scenarios: readonly Scenario[] = [...schedulerScenarios, ...groups, ...names];
