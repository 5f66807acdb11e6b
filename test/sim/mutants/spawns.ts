import { mutant, type Mutant } from "./mutant.ts";

const REQUESTS = "src/scheduler/spawn/spawn-requests.ts";

/** Spawns and calls. */
export const spawns: readonly Mutant[] = [
  mutant(
    "pending spawns wait for ever when the session dies",
    "src/scheduler/scheduler.ts",
    "this.spawning.nodeDown(node);",
    "",
  ),
  mutant(
    "nobody tells the child of a spawn that was given up",
    REQUESTS,
    `host.dispatch({ kind: "link_exit", from: parent, to: result.pid, reason });`,
    "",
  ),
  mutant(
    "a linked child does not know its link",
    "src/scheduler/spawn/spawning.ts",
    "if (options.link) handleLink(child, from);",
    "",
  ),
  mutant(
    "a parent does not know the link to its child",
    "src/scheduler/spawn/spawn-waits.ts",
    "(bonds.links ??= new SmallMap()).set(result.pid, 0);",
    "",
  ),
  mutant(
    "a spawn that goes on to another scheduler does not say from which session",
    "src/node/scheduler/onward.ts",
    "return { scheduler: place, signal: { ...signal, scheduler: place } };",
    "return undefined;",
  ),
  mutant(
    "an answer of another call is taken",
    REQUESTS,
    "const requester = this.#requesters.get(ref.id);",
    "const requester = this.#requesters.values().next().value;",
  ),
];
