import type { Checker } from "../run.ts";

/** Milliseconds for which two nodes must have been well connected, so that nothing of what came before is still under way. */
const SOUND_MS = 100;

/** Milliseconds within which the word that a session is over is there, over a way with nothing the matter. */
const TOLD_MS = 20;

/**
 * Who ends a session while it is well connected says so, and the peer hears it from there: it does not find out when it dials
 * again and nobody knows its session any more.
 */
export const endings: Checker = {
  name: "endings",
  during(run) {
    return run.endings.splice(0).flatMap(({ at, by, of, since, reason }, place, all) => {
      if (at - since < SOUND_MS) return [];
      const answer = all
        .slice(place + 1)
        .find((other) => other.by === of && other.of === by && other.at - at <= TOLD_MS);
      if (answer?.reason !== "session_over") return [];
      return [`${of}: was not told that ${by} ended their session with ${reason}`];
    });
  },
};
