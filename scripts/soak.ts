/**
 * `npm run soak -- [--minutes N] [--seed N]`: five nodes on five hosts of their own under a random mix of work and faults, and
 * a check of all that their processes saw. Default: one minute, any seed. Exit code 1 when a promise was broken. Where
 * network namespaces are not permitted it says so in one line, and there is nothing to fail.
 */
import { networkRefusal } from "../test/e2e/support/netns.ts";
import { soak } from "../test/soak/soak.ts";
import { CommandLine } from "./command-line.ts";

/** A check that has seen less than this of something has not checked it. Per minute. */
const SEEN_MIN: Readonly<Record<string, number>> = {
  ...{ numbers: 2_000, monitors: 20, downs: 20, links: 10, "exits of links": 1 },
  ...{ "calls answered": 50, spawns: 20, nodedown: 4, "whole pairs": 1 },
};
const VIOLATIONS_SHOWN = 40;

const line = new CommandLine("npm run soak -- [--minutes N] [--seed N]");
const options = { minutes: { type: "string" }, seed: { type: "string" } } as const;
const { values } = line.parse({ options });
const minutes = line.number("minutes", values.minutes, 1, 0.1);
const seed = line.number("seed", values.seed, Math.floor(Math.random() * 1e9));
if (networkRefusal() === undefined) {
  const report = await soak({ forMs: minutes * 60_000, seed, say: console.log });
  const { violations, counts, records, links } = report;
  console.log(
    `${records} records: ${JSON.stringify(counts)}, ${links.agreed} ends of links agreed`,
  );
  const unseen = Object.entries(SEEN_MIN)
    .filter(([what, least]) => (counts[what] ?? 0) < least * Math.min(minutes, 1))
    .map(([what]) => `too few of: ${what}`);
  const found = [...violations, ...unseen];
  for (const line of found.slice(0, VIOLATIONS_SHOWN)) console.log(line);
  console.log(`${found.length} violations`);
  process.exit(found.length === 0 ? 0 : 1);
}
