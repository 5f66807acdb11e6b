import { expect, test } from "bun:test";

import { cutAgainAndAgain, cutForGood } from "./support/cut-run.ts";
import { networkRefusal } from "./support/netns.ts";

const refused = networkRefusal() !== undefined;
/** `scripts/cuts.ts` does it a hundred times and more. */
const CUTS = 10;

test.skipIf(refused)(
  "a link between two hosts that is cut again and again under load loses, doubles and reorders nothing",
  async () => {
    const seed = Date.now() % 1_000_000;
    const { messages, faults, suspicions } = await cutAgainAndAgain({ cuts: CUTS, seed });
    console.log(
      `seed ${seed}: ${messages} messages through ${CUTS} cuts, ${suspicions} suspicions`,
    );
    expect(faults).toEqual([]);
    expect(messages).toBeGreaterThan(1_000);
  },
);

test.skipIf(refused)(
  "after a cut that is longer than the grace every monitor and link has fired exactly once, before NodeDown",
  async () => {
    expect(await cutForGood()).toEqual([]);
  },
);
