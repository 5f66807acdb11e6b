import type { Checker } from "../run.ts";

/** Milliseconds that whoever holds a name is given to show that it lives, and a few for the way. */
const PROOF_MS = 1_200;

/**
 * Nobody takes a name from a node that lives, is connected, runs, and has nothing the matter with its connection: whoever comes
 * later under that name is refused.
 */
export const takeovers: Checker = {
  name: "takeovers",
  during(run) {
    return run.takeovers.splice(0).flatMap(({ at, by, from, since }) => {
      if (at - since < PROOF_MS) return [];
      return [
        `${by.name}: another one took the name of ${from.name}, which was well since ${since}`,
      ];
    });
  },
};
