import { mutant, type Mutant } from "./mutant.ts";

const CHILDREN = "src/scheduler/leased-children.ts";
const PLACEMENT = "src/behaviour/supervisor/placement.ts";

/** Children on other nodes: seeds whose splits last longer than leases find them. */
export const leases: readonly Mutant[] = [
  mutant(
    "a replacement starts when the connection is lost",
    "src/behaviour/supervisor/stay.ts",
    "if (afterMs <= 0) return this.close();",
    "if (afterMs <= Infinity) return this.close();",
  ),
  mutant(
    "a replacement does not wait until the child has shut down",
    PLACEMENT,
    "return heardAt + (leaseMs + shutdownMs) * MARGIN;",
    "return heardAt + leaseMs;",
  ),
  mutant(
    "a new session is taken for the child's end",
    "src/behaviour/supervisor/stay.ts",
    'if (reason !== "noconnection") this.close();\n    });',
    'if (reason !== "noconnection") this.close();\n    });\n    this.close();',
  ),
  mutant(
    "a lease is renewed by whatever comes",
    "src/service/lease-service.ts",
    "const state = leaseEchoed(lease.state, echo);",
    "const state = leaseEchoed(lease.state, this.#world.clock.now());",
  ),
  mutant(
    "a lease that is over ends nobody",
    CHILDREN,
    "if (lease.until > this.#host.now()) return;",
    "if (lease.until > 0) return;",
  ),
  mutant(
    "a child that hears no reason to end outlives its lease",
    CHILDREN,
    "    else this.#host.setDeadline(child, child.shutdownMs);",
    "",
  ),
  mutant(
    "children stay when their supervisor is no more",
    CHILDREN,
    "if (child !== undefined) this.#awaitEnd(child);",
    "",
  ),
  mutant(
    "a start goes on to the next node while the first may have it",
    "src/behaviour/supervisor/child-jobs.ts",
    "if (!isLost || starting.isCancelled || stay?.isLost === true) throw error;",
    "if (!isLost || starting.isCancelled) throw error;",
  ),
  mutant(
    "a lost node counts as a crash",
    "src/behaviour/supervisor/supervision.ts",
    "if (isLost) this.#enterLost(child, now);",
    'if (isLost && child.state !== "starting") this.#enterLost(child, now);',
  ),
  mutant(
    "a child may lose its nodes as often as it likes",
    "src/behaviour/supervisor/supervision.ts",
    "const waitMs = isMissed ? 0 : losses.waitMs(now);",
    "const waitMs = 0;",
  ),
  mutant(
    "a child that is started again keeps its fence",
    "src/base/fence.ts",
    "(byClock > highest ? byClock : highest + 1n)",
    "(highest === 0n ? byClock : highest)",
  ),
].map((one) => ({ ...one, by: "splits" as const }));
