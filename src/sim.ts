/** A whole cluster in one thread, from one seed: `import { simulate } from "snow-node/sim"`. */
import { SimulationError } from "./base/error.ts";
import { registerVirtualModules } from "./bun/modules.ts";
import * as snowNode from "./index.ts";
import { VERSION } from "./program/version.ts";
import type { ScenarioWorld, Simulated, SimulateOptions } from "./sim/scenario/scenario.ts";
import { simulateIn } from "./sim/scenario/simulate.ts";
import * as testing from "./testing.ts";

export type { Fault, FaultKind, FaultRates, ScheduledFault } from "./sim/faults.ts";
export type {
  Faults,
  ScenarioWorld as World,
  Simulated,
  SimulateOptions,
} from "./sim/scenario/scenario.ts";
export { SimulationError };

/**
 * Runs `scenario` once for each seed in a cluster of its own: the real code of snow-node and the user's modules over virtual
 * time and a network that does what networks do. The seed decides everything, so a run that failed can be seen again.
 * One simulation runs at a time; others wait for it.
 *
 * @throws {SimulationError} `seed_failed` with the seed, how to see it again, and the fewest faults that it takes;
 *   `bad_scenario` @throws {ConfigError} module_failed
 */
export function simulate<const N extends string>(
  options: SimulateOptions<N>,
  scenario: (world: ScenarioWorld<N>) => Promise<void>,
): Promise<Simulated> {
  return simulateIn(VERSION, options, scenario);
}

// What simulated modules import is this very copy, whatever lies in a folder of packages.
registerVirtualModules({
  "snow-node": snowNode,
  "snow-node/testing": testing,
  "snow-node/sim": { simulate, SimulationError },
});
