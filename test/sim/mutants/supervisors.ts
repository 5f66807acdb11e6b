import { mutant, type Mutant } from "./mutant.ts";

/** Supervisors. */
export const supervisors: readonly Mutant[] = [
  mutant(
    "one restart more than is allowed",
    "src/behaviour/supervisor/intensity.ts",
    "return now - oldest > periodMs;",
    "return now - oldest > periodMs / 4;",
  ),
  mutant(
    "a supervisor never gives up",
    "src/behaviour/supervisor/intensity.ts",
    "return now - oldest > periodMs;",
    "return true;",
  ),
];
