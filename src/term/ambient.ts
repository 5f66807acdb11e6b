import type { Identities } from "./identities.ts";

/**
 * Whose identities `decode` and `Pid.parse` use when they are given none: the node whose process runs now. A thread of
 * one node sets it once; the simulator, with many nodes on a thread, at every step. Outside any node it is
 * `nonode@nohost`, which `identities.ts` puts in. Source: OTP, `node/0` of a node that is not alive.
 */
export const ambient = {
  /** Whether errors travel with their stacks. Not in the simulator: paths differ from machine to machine. */
  stacks: true,
} as { identities: Identities; stacks: boolean };
