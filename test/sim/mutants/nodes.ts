import { mutant, type Mutant } from "./mutant.ts";

const SESSIONS = "src/node/scheduler/scheduler-sessions.ts";

/** Nodes: who is up, who is who. */
export const nodes: readonly Mutant[] = [
  mutant(
    "a swapped nodeup: the new session is told before the end of the old one",
    SESSIONS,
    "if (live !== undefined) {\n      const isGone",
    "if (live !== undefined) {\n      this.#events.nodeUp(live.nodeRef, hidden);\n      const isGone",
  ),
  mutant("nodeup is not told", SESSIONS, "this.#events.nodeUp(nodeRef, hidden);", ""),
  mutant(
    "the end of a session is not told to schedulers",
    "src/node/control/peers/peers.ts",
    `schedulers.tellAll({ kind: "session_over", number, ...end`,
    `if (number % 3 !== 0) schedulers.tellAll({ kind: "session_over", number, ...end`,
  ),
  mutant(
    "node monitors outlive their owner",
    "src/scheduler/scheduler-host.ts",
    "if (this.nodeMonitors.size > 0) this.nodeMonitors.delete(process);",
    "",
  ),
  mutant(
    "a reused serial",
    "src/scheduler/serials.ts",
    "return this.#next++;",
    "return (this.#next++ % 64) + 1;",
  ),
  mutant(
    "all starts of a node are one",
    "src/term/identities.ts",
    "const key = `${name}#${creation}`;",
    "const key = name;",
  ),
  mutant(
    "pids go without their node",
    "src/term/encode/encode-identity.ts",
    "state.bytes[position] = tag;\n",
    "state.bytes[position] = tag; if (position % 64 === 0) id++;\n",
  ),
  mutant(
    "a pid of an earlier start is as good as one of this",
    "src/scheduler/routing.ts",
    "const host = this.#host;\n    if (to.owner !== undefined || this.isHere(to)) {",
    "const host = this.#host;\n    if (this.isStale(to)) to = host.identities.pid(host.identities.local, to.local);\n    if (to.owner !== undefined || this.isHere(to)) {",
  ),
];
