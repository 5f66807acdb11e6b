import { exits } from "./exits.ts";
import { groups } from "./groups.ts";
import { links } from "./links.ts";
import { monitors } from "./monitors.ts";
import type { Scenario } from "./scenario.ts";
import { sends } from "./sends.ts";
import { servers } from "./servers.ts";
import { spawns } from "./spawns.ts";
import { supervisors } from "./supervisors.ts";

/** Every scenario that runs in every placement. */
export const scenarios: readonly Scenario[] = [
  ...exits,
  ...groups,
  ...links,
  ...monitors,
  ...sends,
  ...servers,
  ...spawns,
  ...supervisors,
];
