/** What `snow-node sim` tells the simulations in the tests that it runs: as JSON in this variable of the environment. */
export const SIM_VARIABLE = "SNOW_SIMULATION";

export interface SimOrders {
  /** How many seeds, and from which one on. */
  readonly seeds?: number;
  readonly from?: number;
  /** Only this one, with its trace. */
  readonly seed?: number;
  /** An arrow for every message. */
  readonly trace?: "messages";
  /** Real milliseconds for looking which faults of a failed run are needed. */
  readonly shrinkMs?: number;
}
